"""Activities of queue `payment`: contract in, use-case, contract out."""

from collections.abc import Callable, Sequence
from typing import Any

from temporalio import activity

from contracts import payment as contract
from services.payment.service import PaymentService


class PaymentActivities:
    """Names are those of the stubs in `contracts.payment`."""

    def __init__(self, service: PaymentService) -> None:
        self._service = service

    @activity.defn(name="payment.open_order")
    async def open_order(self, request: contract.OpenOrder) -> contract.OrderOpened:
        return await self._service.open_order(request)

    @activity.defn(name="payment.settle")
    async def settle(self, request: contract.Settle) -> contract.Settled:
        return await self._service.settle(request)


def activities(service: PaymentService) -> Sequence[Callable[..., Any]]:
    """ACTIVITIES of this service, bound to it."""
    bound = PaymentActivities(service)
    return [bound.open_order, bound.settle]
