"""Rules of complaints, no I/O: limits in working days, number and code of a receipt, who is told what."""

import logging
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from contracts.http.complaints import EntryKind
from contracts.rulepack import RulePack
from rules.calendar import TIMEZONE, CalendarNotCovered, WorkingDays, parse_span

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 signs that nobody takes for one another."""
AT_ONCE = frozenset({EntryKind.note, EntryKind.question})
"""Texts of the committee that stand without a step."""
TOLD_COMPLAINANT = frozenset(
    {EntryKind.question, EntryKind.reply, EntryKind.reason, EntryKind.extension, EntryKind.answer}
)
_MORNING = time(9)
log = logging.getLogger(__name__)


def limit(pack: RulePack, beginning: datetime, span: str) -> datetime:
    """When a span of this pack ends, in UTC.

    A complaint is taken on any day: of a year whose working days are not announced yet, weekdays count, so the limit
    comes rather too early than too late but for the few days that are worked instead.
    """
    covers = set(pack.calendar.covers)
    while True:
        days = WorkingDays({one.id: one.working for one in pack.calendar.overrides}, covers)
        try:
            return days.deadline_after(beginning, span, pack.timezone)
        except CalendarNotCovered as error:
            log.warning("complaint_limit_by_weekdays year=%s", error.year)
            covers.add(error.year)


def morning_before(pack: RulePack, end: datetime, span: str) -> datetime:
    """When somebody is reminded of an end: 9:00 of the Nth working day from it, or so long before it."""
    parsed = parse_span(span)
    if parsed.working_days is None:
        return end - parsed.rest
    zone = ZoneInfo(pack.timezone)
    local = end.astimezone(zone)
    day = local.date() - timedelta(days=1) if local.time() == time() else local.date()
    left = parsed.working_days - 1
    days = WorkingDays.of(pack)
    try:
        day = days.add_working_days(day + timedelta(days=1), -1)
        day = days.add_working_days(day, -left)
    except CalendarNotCovered:
        day -= timedelta(days=left)
    return datetime.combine(day, _MORNING, zone)


def letters(digest: str, count: int) -> str:
    """The first signs of a hexadecimal digest, five bits each."""
    value = int(digest, 16)
    return "".join(ALPHABET[(value >> (5 * place)) & 31] for place in range(count))


def number(digest: str) -> str:
    """TS-7KQ2-M9XD: what a receipt is called; it says nothing of how many there are."""
    made = letters(digest, 8)
    return f"TS-{made[:4]}-{made[4:]}"


def code(digest: str) -> str:
    """Sixty bits that only the receipt bears."""
    made = letters(digest, 12)
    return f"{made[:4]}-{made[4:8]}-{made[8:]}"


def tidy(text: str) -> str:
    """As somebody typed it, without blanks, dashes and small letters."""
    return "".join(one for one in text.upper() if one.isascii() and one.isalnum())


def in_words(moment: datetime) -> str:
    """A deadline as people say it: an end at 00:00 is the 24:00 of the day before."""
    local = moment.astimezone(ZoneInfo(TIMEZONE))
    if local.time() == time():
        day = local - timedelta(days=1)
        return f"{day.month}月{day.day}日24:00"
    return f"{local.month}月{local.day}日{local:%H:%M}"
