"""Activities of queue `exam`: contract in, use-case, contract out."""

from collections.abc import Callable, Sequence
from typing import Any

from temporalio import activity

from contracts import exam as contract
from contracts.registration import Done
from services.exam.service import ExamService


class ExamActivities:
    """Names are those of the stubs in `contracts.exam`."""

    def __init__(self, service: ExamService) -> None:
        self._service = service

    @activity.defn(name="exam.enrol")
    async def enrol(self, request: contract.Enrol) -> Done:
        return await self._service.enrol(request)

    @activity.defn(name="exam.cancel_attempt")
    async def cancel_attempt(self, request: contract.CancelAttempt) -> Done:
        return await self._service.cancel_attempt(request)


def activities(service: ExamService) -> Sequence[Callable[..., Any]]:
    """ACTIVITIES of this service, bound to it."""
    bound = ExamActivities(service)
    return [bound.enrol, bound.cancel_attempt]
