"""Working days of mainland China, spans of time and the deadlines they give (N2, design §4)."""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar

from contracts.rulepack import RulePack
from contracts.rulepack.base import ISO_SPAN, WORKING_DAYS

TIMEZONE = "Asia/Shanghai"


class CalendarNotCovered(ValueError):
    """No table of working days for that year: better refuse than guess (N2)."""

    def __init__(self, year: int) -> None:
        super().__init__(
            f"没有 {year} 年的工作日安排：请先在规则包 calendar 中录入国务院办公厅当年的放假通知"
        )
        self.year = year


@dataclass(frozen=True)
class Span:
    """A parsed span: either working days, or months and an exact rest."""

    working_days: int | None = None
    months: int = 0
    rest: timedelta = timedelta()


def parse_span(text: str) -> Span:
    """`N working days` or ISO 8601 (`P3M`, `PT45S`). Errors: ValueError."""
    if match := WORKING_DAYS.match(text):
        return Span(working_days=int(match["count"]))
    if match := ISO_SPAN.match(text):
        part = {name: int(value or 0) for name, value in match.groupdict().items()}
        return Span(
            months=12 * part["years"] + part["months"],
            rest=timedelta(
                weeks=part["weeks"],
                days=part["days"],
                hours=part["hours"],
                minutes=part["minutes"],
                seconds=part["seconds"],
            ),
        )
    raise ValueError(f"不认识的时长：{text}")


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day; `months` may be negative."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def subtract(day: date, text: str) -> date:
    """The first day of a window of that length that ends with `day` (E4, E7, E8). Errors: ValueError."""
    span = parse_span(text)
    if span.working_days is not None:
        raise ValueError("年限不能用工作日")
    return add_months(day, -span.months) - span.rest


def end_of_day(day: date, tz: str = TIMEZONE) -> datetime:
    """24:00 of a local day, in UTC."""
    return datetime.combine(day + timedelta(1), time(), ZoneInfo(tz)).astimezone(UTC)


class WorkingDays:
    """Working days by `chinese_calendar`, with a pack's overrides; never answers for an uncovered year."""

    def __init__(self, overrides: Mapping[date, bool] | None = None, covers: Iterable[int] = ()) -> None:
        self._overrides = dict(overrides or {})
        self._covers = frozenset(covers)

    @classmethod
    def of(cls, pack: RulePack) -> "WorkingDays":
        """The calendar of a pack."""
        plan = pack.calendar
        return cls({day.id: day.working for day in plan.overrides}, plan.covers)

    def is_working_day(self, day: date) -> bool:
        """Make-up days count. Errors: CalendarNotCovered."""
        if day in self._overrides:
            return self._overrides[day]
        if day.year in self._covers:
            return day.weekday() < 5
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            raise CalendarNotCovered(day.year) from None

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day` (before it, if negative). Errors: CalendarNotCovered."""
        step = timedelta(1 if count >= 0 else -1)
        left = abs(count)
        while left:
            day += step
            left -= self.is_working_day(day)
        return day

    def deadline_after(self, instant: datetime, spec: str, tz: str = TIMEZONE) -> datetime:
        """When a span that begins at `instant` (aware) ends, in UTC.

        `N working days`: 24:00 of the Nth working day after that local day. ISO 8601: exact, months and
        years by the local calendar. An instant at local midnight is the 24:00 of the day before, since
        deadlines are. Errors: ValueError for a naive instant or a bad span, CalendarNotCovered.
        """
        if instant.tzinfo is None:
            raise ValueError("instant must be aware")
        span = parse_span(spec)
        local = instant.astimezone(ZoneInfo(tz))
        if span.working_days is not None:
            day = local.date() - timedelta(1) if local.time() == time() else local.date()
            return end_of_day(self.add_working_days(day, span.working_days), tz)
        if span.months:
            local = datetime.combine(add_months(local.date(), span.months), local.time(), ZoneInfo(tz))
        return local.astimezone(UTC) + span.rest
