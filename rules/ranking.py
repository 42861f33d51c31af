"""Totals, ranking, the cut and the digest of a list (T1, T2); exact until the one rounding."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from contracts.rulepack import Cut, Level

IN_CUT = "in_cut"
NOT_IN_CUT = "not_in_cut"
NOT_RANKED = "not_ranked"
_CHUNK = 20_000


class Scored(NamedTuple):
    """Component scores of 100 in the order of `Level.components`; None where one is missing (absent)."""

    application_number: str
    components: tuple[Fraction | None, ...]


class Ranked(NamedTuple):
    """`cents` is the rounded total times 100; cents and rank are None when not ranked."""

    application_number: str
    components: tuple[Fraction | None, ...]
    cents: int | None
    rank: int | None
    outcome: str

    @property
    def total(self) -> Decimal | None:
        """The total with two places."""
        return None if self.cents is None else Decimal(self.cents).scaleb(-2)


@dataclass(frozen=True)
class Ranking:
    """Rows in order of rank, then application number; those not ranked last. `places` is the cut's count."""

    rows: list[Ranked]
    filed: int
    places: int
    cutoff_cents: int | None
    passed: int


def weights_of(level: Level) -> tuple[int, ...]:
    """Percent by `Level.components`."""
    return tuple(level.weights[name] for name in level.components)


def exact_total(components: Mapping[str, Fraction], level: Level) -> Fraction:
    """The exact weighted sum. Errors: KeyError for a missing component."""
    return sum((components[name] * level.weights[name] for name in level.components), Fraction(0)) / 100


def round_total(total: Fraction) -> Decimal:
    """The one rounding: two places, half up."""
    scaled = total * 100
    return Decimal((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)).scaleb(-2)


def places(cut: Cut, filed: int) -> int:
    """How many of `filed` applications are certified (T2). Errors: ValueError while the ratio is undecided."""
    if cut.ratio is None:
        raise ValueError("认定比例尚未确定，不能排名")
    exact = Fraction(cut.ratio) * filed
    if cut.rounding == "ceil":
        count = -(-exact.numerator // exact.denominator)
    elif cut.rounding == "half_up":
        count = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    else:
        count = exact.numerator // exact.denominator
    return max(count, cut.minimum)


def rank(rows: Iterable[Scored], level: Level, filed: int) -> Ranking:
    """Rank one level's candidates and cut the list. `filed` is the base of the ratio, not the ranked.

    Competition ranking on rounded totals (1, 2, 2, 4). Only rows with every component are ranked. When
    places ≥ ranked, all ranked pass. Linear memory, sorts once; the input's order does not matter.
    Errors: ValueError for a repeated application number, a wrong number of components, an open ratio.
    """
    weights = weights_of(level)
    count = places(level.cut, filed)
    scored: list[tuple[int, str, Scored]] = []
    missing: list[Scored] = []
    for row in rows:
        if len(row.components) != len(weights):
            raise ValueError("成绩的项数与级别的构成不符")
        cents = _cents(row.components, weights)
        if cents is None:
            missing.append(row)
        else:
            scored.append((-cents, row.application_number, row))
    scored.sort(key=itemgetter(0, 1))
    missing.sort()
    _refuse_repeats(
        row.application_number for group in ((one[2] for one in scored), missing) for row in group
    )
    passed = _passed([one[0] for one in scored], count, level.cut)
    listed: list[Ranked] = []
    previous, place = None, 0
    for index, (minus, number, row) in enumerate(scored):
        if minus != previous:
            previous, place = minus, index + 1
        listed.append(Ranked(number, row.components, -minus, place, IN_CUT if index < passed else NOT_IN_CUT))
    cutoff = -scored[passed - 1][0] if passed else None
    del scored
    listed.extend(Ranked(row.application_number, row.components, None, None, NOT_RANKED) for row in missing)
    return Ranking(listed, filed, count, cutoff, passed)


def _cents(components: tuple[Fraction | None, ...], weights: tuple[int, ...]) -> int | None:
    numerator, denominator = 0, 1
    for score, weight in zip(components, weights, strict=True):
        if score is None:
            return None
        n, d = score.as_integer_ratio()
        if d == denominator:
            numerator += weight * n
        else:
            numerator, denominator = numerator * d + weight * n * denominator, denominator * d
    # weights are percent, so the total times 100 is exactly numerator / denominator
    return (2 * numerator + denominator) // (2 * denominator)


def _refuse_repeats(numbers: Iterator[str]) -> None:
    seen: set[str] = set()
    for number in numbers:
        if number in seen:
            raise ValueError("同一申报编号出现两次")
        seen.add(number)


def _passed(ordered: Sequence[int], count: int, cut: Cut) -> int:
    """How many of the first rows pass; `ordered` are negated cents in rank order."""
    if count >= len(ordered):
        return len(ordered)
    if count == 0 or ordered[count - 1] != ordered[count]:
        return count
    edge, tied = ordered[count - 1], count
    if cut.ties == "all_with_cutoff":
        while tied < len(ordered) and ordered[tied] == edge:
            tied += 1
        return tied
    while tied and ordered[tied - 1] == edge:
        tied -= 1
    return tied


def line(level_id: str, row: Ranked) -> str:
    """One row of the canonical list: [level, number, [n/d…], total, rank, outcome] as JSON."""
    scores = ",".join(
        "null" if c is None else f'"{c.as_integer_ratio()[0]}/{c.as_integer_ratio()[1]}"' for c in row[1]
    )
    total = "null" if row.cents is None else f'"{row.cents // 100}.{row.cents % 100:02d}"'
    place = "null" if row.rank is None else str(row.rank)
    number, name = json.dumps(row[0], ensure_ascii=False), json.dumps(level_id, ensure_ascii=False)
    return f'[{name},{number},[{scores}],{total},{place},"{row.outcome}"]\n'


def digest(levels: Mapping[str, Sequence[Ranked]]) -> str:
    """SHA-256 (hex) over the canonical lines, sorted by level and application number: no UUID, no time."""
    sha = hashlib.sha256(b"fudao-list-1\n")
    for level_id in sorted(levels):
        rows = iter(sorted(levels[level_id], key=itemgetter(0)))
        while chunk := list(islice(rows, _CHUNK)):
            sha.update("".join(line(level_id, row) for row in chunk).encode())
    return sha.hexdigest()
