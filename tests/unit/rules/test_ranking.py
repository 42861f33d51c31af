"""Totals, ranks, the cut and the digest (T1, T2)."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.rulepack import Cut, Level
from rules.ranking import (
    IN_CUT,
    NOT_IN_CUT,
    NOT_RANKED,
    Ranked,
    Scored,
    digest,
    exact_total,
    line,
    places,
    rank,
    round_total,
)
from tests.unit.rules.cases import pack


def level(ratio: str | None = "0.5", weights: dict[str, int] | None = None, **cut: Any) -> Level:
    return Level.model_validate(
        {
            "id": "junior",
            "name": "初级",
            "clause": "T2",
            "fee": 0,
            "stages": [],
            "weights": weights or {"exam": 50, "portfolio": 50},
            "eligibility": [],
            "b_items": 0,
            "cut": {"ratio": ratio, **cut},
        }
    )


def row(number: int, *scores: str | None) -> Scored:
    return Scored(f"N{number:03d}", tuple(None if one is None else Fraction(one) for one in scores))


def flat(*totals: int) -> list[Scored]:
    return [row(index, str(total), str(total)) for index, total in enumerate(totals)]


@pytest.mark.clause("T1")
def test_weights_of_the_notice() -> None:
    junior, intermediate = pack().pack.level("junior"), pack().pack.level("intermediate")
    assert dict(junior.weights) == {"portfolio": 50, "exam": 50}
    assert dict(intermediate.weights) == {"portfolio": 40, "exam": 20, "defence": 40}
    scores = {"portfolio": Fraction(90), "exam": Fraction(60), "defence": Fraction(80)}
    assert exact_total(scores, intermediate) == 80
    assert intermediate.components == ("portfolio", "exam", "defence")


@pytest.mark.clause("T1")
@pytest.mark.parametrize(
    ("total", "rounded"),
    [
        (Fraction("79.994999"), "79.99"),
        (Fraction("79.995"), "80.00"),
        (Fraction(239, 3), "79.67"),
        (Fraction("0.005"), "0.01"),
        (Fraction(0), "0.00"),
        (Fraction(100), "100.00"),
    ],
)
def test_one_rounding_half_up(total: Fraction, rounded: str) -> None:
    assert str(round_total(total)) == rounded


@pytest.mark.clause("T1")
def test_components_are_not_rounded_before() -> None:
    # 33 1/3 and 66 2/3 make 50 exactly; rounded first they would not
    assert rank([row(1, "100/3", "200/3")], level(), 1).rows[0].total == Decimal("50.00")


@pytest.mark.clause("T2")
@pytest.mark.parametrize(
    ("ratio", "rounding", "minimum", "filed", "count"),
    [
        ("0.6", "floor", 1, 5, 3),
        ("0.6", "floor", 1, 4, 2),
        ("0.6", "ceil", 1, 4, 3),
        ("0.5", "half_up", 1, 5, 3),
        ("0.5", "floor", 1, 1, 1),  # at least one
        ("0.5", "floor", 0, 1, 0),
        ("0.1", "floor", 1, 30, 3),  # exact: 0.1 as a float would give 2 or 3
        ("1", "floor", 1, 7, 7),
    ],
)
def test_places(ratio: str, rounding: str, minimum: int, filed: int, count: int) -> None:
    assert (
        places(Cut.model_validate({"ratio": ratio, "rounding": rounding, "minimum": minimum}), filed) == count
    )


@pytest.mark.clause("T2")
def test_without_a_ratio_nobody_is_ranked() -> None:
    with pytest.raises(ValueError, match="比例"):
        rank([], level(None), 1)


@pytest.mark.clause("T2")
@pytest.mark.parametrize(
    ("totals", "filed", "ties", "passed", "ranks"),
    [
        ([90, 80, 70, 60], 4, "all_with_cutoff", 2, [1, 2, 3, 4]),
        ([90, 80, 80, 60], 4, "all_with_cutoff", 3, [1, 2, 2, 4]),
        ([90, 80, 80, 60], 4, "none_of_tied", 1, [1, 2, 2, 4]),
        ([90, 90, 90, 90], 4, "all_with_cutoff", 4, [1, 1, 1, 1]),
        ([90, 90, 90, 90], 4, "none_of_tied", 0, [1, 1, 1, 1]),
        ([90, 80], 4, "all_with_cutoff", 2, [1, 2]),  # places >= ranked: all pass
        ([90, 80], 5, "none_of_tied", 2, [1, 2]),
        ([], 4, "all_with_cutoff", 0, []),
    ],
)
def test_cut(totals: list[int], filed: int, ties: str, passed: int, ranks: list[int]) -> None:
    result = rank(flat(*totals), level(ties=ties), filed)
    assert [one.rank for one in result.rows] == ranks
    assert [one.outcome for one in result.rows] == [IN_CUT] * passed + [NOT_IN_CUT] * (len(totals) - passed)
    assert result.passed == passed


@pytest.mark.clause("T2")
def test_ties_are_of_rounded_totals() -> None:
    rows = [row(1, "80.001", "80"), row(2, "80", "80"), row(3, "70", "70"), row(4, "1", "1")]
    result = rank(rows, level("0.25"), 4)
    assert [(one.application_number, one.rank, one.outcome) for one in result.rows][:2] == [
        ("N001", 1, IN_CUT),
        ("N002", 1, IN_CUT),
    ]


@pytest.mark.clause("T2", "X3")
def test_absent_ones_are_in_the_base_but_not_ranked() -> None:
    rows = [row(1, "60", None), row(2, "50", "50"), row(3, None, None), row(4, "40", "40")]
    result = rank(rows, level("0.5"), 4)
    assert [(one.application_number, one.rank, one.outcome) for one in result.rows] == [
        ("N002", 1, IN_CUT),
        ("N004", 2, IN_CUT),
        ("N001", None, NOT_RANKED),
        ("N003", None, NOT_RANKED),
    ]
    assert (result.places, result.cutoff_cents, result.filed) == (2, 4000, 4)


@pytest.mark.parametrize(("rows", "text"), [([row(1, "1", "1")] * 2, "两次"), ([row(1, "1")], "项数")])
def test_misuse(rows: list[Scored], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        rank(rows, level(), 2)


scores = st.none() | st.fractions(0, 100, max_denominator=30)
many = st.lists(st.tuples(scores, scores), max_size=25)


@pytest.mark.clause("T2")
@settings(deadline=None)
@given(many, st.randoms(use_true_random=False), st.sampled_from(["all_with_cutoff", "none_of_tied"]))
def test_order_of_input_changes_nothing(given_rows: list[Any], random: Any, ties: str) -> None:
    rows = [Scored(f"N{index:03d}", pair) for index, pair in enumerate(given_rows)]
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = rank(rows, level(ties=ties), 30), rank(shuffled, level(ties=ties), 30)
    assert one == other
    assert digest({"junior": one.rows}) == digest({"junior": shuffle(other.rows, random)})


def shuffle(rows: list[Ranked], random: Any) -> list[Ranked]:
    mixed = list(rows)
    random.shuffle(mixed)
    return mixed


@pytest.mark.clause("T2")
@settings(deadline=None)
@given(many)
def test_ranks_agree_with_a_slow_definition(given_rows: list[Any]) -> None:
    rows = [Scored(f"N{index:03d}", pair) for index, pair in enumerate(given_rows)]
    totals = {
        one.application_number: round_total(sum(one.components, Fraction(0)) / 2)
        for one in rows
        if None not in one.components
    }
    for one in rank(rows, level(), 30).rows:
        if one.application_number not in totals:
            assert one.rank is None
            continue
        mine = totals[one.application_number]
        assert (one.total, one.rank) == (mine, 1 + sum(other > mine for other in totals.values()))


def test_canonical_lines() -> None:
    rows = rank([row(1, "81", "155/2"), row(2, "100", None)], level(), 2).rows
    assert line("junior", rows[0]) == '["junior","N001",["81/1","155/2"],"79.25",1,"in_cut"]\n'
    assert line("junior", rows[1]) == '["junior","N002",["100/1",null],null,null,"not_ranked"]\n'


def test_the_digest_stays_the_same_for_ever() -> None:
    rows = rank(flat(90, 80, 70), level(), 3).rows
    expected = "fb0639da58caa859a9890442b4aef50fa8ee5da257c2208835645c5019d33cf8"
    assert digest({"junior": rows, "intermediate": []}) == expected
    assert digest({"intermediate": [], "junior": list(reversed(rows))}) == expected


def test_everything_in_a_line_is_in_the_digest() -> None:
    rows = rank(flat(90, 80, 70), level(), 3).rows
    first = rows[0]
    changed = [
        first._replace(application_number="N999"),
        first._replace(components=(Fraction(91), Fraction(89))),
        first._replace(cents=8999),
        first._replace(rank=2),
        first._replace(outcome=NOT_IN_CUT),
    ]
    digests = {digest({"junior": [one, *rows[1:]]}) for one in (first, *changed)}
    assert len(digests | {digest({"senior": rows})}) == len(changed) + 2
