"""Windows of the packs: absolute, relative, and cut by `not_after` (A5, Q11, N2)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rules.windows import closes_at, opens_at, window_for
from tests.unit.rules.cases import DEMO, REAL, pack

REAL_PACK, DEMO_PACK = pack(REAL).pack, pack(DEMO).pack


@pytest.mark.clause("A5")
def test_filing_runs_to_the_end_of_the_last_day_here() -> None:
    opening = datetime(2025, 2, 10, tzinfo=UTC)
    assert opens_at(REAL_PACK, "filing") == datetime(2025, 2, 13, 16, tzinfo=UTC)
    assert closes_at(REAL_PACK, "filing", opening) == datetime(2025, 2, 28, 16, tzinfo=UTC)
    assert window_for(REAL_PACK, "filing", opening)[0] == datetime(2025, 2, 13, 16, tzinfo=UTC)


@pytest.mark.clause("N2")
def test_notice_is_five_working_days_after_posting() -> None:
    posted = datetime(2025, 3, 21, 8, tzinfo=UTC)
    assert window_for(REAL_PACK, "notice", posted) == (posted, datetime(2025, 3, 28, 16, tzinfo=UTC))


@pytest.mark.clause("Q11")
@pytest.mark.parametrize(
    ("opened", "last"),
    [
        (date(2025, 3, 5), date(2025, 3, 10)),  # three working days
        (date(2025, 3, 10), date(2025, 3, 13)),  # exactly the latest date
        (date(2025, 3, 11), date(2025, 3, 13)),  # cut
        (date(2025, 3, 13), date(2025, 3, 14)),  # one working day is always left
        (date(2025, 3, 20), date(2025, 3, 21)),
    ],
)
def test_correction(opened: date, last: date) -> None:
    opening = datetime(opened.year, opened.month, opened.day, 2, tzinfo=UTC)
    end = closes_at(REAL_PACK, "correction", opening)
    assert end == datetime(last.year, last.month, last.day, 16, tzinfo=UTC)


@pytest.mark.parametrize(("stage", "seconds"), [("filing", 45), ("correction", 45), ("notice", 8)])
def test_demo_counts_seconds(stage: str, seconds: int) -> None:
    opening = datetime(2030, 1, 1, tzinfo=UTC)
    assert window_for(DEMO_PACK, stage, opening) == (opening, opening + timedelta(seconds=seconds))


def test_no_such_window() -> None:
    with pytest.raises(KeyError):
        closes_at(REAL_PACK, "portfolio", datetime(2025, 3, 1, tzinfo=UTC))
