"""Orders, payments, callbacks."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.payment.models import CallbackRow, OrderRow, PaymentRow


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


async def orders_of(session: AsyncSession, application_ids: Iterable[UUID]) -> dict[UUID, OrderRow]:
    """The current orders of these applications."""
    query = select(OrderRow).where(
        OrderRow.application_id.in_(list(application_ids)), OrderRow.state != "replaced"
    )
    return {row.application_id: row for row in (await session.execute(query)).scalars()}


async def orders_by_number(session: AsyncSession, numbers: Iterable[str]) -> dict[str, OrderRow]:
    query = select(OrderRow).where(
        OrderRow.application_number.in_(list(numbers)), OrderRow.state != "replaced"
    )
    return {row.application_number: row for row in (await session.execute(query)).scalars()}


async def current_orders(session: AsyncSession, *, stages: Sequence[str] = ()) -> Sequence[OrderRow]:
    """All current orders with a fee; `stages`: only those of applications in one of these."""
    query = select(OrderRow).where(OrderRow.state != "replaced", OrderRow.amount_fen > 0)
    if stages:
        query = query.where(OrderRow.stage.in_(stages))
    return (await session.execute(query.order_by(OrderRow.application_number))).scalars().all()


async def payment(session: AsyncSession, payment_id: UUID, *, lock: bool = False) -> PaymentRow | None:
    return await session.get(PaymentRow, payment_id, with_for_update=lock or None, populate_existing=lock)


async def begun(session: AsyncSession, application_id: UUID) -> Sequence[PaymentRow]:
    """Payments begun online for any order of the application and not known to have succeeded."""
    query = (
        select(PaymentRow)
        .join(OrderRow, OrderRow.id == PaymentRow.order_id)
        .where(
            OrderRow.application_id == application_id,
            PaymentRow.state != "succeeded",
            PaymentRow.method == "online",
        )
    )
    return (await session.execute(query)).scalars().all()


async def unanswered(session: AsyncSession, limit: int, after: UUID | None) -> Sequence[PaymentRow]:
    """Payments begun online of whose end nobody has told us, the oldest first (IDs grow with time)."""
    query = select(PaymentRow).where(PaymentRow.state == "started", PaymentRow.method == "online")
    if after is not None:
        query = query.where(PaymentRow.id > after)
    return (await session.execute(query.order_by(PaymentRow.id).limit(limit))).scalars().all()


async def set_state(session: AsyncSession, payment_id: UUID, state: str) -> None:
    """Never away from `succeeded`: an older word does not undo a newer one."""
    change = update(PaymentRow).where(PaymentRow.id == payment_id, PaymentRow.state != "succeeded")
    await session.execute(change.values(state=state))


async def add_nonce(session: AsyncSession, nonce: str) -> bool:
    """False when a callback with this nonce was taken before."""
    claim = insert(CallbackRow).values(nonce=nonce).on_conflict_do_nothing().returning(CallbackRow.nonce)
    return (await session.execute(claim)).scalar_one_or_none() is not None


async def moved(
    session: AsyncSession, application_id: UUID, *, seq: int, stage: str, status: str, absent: bool
) -> None:
    """Where the application stands; an older event changes nothing."""
    change = update(OrderRow).where(OrderRow.application_id == application_id, OrderRow.seq < seq)
    values = {"seq": seq, "stage": stage, "status": status}
    await session.execute(change.values(**values, absent=OrderRow.absent | absent))
