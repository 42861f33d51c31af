"""Facility, discrimination and a wrong key that shows (X4)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from contracts.rulepack import BankItem, Choice
from rules.exam import Paper, Placed
from rules.item_statistics import Attempt, figures

OPTIONS = tuple(Choice(id=one, text=one) for one in "abcd")


def item(name: str, key: str = "a") -> BankItem:
    return BankItem(id=name, area="literacy", form="single", stem=name, options=OPTIONS, key=(key,))


def attempt(**answers: str) -> Attempt:
    """A paper of all items that are named, five points each; "" is no answer."""
    placed = tuple(Placed(item_id=name, points=Decimal(5), options=("a", "b", "c", "d")) for name in answers)
    return Paper(items=placed), {name: (choice,) for name, choice in answers.items() if choice}


@pytest.mark.clause("X4")
def test_a_wrong_key_has_a_negative_discrimination() -> None:
    """Good candidates choose b throughout in the last item, whose key says a."""
    items = {name: item(name) for name in ("one", "two", "three", "wrong")}
    attempts = [
        *(attempt(one="a", two="a", three="a", wrong="b") for _ in range(5)),
        *(attempt(one="a", two="c", three="b", wrong="a") for _ in range(3)),
        *(attempt(one="d", two="c", three="", wrong="a") for _ in range(2)),
    ]
    found = {one.item_id: one for one in figures(attempts, items, "all_or_nothing")}
    assert found["one"].facility == 0.8
    assert (found["three"].shown, found["three"].answered, found["three"].chosen) == (10, 8, {"a": 5, "b": 3})
    assert found["two"].discrimination is not None and found["two"].discrimination > 0
    assert found["wrong"].discrimination is not None and found["wrong"].discrimination < -0.9
    items["wrong"] = item("wrong", "b")
    right = {one.item_id: one for one in figures(attempts, items, "all_or_nothing")}["wrong"]
    assert right.discrimination is not None and right.discrimination > 0.9


def test_nothing_is_said_where_nothing_varies() -> None:
    items = {"one": item("one"), "two": item("two")}
    found = figures([attempt(one="a", two="a"), attempt(one="a", two="b")], items, "all_or_nothing")
    assert [(one.facility, one.discrimination) for one in found] == [(1.0, None), (0.5, None)]
    assert figures([], items, "all_or_nothing") == ()


def test_papers_differ_and_an_item_counts_where_it_was_shown() -> None:
    items = {name: item(name) for name in ("one", "two", "three")}
    found = figures([attempt(one="a", two="a"), attempt(three="b", two="b")], items, "all_or_nothing")
    assert {one.item_id: one.shown for one in found} == {"one": 1, "two": 2, "three": 1}


def test_hand_marked_items_have_no_figures() -> None:
    essay = BankItem(id="one", area="literacy", form="hand_marked", stem="谈谈")
    with pytest.raises(ValueError, match="主观题"):
        figures([attempt(one="")], {"one": essay}, "all_or_nothing")
