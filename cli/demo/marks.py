"""All marks of a demo, from the seed alone: H(seed, application number, component, sheet); and the list they must give.

The plan ranks with the same published rules as the system (`rules.ranking`), so that a tie can be laid at the cut, and
what the system says at the end can be checked: outcomes, digest.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cli.demo.chance import dice
from cli.demo.script import Kind, Persona
from contracts.rulepack import Blueprint, Level, Rubric, RulePack
from rules import ranking, sheets

Sheet = Mapping[str, Decimal]
_HALF = Decimal("0.5")
_WORST, _BEST, _APART = 58, 94, 5  # of 100: quality of a candidate, and how far one sheet may be from it


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What one candidate gets. `exam`: points of 100; sheets by their number from 1 (a third only if it is needed)."""

    exam: Decimal
    portfolio: tuple[Sheet, ...]
    defence: tuple[Sheet, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`marks` by application number; `lists` what the ranking has to be, by level; `tied` who ties at which cut."""

    marks: Mapping[str, Marks]
    lists: Mapping[str, ranking.Ranking]
    tied: Mapping[str, tuple[str, str]]

    @property
    def digest(self) -> str:
        """The digest that the system's list must have."""
        return ranking.digest({level: found.rows for level, found in self.lists.items()})

    def in_cut(self, number: str) -> bool:
        """Whether this application is to be certified by its rank."""
        rows = (row for found in self.lists.values() for row in found.rows)
        return any(row.application_number == number and row.outcome == ranking.IN_CUT for row in rows)


def plan(seed: str, pack: RulePack, numbered: Mapping[str, Persona]) -> Plan:
    """`numbered`: everybody by application number."""
    marks: dict[str, Marks] = {}
    lists: dict[str, ranking.Ranking] = {}
    tied: dict[str, tuple[str, str]] = {}
    for level in pack.levels:
        mine = {number: one for number, one in numbered.items() if one.level == level.id}
        own = {number: _marks(seed, pack, level, number, one) for number, one in mine.items() if one.sits}
        filed = sum(one.files and one.route == "regular" for one in mine.values())
        twins = _twins(_rank(pack, level, filed, mine, own), own, mine)
        if twins:
            kept, copies = twins
            own[copies] = own[kept]
            tied[level.id] = twins
        marks.update(own)
        if filed:
            lists[level.id] = _rank(pack, level, filed, mine, own)
    return Plan(marks=marks, lists=lists, tied=tied)


def _twins(
    found: ranking.Ranking, marks: Mapping[str, Marks], mine: Mapping[str, Persona]
) -> tuple[str, str] | None:
    """The last one within the cut and the first beyond it: the second gets the marks of the first (or the first those
    of the second, whose part needs its own marks)."""
    ranked = [row.application_number for row in found.rows if row.rank is not None]
    if not 0 < found.places < len(ranked):
        return None
    last, next_one = ranked[found.places - 1], ranked[found.places]
    return (next_one, last) if mine[next_one].kind is Kind.divergent else (last, next_one)


def _marks(seed: str, pack: RulePack, level: Level, number: str, persona: Persona) -> Marks:
    quality = dice(seed, number, "quality").randint(_WORST, _BEST)
    divergent = persona.kind is Kind.divergent
    if divergent:
        quality = _BEST - 6
    portfolio = pack.rubric(level.id, "portfolio")
    count = pack.experts.sheets
    made = [_sheet(dice(seed, number, "portfolio", n), portfolio, quality) for n in range(1, count + 1)]
    if divergent:
        made[1] = _sheet(
            dice(seed, number, "portfolio", 2), portfolio, quality - int(pack.experts.divergence) - 15
        )
        made.append(_sheet(dice(seed, number, "portfolio", count + 1), portfolio, quality - 2))
    defence: list[Sheet] = []
    if "defence" in level.weights and persona.ranked:
        rubric = pack.rubric(level.id, "defence")
        members = range(1, pack.panel.members + 1)
        defence = [_sheet(dice(seed, number, "defence", n), rubric, quality) for n in members]
    exam = _points(dice(seed, number, "exam", 1), pack.exam.blueprint(level.id), quality)
    return Marks(exam=exam, portfolio=tuple(made), defence=tuple(defence))


def _sheet(chance: random.Random, rubric: Rubric, quality: int) -> Sheet:
    """Half points, every line near the quality of the work."""
    near = quality + chance.randint(-_APART, _APART)
    marks = {}
    for line in rubric.lines:
        most = line.max or Decimal(0)
        steps = round(float(most) * min(100, max(0, near + chance.randint(-3, 3))) / 100 / float(_HALF))
        marks[line.id] = min(most, steps * _HALF)
    return marks


def _points(chance: random.Random, blueprint: Blueprint, quality: int) -> Decimal:
    """The points of a paper nearest to the quality that right answers can add up to."""
    points = [part.points for part in blueprint.parts for _ in range(part.count)]
    wanted = sum(points) * min(100, max(0, quality + chance.randint(-8, 8))) / 100
    return max(total for total in _reachable(points) if total <= wanted)


def _reachable(points: Iterable[Decimal]) -> set[Decimal]:
    totals = {Decimal(0)}
    for one in points:
        totals |= {total + one for total in totals}
    return totals


def right_ones(points: Sequence[tuple[str, Decimal]], wanted: Decimal) -> list[str]:
    """IDs of items whose points add up to exactly `wanted`, the earlier ones first. ValueError when none do."""
    ways: dict[Decimal, list[str]] = {Decimal(0): []}
    for item_id, one in points:
        for total, chosen in list(ways.items()):
            ways.setdefault(total + one, [*chosen, item_id])
    if wanted not in ways:
        raise ValueError("these items cannot add up to the points that are wanted")
    return ways[wanted]


def _rank(
    pack: RulePack, level: Level, filed: int, mine: Mapping[str, Persona], marks: Mapping[str, Marks]
) -> ranking.Ranking:
    rows = [
        ranking.Scored(number, _components(pack, level, one, marks.get(number)))
        for number, one in mine.items()
        if one.enrolled
    ]
    return ranking.rank(rows, level, filed)


def _components(
    pack: RulePack, level: Level, persona: Persona, marks: Marks | None
) -> tuple[Fraction | None, ...]:
    """In the order of `Level.components`; whoever missed one has no later one either."""
    if marks is None:
        return tuple(None for _ in level.components)
    paper = sum(part.points * part.count for part in pack.exam.blueprint(level.id).parts)
    scores: dict[str, Fraction | None] = {
        "exam": Fraction(marks.exam) * 100 / Fraction(paper),
        "portfolio": _portfolio(pack, pack.rubric(level.id, "portfolio"), marks.portfolio),
        "defence": None,
    }
    if marks.defence and persona.ranked:
        rubric = pack.rubric(level.id, "defence")
        scores["defence"] = sheets.panel_score(
            [sheets.sheet_total(rubric, one) for one in marks.defence], pack.panel
        )
    return tuple(scores[name] for name in level.components)


def _portfolio(pack: RulePack, rubric: Rubric, made: Sequence[Sheet]) -> Fraction:
    combined = sheets.combine([sheets.sheet_total(rubric, one) for one in made], pack.experts)
    if combined.score is None:
        raise ValueError("the marks do not settle the portfolio")
    return combined.score
