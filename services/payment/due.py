"""What falls due in payment: asking the provider for payments whose callback has not come."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.due import DueHandler, DueRow
from services.payment.service import QUERY, PaymentService


def handlers(service: PaymentService) -> Mapping[str, DueHandler]:
    """Kind of due row → what to do."""

    async def query(session: AsyncSession, row: DueRow) -> None:
        payment_id, round_ = row.key.split("/")
        await service.query_provider(session, UUID(payment_id), int(round_))

    return {QUERY: query}
