"""Queue `scoring`: component scores, totals, ranking, the cut, release."""

from uuid import UUID

from temporalio import activity

from contracts.base import Data
from contracts.lifecycle import CaseRef, RoundRef, RoundTransition, Stage, Transition
from contracts.registration import Done
from contracts.results import Score

TASK_QUEUE = "scoring"


class ReceiveComponents(Data):
    """All components at once, on entering totals, each an exact fraction on a scale of 100. `absent`: not ranked."""

    key: str
    case: CaseRef
    transition: Transition
    components: dict[Stage, Score]
    absent: bool


class DropCandidate(Data):
    """Withdrawn, excluded or disqualified at totals: takes no place in the ranking. A ranking that stands stays."""

    key: str
    case: CaseRef


class MakeRanking(Data):
    """Freezes the ranking of every level. `filed` per level is the base of the cut (T2)."""

    key: str
    round: RoundRef
    transition: RoundTransition
    filed: dict[str, int]


class RankingMade(Data):
    ranking_id: UUID
    digest: str


class ReleaseRanking(Data):
    """Writes one `record_rank` command per application into the outbox."""

    key: str
    round: RoundRef
    transition: RoundTransition
    ranking_id: UUID


@activity.defn(name="scoring.receive_components")
async def receive_components(request: ReceiveComponents) -> Done:
    raise NotImplementedError


@activity.defn(name="scoring.drop_candidate")
async def drop_candidate(request: DropCandidate) -> Done:
    raise NotImplementedError


@activity.defn(name="scoring.make_ranking")
async def make_ranking(request: MakeRanking) -> RankingMade:
    raise NotImplementedError


@activity.defn(name="scoring.release_ranking")
async def release_ranking(request: ReleaseRanking) -> Done:
    raise NotImplementedError


STUBS = [receive_components, drop_candidate, make_ranking, release_ranking]
