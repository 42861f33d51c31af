"""A provider's bill beside our books, line by line; what we had missed is asked for and booked (F6)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from contracts.http.money import BadLine, BillLine, BillOutcome, BillReport
from services.payment.adapters import bills
from services.payment.adapters.port import ProviderDown
from services.payment.models import PaymentRow, ReceiptRow
from services.payment.repository import ledger as books
from services.payment.repository import orders
from services.payment.service import reconcile
from services.payment.service.parts import Parts

_SAID = {
    BillOutcome.same: "与账上一致",
    BillOutcome.added: "账上原来没有，已向支付平台核实并入账",
    BillOutcome.amount_differs: "金额与账上不同，请核对",
    BillOutcome.unknown_here: "本系统没有这笔支付，请核对",
    BillOutcome.missing_there: "账上有，账单里没有，请核对",
}


async def compare(parts: Parts, provider: str, day: date, data: bytes) -> BillReport:
    """The bill of one day. Errors: `unknown_provider` (404), `statement_unreadable` (422)."""
    parts.providers.get(provider)
    bill = bills.read(data, max_lines=parts.settings.statement_max_lines)
    found: list[BillLine] = []
    on_bill: set[str] = set()
    for row in bill.rows:
        on_bill.add(row.transaction_id)
        outcome = await _look(parts, provider, row)
        found.append(_line(row.line, row.number, row.transaction_id, row.amount_fen, outcome))
    first, end = books.day_bounds(day)
    async with parts.db.read() as session:
        ours = await books.day_receipts(session, provider, first, end)
    found += [
        _line(0, _number(one), one.transaction_id, one.amount_fen, BillOutcome.missing_there)
        for one in ours
        if one.transaction_id not in on_bill
    ]
    bad = tuple(BadLine(line=line, said=said) for line, said in bill.bad)
    return BillReport(provider=provider, day=day, lines=tuple(found), bad=bad)


async def _look(parts: Parts, provider: str, row: bills.BillRow) -> BillOutcome:
    payment_id = UUID(row.number)
    async with parts.db.read() as session:
        receipt = await books.receipt_of(session, provider, row.transaction_id)
        payment = await orders.payment(session, payment_id)
    if receipt is not None:
        return BillOutcome.same if receipt.amount_fen == row.amount_fen else BillOutcome.amount_differs
    if payment is None:
        return BillOutcome.unknown_here
    return await _ask(parts, payment, row)


async def _ask(parts: Parts, payment: PaymentRow, row: bills.BillRow) -> BillOutcome:
    """A bill is a file that a person brings: only the provider's own signed word books money."""
    try:
        known = await reconcile.ask(parts, payment)
    except ProviderDown:
        return BillOutcome.unknown_here
    if payment.amount_fen != row.amount_fen:
        return BillOutcome.amount_differs
    return BillOutcome.added if known else BillOutcome.unknown_here


def _line(line: int, number: str, transaction: str, amount: int, outcome: BillOutcome) -> BillLine:
    return BillLine(
        line=line,
        number=number,
        transaction_id=transaction,
        amount_fen=amount,
        outcome=outcome,
        said=_SAID[outcome],
    )


def _number(receipt: ReceiptRow) -> str:
    return receipt.payment_id.hex if receipt.payment_id else ""
