"""Working days, spans and deadlines (N2)."""

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.calendar import CalendarNotCovered, Span, WorkingDays, add_months, parse_span, subtract

DAYS = WorkingDays()


@pytest.mark.clause("N2")
@pytest.mark.parametrize(
    ("posted", "last"),
    [
        ("2025-03-24", "2025-03-31"),  # an ordinary week
        ("2025-04-25", "2025-05-06"),  # make-up Sunday 04-27, May holiday
        ("2026-02-11", "2026-02-25"),  # make-up Saturday 02-14, spring festival
        ("2026-09-30", "2026-10-13"),  # national day with a make-up day
        ("2025-02-07", "2025-02-13"),  # 02-08 is a make-up Saturday: day 1
    ],
)
def test_fifth_working_day(posted: str, last: str) -> None:
    assert DAYS.add_working_days(date.fromisoformat(posted), 5) == date.fromisoformat(last)


@pytest.mark.clause("N2")
def test_uncovered_year_refuses() -> None:
    with pytest.raises(CalendarNotCovered, match="2027"):
        DAYS.add_working_days(date(2026, 12, 28), 5)
    with pytest.raises(CalendarNotCovered):
        DAYS.is_working_day(date(2027, 1, 4))


def test_every_day_agrees_with_holidays_library() -> None:
    china = holidays.country_holidays("CN", years=(2024, 2025, 2026))
    day, wrong = date(2024, 1, 1), []
    while day.year < 2027:
        if china.is_working_day(day) != DAYS.is_working_day(day):
            wrong.append(day)
        day += timedelta(1)
    assert wrong == []


def test_overrides_come_first_and_can_cover_a_year() -> None:
    days = WorkingDays(
        {date(2027, 1, 1): False, date(2027, 1, 2): True, date(2025, 3, 25): False}, covers=[2027]
    )
    assert [days.is_working_day(date(2027, 1, n)) for n in (1, 2, 3, 4)] == [False, True, False, True]
    assert days.add_working_days(date(2025, 3, 24), 5) == date(2025, 4, 1)


@pytest.mark.clause("N2")
def test_working_days_end_at_24_local() -> None:
    posted = datetime(2025, 3, 24, 1, 30, tzinfo=UTC)
    assert DAYS.deadline_after(posted, "5 working days") == datetime(2025, 3, 31, 16, tzinfo=UTC)


def test_evening_in_utc_is_the_next_day_here() -> None:
    posted = datetime(2025, 3, 23, 17, tzinfo=UTC)  # 01:00 on the 24th
    assert DAYS.deadline_after(posted, "5 working days") == datetime(2025, 3, 31, 16, tzinfo=UTC)


def test_a_deadline_belongs_to_the_day_it_ends() -> None:
    closing = datetime(2025, 3, 31, 16, tzinfo=UTC)  # 24:00 of 03-31
    assert DAYS.deadline_after(closing, "1 working days") == datetime(2025, 4, 1, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "end"),
    [
        ("PT45S", datetime(2025, 1, 31, 2, 0, 45, tzinfo=UTC)),
        ("P1DT1H30M", datetime(2025, 2, 1, 3, 30, tzinfo=UTC)),
        ("P2W", datetime(2025, 2, 14, 2, tzinfo=UTC)),
        ("P1M", datetime(2025, 2, 28, 2, tzinfo=UTC)),
        ("P1Y1M", datetime(2026, 2, 28, 2, tzinfo=UTC)),
    ],
)
def test_iso_spans_are_exact(spec: str, end: datetime) -> None:
    assert DAYS.deadline_after(datetime(2025, 1, 31, 2, tzinfo=UTC), spec) == end


def test_naive_instants_are_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        DAYS.deadline_after(datetime(2025, 1, 31), "PT1S")  # noqa: DTZ001


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "3 days", "P1", "-P1D", "working days", "P1D2", "1.5 working days"]
)
def test_bad_spans(text: str) -> None:
    with pytest.raises(ValueError, match="时长"):
        parse_span(text)


def test_parsed_spans() -> None:
    assert parse_span("3 working days") == Span(working_days=3)
    assert parse_span("P1Y2M3DT4S") == Span(months=14, rest=timedelta(days=3, seconds=4))


def test_leap_days() -> None:
    assert subtract(date(2024, 2, 29), "P3Y") == date(2021, 2, 28)
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)


@settings(deadline=None)
@given(st.dates(date(2024, 1, 1), date(2026, 6, 1)), st.integers(0, 60))
def test_forward_and_back_again(day: date, count: int) -> None:
    end = DAYS.add_working_days(day, count)
    assert end >= day + timedelta(count)
    if DAYS.is_working_day(day):
        assert DAYS.add_working_days(end, -count) == day
