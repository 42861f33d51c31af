"""A district's lines: order, filters, counts, reminders that name nobody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contracts.http.district import DistrictCase, DistrictFilters, MissingStep, StepCount
from gateway import district

CLOSES = datetime(2025, 2, 28, 16, tzinfo=UTC)  # 24:00 of 28 February in Chongqing


def one(name: str, unit: str, *missing: MissingStep, level: str = "junior") -> DistrictCase:
    at = datetime(2025, 2, 20, tzinfo=UTC)
    return DistrictCase(name=name, unit=unit, level=level, missing=missing, since=at)


def test_names_stand_by_pinyin() -> None:
    names = ["赵敏", "安宁", "周杰", "陈晨", "王小明", "李雷"]
    ordered = district.by_name(one(name, "", MissingStep.submit) for name in names)
    assert [case.name for case in ordered] == ["安宁", "陈晨", "李雷", "王小明", "赵敏", "周杰"]


def test_filters_narrow_and_counts_count_everybody_once_a_step() -> None:
    cases = [
        one("安宁", "一中", MissingStep.scan, MissingStep.fee),
        one("陈晨", "一中", MissingStep.scan, level="intermediate"),
        one("王小明", "二中", MissingStep.waiting),
    ]
    asked = DistrictFilters(step=MissingStep.scan, level="junior", text="中")
    assert [case.name for case in cases if district.matches(case, asked)] == ["安宁"]
    assert district.counted(cases) == (
        StepCount(step=MissingStep.scan, count=2),
        StepCount(step=MissingStep.fee, count=1),
        StepCount(step=MissingStep.waiting, count=1),
    )


@pytest.mark.clause("O7")
def test_a_reminder_has_numbers_and_steps_and_no_personal_data() -> None:
    cases = [
        one("安宁", "一中", MissingStep.scan, MissingStep.fee),
        one("陈晨", "一中", MissingStep.scan),
        one("王小明", "二中", MissingStep.waiting),
        one("李雷", district.NO_UNIT, MissingStep.submit),
    ]
    made = {unit.unit: unit for unit in district.units(cases, CLOSES)}
    assert made["一中"].reminder == (
        "贵单位有 2 位老师的申报还差交回签字盖章的扫描件；有 1 位老师的申报还差缴纳评审费。"
        "申报截止时间为 2月28日24:00，逾期不再受理。请提醒本人登录认证系统，在“我的申报”中查看并办理。"
    )
    assert made["二中"].reminder is None
    assert made[district.NO_UNIT].reminder is None
    assert [unit.unit for unit in district.units(cases, CLOSES)] == ["一中", district.NO_UNIT, "二中"]
