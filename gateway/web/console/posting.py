"""Where a public notice has to stand, and how far each place is proved (N1); its five working days (N2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from contracts.commands import CommandName
from contracts.http.publication import Notice, NoticeTargetView
from contracts.rulepack import RulePack
from gateway.parts import Parts
from gateway.web.console.steps import Step, about, newest
from rules.calendar import CalendarNotCovered, WorkingDays, parse_span
from rules.windows import closes_at

_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, kw_only=True)
class Place:
    """One target with the newest proposal that says the list stands there."""

    target: NoticeTargetView
    step: Step


@dataclass(frozen=True, kw_only=True)
class Days:
    """The working days that count, in their order, and the end. `planned`: as if the last proof came now."""

    days: tuple[date, ...]
    ends: datetime
    planned: bool


async def places(parts: Parts, notice: Notice) -> tuple[Place, ...]:
    found = await about(parts, notice.notice_id, CommandName.confirm_posted)
    return tuple(Place(target=one, step=newest(found, target=one.id)) for one in notice.targets)


async def left_to_prove(parts: Parts, notice: Notice) -> tuple[Place, ...]:
    """Binding places that nobody has proved by two persons."""
    found = await places(parts, notice)
    return tuple(one for one in found if one.target.binding and one.step.state != "done")


def days_of(pack: RulePack, notice: Notice, now: datetime, ends: datetime | None) -> Days | None:
    """`ends`: of the window in force. None when the calendar lacks the year (N2: better refuse than guess)."""
    posted = notice.posted_at
    try:
        end = ends or notice.closes_at or closes_at(pack, "notice", posted or now)
        days = _days(pack, posted or now, end)
    except CalendarNotCovered:
        return None
    return Days(days=days, ends=end, planned=posted is None)


def _days(pack: RulePack, posted: datetime, end: datetime) -> tuple[date, ...]:
    """Working days after the day of posting, up to the end; none for a window that is not counted in them."""
    span = pack.windows["notice"].span
    if span is None or parse_span(span).working_days is None:
        return ()
    calendar = WorkingDays.of(pack)
    # an exclusive end at midnight belongs to the day before
    last = (end.astimezone(_ZONE) - timedelta(microseconds=1)).date()
    found = []
    day = calendar.add_working_days(posted.astimezone(_ZONE).date(), 1)
    while day <= last:
        found.append(day)
        day = calendar.add_working_days(day, 1)
    return tuple(found)
