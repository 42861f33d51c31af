"""Refunds and invoices."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from contracts.http.money import PAGE, ListQuery
from services.payment.domain.ledger import Account
from services.payment.models import InvoiceRow, OrderRow, PostingRow, RefundRow

R = TypeVar("R", RefundRow, InvoiceRow)


async def refund(session: AsyncSession, refund_id: UUID, *, lock: bool = False) -> RefundRow | None:
    return await session.get(RefundRow, refund_id, with_for_update=lock or None, populate_existing=lock)


async def refunds(session: AsyncSession, wanted: ListQuery) -> tuple[int, Sequence[RefundRow]]:
    """How many there are, and a page: those with something to do first, then the newest."""
    waits = case((RefundRow.state.in_(["requested", "approved", "failed"]), 0), else_=1)
    query = select(RefundRow)
    if wanted.text:
        numbers = select(OrderRow.application_id).where(
            or_(_holds(OrderRow.application_number, wanted.text), _holds(OrderRow.name, wanted.text))
        )
        query = query.where(RefundRow.application_id.in_(numbers))
    return await _page(session, query, (waits, RefundRow.requested_at.desc(), RefundRow.id), wanted.page)


async def requested_refunds(session: AsyncSession) -> Sequence[RefundRow]:
    """All that wait for a second person, the oldest first."""
    query = select(RefundRow).where(RefundRow.state == "requested")
    return (await session.execute(query.order_by(RefundRow.requested_at, RefundRow.id))).scalars().all()


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


async def invoices(session: AsyncSession, wanted: ListQuery) -> tuple[int, Sequence[InvoiceRow]]:
    """How many there are, and a page: those with something to do first, then the newest."""
    waits = case((InvoiceRow.state.in_(["requested", "red_letter_due"]), 0), else_=1)
    query = select(InvoiceRow)
    if wanted.text:
        held = (InvoiceRow.title, InvoiceRow.tax_number, InvoiceRow.number, InvoiceRow.red_number)
        query = query.where(or_(*(_holds(one, wanted.text) for one in held)))
    return await _page(session, query, (waits, InvoiceRow.requested_at.desc(), InvoiceRow.id), wanted.page)


async def _page(
    session: AsyncSession, query: Select[R], order: tuple[Any, ...], page: int
) -> tuple[int, Sequence[R]]:
    found = (await session.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    shown = query.order_by(*order).limit(PAGE).offset((page - 1) * PAGE)
    return found, (await session.execute(shown)).scalars().all()


def _holds(column: InstrumentedAttribute[Any], text: str) -> ColumnElement[bool]:
    return column.icontains(text, autoescape=True)


def _sum(account: Account) -> ColumnElement[int]:
    return func.sum(case((PostingRow.account == account.value, PostingRow.amount_fen), else_=0))
