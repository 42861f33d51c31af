"""When tasks are due: by the pack's calendar, and never a reason to stop."""

from datetime import UTC, datetime

from contracts.rulepack import CalendarPlan
from services.review.service.parts import due_after
from tests.unit.services.review.packs import pack


def test_due_moments_are_working_days_and_an_uncovered_year_only_has_no_reminder() -> None:
    calendar = pack(calendar=CalendarPlan())
    friday = datetime(2025, 2, 28, 2, tzinfo=UTC)
    assert due_after(calendar, friday, "3 working days") == datetime(2025, 3, 5, 16, tzinfo=UTC)
    assert due_after(calendar, datetime(2093, 1, 2, tzinfo=UTC), "3 working days") is None
