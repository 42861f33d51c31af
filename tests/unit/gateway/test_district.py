"""A district's counts, and reminders that name nobody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contracts.http.district import DistrictGroup, MissingStep, StepCount
from gateway import district

CLOSES = datetime(2025, 2, 28, 16, tzinfo=UTC)  # 24:00 of 28 February in Chongqing


def some(people: int, unit: str, *missing: MissingStep) -> DistrictGroup:
    return DistrictGroup(unit=unit, missing=missing, people=people)


def test_counts_count_everybody_once_a_step() -> None:
    groups = [
        some(2, "一中", MissingStep.scan, MissingStep.fee),
        some(3, "二中", MissingStep.scan),
        some(1, "二中", MissingStep.waiting),
    ]
    assert district.counted(groups) == (
        StepCount(step=MissingStep.scan, count=5),
        StepCount(step=MissingStep.fee, count=2),
        StepCount(step=MissingStep.waiting, count=1),
    )


@pytest.mark.clause("O7")
def test_a_reminder_has_numbers_and_steps_and_no_personal_data() -> None:
    groups = [
        some(1, "", MissingStep.submit),
        some(1, "二中", MissingStep.waiting),
        some(1, "一中", MissingStep.scan, MissingStep.fee),
        some(1, "一中", MissingStep.scan),
    ]
    made = {unit.unit: unit for unit in district.units(groups, CLOSES)}
    assert made["一中"].reminder == (
        "贵单位有 2 位老师的申报还差交回签字盖章的扫描件；有 1 位老师的申报还差缴纳评审费。"
        "申报截止时间为 2月28日24:00，逾期不再受理。请提醒本人登录认证系统，在“我的申报”中查看并办理。"
    )
    assert made["二中"].reminder is None
    assert made[district.NO_UNIT].reminder is None
    assert [(unit.unit, unit.people) for unit in district.units(groups, CLOSES)] == [
        ("一中", 2),
        (district.NO_UNIT, 1),
        ("二中", 1),
    ]
