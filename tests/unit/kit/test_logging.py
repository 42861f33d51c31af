"""Logs: JSON lines, and personal data that somebody did log does not come out."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from kit.logging import configure, get_logger, mask, mask_foreign

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    root = logging.getLogger()
    before, level, old = root.handlers[:], root.level, structlog.get_config()
    configure("review", "info")
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    root.handlers[:] = before
    root.setLevel(level)
    structlog.configure(**old)


def test_a_line(lines: Lines) -> None:
    get_logger("kit.x").info("sheet_filed", application_id="a1", count=3)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "sheet_filed",
        "logger": "kit.x",
        "level": "info",
        "service": "review",
        "application_id": "a1",
        "count": 3,
    }


def test_personal_keys_are_dropped_at_every_depth(lines: Lines) -> None:
    log = get_logger("kit.x")
    log.info(
        "e", name="张三", phone="x", id_number="y", applicant_phone="z", inner={"unit": "u", "n": 1}, ok=2
    )
    (line,) = lines()
    assert set(line) == {"event", "logger", "level", "service", "timestamp", "inner", "ok"}
    assert line["inner"] == {"n": 1}


def test_numbers_are_masked_wherever_they_stand(lines: Lines) -> None:
    get_logger("kit.x").info(
        "e", reason="身份证 11010519491231002X 电话 13912345678", many=["a@b.example.cn"]
    )
    (line,) = lines()
    assert line["reason"] == "身份证 <id> 电话 <phone>"
    assert line["many"] == ["<email>"]


@pytest.mark.parametrize(
    "text",
    [
        "018f3f9e-1c1a-7abc-9def-139123456789",  # a UUID
        "position 1391234567890",
        "sha256/1391234567813912345678",
    ],
)
def test_ids_are_left_alone(text: str) -> None:
    assert mask(text) == text


def test_what_postgresql_quotes_is_masked() -> None:
    said = (
        'duplicate key value violates unique constraint "uq_person"\n'
        "DETAIL:  Key (name, unit)=(Zhang (San), School) already exists.\n"
        "[parameters: ('Zhang', 'School')]"
    )
    assert mask(said) == (
        'duplicate key value violates unique constraint "uq_person"\n'
        "DETAIL:  Key (name, unit)=(<value>) already exists.\n"
        "[parameters: <values>]"
    )


def test_libraries_texts_and_tracebacks_lose_their_chinese(lines: Lines) -> None:
    try:
        raise ValueError("bad name 张三丰 13912345678")
    except ValueError:
        logging.getLogger("some.library").exception("could not take %s", "张三丰")
        get_logger("kit.x").exception("落库失败")
    foreign, own = lines()
    assert foreign["event"] == "could not take <…>"
    assert own["event"] == "落库失败"  # ours: written by us, not by an applicant
    for line in (foreign, own):
        assert "ValueError: bad name <…> <phone>" in line["exception"]
        assert "张三丰" not in json.dumps(line, ensure_ascii=False)


def test_mask_foreign_keeps_everything_else() -> None:
    assert mask_foreign("relation 表 missing, code 42P01") == "relation <…> missing, code 42P01"


def test_level_and_noise(lines: Lines) -> None:
    get_logger("kit.x").debug("quiet")
    logging.getLogger("httpx").info("GET /people?name=x")
    logging.getLogger("httpx").warning("loud")
    assert [line["event"] for line in lines()] == ["loud"]
