"""The order as its applicant reads it: what is due, what came in, what goes back, in plain words."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.payment import (
    InvoiceState,
    InvoiceView,
    MoneyLine,
    Order,
    OrderState,
    RefundLine,
)
from contracts.lifecycle import Stage, Status
from services.payment.domain import fees, outcomes
from services.payment.domain.ledger import Account
from services.payment.models import InvoiceRow, OrderRow, RefundRow
from services.payment.repository import ledger as books
from services.payment.repository import outcomes as outcome_rows
from services.payment.service.parts import Parts


async def view(parts: Parts, session: AsyncSession, order: OrderRow) -> Order:
    """The whole of it. `missing_fen` is what a payment begun now would ask for."""
    pack = await parts.pack(order.pack_key)
    application = order.application_id
    receipts = await books.receipts(session, await books.receipts_for(session, application))
    balances = await books.balances_of(session, [one.id for one in receipts])
    lines: list[MoneyLine] = []
    for one in receipts:
        own = {
            account: fen for (account, owner), fen in balances.get(one.id, {}).items() if owner == application
        }
        counted, spare = own.get(Account.allocated, 0), own.get(Account.suspense, 0)
        back = own.get(Account.refunded, 0)
        total = counted + spare + back
        lines.append(
            MoneyLine(
                receipt_id=one.id,
                source=one.source,
                source_name=outcomes.SOURCES[one.source],
                received_on=one.effective_at,
                amount_fen=total,
                counted_fen=counted,
                refunded_fen=back,
                said=outcomes.money_said(
                    odd=one.odd, amount_fen=total, counted_fen=counted, refunded_fen=back
                ),
            )
        )
    paid = sum(one.counted_fen for one in lines)
    spare = sum(one.amount_fen - one.counted_fen - one.refunded_fen for one in lines)
    refunds = await outcome_rows.refunds_of(session, application)
    invoice = await outcome_rows.invoice_of(session, application)
    missing = max(order.amount_fen - paid, 0)
    return Order(
        order_id=order.id,
        application_id=application,
        level=order.level,
        amount_fen=order.amount_fen,
        paid_fen=paid,
        state=OrderState(order.state),
        purpose=pack.fees.purpose,
        paid_at=order.paid_at,
        transfer=fees.instructions(
            pack,
            application_number=order.application_number,
            amount_fen=missing or order.amount_fen,
            name=order.name,
            unit=order.unit,
        ),
        application_number=order.application_number,
        missing_fen=missing,
        spare_fen=spare,
        providers=parts.providers.names,
        terms=fees.refund_terms(pack),
        transfer_chosen_at=order.transfer_chosen_at,
        waiting_until=order.waiting_until,
        said=_said(order, paid, missing),
        over=_over(order),
        money=tuple(lines),
        refunds=tuple(
            RefundLine(
                refund_id=one.id,
                amount_fen=one.amount_fen,
                state=one.state,
                reason_name=outcomes.exit_name(pack, one.exit),
                said=outcomes.REFUND_SAID[one.state],
                at=one.paid_at or one.decided_at or one.requested_at,
            )
            for one in refunds
        ),
        invoice=invoice_view(invoice) if invoice else None,
    )


def invoice_view(row: InvoiceRow) -> InvoiceView:
    """An invoice as people see it (F4)."""
    return InvoiceView(
        invoice_id=row.id,
        title=row.title,
        tax_number=row.tax_number,
        amount_fen=row.amount_fen,
        applications=len(row.applications),
        state=InvoiceState(row.state),
        number=row.number,
        said=outcomes.INVOICE_SAID[row.state],
        requested_at=row.requested_at,
    )


def _over(order: OrderRow) -> bool:
    return order.stage == Stage.ended and order.status in (Status.lapsed, Status.discarded)


def _said(order: OrderRow, paid: int, missing: int) -> str:
    """Where the fee stands, in one sentence."""
    if order.amount_fen == 0:
        return "无需缴费。"
    if _over(order):
        return "申报没有完成，已经结束；" + (
            "已缴的评审费按退费规定退还。" if paid else "没有需要缴纳的费用。"
        )
    if order.state == "paid":
        return "评审费已缴清。"
    if order.waiting_until is not None:
        return f"申报已截止；截止前汇出的转账可以等到 {_moment(order.waiting_until)}，以银行日期为准。"
    if paid:
        return f"已收到 {fees.yuan(paid)} 元，还差 {fees.yuan(missing)} 元，请补足。"
    if order.transfer_chosen_at is not None:
        return "您选择了转账，正在等待款项到账；秘书处核对银行流水后会显示在这里。"
    return "尚未缴费。"


def _moment(at: object) -> str:
    from datetime import datetime

    assert isinstance(at, datetime)
    return at.astimezone(fees.SHANGHAI).strftime("%Y-%m-%d %H:%M")


def refund_to(row: RefundRow, source: str) -> str:
    """How the money goes back."""
    return "原路退回" if source != "bank" else "由秘书处转账退回原付款账户"
