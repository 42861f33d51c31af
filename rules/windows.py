"""When a window of the pack opens and closes (A5, Q11, N2); closing instants are exclusive."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from contracts.rulepack import RulePack, Window
from rules.calendar import WorkingDays, end_of_day


def _instant(text: str, tz: str, *, end: bool) -> datetime:
    if "T" in text:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz)).astimezone(UTC)
    day = date.fromisoformat(text)
    if end:
        return end_of_day(day, tz)
    return datetime.combine(day, time(), ZoneInfo(tz)).astimezone(UTC)


def window(pack: RulePack, stage: str) -> Window:
    """The window of a stage kind or other name. Errors: KeyError when the pack has none."""
    return pack.windows[str(stage)]


def opens_at(pack: RulePack, stage: str) -> datetime | None:
    """Planned opening in UTC; None for a window that begins with what it comes after."""
    opens = window(pack, stage).opens
    return None if opens is None else _instant(opens, pack.timezone, end=False)


def closes_at(pack: RulePack, stage: str, opening: datetime, calendar: WorkingDays | None = None) -> datetime:
    """Closing instant in UTC (a command is in time while now < closes_at) of a window that opened at `opening`.

    `not_after` cuts a relative window, but one working day is always left (Q10: everybody has a chance).
    Errors: KeyError without such a window, CalendarNotCovered, ValueError for a naive `opening`.
    """
    found = window(pack, stage)
    if found.closes is not None:
        return _instant(found.closes, pack.timezone, end=True)
    assert found.span is not None
    days = calendar or WorkingDays.of(pack)
    closing = days.deadline_after(opening, found.span, pack.timezone)
    if found.not_after is None:
        return closing
    latest = end_of_day(found.not_after, pack.timezone)
    if closing <= latest:
        return closing
    return min(closing, max(latest, days.deadline_after(opening, "1 working days", pack.timezone)))


def window_for(pack: RulePack, stage: str, opening: datetime) -> tuple[datetime, datetime]:
    """Opening and closing instants in UTC; an absolute window has its own opening. Errors as `closes_at`."""
    return opens_at(pack, stage) or opening.astimezone(UTC), closes_at(pack, stage, opening)
