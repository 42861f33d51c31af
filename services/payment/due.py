"""What falls due in payment: asking providers, sending refunds, looking at unmatched transfers again."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.due import DueHandler, DueRow
from services.payment.service import PaymentService
from services.payment.service.orders import REMATCH
from services.payment.service.reconcile import CYCLE
from services.payment.service.refunds import SEND


def handlers(service: PaymentService) -> Mapping[str, DueHandler]:
    """Kind of due row → what to do."""

    async def cycle(session: AsyncSession, row: DueRow) -> None:
        after = row.payload.get("after")
        await service.cycle(session, UUID(after) if after else None)

    async def refund(session: AsyncSession, row: DueRow) -> None:
        await service.send_refund(session, UUID(row.payload["refund_id"]), int(row.payload["attempt"]))

    async def rematch(session: AsyncSession, row: DueRow) -> None:
        await service.rematch()

    return {CYCLE: cycle, SEND: refund, REMATCH: rematch}
