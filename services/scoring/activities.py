"""Activities of queue `scoring`: contract in, use-case, contract out."""

from collections.abc import Callable, Sequence
from typing import Any

from temporalio import activity

from contracts import scoring as contract
from contracts.registration import Done
from services.scoring.service import ScoringService


class ScoringActivities:
    """Names are those of the stubs in `contracts.scoring`."""

    def __init__(self, service: ScoringService) -> None:
        self._service = service

    @activity.defn(name="scoring.receive_components")
    async def receive_components(self, request: contract.ReceiveComponents) -> Done:
        return await self._service.receive_components(request)

    @activity.defn(name="scoring.drop_candidate")
    async def drop_candidate(self, request: contract.DropCandidate) -> Done:
        return await self._service.drop_candidate(request)

    @activity.defn(name="scoring.make_ranking")
    async def make_ranking(self, request: contract.MakeRanking) -> contract.RankingMade:
        return await self._service.make_ranking(request)

    @activity.defn(name="scoring.release_ranking")
    async def release_ranking(self, request: contract.ReleaseRanking) -> Done:
        return await self._service.release_ranking(request)


def activities(service: ScoringService) -> Sequence[Callable[..., Any]]:
    """ACTIVITIES of this service, bound to it."""
    bound = ScoringActivities(service)
    return [bound.receive_components, bound.drop_candidate, bound.make_ranking, bound.release_ranking]
