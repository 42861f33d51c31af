"""Totals, ranking, the cut and the digest of a list (T1, T2); exact until the one rounding."""

import gc
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from json.encoder import encode_basestring as _quoted
from operator import itemgetter
from typing import NamedTuple

from contracts.rulepack import COMPONENTS, Cut, Level

IN_CUT = "in_cut"
NOT_IN_CUT = "not_in_cut"
NOT_RANKED = "not_ranked"
_CHUNK = 20_000
_PAIR = '"%d/%d"'
# one template for a whole line: a million lines take a third less time than joined from pieces
_SHAPES = {n: f'[%s,%s,[{",".join([_PAIR] * n)}],"%d.%02d",%d,"%s"]\n' for n in range(len(COMPONENTS) + 1)}


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
    with _uncollected():
        return _rank(rows, level, filed)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing here makes cycles, and looking for them among millions of tuples costs a fifth of the time."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _rank(rows: Iterable[Scored], level: Level, filed: int) -> Ranking:
    weights = weights_of(level)
    count = places(level.cut, filed)
    everyone = sorted(rows, key=itemgetter(0))
    _refuse_repeats(everyone)
    cents = [_cents(row[1], weights) for row in everyone]
    # columns and a stable sort on plain integers: a million key tuples would cost more than the ranking
    minus = [0 if value is None else -value for value in cents]
    order = [index for index, value in enumerate(cents) if value is not None]
    order.sort(key=minus.__getitem__)
    passed = _passed([minus[index] for index in order], count, level.cut)
    listed: list[Ranked] = []
    previous, place = 1, 0
    make = tuple.__new__  # half the time of calling Ranked
    for position, index in enumerate(order):
        if minus[index] != previous:
            previous, place = minus[index], position + 1
        number, components = everyone[index]
        outcome = IN_CUT if position < passed else NOT_IN_CUT
        listed.append(make(Ranked, (number, components, cents[index], place, outcome)))
    cutoff = cents[order[passed - 1]] if passed else None
    listed.extend(
        Ranked(row[0], row[1], None, None, NOT_RANKED)
        for row, value in zip(everyone, cents, strict=True)
        if value is None
    )
    return Ranking(listed, filed, count, cutoff, passed)


def _cents(components: tuple[Fraction | None, ...], weights: tuple[int, ...]) -> int | None:
    if len(components) != len(weights):
        raise ValueError("成绩的项数与级别的构成不符")
    numerator, denominator = 0, 1
    for score, weight in zip(components, weights):  # noqa: B905 (lengths are equal, and strict is slow)
        if score is None:
            return None
        n, d = score.as_integer_ratio()
        numerator, denominator = numerator * d + weight * n * denominator, denominator * d
    # weights are percent, so the total times 100 is exactly numerator / denominator
    return (2 * numerator + denominator) // (2 * denominator)


def _refuse_repeats(ordered: Sequence[Scored]) -> None:
    previous = None
    for number, _ in ordered:
        if number == previous:
            raise ValueError("同一申报编号出现两次")
        previous = number


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
    return _line(_quoted(level_id), row)


def _line(level: str, row: Ranked) -> str:
    number, components, cents, place, outcome = row
    if cents is None:
        scores = ",".join(["null" if c is None else _PAIR % c.as_integer_ratio() for c in components])
        return f'[{level},{_quoted(number)},[{scores}],null,null,"{outcome}"]\n'
    pairs: list[int] = []
    for score in components:
        pairs += score.as_integer_ratio()  # type: ignore[union-attr]  # a ranked row has every component
    shape = _SHAPES[len(components)]
    return shape % (level, _quoted(number), *pairs, cents // 100, cents % 100, place, outcome)


def digest(levels: Mapping[str, Sequence[Ranked]]) -> str:
    """SHA-256 (hex) over the canonical lines, sorted by level and application number: no UUID, no time."""
    sha = hashlib.sha256(b"fudao-list-1\n")
    for level_id in sorted(levels):
        level = _quoted(level_id)
        rows = iter(sorted(levels[level_id], key=itemgetter(0)))
        while chunk := list(islice(rows, _CHUNK)):
            sha.update("".join([_line(level, row) for row in chunk]).encode())
    return sha.hexdigest()
