"""Seals of histories: whatever is changed, left out, put in or moved shows, and a sheet proves what was there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from cli.problems import Problem
from contracts.commands import Role, TargetKind
from contracts.http.history import History, Record, RecordKind, SealedRecord
from rules.history import GENESIS, commitment, covered, first_break, line, seal, sheet_digest, sheet_text

TARGET, ROUND = UUID(int=7), UUID(int=1)
NOW = datetime(2025, 2, 20, 8, 30, 1, 250000, tzinfo=UTC)


def history(count: int = 4) -> History:
    made: list[SealedRecord] = []
    for number in range(1, count + 1):
        record = Record(
            target_kind=TargetKind.application,
            target_id=TARGET,
            number=number,
            previous=made[-1].seal if made else GENESIS,
            kind=RecordKind.command,
            reference=str(UUID(int=100 + number)),
            name="submit",
            role=Role.applicant,
            actor=commitment(b"s" * 16, b"somebody"),
            content=commitment(b"s" * 16, b"{}"),
            received_at=NOW + timedelta(minutes=number),
            in_time=True,
            outcome="accepted",
            settled_at=NOW + timedelta(minutes=number, seconds=1),
        )
        made.append(SealedRecord(record=record, seal=seal(record)))
    return History(target_id=TARGET, round_id=ROUND, records=tuple(made), sheets=())


def changed(one: SealedRecord, **values: object) -> SealedRecord:
    return one.model_copy(update={"record": one.record.model_copy(update=values)})


def test_an_untouched_history_fits_also_after_it_was_a_file() -> None:
    again = History.model_validate_json(history().model_dump_json(indent=1))
    assert first_break(TARGET, again.records) is None


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"outcome": "refused"}, 2),
        ({"received_at": NOW}, 2),
        ({"in_time": False}, 2),
        ({"role": Role.operator}, 2),
        ({"number": 3}, 2),
        ({"previous": GENESIS}, 2),
        ({"target_id": ROUND}, 2),
    ],
)
def test_a_changed_record_shows(values: dict[str, object], place: int) -> None:
    records = list(history().records)
    records[1] = changed(records[1], **values)
    found = first_break(TARGET, records)
    assert found is not None
    assert found[0] == place


def test_a_changed_record_with_its_seal_made_anew_shows_at_the_next() -> None:
    records = list(history().records)
    forged = changed(records[1], outcome="refused")
    records[1] = SealedRecord(record=forged.record, seal=seal(forged.record))
    assert first_break(TARGET, records) == (3, "与前一条接不上")


@pytest.mark.parametrize("order", [(0, 2, 3), (1, 2, 3), (0, 2, 1, 3), (0, 1, 1, 2, 3)])
def test_what_is_left_out_moved_or_repeated_shows(order: tuple[int, ...]) -> None:
    records = history().records
    assert first_break(TARGET, [records[place] for place in order]) is not None


def test_a_whole_chain_made_anew_is_not_in_the_published_sheet() -> None:
    whole = history()
    others = [line(UUID(int=n), 3, f"{n:064x}") for n in range(20)]
    sheet = sheet_text(ROUND, NOW, [*others, line(TARGET, 3, whole.records[2].seal)])
    assert covered(whole, sheet) == 3  # the fourth came later
    first = whole.records[0].record.model_copy(update={"in_time": False})
    forged = [SealedRecord(record=first, seal=seal(first))]
    for one in whole.records[1:]:
        record = one.record.model_copy(update={"previous": forged[-1].seal})
        forged.append(SealedRecord(record=record, seal=seal(record)))
    assert first_break(TARGET, forged) is None
    assert covered(whole.model_copy(update={"records": tuple(forged)}), sheet) is None


def test_a_sheet_does_not_depend_on_the_order_and_names_nobody() -> None:
    lines = [line(UUID(int=n), 1, f"{n:064x}") for n in range(5)]
    text = sheet_text(ROUND, NOW, lines)
    assert text == sheet_text(ROUND, NOW, reversed(lines))
    assert str(UUID(int=3)) not in text.decode()


def test_the_command_line_checks_a_file_a_sheet_and_a_digest(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("history")
    file, sheet = folder / "history.json", folder / "sheet.txt"
    whole = history()
    file.write_text(whole.model_dump_json(), encoding="utf-8")
    text = sheet_text(ROUND, NOW, [line(TARGET, 3, whole.records[2].seal)])
    sheet.write_bytes(text)
    told = run("check", file)
    assert "共 4 条记录，前后相接" in told
    assert "--sheet" in told
    told = run("check", file, "--sheet", sheet, "--digest", sheet_digest(text).upper())
    assert "证明了第 1 至 3 条；其余 1 条晚于这份表" in told
    assert failed("check", file, "--sheet", sheet, "--digest", "0" * 64) == "sheet_differs"
    assert failed("check", file, "--digest", "0" * 64) == "sheet_missing"
    assert failed("check", sheet) == "not_a_history"
    assert failed("check", folder / "none.json") == "file_unreadable"
    sheet.write_bytes(sheet_text(ROUND, NOW, []))
    assert failed("check", file, "--sheet", sheet) == "not_covered"
    records = (whole.records[0], *whole.records[2:])
    file.write_text(whole.model_copy(update={"records": records}).model_dump_json(), encoding="utf-8")
    assert failed("check", file) == "history_broken"


def run(*words: object) -> str:
    done = CliRunner().invoke(app, ["history", *map(str, words)])
    assert done.exit_code == 0, done.output
    return done.output


def failed(*words: object) -> str:
    done = CliRunner().invoke(app, ["history", *map(str, words)])
    assert isinstance(done.exception, Problem)
    return done.exception.code
