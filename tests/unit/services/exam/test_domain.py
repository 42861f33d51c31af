"""Papers by seed, choices, grades and where an attempt stands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.http.exam import ExamStatus
from contracts.rulepack import BankItem, Blueprint, CalendarPlan, Choice, ExamPlan, Named, Part, RulePack
from kit.errors import DomainError
from rules.cache import Packs
from rules.pack import LoadedPack, load
from services.exam import domain
from services.exam.adapters import Banks

NOON = datetime(2025, 3, 8, 4, tzinfo=UTC)


def item(number: int, form: Any = "single", key: tuple[str, ...] = ("a",)) -> BankItem:
    options = tuple(Choice(id=one, text=f"选项 {one}") for one in "abcd")
    return BankItem(
        id=f"q{number}", area="literacy", form=form, stem=f"第{number}题", options=options, key=key
    )


def rules(*parts: Part, duration: str | None = "PT45M", multiple: Any = "all_or_nothing") -> domain.ExamRules:
    used = parts or (
        Part(id="one", area="literacy", form="single", count=3, points=Decimal(2)),
        Part(id="more", area="literacy", form="multiple", count=1, points=Decimal("1.5")),
    )
    plan = ExamPlan(
        areas=(Named(id="literacy", name="基本科学素质"),),
        blueprints=(Blueprint(id="junior", duration=duration, parts=used, placeholder=duration is None),),
        multiple=multiple,
        excused_absence="make_up",
    )
    pack = SimpleNamespace(exam=plan, calendar=CalendarPlan(), timezone="Asia/Shanghai")
    items = [*(item(n) for n in range(8)), *(item(n, "multiple", ("a", "c")) for n in range(20, 24))]
    return domain.ExamRules(cast(RulePack, pack), {one.id: one for one in items})


@dataclass
class Row:
    state: str
    closes_at: datetime | None = None


@pytest.mark.clause("X1")
def test_papers_differ_by_candidate_and_are_drawn_again_alike() -> None:
    seeds = [domain.seed_of("sha256/ab", f"2024-{n:05d}") for n in range(20)]
    papers = [domain.draw(rules(), "junior", seed) for seed in seeds]
    assert papers == [domain.draw(rules(), "junior", seed) for seed in seeds]
    assert len({json.dumps(paper) for paper in papers}) == 20
    assert domain.seed_of("sha256/cd", "2024-00000") != seeds[0]


def test_a_stored_paper_holds_no_text_and_no_key() -> None:
    paper = domain.draw(rules(), "junior", 7)
    assert {key for one in paper["items"] for key in one} == {"item_id", "points", "options", "form"}


def test_a_shown_paper_keeps_the_order_and_holds_no_key() -> None:
    exam = rules()
    paper = domain.draw(exam, "junior", 7)
    shown = domain.shown(exam, paper)
    assert [(one.id, [option.id for option in one.options]) for one in shown] == [
        (one["item_id"], one["options"]) for one in paper["items"]
    ]
    assert all("key" not in one.model_dump() and "note" not in one.model_dump() for one in shown)


def test_hand_marked_parts_are_refused_before_anybody_sits() -> None:
    part = Part(id="essay", area="literacy", form="hand_marked", count=1, points=Decimal(10))
    with pytest.raises(ValueError, match="客观题"):
        domain.draw(rules(part), "junior", 1)


@pytest.mark.clause("X1")
@given(st.integers(0, 2**64))
def test_grade_is_exact_whatever_the_paper(seed: int) -> None:
    exam = rules()
    paper = domain.draw(exam, "junior", seed)
    right = {one["item_id"]: exam.items[one["item_id"]].key for one in paper["items"]}
    assert domain.grade(exam, paper, right) == "100/1"
    assert domain.grade(exam, paper, {}) == "0/1"
    several = next(one["item_id"] for one in paper["items"] if one["form"] == "multiple")
    assert domain.grade(exam, paper, right | {several: ("a",)}) == "80/1"  # 6 of 7.5 points


def test_half_points_where_the_pack_says_so() -> None:
    exam = rules(multiple="half_if_incomplete")
    paper = domain.draw(exam, "junior", 3)
    several = next(one["item_id"] for one in paper["items"] if one["form"] == "multiple")
    assert domain.grade(exam, paper, {several: ("c",)}) == "10/1"
    assert domain.grade(exam, paper, {several: ("b", "c")}) == "0/1"


def test_choices_are_cleaned_or_refused() -> None:
    paper = domain.draw(rules(), "junior", 3)
    single = next(one["item_id"] for one in paper["items"] if one["form"] == "single")
    several = next(one["item_id"] for one in paper["items"] if one["form"] == "multiple")
    assert domain.check_choice(paper, several, ["c", "a", "c"]) == ("a", "c")
    assert domain.check_choice(paper, single, []) == ()
    for item_id, choice, code in (("q99", ["a"], "no_item"), (single, ["x"], "wrong_choice")):
        with pytest.raises(DomainError) as caught:
            domain.check_choice(paper, item_id, choice)
        assert caught.value.code == code
    with pytest.raises(DomainError, match="只能选择一个"):
        domain.check_choice(paper, single, ["a", "b"])


@pytest.mark.clause("X2")
@pytest.mark.parametrize(
    ("attempt", "seconds_left", "expected", "remaining"),
    [
        ("enrolled", None, ExamStatus.waiting, None),
        ("enrolled", 60, ExamStatus.ready, 60),
        ("started", 60, ExamStatus.started, 60),
        ("started", 0.5, ExamStatus.started, 0),
        ("started", 0, ExamStatus.closing, None),
        ("enrolled", 0, ExamStatus.closing, None),
        ("finished", 60, ExamStatus.finished, None),
        ("absent", 0, ExamStatus.absent, None),
        ("cancelled", None, ExamStatus.cancelled, None),
    ],
)
def test_standing(
    attempt: str, seconds_left: float | None, expected: ExamStatus, remaining: int | None
) -> None:
    end = None if seconds_left is None else NOON + timedelta(seconds=seconds_left)
    sitting = Row("planned" if end is None else "open", end)
    assert domain.status(Row(attempt), sitting, NOON) is expected
    assert domain.remaining(expected, sitting, NOON) == remaining


@pytest.mark.clause("X2")
def test_a_sitting_lasts_as_long_as_the_blueprint_says() -> None:
    assert domain.closing(rules(), "junior", NOON) == NOON + timedelta(minutes=45)
    with pytest.raises(ValueError, match="时长"):
        domain.closing(rules(duration=None), "junior", NOON)
    with pytest.raises(KeyError):
        domain.closing(rules(), "senior", NOON)


async def test_the_demo_pack_has_a_paper_for_every_level() -> None:
    loaded = load(Path(__file__).parents[4] / "rulepacks" / "demo")

    class Stored:
        async def get(self, _key: str) -> LoadedPack:
            return loaded

    exam = await Banks(cast(Packs, Stored())).get("sha256/ab")
    for level in loaded.pack.levels:
        for number in range(50):
            paper = domain.draw(exam, level.id, domain.seed_of("sha256/ab", f"2024-{number:05d}"))
            right = {one["item_id"]: exam.items[one["item_id"]].key for one in paper["items"]}
            assert domain.grade(exam, paper, right) == "100/1"
        assert domain.closing(exam, level.id, NOON) > NOON
