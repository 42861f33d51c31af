"""What the answers say of the items (X4): how hard one is, whether it tells good candidates from weak ones."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import sqrt

from contracts.base import Data
from contracts.rulepack import BankItem
from rules.exam import Multiple, Paper, grade

Attempt = tuple[Paper, Mapping[str, Sequence[str]]]
"""A paper and what was answered on it."""


class ItemFigures(Data):
    """Of one item over all papers that held it.

    `facility`: mean share of its points, 0 (nobody) to 1. `discrimination`: correlation of that share with the share
    of the rest of the paper, −1 to 1; None where nothing varies. A wrong key shows as a low or negative one.
    """

    item_id: str
    shown: int
    answered: int
    facility: float
    discrimination: float | None
    chosen: Mapping[str, int]


def figures(
    attempts: Iterable[Attempt], items: Mapping[str, BankItem], multiple: Multiple
) -> tuple[ItemFigures, ...]:
    """By item ID. Errors: ValueError for a hand-marked item, KeyError for one that the bank lacks."""
    shares: dict[str, list[tuple[Fraction, Fraction]]] = defaultdict(list)
    chosen: dict[str, Counter[str]] = defaultdict(Counter)
    answered: Counter[str] = Counter()
    for paper, answers in attempts:
        earned = {
            one.item_id: _earned(one.item_id, one.points, answers, items, multiple) for one in paper.items
        }
        got, whole = sum(earned.values(), Fraction(0)), Fraction(paper.total)
        for one in paper.items:
            points = Fraction(one.points)
            rest = (got - earned[one.item_id]) / (whole - points) if whole > points else Fraction(0)
            shares[one.item_id].append((earned[one.item_id] / points, rest))
            choice = answers.get(one.item_id, ())
            chosen[one.item_id].update(choice)
            answered[one.item_id] += bool(choice)
    return tuple(
        ItemFigures(
            item_id=item_id,
            shown=len(pairs),
            answered=answered[item_id],
            facility=float(sum((own for own, _ in pairs), Fraction(0)) / len(pairs)),
            discrimination=_correlation(pairs),
            chosen=dict(chosen[item_id]),
        )
        for item_id, pairs in sorted(shares.items())
    )


def _earned(
    item_id: str,
    points: Decimal,
    answers: Mapping[str, Sequence[str]],
    items: Mapping[str, BankItem],
    multiple: Multiple,
) -> Fraction:
    found = grade(items[item_id], answers.get(item_id, ()), points, multiple)
    if found is None:
        raise ValueError("主观题没有统计")
    return found


def _correlation(pairs: Sequence[tuple[Fraction, Fraction]]) -> float | None:
    """Pearson's; exact up to the one root."""
    n = len(pairs)
    mean_x = sum((x for x, _ in pairs), Fraction(0)) / n
    mean_y = sum((y for _, y in pairs), Fraction(0)) / n
    xx = sum(((x - mean_x) ** 2 for x, _ in pairs), Fraction(0))
    yy = sum(((y - mean_y) ** 2 for _, y in pairs), Fraction(0))
    xy = sum(((x - mean_x) * (y - mean_y) for x, y in pairs), Fraction(0))
    if not xx or not yy:
        return None
    return float(xy) / sqrt(float(xx) * float(yy))
