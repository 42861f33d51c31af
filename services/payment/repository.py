"""All SQL of payment."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.payment.models import CallbackRow, OrderRow, PaymentRow, ReceiptRow


async def current_order(
    session: AsyncSession, application_id: UUID, *, lock: bool = False
) -> OrderRow | None:
    """The order that counts for an application now; `lock`: against everybody who changes it."""
    query = select(OrderRow).where(OrderRow.application_id == application_id, OrderRow.state != "replaced")
    if lock:
        query = query.with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def order(session: AsyncSession, order_id: UUID) -> OrderRow | None:
    return await session.get(OrderRow, order_id)


async def payment(session: AsyncSession, payment_id: UUID) -> PaymentRow | None:
    return await session.get(PaymentRow, payment_id)


async def open_payments(session: AsyncSession, application_id: UUID) -> Sequence[PaymentRow]:
    """Payments begun online for any order of the application and not yet known to have succeeded."""
    query = (
        select(PaymentRow)
        .join(OrderRow, OrderRow.id == PaymentRow.order_id)
        .where(
            OrderRow.application_id == application_id,
            PaymentRow.state == "started",
            PaymentRow.method == "online",
        )
    )
    return (await session.execute(query)).scalars().all()


async def received_fen(session: AsyncSession, application_id: UUID, before: datetime | None = None) -> int:
    """What has come in for an application, in fen; `before`: only what counts before that instant."""
    query = select(func.coalesce(func.sum(ReceiptRow.amount_fen), 0)).where(
        ReceiptRow.application_id == application_id
    )
    if before is not None:
        query = query.where(ReceiptRow.effective_at < before)
    return int((await session.execute(query)).scalar_one())


async def add_receipt(session: AsyncSession, **values: object) -> bool:
    """False when this transaction of this source is there already (F6)."""
    claim = (
        insert(ReceiptRow)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["source", "transaction_id"])
        .returning(ReceiptRow.id)
    )
    return (await session.execute(claim)).scalar_one_or_none() is not None


async def add_nonce(session: AsyncSession, nonce: str) -> bool:
    """False when a callback with this nonce was taken before."""
    claim = insert(CallbackRow).values(nonce=nonce).on_conflict_do_nothing().returning(CallbackRow.nonce)
    return (await session.execute(claim)).scalar_one_or_none() is not None


async def succeed(session: AsyncSession, payment_id: UUID) -> None:
    await session.execute(update(PaymentRow).where(PaymentRow.id == payment_id).values(state="succeeded"))
