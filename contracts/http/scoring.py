"""HTTP of the scoring service: the ranking for the office, the own scores of a candidate (T1–T3). No names here."""

from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime

from contracts.base import Data
from contracts.lifecycle import Stage
from contracts.results import Score


class RankOutcome(StrEnum):
    """`in_cut` 拟认定 · `not_in_cut` 未进入认定名额 · `not_ranked` 不参加排名: absent, or a component is missing."""

    in_cut = "in_cut"
    not_in_cut = "not_in_cut"
    not_ranked = "not_ranked"


class RankedRow(Data):
    """One candidate. `components`: exact fractions "n/d" on a scale of 100; `total`: rounded once, 2 places."""

    application_number: str
    level: str
    components: dict[Stage, Score]
    total: str | None
    rank: int | None
    outcome: RankOutcome
    absent: bool


class RankedLevel(Data):
    """How the cut of a level came about: `places` = rounding(`ratio` × `filed`); `cut_total` is the last one in."""

    level: str
    filed: int
    candidates: int
    ranked: int
    ratio: str
    places: int
    in_cut: int
    cut_total: str | None


class Ranking(Data):
    """GET /rounds/{round_id}/ranking?level=&cursor=&limit= — the frozen ranking, by level, rank, number.

    `digest` (hex SHA-256) is what `release_ranking` must name. Errors: 404 `no_ranking`.
    """

    ranking_id: UUID
    round_id: UUID
    version: int
    digest: str
    made_at: AwareDatetime
    released_at: AwareDatetime | None
    levels: tuple[RankedLevel, ...]
    rows: tuple[RankedRow, ...]
    next_cursor: str | None = None


class OwnComponent(Data):
    """`score` on a scale of 100, rounded to 2 places for reading; `weight` in percent; `exact` is what counts."""

    stage: Stage
    weight: int
    score: str
    exact: Score


class OwnScores(Data):
    """GET /applications/{id}/scores. Before the release: `released` false and nothing else. Errors: 404 `no_scores`."""

    application_id: UUID
    released: bool
    level: str | None = None
    components: tuple[OwnComponent, ...] = ()
    total: str | None = None
    rank: int | None = None
    ranked: int | None = None
    """How many were ranked in the level."""
    outcome: RankOutcome | None = None
    absent: bool = False
    released_at: AwareDatetime | None = None
    filed: int | None = None
    """How many filed in the level: the base of the cut (T2)."""
    ratio: str | None = None
    places: int | None = None
    """rounding(`ratio` × `filed`)."""
    cut_total: str | None = None
    """The total of the last one in; None when nobody is."""
    ties: str | None = None
    """What becomes of several with the cut-off total: all_with_cutoff, none_of_tied."""
