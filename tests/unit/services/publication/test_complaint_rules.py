"""Limits in working days, reminders, and what a receipt bears: no server (N3)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from contracts.rulepack import RulePack
from rules.calendar import CalendarNotCovered, WorkingDays
from rules.pack import load
from services.publication.domain import complaints as domain

SHANGHAI = ZoneInfo("Asia/Shanghai")
PACK: RulePack = load(Path(__file__).parents[4] / "rulepacks/chongqing-2024").pack


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.clause("N3")
@pytest.mark.parametrize(
    ("received", "limit"),
    [
        ("2025-03-03 09:00", "2025-03-25 00:00"),  # no holiday in between
        ("2025-03-03 00:00", "2025-03-22 00:00"),  # midnight is the end of the day before, a Sunday
        ("2025-03-08 12:00", "2025-03-29 00:00"),  # received on a Saturday
        ("2025-09-26 10:00", "2025-10-24 00:00"),  # National Day; 28 September and 11 October are worked
        (
            "2025-12-22 10:00",
            "2026-01-14 00:00",
        ),  # over the year's end: 1 and 2 January off, 4 January worked
    ],
)
def test_fifteen_working_days(received: str, limit: str) -> None:
    span = PACK.complaints.decide_within
    assert domain.limit(PACK, shanghai(received), span) == shanghai(limit)


def test_a_complaint_is_taken_also_where_the_calendar_ends() -> None:
    """Weekdays stand in for a year whose holidays are not announced; the notice itself would refuse (N2)."""
    received = shanghai("2031-03-03 09:00")
    with pytest.raises(CalendarNotCovered):
        WorkingDays.of(PACK).deadline_after(received, "15 working days")
    assert domain.limit(PACK, received, "15 working days") == shanghai("2031-03-25 00:00")


@pytest.mark.parametrize(
    ("end", "span", "morning"),
    [
        ("2025-03-25 00:00", "1 working days", "2025-03-24 09:00"),
        ("2025-03-25 00:00", "2 working days", "2025-03-21 09:00"),
        ("2025-10-10 00:00", "1 working days", "2025-10-09 09:00"),
        ("2031-03-25 00:00", "1 working days", "2031-03-24 09:00"),
        ("2025-03-25 00:00", "PT2H", "2025-03-24 22:00"),
    ],
)
def test_a_limit_is_brought_to_mind_on_a_working_morning(end: str, span: str, morning: str) -> None:
    assert domain.morning_before(PACK, shanghai(end), span) == shanghai(morning)


def test_receipts_bear_what_nobody_mistakes_and_everybody_may_type() -> None:
    digest = "0123456789abcdef" * 4
    number, code = domain.number(digest), domain.code(digest)
    assert len(domain.ALPHABET) == len(set(domain.ALPHABET)) == 32
    assert not set("01IO") & set(domain.ALPHABET)
    assert (len(number), len(code)) == (12, 14)
    assert domain.tidy(f" {number.lower().replace('-', ' ')}") == domain.tidy(number)
    assert domain.number("f" * 64) != number
    assert domain.letters("f" * 64, 4) == "ZZZZ"


def test_ends_of_days_are_said_as_people_say_them() -> None:
    assert domain.in_words(datetime(2025, 4, 17, 16, tzinfo=UTC)) == "4月17日24:00"
    assert domain.in_words(shanghai("2025-04-17 18:30")) == "4月17日18:30"
