"""Properties of what is arithmetic in the rules: hours, windows, continuous work (E2–E8)."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.case import PreciseDate, Snapshot, Training, WorkInterval
from rules.calendar import add_months, subtract
from rules.context import Notes, functions, training_item, work_item
from rules.continuity import BRIDGES, continuous_months, whole_months
from tests.unit.rules.cases import REAL, pack

AS_OF = date(2025, 2, 28)
DAYS = st.dates(date(2000, 1, 1), date(2026, 12, 31))
KINDS = st.sampled_from(["full_time", "part_time", "practice", *BRIDGES])
MONTHS = st.sampled_from(["P0D", "P1M", "P3M"])


def call(name: str, *arguments: Any, notes: Notes | None = None) -> Any:
    return functions(pack(REAL).pack, (), notes or Notes())[name](*arguments)


def as_date(text: str) -> dict[str, str]:
    found = PreciseDate.parse(text)
    return {"start": found.start.isoformat(), "end": found.end.isoformat(), "precision": "x", "text": text}


@st.composite
def intervals(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to six intervals in any order, each as a condition sees it."""
    found = []
    for n in range(draw(st.integers(1, 6))):
        start, days = draw(DAYS), draw(st.integers(0, 900))
        end = draw(st.sampled_from([start + timedelta(days), None]))
        row = WorkInterval.model_validate({"id": f"w{n}", "kind": draw(KINDS), "start": start, "end": end})
        found.append(work_item(row))
    return found


def months(items: list[dict[str, Any]], gap: str = "P3M") -> int:
    return continuous_months(items, gap, AS_OF.isoformat())


# Continuity ----------------------------------------------------------------------------------------------------


@pytest.mark.clause("E2")
@settings(deadline=None)
@given(intervals(), st.randoms(use_true_random=False), MONTHS)
def test_order_and_repetition_do_not_matter(items: list[dict[str, Any]], random: Any, gap: str) -> None:
    shuffled = [*items, *items]
    random.shuffle(shuffled)
    assert months(shuffled, gap) == months(items, gap)


@pytest.mark.clause("E2")
@settings(deadline=None)
@given(intervals(), intervals(), MONTHS)
def test_more_work_and_a_wider_gap_never_count_less(
    items: list[dict[str, Any]], more: list[dict[str, Any]], gap: str
) -> None:
    assert months([*items, *more], gap) >= months(items, gap)
    assert months(items, "P3M") >= months(items, gap)


@pytest.mark.clause("E2")
@settings(deadline=None)
@given(intervals())
def test_never_more_than_from_the_first_day_to_the_as_of_date(items: list[dict[str, Any]]) -> None:
    first = min(date.fromisoformat(item["start"]["start"]) for item in items)
    most = whole_months(first, AS_OF + timedelta(1)) if first <= AS_OF else 0
    assert 0 <= months(items) <= most


@pytest.mark.clause("E2")
@settings(deadline=None)
@given(DAYS, st.integers(0, 3000), st.lists(st.integers(1, 2999), max_size=4, unique=True))
def test_work_that_is_cut_into_pieces_is_still_one(start: date, length: int, cuts: list[int]) -> None:
    edges = [0, *sorted(one for one in cuts if one < length), length + 1]
    pieces = [
        work_item(
            WorkInterval.model_validate(
                {"id": f"w{a}", "start": start + timedelta(a), "end": start + timedelta(b - 1)}
            )
        )
        for a, b in pairwise(edges)
    ]
    whole = work_item(
        WorkInterval.model_validate({"id": "w", "start": start, "end": start + timedelta(length)})
    )
    assert months(pieces, "P0D") == months([whole], "P0D")


@pytest.mark.clause("E2")
@settings(deadline=None)
@given(st.dates(date(2010, 1, 1), date(2020, 1, 1)), st.integers(1, 6))
def test_the_gap_ends_on_one_day_exactly(end: date, allowed: int) -> None:
    """The day after the last one plus the allowed months is still no gap; one day later is."""
    latest = add_months(end + timedelta(1), allowed)
    first = {"id": "a", "start": end - timedelta(400), "end": end}

    def joined(start: date) -> int:
        rows = [first, {"id": "b", "start": start, "end": start + timedelta(400)}]
        return months([work_item(WorkInterval.model_validate(row)) for row in rows], f"P{allowed}M")

    assert joined(latest) == whole_months(first["start"], latest + timedelta(401))
    assert joined(latest + timedelta(1)) < joined(latest)


@given(DAYS, st.integers(0, 240))
def test_whole_months_are_those_of_the_calendar(start: date, n: int) -> None:
    assert whole_months(start, add_months(start, n)) == n
    if n:
        assert whole_months(start, add_months(start, n) - timedelta(1)) == n - 1


# Windows -------------------------------------------------------------------------------------------------------


@pytest.mark.clause("E4", "E7", "E8")
@settings(deadline=None)
@given(DAYS, st.integers(1, 8))
def test_a_window_holds_both_its_end_days_and_no_other(day: date, years: int) -> None:
    inside = subtract(AS_OF, f"P{years}Y") <= day <= AS_OF
    notes = Notes()
    found = call("within_years", as_date(day.isoformat()), years, AS_OF.isoformat(), notes=notes)
    assert found is inside
    assert bool(notes.outside) is not inside
    assert notes.favoured == []


@pytest.mark.clause("E7")
@settings(deadline=None)
@given(st.integers(2000, 2026), st.integers(1, 12), st.integers(1, 8))
def test_a_vague_date_is_inside_when_any_of_its_days_is(year: int, month: int, years: int) -> None:
    first = date(year, month, 1)
    days = [first + timedelta(n) for n in range((add_months(first, 1) - first).days)]
    each = [call("within_years", as_date(one.isoformat()), years, AS_OF.isoformat()) for one in days]
    notes = Notes()
    found = call("within_years", as_date(f"{year}-{month:02d}"), years, AS_OF.isoformat(), notes=notes)
    assert found is any(each)
    # it says so exactly when the month alone did not settle it
    assert bool(notes.favoured) is (any(each) and not all(each))


# Hours ---------------------------------------------------------------------------------------------------------


@pytest.mark.clause("E3")
@settings(deadline=None)
@given(st.lists(st.decimals(0, 500, places=2), max_size=12), st.lists(st.integers(0, 60), max_size=5))
def test_hours_are_added_exactly(given_hours: list[Decimal], days: list[int]) -> None:
    rows = [
        *(Training(id=f"h{n}", title="x", date=AS_OF, hours=one) for n, one in enumerate(given_hours)),  # type: ignore[arg-type]
        *(Training(id=f"d{n}", title="x", date=AS_OF, days=Decimal(one)) for n, one in enumerate(days)),  # type: ignore[arg-type]
    ]
    total = call("hours", [training_item(row, 8) for row in rows])
    assert Decimal(repr(total)) == sum(given_hours, Decimal(0)) + 8 * sum(days)


@settings(deadline=None)
@given(st.text(max_size=12))
def test_functions_never_raise_whatever_was_typed(text: str) -> None:
    assert isinstance(call("number", text), float)
    assert call("precise", text) is None or set(call("precise", text)) == {
        "start",
        "end",
        "precision",
        "text",
    }
    assert isinstance(call("age_on", text, AS_OF.isoformat()), int)


def test_an_interval_that_goes_on_has_no_last_day() -> None:
    assert call("precise", "2020-09/")["end"] == "9999-12-31"
    assert call("precise", "2020-09/2021-06")["end"] == "2021-06-30"
    assert call("number", "12.5") == 12.5
    assert Snapshot().field_files == {}
