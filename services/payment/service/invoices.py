"""发票 (F4): asked for with a title and a tax number, issued outside, the PDF attached; the receipt for the payer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.money import Invoices, ListQuery, NewInvoice
from contracts.http.payment import InvoiceView, RequestInvoice
from kit.db import now
from kit.errors import DomainError, Kind
from services.payment.adapters.receipt import ReceiptContent, render
from services.payment.domain import fees, outcomes
from services.payment.domain.ledger import Account
from services.payment.models import InvoiceRow, OrderRow
from services.payment.repository import ledger as books
from services.payment.repository import orders
from services.payment.repository import outcomes as rows
from services.payment.service.parts import Parts, lock_applications, no_order, not_found
from services.payment.service.view import invoice_view

_PDF = b"%PDF-"


async def ask(parts: Parts, application_id: UUID, wanted: RequestInvoice, by: UUID) -> InvoiceView:
    """The payer asks for an invoice of what was paid. Errors: `no_order` (404), `not_paid`, `invoice_exists` (409)."""
    async with parts.db.unit_of_work() as session:
        order = await orders.current_order(session, application_id)
        if order is None:
            raise no_order()
        return await _make(session, [order], wanted.title, wanted.tax_number, by)


async def make(parts: Parts, wanted: NewInvoice, by: UUID) -> InvoiceView:
    """One for many applications. Errors: `unknown_numbers` (422), `not_paid`, `invoice_exists` (409)."""
    async with parts.db.unit_of_work() as session:
        known = await orders.orders_by_number(session, wanted.application_numbers)
        missing = [one for one in wanted.application_numbers if one not in known]
        if missing:
            said = f"没有这些申报编号的缴费单：{'、'.join(missing)}。"
            raise DomainError(Kind.invalid, "unknown_numbers", said, "F4")
        return await _make(session, list(known.values()), wanted.title, wanted.tax_number, by)


async def _make(
    session: AsyncSession, chosen: Sequence[OrderRow], title: str, tax_number: str | None, by: UUID
) -> InvoiceView:
    await lock_applications(session, {one.application_id for one in chosen})
    amount = 0
    for one in chosen:
        paid = sum(fen for _, fen in await books.allocated_parts(session, one.application_id))
        if paid == 0:
            raise DomainError(
                Kind.conflict, "not_paid", f"{one.application_number} 还没有缴费，不能开票。", "F4"
            )
        if await rows.invoice_of(session, one.application_id) is not None:
            raise DomainError(
                Kind.conflict, "invoice_exists", f"{one.application_number} 已经申请过发票。", "F4"
            )
        amount += paid
    row = InvoiceRow(
        id=uuids.uuid7(),
        title=title,
        tax_number=tax_number,
        amount_fen=amount,
        applications=[str(one.application_id) for one in chosen],
        state="requested",
        requested_by=by,
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return invoice_view(row)


async def issued(parts: Parts, invoice_id: UUID, number: str, pdf: bytes) -> InvoiceView:
    """It was issued outside: number and PDF; for one whose fee went back, the red-letter one.

    Errors: 404, `not_a_pdf` (422), `already_issued` (409).
    """
    if not pdf.startswith(_PDF):
        raise DomainError(Kind.invalid, "not_a_pdf", "请上传发票的 PDF 文件。", "F4")
    key = await parts.store.put_content(pdf, "application/pdf")
    async with parts.db.unit_of_work() as session:
        row = await rows.invoice(session, invoice_id, lock=True)
        if row is None:
            raise not_found("这张发票")
        if row.state == "requested":
            row.state, row.number, row.pdf_key = "issued", number, key
            row.issued_at = await now(session)
        elif row.state == "red_letter_due":
            row.state, row.red_number = "red_letter_issued", number
        elif number not in (row.number, row.red_number):
            raise DomainError(Kind.conflict, "already_issued", "这张发票已经开具。", "F4")
        await session.flush()
        return invoice_view(row)


async def listed(parts: Parts, wanted: ListQuery) -> Invoices:
    """A page of them."""
    async with parts.db.read() as session:
        found, page = await rows.invoices(session, wanted)
    return Invoices(invoices=tuple(invoice_view(one) for one in page), found=found)


async def pdf_of(parts: Parts, application_id: UUID) -> bytes:
    """The invoice's PDF for one of its payers. Errors: 404."""
    async with parts.db.read() as session:
        row = await rows.invoice_of(session, application_id)
    if row is None or row.pdf_key is None:
        raise not_found("发票文件")
    return await parts.store.get_content(row.pdf_key)


async def receipt_pdf(parts: Parts, application_id: UUID) -> bytes:
    """A receipt for the payer: what came in, when, for what. It is no 发票, and says so.

    Errors: `no_order` (404), `not_paid` (409), `font_missing` (503).
    """
    async with parts.db.read() as session:
        order = await orders.current_order(session, application_id)
        if order is None:
            raise no_order()
        receipts = await books.receipts(session, await books.receipts_for(session, application_id))
        balances = await books.balances_of(session, [one.id for one in receipts])
        at: datetime = await now(session)
    pack = await parts.pack(order.pack_key)
    lines = [
        (
            one.effective_at.astimezone(fees.SHANGHAI).strftime("%Y-%m-%d"),
            outcomes.SOURCES[one.source],
            one.transaction_id[:32],
            fees.yuan(counted),
        )
        for one in receipts
        if (counted := balances.get(one.id, {}).get((Account.allocated, application_id), 0))
    ]
    if not lines:
        raise DomainError(Kind.conflict, "not_paid", "还没有计入评审费的款项，不能出具收据。", "F4")
    content = ReceiptContent(
        payee=next(issuer.name for issuer in pack.issuers if issuer.id == pack.fees.payee),
        name=order.name,
        unit=order.unit,
        number=order.application_number,
        level=pack.level(order.level).name,
        purpose=pack.fees.purpose,
        lines=lines,
        total=fees.yuan(sum(fen for one in balances.values() for fen in _counted(one, application_id))),
    )
    return await render(parts.typesetter, content, at)


def _counted(balances: dict[tuple[str, UUID | None], int], application_id: UUID) -> list[int]:
    return [balances.get((Account.allocated, application_id), 0)]
