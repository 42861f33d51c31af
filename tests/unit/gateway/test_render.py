"""Pages in two languages: catalogue complete, switch, deadlines as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from starlette.requests import Request

from gateway import todo, words
from gateway.web import exam_pages, item_pages, sitting_pages
from gateway.web.applicant import ID_KINDS
from gateway.web.consequences import ASKED_FIRST
from gateway.web.filling import controls, explaining, showing
from gateway.web.forms import safe_next
from gateway.web.render import catalogue, deadline, language_of, yuan

TEMPLATES = Path(todo.__file__).parent / "web" / "templates"


def request(accept: str = "", cookie: str = "") -> Request:
    headers = [(b"accept-language", accept.encode()), (b"cookie", cookie.encode())]
    return Request({"type": "http", "headers": headers})


def said_by_templates() -> set[str]:
    options = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
    found = extract_from_dir(
        TEMPLATES, [("**.html", "jinja2")], options, keywords={"_": None, "gettext": None}
    )
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


def said_by_the_form() -> set[str]:
    """Our own words for the standard parts of items, tasks and verdicts; the pack's own stay as they are."""
    groups = [controls.PARTS, *controls.COLLECTION_PARTS.values()]
    parts = [part for group in groups for part in group.values()]
    found = {text for part in parts for text in (part.label, part.help) if text}
    found |= {text for heading, told, _ in showing.GROUPS.values() for text in (heading, told)}
    found |= {controls.AS_WRITTEN, *(one.unit for one in controls.PART_LIMITS.values())}
    tables = (controls.PRECISIONS, controls.WORK_KINDS, controls.ROLES, controls.SYSTEMS, explaining.VERDICT)
    return found | {text for table in tables for text in table.values()} | set(showing.TITLES)


def test_english_says_everything_that_the_templates_say() -> None:
    english = catalogue("en")
    said = said_by_templates()
    assert len(said) > 100
    tables = (
        words.STAGE,
        words.STATUS,
        words.ACTION_BY,
        words.ROUND_STAGE,
        words.COMMAND,
        words.ROLE,
        words.FIELD,
        words.REASON,
        words.BAR,
        words.RULING,
        words.RULING_REASON,
        words.RULING_STATE,
        words.STANDING,
        words.MISSING,
        words.RECOVERY,
        words.AUDIT,
        words.VERDICT,
        exam_pages.FORMS,
        sitting_pages.STATES,
        sitting_pages.ATTEMPTS,
        sitting_pages.CHANGES,
        sitting_pages.EXCUSES,
        item_pages.CORRECTIONS,
        words.COMPLAINT_STAGE,
        words.COMPLAINT_OUTCOME,
        words.COMPLAINT_SUBJECT,
        words.COMPLAINT_CHANNEL,
        words.COMPLAINT_STATE,
        words.COMPLAINT_ENTRY,
    )
    dynamic = (
        {text for table in tables for text in table.values()}
        | set(ID_KINDS.values())
        | {point for asked in ASKED_FIRST.values() for point in asked.points}
        | said_by_the_form()
    )
    assert sorted(text for text in said | dynamic if english.gettext(text) == text) == []


def test_chinese_is_what_is_not_wished_otherwise() -> None:
    assert language_of(request()) == "zh"
    assert language_of(request("fr, en-GB;q=0.8, zh;q=0.5")) == "en"
    assert language_of(request("en-US;q=0.3, zh-CN;q=0.9")) == "zh"
    assert language_of(request("en", "fudao_language=zh")) == "zh"
    assert language_of(request("en;q=x", "fudao_language=xx")) == "zh"


@pytest.mark.clause("A5")
def test_the_end_of_a_day_is_its_24_00() -> None:
    assert deadline(datetime(2025, 2, 28, 16, tzinfo=UTC)) == "2025-02-28 24:00"
    assert deadline(datetime(2025, 2, 28, 16, 0, 1, tzinfo=UTC)) == "2025-03-01 00:00"
    assert deadline(None) == "—"


@pytest.mark.clause("F1")
def test_money_is_integer_fen() -> None:
    assert [yuan(fen) for fen in (10000, 30000, 5, 0)] == ["100.00", "300.00", "0.05", "0.00"]


def test_after_a_form_one_stays_here() -> None:
    given = ["/my", "//evil.example", "/\\evil.example", "https://evil.example", "/x\n", None, ""]
    assert [safe_next(one, "/") for one in given] == ["/my", "/", "/", "/", "/", "/", "/"]
