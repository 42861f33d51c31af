"""Activities of queue `review`: contract in, use-case, contract out."""

from collections.abc import Callable, Sequence
from typing import Any

from temporalio import activity

from contracts import review as contract
from contracts.registration import Done
from services.review.service import ReviewService


class ReviewActivities:
    """Names are those of the stubs in `contracts.review`."""

    def __init__(self, service: ReviewService) -> None:
        self._service = service

    @activity.defn(name="review.open_qualification")
    async def open_qualification(self, request: contract.OpenQualification) -> Done:
        return await self._service.qualifications.open(request)

    @activity.defn(name="review.open_outside_decision")
    async def open_outside_decision(self, request: contract.OpenOutsideDecision) -> Done:
        return await self._service.registry.open_outside_decision(request)

    @activity.defn(name="review.open_portfolio")
    async def open_portfolio(self, request: contract.OpenPortfolio) -> Done:
        return await self._service.assessments.open_portfolio(request)

    @activity.defn(name="review.open_defence")
    async def open_defence(self, request: contract.OpenDefence) -> Done:
        return await self._service.assessments.open_defence(request)

    @activity.defn(name="review.cancel_tasks")
    async def cancel_tasks(self, request: contract.CancelTasks) -> Done:
        return await self._service.assessments.cancel_tasks(request)


def activities(service: ReviewService) -> Sequence[Callable[..., Any]]:
    """ACTIVITIES of this service, bound to it."""
    bound = ReviewActivities(service)
    return [
        bound.open_qualification,
        bound.open_outside_decision,
        bound.open_portfolio,
        bound.open_defence,
        bound.cancel_tasks,
    ]
