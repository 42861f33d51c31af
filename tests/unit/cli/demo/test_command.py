"""What is said before four minutes are spent."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from cli.problems import Problem

CALLS = [
    (["--data", "{full}"], "data_not_empty"),
    (["--data", "{empty}", "--report", "{empty}/nowhere/report.json"], "report_unwritable"),
]


@pytest.mark.parametrize(("words", "code"), CALLS)
def test_refused_at_once(tmp_path: Path, words: list[str], code: str) -> None:
    full, empty = tmp_path / "full", tmp_path / "empty"
    full.mkdir()
    (full / "something").touch()
    given = [word.format(full=full, empty=empty) for word in words]
    done = CliRunner().invoke(app, ["demo", *given])
    assert isinstance(done.exception, Problem)
    assert done.exception.code == code
    assert not empty.exists()


@pytest.mark.parametrize("words", [["--applicants", "7"], ["--applicants", "many"], ["--report", "."]])
def test_wrong_arguments(words: list[str]) -> None:
    assert CliRunner().invoke(app, ["demo", *words]).exit_code == 2
