"""Papers by seed and exact grading (X1, X4); recorded chance."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest

from contracts.rulepack import BankItem
from rules import seeds
from rules.exam import Multiple, arrange, bank, compose, grade, score
from tests.unit.rules.cases import pack

PACK = pack()
ITEMS = bank(PACK)
SEED = seeds.H("round", "CQ2024-000001")


@pytest.mark.clause("X1")
@pytest.mark.parametrize("level", ["junior", "intermediate"])
def test_a_paper_follows_the_blueprint(level: str) -> None:
    blueprint = PACK.pack.exam.blueprint(level)
    paper = compose(blueprint, ITEMS, SEED)
    made = Counter((ITEMS[one.item_id].area, ITEMS[one.item_id].form, one.points) for one in paper.items)
    assert made == {(part.area, part.form, part.points): part.count for part in blueprint.parts}
    assert paper.total == 100
    assert len({one.item_id for one in paper.items}) == len(paper.items)


@pytest.mark.clause("X1")
def test_seeds_decide_and_nothing_else() -> None:
    blueprint = PACK.pack.exam.blueprint("junior")
    paper = compose(blueprint, ITEMS, SEED)
    backwards = dict(reversed(ITEMS.items()))
    assert compose(blueprint, backwards, SEED) == paper
    assert compose(blueprint, ITEMS, SEED + 1) != paper
    one, other = arrange(paper, ITEMS, 1), arrange(paper, ITEMS, 2)
    assert one != other
    assert arrange(paper, ITEMS, 1) == one
    assert sorted(placed.item_id for placed in one.items) == sorted(placed.item_id for placed in other.items)


@pytest.mark.clause("X1")
def test_arranging_moves_options_but_not_those_of_true_or_false() -> None:
    paper = compose(PACK.pack.exam.blueprint("junior"), ITEMS, SEED)
    moved = set()
    for seed in range(5):
        for placed in arrange(paper, ITEMS, seed).items:
            item = ITEMS[placed.item_id]
            own = tuple(option.id for option in item.options)
            assert sorted(placed.options) == sorted(own)
            if item.form == "true_false":
                assert placed.options == own
            elif placed.options != own:
                moved.add(item.form)
    assert moved == {"single", "multiple"}


@pytest.mark.clause("X1")
@pytest.mark.parametrize(
    ("form", "key", "answer", "policy", "points"),
    [
        ("single", "A", "A", "all_or_nothing", "5"),
        ("single", "A", "B", "all_or_nothing", "0"),
        ("single", "A", "", "all_or_nothing", "0"),
        ("single", "A", "AB", "half_if_incomplete", "0"),
        ("multiple", "ABD", "DBA", "all_or_nothing", "5"),
        ("multiple", "ABD", "AB", "all_or_nothing", "0"),
        ("multiple", "ABD", "AB", "half_if_incomplete", "5/2"),
        ("multiple", "ABD", "", "half_if_incomplete", "0"),
        ("multiple", "ABD", "ABC", "half_if_incomplete", "0"),
        ("multiple", "ABD", "ABCD", "half_if_incomplete", "0"),
        ("multiple", "ABD", "Z", "half_if_incomplete", "0"),
    ],
)
def test_grading(form: str, key: str, answer: str, policy: Multiple, points: str) -> None:
    options = [{"id": name, "text": name} for name in "ABCD"]
    item = BankItem.model_validate(
        {"id": "x", "area": "a", "form": form, "stem": "?", "options": options, "key": list(key)}
    )
    assert grade(item, list(answer), Decimal(5), policy) == Fraction(points)


@pytest.mark.clause("X1")
def test_scores_are_exact_fractions_of_a_hundred() -> None:
    paper = compose(PACK.pack.exam.blueprint("junior"), ITEMS, SEED)
    right = {one.item_id: ITEMS[one.item_id].key for one in paper.items}
    assert score(paper, ITEMS, right, "all_or_nothing") == 100
    assert score(paper, ITEMS, {}, "all_or_nothing") == 0
    dropped = next(one for one in paper.items if one.points == Decimal("2.5"))
    del right[dropped.item_id]
    assert score(paper, ITEMS, right, "all_or_nothing") == Fraction(195, 2)


@pytest.mark.clause("X4")
def test_a_corrected_key_is_another_grade_of_the_same_answers() -> None:
    paper = compose(PACK.pack.exam.blueprint("junior"), ITEMS, SEED)
    placed = next(one for one in paper.items if ITEMS[one.item_id].form == "single")
    item = ITEMS[placed.item_id]
    wrong = next(option.id for option in item.options if option.id not in item.key)
    answers = {placed.item_id: (wrong,)}
    corrected = {**ITEMS, item.id: item.model_copy(update={"key": (wrong,)})}
    assert score(paper, ITEMS, answers, "all_or_nothing") == 0
    assert score(paper, corrected, answers, "all_or_nothing") == 5


@pytest.mark.clause("X1")
def test_hand_marked_items_wait_for_a_mark() -> None:
    item = BankItem.model_validate({"id": "h", "area": "a", "form": "hand_marked", "stem": "?"})
    paper = compose(PACK.pack.exam.blueprint("junior"), ITEMS, SEED)
    with_essay = paper.model_copy(
        update={"items": (*paper.items[:1], paper.items[0].model_copy(update={"item_id": "h"}))}
    )
    bank_with_essay = {**ITEMS, "h": item}
    with pytest.raises(ValueError, match="主观题"):
        score(with_essay, bank_with_essay, {}, "all_or_nothing")
    assert score(with_essay, bank_with_essay, {}, "all_or_nothing", {"h": Fraction(5)}) == 50


@pytest.mark.clause("X1")
def test_the_demo_bank_is_of_use() -> None:
    assert len(ITEMS) >= 40
    assert Counter(one.area for one in ITEMS.values()) == {"literacy": 24, "theory": 24}
    assert len({one.stem for one in ITEMS.values()}) == len(ITEMS)


def test_too_small_a_bank_is_refused() -> None:
    few = dict(list(ITEMS.items())[:5])
    with pytest.raises(ValueError, match="需要"):
        compose(PACK.pack.exam.blueprint("junior"), few, SEED)


def test_h_stays_the_same_for_ever() -> None:
    assert (
        seeds.H("r", "CQ2024-000001", "exam", 1)
        == 0x7E157395AAF77F561B3D5532EC627FF21C61D08A07DEF97AE78D9FB3B6A8EC82
    )
    assert seeds.H("r", "a", "bc") != seeds.H("r", "ab", "c")
    assert seeds.H(1, "a") != seeds.H("1", "a")


def test_order_does_not_depend_on_the_order_given() -> None:
    ids = [f"i{n}" for n in range(50)]
    assert seeds.order(7, reversed(ids)) == seeds.order(7, ids)
    assert seeds.order(8, ids) != seeds.order(7, ids)
    assert seeds.pick(7, ids, 3) == seeds.order(7, ids)[:3]
