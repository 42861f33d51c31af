"""Freezing a list: exactness, the cut, who is ranked, and that the input's order changes nothing."""

import random
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid5

import pytest

from contracts.lifecycle import Stage
from contracts.rulepack import Cut, Level, RulePack
from services.scoring import domain

SPACE = UUID("6c9f2a1e-52b3-4a3f-9a39-1f0c5d1f7f10")


def level(ratio: str = "0.5", **cut: Any) -> Level:
    return Level(
        id="junior",
        name="初级",
        clause="T1",
        fee=10000,
        stages=(Stage.filing, Stage.exam, Stage.portfolio, Stage.totals),
        weights={"portfolio": 50, "exam": 50},
        eligibility=("E2",),
        b_items=1,
        cut=Cut(ratio=Decimal(ratio), **cut),
    )


def pack(*levels: Level) -> RulePack:
    return cast(RulePack, SimpleNamespace(levels=levels or (level(),)))


def candidate(
    number: int, portfolio: str | None, exam: str | None, *, absent: bool = False
) -> domain.Candidate:
    given = {"portfolio": portfolio, "exam": exam}
    name = f"2024-{number:05d}"
    scores = {stage: score for stage, score in given.items() if score is not None}
    return domain.Candidate(uuid5(SPACE, name), name, scores, absent)


def listed(frozen: domain.FrozenLevel) -> list[tuple[str, str | None, int | None, str]]:
    return [(row["application_number"], row["total"], row["rank"], row["outcome"]) for row in frozen.rows]


@pytest.mark.clause("T1")
def test_total_is_exact_until_the_one_rounding() -> None:
    # 50 % of 200/3 and of 0: 33.333… and of 66.67: rounding parts first would give 33.34
    (frozen,), _ = domain.freeze(pack(), {"junior": 1}, {"junior": [candidate(1, "200/3", "0/1")]})
    assert listed(frozen) == [("2024-00001", "33.33", 1, "in_cut")]
    assert frozen.rows[0]["components"] == {"portfolio": "200/3", "exam": "0/1"}


@pytest.mark.clause("T2")
def test_base_is_filed_and_only_complete_candidates_are_ranked() -> None:
    people = [
        candidate(1, "80/1", "80/1"),
        candidate(2, "90/1", None, absent=True),
        candidate(3, "70/1", "70/1"),
        candidate(4, "60/1", None),
        candidate(5, "50/1", "50/1"),
    ]
    (frozen,), _ = domain.freeze(pack(), {"junior": 4 + 1}, {"junior": people})
    assert listed(frozen) == [
        ("2024-00001", "80.00", 1, "in_cut"),
        ("2024-00003", "70.00", 2, "in_cut"),
        ("2024-00005", "50.00", 3, "not_in_cut"),
        ("2024-00002", None, None, "not_ranked"),
        ("2024-00004", None, None, "not_ranked"),
    ]
    assert (frozen.filed, frozen.candidates, frozen.ranked, frozen.places, frozen.in_cut) == (5, 5, 3, 2, 2)
    assert frozen.cut_total == "70.00"


@pytest.mark.clause("X3")
def test_absent_is_never_ranked_whatever_came_in() -> None:
    people = [candidate(1, "99/1", "99/1", absent=True), candidate(2, "10/1", "10/1")]
    (frozen,), _ = domain.freeze(pack(), {"junior": 2}, {"junior": people})
    assert listed(frozen) == [("2024-00002", "10.00", 1, "in_cut"), ("2024-00001", None, None, "not_ranked")]
    assert [row["absent"] for row in frozen.rows] == [False, True]


@pytest.mark.clause("T2")
@pytest.mark.parametrize(("ties", "passed"), [("all_with_cutoff", 3), ("none_of_tied", 1)])
def test_tie_at_the_cut_follows_the_pack(ties: str, passed: int) -> None:
    people = [
        candidate(1, "90/1", "90/1"),
        *(candidate(n, "80/1", "80/1") for n in (2, 3)),
        candidate(4, "1/1", "1/1"),
    ]
    (frozen,), _ = domain.freeze(pack(level("0.5", ties=ties)), {"junior": 4}, {"junior": people})
    assert frozen.in_cut == passed
    assert [row["rank"] for row in frozen.rows] == [1, 2, 2, 4]


@pytest.mark.clause("T2")
def test_any_order_of_input_gives_the_same_list_and_digest() -> None:
    marks = random.Random(7)
    people = [
        candidate(n, f"{marks.randint(0, 300)}/3", None if n % 9 == 0 else f"{marks.randint(0, 100)}/1")
        for n in range(60)
    ]
    first = domain.freeze(pack(), {"junior": 70}, {"junior": people})
    for seed in range(20):
        random.Random(seed).shuffle(people)
        assert domain.freeze(pack(), {"junior": 70}, {"junior": people}) == first


def test_another_score_gives_another_digest() -> None:
    one = domain.freeze(pack(), {"junior": 1}, {"junior": [candidate(1, "80/1", "80/1")]})[1]
    other = domain.freeze(pack(), {"junior": 1}, {"junior": [candidate(1, "80/1", "81/1")]})[1]
    assert one != other


def test_base_below_the_candidates_and_unknown_levels_are_refused() -> None:
    people = [candidate(1, "80/1", "80/1"), candidate(2, "80/1", "80/1")]
    with pytest.raises(ValueError, match="少于"):
        domain.freeze(pack(), {"junior": 1}, {"junior": people})
    with pytest.raises(ValueError, match="没有级别"):
        domain.freeze(pack(), {"senior": 2}, {"senior": people})


@pytest.mark.parametrize(
    ("text", "value"), [("0/1", Fraction(0)), ("255/4", Fraction(255, 4)), ("100/1", Fraction(100))]
)
def test_fractions_are_read_exactly(text: str, value: Fraction) -> None:
    assert domain.fraction(text) == value
    assert domain.text_of(value) == text


@pytest.mark.parametrize("text", ["1/0", "101/1", "100001/1000"])
def test_impossible_scores_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="成绩"):
        domain.fraction(text)
