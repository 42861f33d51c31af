"""Papers from a bank by seed, and exact grading of objective items (X1, X2, X4)."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from contracts.base import Data
from contracts.rulepack import BankItem, Blueprint
from rules import seeds
from rules.pack.banks import bank, read_bank

__all__ = ["Multiple", "Paper", "Placed", "arrange", "bank", "compose", "grade", "read_bank", "score"]

Multiple = Literal["all_or_nothing", "half_if_incomplete"]


class Placed(Data):
    """An item on a paper: its points and the order in which its options are shown."""

    item_id: str
    points: Decimal
    options: tuple[str, ...]


class Paper(Data):
    """A paper in the order in which it is shown."""

    items: tuple[Placed, ...]

    @property
    def total(self) -> Decimal:
        """All points of the paper."""
        return sum((one.points for one in self.items), Decimal(0))


def compose(blueprint: Blueprint, items: Mapping[str, BankItem], seed: int) -> Paper:
    """Choose a paper's items by seed, part after part, each at most once.

    Errors: ValueError when a part has too few items, or the blueprint is a placeholder.
    """
    if not blueprint.parts:
        raise ValueError("试卷蓝图尚未确定")
    placed: list[Placed] = []
    used: set[str] = set()
    for part in blueprint.parts:
        fitting = [
            one.id
            for one in items.values()
            if one.area == part.area and one.form == part.form and one.id not in used
        ]
        if len(fitting) < part.count:
            raise ValueError(f"题库中“{part.id}”一部分需要 {part.count} 题，只有 {len(fitting)} 题")
        for item_id in seeds.pick(seed, fitting, part.count):
            used.add(item_id)
            options = tuple(option.id for option in items[item_id].options)
            placed.append(Placed(item_id=item_id, points=part.points, options=options))
    return Paper(items=tuple(placed))


def arrange(paper: Paper, items: Mapping[str, BankItem], seed: int) -> Paper:
    """One candidate's order of the same paper: items and their options by seed; true/false keeps its order."""
    placed = {one.item_id: one for one in paper.items}
    shown = []
    for item_id in seeds.order(seed, placed):
        one, options = placed[item_id], placed[item_id].options
        if items[item_id].form != "true_false":
            options = seeds.order(seeds.H(str(seed), item_id, "options"), options)
        shown.append(one.model_copy(update={"options": options}))
    return Paper(items=tuple(shown))


def grade(item: BankItem, answer: Collection[str], points: Decimal, multiple: Multiple) -> Fraction | None:
    """Exact points for an answer; None for a hand-marked item. No answer, or a wrong option, gives 0."""
    if item.form == "hand_marked":
        return None
    given, right, whole = set(answer), set(item.key), Fraction(points)
    if given == right:
        return whole
    if multiple == "half_if_incomplete" and item.form == "multiple" and given and given < right:
        return whole / 2
    return Fraction(0)


def score(
    paper: Paper,
    items: Mapping[str, BankItem],
    answers: Mapping[str, Sequence[str]],
    multiple: Multiple,
    hand_marks: Mapping[str, Fraction] | None = None,
) -> Fraction:
    """The component score of 100, exact. Errors: ValueError for a hand-marked item without (or out of) marks."""
    earned = Fraction(0)
    for one in paper.items:
        points = grade(items[one.item_id], answers.get(one.item_id, ()), one.points, multiple)
        if points is None:
            points = (hand_marks or {}).get(one.item_id)
            if points is None or not 0 <= points <= Fraction(one.points):
                raise ValueError("还有主观题没有阅分，或给分超出范围")
        earned += points
    return earned * 100 / Fraction(paper.total)
