"""Refunds and invoices."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.payment.domain.ledger import Account
from services.payment.models import InvoiceRow, OrderRow, PostingRow, RefundRow


async def refund(session: AsyncSession, refund_id: UUID, *, lock: bool = False) -> RefundRow | None:
    return await session.get(RefundRow, refund_id, with_for_update=lock or None, populate_existing=lock)


async def refunds(
    session: AsyncSession, *, states: Sequence[str] = (), limit: int = 200
) -> Sequence[RefundRow]:
    """The newest first."""
    query = select(RefundRow).order_by(RefundRow.requested_at.desc(), RefundRow.id).limit(limit)
    if states:
        query = query.where(RefundRow.state.in_(states))
    return (await session.execute(query)).scalars().all()


async def refunds_of(session: AsyncSession, application_id: UUID) -> Sequence[RefundRow]:
    query = select(RefundRow).where(RefundRow.application_id == application_id)
    return (await session.execute(query.order_by(RefundRow.requested_at))).scalars().all()


async def bank_refunds_to_pay(session: AsyncSession, amount_fen: int) -> Sequence[RefundRow]:
    """Approved refunds of that amount that the office pays by a transfer."""
    from services.payment.models import ReceiptRow

    query = (
        select(RefundRow)
        .join(ReceiptRow, ReceiptRow.id == RefundRow.receipt_id)
        .where(RefundRow.state == "approved", RefundRow.amount_fen == amount_fen, ReceiptRow.source == "bank")
    )
    return (await session.execute(query.order_by(RefundRow.requested_at))).scalars().all()


async def holders(session: AsyncSession) -> Sequence[tuple[UUID, UUID, int, int]]:
    """(receipt, application, suspense, allocated) wherever an application has money beyond the fee, or is over."""
    suspense = _sum(Account.suspense)
    allocated = _sum(Account.allocated)
    query = (
        select(PostingRow.receipt_id, PostingRow.application_id, suspense, allocated)
        .join(OrderRow, OrderRow.application_id == PostingRow.application_id)
        .where(OrderRow.state != "replaced")
        .group_by(PostingRow.receipt_id, PostingRow.application_id, OrderRow.stage)
        .having((suspense > 0) | ((allocated > 0) & (OrderRow.stage == "ended")))
    )
    return [
        (row[0], row[1], int(row[2]), int(row[3])) for row in (await session.execute(query)).all() if row[1]
    ]


async def invoice(session: AsyncSession, invoice_id: UUID, *, lock: bool = False) -> InvoiceRow | None:
    return await session.get(InvoiceRow, invoice_id, with_for_update=lock or None)


async def invoice_of(session: AsyncSession, application_id: UUID) -> InvoiceRow | None:
    """The newest invoice that stands for an application and is not cancelled."""
    query = (
        select(InvoiceRow)
        .where(
            InvoiceRow.applications.contains([str(application_id)]), InvoiceRow.state != "red_letter_issued"
        )
        .order_by(InvoiceRow.requested_at.desc())
    )
    return (await session.execute(query)).scalars().first()


async def invoices(session: AsyncSession, limit: int) -> Sequence[InvoiceRow]:
    """Those with something to do first, then the newest."""
    waits = case((InvoiceRow.state.in_(["requested", "red_letter_due"]), 0), else_=1)
    query = select(InvoiceRow).order_by(waits, InvoiceRow.requested_at.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


def _sum(account: Account) -> ColumnElement[int]:
    return func.sum(case((PostingRow.account == account.value, PostingRow.amount_fen), else_=0))
