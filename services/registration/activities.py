"""Activities of queue `registration`: contract in, use-case, contract out."""

from collections.abc import Callable, Sequence
from typing import Any

from temporalio import activity

from contracts import registration as contract
from services.registration.service import Registration


class RegistrationActivities:
    """Names are those of the stubs in `contracts.registration`."""

    def __init__(self, service: Registration) -> None:
        self._service = service

    @activity.defn(name="registration.unlock_form")
    async def unlock_form(self, request: contract.UnlockForm) -> contract.Done:
        return await self._service.cases.unlock_form(request)

    @activity.defn(name="registration.open_correction")
    async def open_correction(self, request: contract.OpenCorrection) -> contract.Done:
        return await self._service.cases.open_correction(request)

    @activity.defn(name="registration.close_correction")
    async def close_correction(self, request: contract.CloseCorrection) -> contract.Done:
        return await self._service.corrections.close(request)

    @activity.defn(name="registration.set_phase")
    async def set_phase(self, request: contract.SetPhase) -> contract.Done:
        return await self._service.cases.set_phase(request)

    @activity.defn(name="registration.await_phase")
    async def await_phase(self, request: contract.AwaitPhase) -> contract.PhaseCounts:
        return await self._service.rounds.await_phase(request)

    @activity.defn(name="registration.move_round")
    async def move_round(self, request: contract.MoveRound) -> contract.Done:
        return await self._service.rounds.move(request)


def activities(service: Registration) -> Sequence[Callable[..., Any]]:
    """ACTIVITIES of this service, bound to it."""
    bound = RegistrationActivities(service)
    return [
        bound.unlock_form,
        bound.open_correction,
        bound.close_correction,
        bound.set_phase,
        bound.await_phase,
        bound.move_round,
    ]
