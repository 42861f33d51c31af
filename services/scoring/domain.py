"""From stored fractions to a frozen list and back to what people read; no I/O (T1, T2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID

from contracts.rulepack import Level, RulePack
from rules import ranking


@dataclass(frozen=True, slots=True)
class Candidate:
    """What came in of one application; `components` by stage as "n/d"."""

    application_id: UUID
    application_number: str
    components: Mapping[str, str]
    absent: bool


@dataclass(frozen=True, kw_only=True)
class FrozenLevel:
    """One level's cut and rows, as they are written down. A row is the values of table `ranked`."""

    level: str
    filed: int
    candidates: int
    ranked: int
    ratio: str
    places: int
    in_cut: int
    cut_total: str | None
    rows: list[dict[str, Any]]


def fraction(score: str) -> Fraction:
    """ "n/d" as it is in contracts. ValueError for a zero denominator or anything outside 0..100."""
    numerator, _, denominator = score.partition("/")
    if int(denominator) == 0:
        raise ValueError("成绩的分母为零")
    value = Fraction(int(numerator), int(denominator))
    if value > 100:
        raise ValueError("成绩超过 100 分")
    return value


def text_of(score: Fraction) -> str:
    """A fraction in lowest terms as "n/d"."""
    return f"{score.numerator}/{score.denominator}"


def two_places(score: str) -> str:
    """A component for reading: "255/4" → "63.75". What counts is the fraction."""
    return str(ranking.round_total(fraction(score)))


def stray(level: Level, components: Iterable[str]) -> list[str]:
    """Components that the level does not weigh."""
    return sorted(set(components) - set(level.components))


def scored(level: Level, candidate: Candidate) -> ranking.Scored:
    """The candidate's components in the level's order. An absent one is never ranked, whatever came in (X3)."""
    given = tuple(
        fraction(candidate.components[name]) if name in candidate.components else None
        for name in level.components
    )
    if candidate.absent and None not in given:
        given = tuple(None for _ in given)
    return ranking.Scored(candidate.application_number, given)


def freeze(
    pack: RulePack, filed: Mapping[str, int], candidates: Mapping[str, Sequence[Candidate]]
) -> tuple[list[FrozenLevel], str]:
    """Ranks every level of the pack and gives the list's digest; the input's order changes nothing (F27).

    ValueError for a level that the pack lacks, an open ratio, or fewer filed than candidates.
    """
    unknown = set(candidates) - {level.id for level in pack.levels}
    if unknown:
        raise ValueError(f"规则包里没有级别 {sorted(unknown)}")
    frozen: list[FrozenLevel] = []
    listed: dict[str, list[ranking.Ranked]] = {}
    for level in sorted(pack.levels, key=lambda one: one.id):
        own = candidates.get(level.id, ())
        base = filed.get(level.id, 0)
        if not own and not base:
            continue
        if base < len(own):
            raise ValueError(f"级别 {level.id} 的申报数 {base} 少于进入总成绩的 {len(own)}")
        made = ranking.rank([scored(level, one) for one in own], level, base)
        listed[level.id] = made.rows
        frozen.append(_frozen(level, made, own))
    return frozen, ranking.digest(listed)


def _frozen(level: Level, made: ranking.Ranking, own: Sequence[Candidate]) -> FrozenLevel:
    by_number = {one.application_number: one for one in own}
    ranked = sum(row.rank is not None for row in made.rows)
    return FrozenLevel(
        level=level.id,
        filed=made.filed,
        candidates=len(own),
        ranked=ranked,
        ratio=str(level.cut.ratio),
        places=made.places,
        in_cut=made.passed,
        cut_total=None if made.cutoff_cents is None else _hundredths(made.cutoff_cents),
        rows=[_row(level, row, by_number[row.application_number]) for row in made.rows],
    )


def _row(level: Level, row: ranking.Ranked, candidate: Candidate) -> dict[str, Any]:
    parts = zip(level.components, row.components, strict=True)
    return {
        "application_id": candidate.application_id,
        "application_number": row.application_number,
        "level": level.id,
        "components": {name: text_of(score) for name, score in parts if score is not None},
        "total": None if row.total is None else str(row.total),
        "rank": row.rank,
        "outcome": row.outcome,
        "absent": candidate.absent,
    }


def _hundredths(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
