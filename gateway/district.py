"""A district's own progress (O7): who still has to do what, by unit, with reminders that name nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from contracts.commands import Role
from contracts.http.district import (
    OPEN_STEPS,
    DistrictFilters,
    DistrictGroup,
    DistrictProgress,
    MissingStep,
    StepCount,
    UnitCount,
)
from contracts.http.gateway import CasePage
from contracts.lifecycle import Stage, Status
from contracts.rulepack import Named, RulePack
from gateway import windowing, words
from gateway.guard import Caller, not_found
from gateway.models import Round
from gateway.parts import Parts

NO_UNIT = "（尚未填写单位）"
TITLES = ("姓名", "单位", "级别", "还差的步骤", "自")
_SHANGHAI = ZoneInfo("Asia/Shanghai")


async def pack_of(parts: Parts, round_id: UUID) -> RulePack:
    """The pinned pack of a round. 404 for a round that is none of ours."""
    async with parts.db.read() as session:
        row = await session.get(Round, round_id)
    if row is None:
        raise not_found()
    return (await parts.packs.get(row.pack_key)).pack


def district_of(pack: RulePack, caller: Caller, wanted: str) -> Named:
    """The district asked for, by ID or name. 404 for another one than the caller's own, as for one that is not."""
    found = named(pack, wanted)
    if caller.role is Role.district:
        own = named(pack, caller.known.district or "")
        if own is None or found is None or own.id != found.id:
            raise not_found()
    if found is None:
        raise not_found()
    return found


def named(pack: RulePack, text: str) -> Named | None:
    """The pack's district of this ID or name."""
    return next((one for one in pack.districts if text in (one.id, one.name)), None)


async def progress(
    parts: Parts, caller: Caller, round_id: UUID, wanted: str, filters: DistrictFilters
) -> DistrictProgress:
    """A page of the district's people, and counts of all of them. Errors: 404 (also for another district)."""
    pack = await pack_of(parts, round_id)
    district = district_of(pack, caller, wanted)
    both = (district.id, district.name)
    async with parts.db.read() as session:
        groups = await parts.read_model.district_groups(session, round_id, both)
        page = await parts.read_model.district_page(session, round_id, both, _stored(filters), whole=False)
    windows = (await windowing.listed(parts, [round_id])).windows
    closes_at = next((one.closes_at for one in windows if one.stage is Stage.filing), None)
    return DistrictProgress(
        round_id=round_id,
        district=district.id,
        district_name=district.name,
        total=sum(one.people for one in groups),
        found=page.found,
        page=filters.page,
        pages=max(1, -(-page.found // filters.size)),
        cases=tuple(one if one.unit else one.model_copy(update={"unit": NO_UNIT}) for one in page.cases),
        steps=counted(groups),
        units=units(groups, closes_at),
    )


async def rows(
    parts: Parts, caller: Caller, round_id: UUID, wanted: str, filters: DistrictFilters
) -> tuple[str, list[tuple[str, ...]]]:
    """The district's name and the filtered people as lines of a workbook: no ID number, no phone, no score."""
    pack = await pack_of(parts, round_id)
    district = district_of(pack, caller, wanted)
    both = (district.id, district.name)
    async with parts.db.read() as session:
        page = await parts.read_model.district_page(session, round_id, both, _stored(filters), whole=True)
    levels = {level.id: level.name for level in pack.levels}
    lines: list[tuple[str, ...]] = [
        (
            one.name,
            one.unit or NO_UNIT,
            levels.get(one.level, one.level),
            "、".join(words.MISSING[step] for step in one.missing),
            one.since.astimezone(_SHANGHAI).strftime("%Y-%m-%d %H:%M"),
        )
        for one in page.cases
    ]
    return district.name, lines


def _stored(filters: DistrictFilters) -> DistrictFilters:
    """Who has not said a unit yet has an empty one."""
    return filters.model_copy(update={"unit": ""}) if filters.unit == NO_UNIT else filters


def counted(groups: Iterable[DistrictGroup]) -> tuple[StepCount, ...]:
    """How many people lack each step; who lacks two is counted in both."""
    found: Counter[MissingStep] = Counter()
    for one in groups:
        for step in one.missing:
            found[step] += one.people
    return tuple(StepCount(step=step, count=found[step]) for step in MissingStep if found[step])


def units(groups: Iterable[DistrictGroup], closes_at: datetime | None) -> tuple[UnitCount, ...]:
    """Counts and reminder of each unit; those with most open steps first, else as they come."""
    found: dict[str, list[DistrictGroup]] = {}
    for one in groups:
        found.setdefault(one.unit or NO_UNIT, []).append(one)
    made = [_unit(name, own, closes_at) for name, own in found.items()]
    return tuple(sorted(made, key=lambda one: -one.waiting_for_them))


def _unit(name: str, own: Sequence[DistrictGroup], closes_at: datetime | None) -> UnitCount:
    steps = counted(own)
    return UnitCount(
        unit=name,
        people=sum(one.people for one in own),
        waiting_for_them=sum(one.people for one in own if set(one.missing) & set(OPEN_STEPS)),
        steps=steps,
        reminder=None if name == NO_UNIT else reminder(steps, closes_at),
    )


def reminder(steps: Iterable[StepCount], closes_at: datetime | None) -> str | None:
    """What one may send to a unit: numbers and steps only, nobody is named. None when nothing is open."""
    open_steps = [one for one in steps if one.step in OPEN_STEPS]
    if not open_steps:
        return None
    said = "；".join(f"有 {one.count} 位老师的申报还差{words.MISSING[one.step]}" for one in open_steps)
    filing = any(one.step in (MissingStep.submit, MissingStep.scan, MissingStep.fee) for one in open_steps)
    until = f"申报截止时间为 {deadline(closes_at)}，逾期不再受理。" if filing and closes_at else ""
    return f"贵单位{said}。{until}请提醒本人登录认证系统，在“我的申报”中查看并办理。"


def deadline(at: datetime) -> str:
    """2月28日24:00 for the midnight that follows (A5)."""
    local = at.astimezone(_SHANGHAI)
    if (local.hour, local.minute) == (0, 0):
        day = local - timedelta(days=1)
        return f"{day.month}月{day.day}日24:00"
    return f"{local.month}月{local.day}日{local:%H:%M}"


def without_holds(page: CasePage) -> CasePage:
    """A district does not learn that somebody is held: it would tell of a complaint (N3)."""
    told = []
    for one in page.cases:
        changes: dict[str, object] = {"held": False}
        if one.status is Status.held:
            changes["status"] = Status.awaiting_notice
        told.append(one.model_copy(update=changes))
    return page.model_copy(update={"cases": tuple(told)})
