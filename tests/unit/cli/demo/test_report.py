"""Numbers add up or it is an error."""

import io
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from rich.console import Console

from cli.demo.board import DemoFailed
from cli.demo.report import Certificate, Result, check, table, tally
from contracts.http.gateway import KnownCase
from contracts.lifecycle import ActionRequiredBy, Stage, Status
from contracts.rulepack import RulePack

LEVELS = ["junior", "intermediate"]


def case(level: str, status: Status) -> KnownCase:
    moment = datetime(2025, 3, 1, tzinfo=UTC)
    return KnownCase(
        application_id=uuid4(),
        round_id=uuid4(),
        application_number="2024-J-00001",
        level=level,
        seq=9,
        stage=Stage.ended,
        status=status,
        action_required_by=ActionRequiredBy.nobody,
        since=moment,
        updated_at=moment,
    )


CASES = [
    case("junior", Status.certified),
    case("junior", Status.certified),
    case("junior", Status.lapsed),
    case("intermediate", Status.not_certified),
]
OUTCOMES = {"junior": {"certified": 2, "lapsed": 1}, "intermediate": {"not_certified": 1}}


def test_everybody_is_counted_once() -> None:
    assert tally(CASES, LEVELS, 4) == OUTCOMES


@pytest.mark.parametrize(
    ("cases", "applicants"),
    [
        (CASES, 5),
        (CASES[:3], 4),
        ([*CASES, case("senior", Status.certified)], 5),
        ([*CASES[:3], case("junior", Status.under_review)], 4),
    ],
)
def test_what_does_not_add_up_is_an_error(cases: list[KnownCase], applicants: int) -> None:
    with pytest.raises(DemoFailed, match="合计"):
        tally(cases, LEVELS, applicants)


def result(files: list[Path]) -> Result:
    certificates = [Certificate(number=path.stem, file=str(path)) for path in files]
    return Result(
        applicants=4,
        by_outcome=OUTCOMES,
        digest="0" * 64,
        certificates=certificates,
        sheet="1" * 64,
        seconds=1.0,
    )


def test_certificates_are_as_many_as_certified_and_are_pdfs(tmp_path: Path) -> None:
    files = [tmp_path / "A-1.pdf", tmp_path / "A-2.pdf"]
    for path in files:
        path.write_bytes(b"%PDF-1.7")
    check(result(files))
    with pytest.raises(DemoFailed, match="1 份"):
        check(result(files[:1]))
    with pytest.raises(DemoFailed, match="2 份（编号 1 个）"):
        check(result([files[0], files[0]]))
    files[1].write_bytes(b"<html>")
    with pytest.raises(DemoFailed, match="A-2"):
        check(result(files))


def test_the_table_shows_every_exit_and_the_sums(pack: RulePack) -> None:
    out = Console(width=100, record=True, file=io.StringIO())
    out.print(table(result([]), pack))
    shown = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in out.export_text().splitlines()
        if line.startswith("│")
    ]
    assert shown == [
        ["通过认证", "2", "0", "2"],
        ["未通过认证", "0", "1", "1"],
        ["未完成申报", "1", "0", "1"],
        ["合计", "3", "1", "4"],
    ]
