"""docs/clauses.md says which test shows which clause, and is up to date."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.clause_report import TARGET, TESTS, named, report


def test_the_page_is_what_the_tests_say(request: pytest.FixtureRequest) -> None:
    items = request.session.items
    if {one.path for one in items} == set(TESTS.rglob("test_*.py")):  # all are here: none need be looked for
        assert TARGET.read_text(encoding="utf-8") == report(named(items)), "run make clauses"
        return
    done = subprocess.run(
        [sys.executable, "-m", "tests.clause_report", "--check"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
