"""The service as its API, activities, consumers and due rows see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts import payment as contract
from contracts.events import Event
from contracts.http.payment import Order, PaymentStarted, StartPayment
from kit.inbox import first_time
from services.payment.adapters.port import Answer
from services.payment.repository import orders as order_rows
from services.payment.service import orders, reconcile, refunds, statements
from services.payment.service.parts import Parts


class PaymentService:
    """Every method that writes is one transaction; providers are asked outside of any but a due row's own."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    async def open_order(self, request: contract.OpenOrder) -> contract.OrderOpened:
        return await orders.open_order(self.parts, request)

    async def settle(self, request: contract.Settle) -> contract.Settled:
        return await orders.settle(self.parts, request)

    async def read_order(self, application_id: UUID) -> Order:
        return await orders.read_order(self.parts, application_id)

    async def start_payment(self, application_id: UUID, wanted: StartPayment) -> PaymentStarted:
        return await orders.start_payment(self.parts, application_id, wanted)

    async def take_callback(self, provider: str, headers: Mapping[str, str], body: bytes) -> Answer:
        return await reconcile.take_callback(self.parts, provider, headers, body)

    # due ----------------------------------------------------------------------------------------------------

    async def cycle(self, session: AsyncSession, after: UUID | None) -> None:
        await reconcile.cycle(self.parts, session, after)

    async def send_refund(self, session: AsyncSession, refund_id: UUID, attempt: int) -> None:
        await refunds.send(self.parts, session, refund_id, attempt)

    async def rematch(self) -> int:
        return await statements.rematch(self.parts)

    # events -------------------------------------------------------------------------------------------------

    async def hear(self, event: Event, session: AsyncSession) -> None:
        """Where each application stands: refunds depend on how it ended (F5)."""
        move = event.transition
        if move is None or event.application_id is None or not await first_time(session, event.id):
            return
        data: dict[str, Any] = event.data
        await order_rows.moved(
            session,
            event.application_id,
            seq=move.seq,
            stage=move.stage.value,
            status=move.status.value,
            absent=move.status == "absent" or data.get("result") == "absent",
        )
