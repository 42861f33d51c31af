"""Money that goes back to its payer: who has a claim, request, second person, provider or bank (F5, F6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.money import (
    Entitlement,
    ListQuery,
    PaidByBank,
    Refunds,
    RefundState,
    RefundView,
    RequestRefund,
)
from contracts.lifecycle import Stage
from contracts.rulepack import RulePack
from kit import due
from kit.db import lock, now
from kit.errors import DomainError, Kind
from kit.logging import get_logger
from services.payment.adapters.port import ProviderDown
from services.payment.domain import ledger, outcomes
from services.payment.domain.charges import RefundAnswer, RefundProgress
from services.payment.domain.ledger import Account
from services.payment.models import OrderRow, ReceiptRow, RefundRow
from services.payment.repository import bank, orders
from services.payment.repository import ledger as books
from services.payment.repository import outcomes as rows
from services.payment.service.parts import Parts, already_decided, not_found, own_request
from services.payment.service.view import refund_to

SEND = "payment.refund"
"""Kind of the due row that gives money back through the provider and asks how far it is."""
_TRIES = 14
log = get_logger(__name__)


async def request(parts: Parts, wanted: RequestRefund, by: UUID) -> RefundView:
    """Asks for a refund; nothing moves before a second person agrees.

    Errors: 404, `no_claim` (422: the rules give nothing at this exit), `too_much` (422).
    """
    async with parts.db.unit_of_work() as session:
        if wanted.application_id is not None:
            await lock(session, wanted.application_id)
        receipt = await books.receipt(session, wanted.receipt_id, lock=True)
        if receipt is None:
            raise not_found("这笔款项")
        await _check_claim(parts, session, receipt, wanted)
        row = RefundRow(
            id=uuids.uuid7(),
            receipt_id=receipt.id,
            application_id=wanted.application_id,
            amount_fen=wanted.amount_fen,
            exit=wanted.exit,
            note=wanted.note,
            state="requested",
            requested_by=by,
        )
        session.add(row)
        await session.flush()
        await session.refresh(row)
        return await _view(parts, session, row)


async def _check_claim(
    parts: Parts, session: AsyncSession, receipt: ReceiptRow, wanted: RequestRefund
) -> None:
    balances = await books.balances(session, receipt.id)
    owner = wanted.application_id
    spare = balances.get((Account.suspense, owner), 0) - (await books.reserved_fen(session, owner)).get(
        receipt.id, 0
    )
    limit = max(spare, 0)
    if owner is not None:
        order = await orders.current_order(session, owner)
        if order is None:
            raise not_found("这份申报的缴费单")
        pack = await parts.pack(order.pack_key)
        known = {str(one.id): one for one in pack.refunds}
        ended = order.stage == Stage.ended or wanted.exit in outcomes.BY_HAND
        rule = known.get(wanted.exit)
        if rule is not None and rule.outcome != "full":
            said = "不退费" if rule.outcome == "none" else "不退费，费用转入下一次"
            raise DomainError(Kind.invalid, "no_claim", f"按退费规定，“{rule.name}”{said}。", "F5")
        if wanted.exit in known and wanted.exit not in ("duplicate", "wrong_level") and ended:
            limit = max(spare + balances.get((Account.allocated, owner), 0), 0)
    if limit <= 0:
        raise DomainError(Kind.invalid, "no_claim", "这笔款项里没有可以退还的钱。", "F5")
    if wanted.amount_fen > limit:
        raise DomainError(
            Kind.invalid, "too_much", f"最多可以退还 {limit // 100}.{limit % 100:02} 元。", "F5"
        )


async def approve(parts: Parts, refund_id: UUID, by: UUID) -> RefundView:
    """A person agrees; what the system has found needs two of them. What came online goes back by itself.

    Errors: 404, `own_proposal` (403), `already_decided` (409).
    """
    async with parts.db.unit_of_work() as session:
        row = await _open(session, refund_id, by, "approved")
        if row.requested_by is None:
            row.requested_by = by  # the system found it: this is the first of the two people
            await session.flush()
        elif row.state == "requested":
            at = await now(session)
            row.state, row.decided_by, row.decided_at = "approved", by, at
            receipt = await books.receipt(session, row.receipt_id)
            assert receipt is not None
            if receipt.source != "bank":
                await _schedule(session, row.id, 1, at)
            await session.flush()
        return await _view(parts, session, row)


async def reject(parts: Parts, refund_id: UUID, by: UUID, reason: str) -> RefundView:
    """The second person does not agree; the money is free again. Errors as `approve`."""
    async with parts.db.unit_of_work() as session:
        row = await _open(session, refund_id, by, "rejected")
        row.state, row.decided_by, row.decided_at, row.said = "rejected", by, await now(session), reason
        await session.flush()
        return await _view(parts, session, row)


async def _open(session: AsyncSession, refund_id: UUID, by: UUID, wanted: str) -> RefundRow:
    row = await rows.refund(session, refund_id, lock=True)
    if row is None:
        raise not_found("这项退费")
    if row.requested_by == by:
        raise own_request("退费")
    same = row.decided_by == by and (row.state != "rejected") == (wanted != "rejected")
    if row.state != "requested" and not same:
        raise already_decided()
    return row


async def send(parts: Parts, session: AsyncSession, refund_id: UUID, attempt: int) -> None:
    """Due: gives it back through the provider, whose number is ours; asks again until it is there (F5)."""
    row = await rows.refund(session, refund_id, lock=True)
    if row is None or row.state not in ("approved", "sent"):
        return
    receipt = await books.receipt(session, row.receipt_id)
    assert receipt is not None
    assert receipt.payment_id is not None
    provider = parts.providers.get(receipt.source)
    answer: RefundAnswer | None = None
    try:
        answer = await provider.query_refund(row.id, receipt.payment_id)
        if answer is None:
            answer = await provider.refund(
                row.id,
                receipt.payment_id,
                amount_fen=row.amount_fen,
                total_fen=receipt.amount_fen,
                reason="评审费退还",
            )
    except ProviderDown as error:
        log.warning("refund_waits", refund_id=str(row.id), reason=str(error))
    if answer is not None and answer.progress is RefundProgress.success:
        if answer.amount_fen not in (None, row.amount_fen):
            row.state, row.said = "failed", "支付平台退回的金额与批准的不同，请人工核对。"
            return
        await book(session, row, answer.transaction_id)
        return
    if answer is not None and answer.progress is RefundProgress.failed:
        row.state, row.said = "failed", f"支付平台没有退回（{answer.reason}），请核对后重试。"
        return
    if answer is not None:
        row.state = "sent"
    await session.flush()
    if attempt < _TRIES:
        pause = timedelta(seconds=min(parts.settings.refund_query_after * 2 ** (attempt - 1), 6 * 3600))
        await _schedule(session, row.id, attempt + 1, await now(session) + pause)
    else:
        row.state, row.said = "failed", "支付平台迟迟没有结果，请登录商户平台核对后重试。"


async def _schedule(session: AsyncSession, refund_id: UUID, attempt: int, at: datetime) -> None:
    key = f"{refund_id}/{attempt}/{at.timestamp():.0f}"
    await due.schedule(session, SEND, key, at, {"refund_id": str(refund_id), "attempt": attempt})


async def retry(parts: Parts, refund_id: UUID) -> RefundView:
    """The office's lever for a failed one: the same number again. Errors: 404, `not_failed` (409)."""
    async with parts.db.unit_of_work() as session:
        row = await rows.refund(session, refund_id, lock=True)
        if row is None:
            raise not_found("这项退费")
        if row.state != "failed":
            raise DomainError(Kind.conflict, "not_failed", "只有没有成功的退费可以重试。", "F5")
        at = await now(session)
        row.state, row.said = "approved", ""
        await _schedule(session, row.id, 1, at)
        await session.flush()
        return await _view(parts, session, row)


async def paid_by_bank(parts: Parts, refund_id: UUID, paid: PaidByBank) -> RefundView:
    """The office has transferred it back by hand. Errors: 404, `not_approved` (409)."""
    async with parts.db.unit_of_work() as session:
        row = await rows.refund(session, refund_id, lock=True)
        if row is None:
            raise not_found("这项退费")
        if row.state == "paid" and row.transaction_id == paid.bank_reference:
            return await _view(parts, session, row)
        if row.state not in ("approved", "failed"):
            raise DomainError(Kind.conflict, "not_approved", "这项退费还没有批准，或已经退回。", "F5")
        row.paid_on = paid.paid_on
        await book(session, row, paid.bank_reference)
        return await _view(parts, session, row)


async def found_on_statement(session: AsyncSession, line_id: UUID) -> None:
    """Money that went out: the refund that it pays, if exactly one of that amount waits for its transfer to that
    payer."""
    line = await bank.line(session, line_id)
    assert line is not None
    paid: list[RefundRow] = []
    for one in await rows.bank_refunds_to_pay(session, -line.amount_fen):
        origin = await bank.line_of_receipt(session, one.receipt_id)
        if origin is not None and origin.payer and origin.payer == line.payer:
            paid.append(one)
    if len(paid) != 1:
        return
    (row,) = paid
    row.paid_on = line.paid_on
    await book(session, row, line.reference or line.fingerprint[:24])
    line.state, line.code, line.reason = "refund_paid", "refund_paid", "退费已汇出，与批准的退费相符。"
    await session.flush()


async def book(session: AsyncSession, row: RefundRow, transaction_id: str | None) -> None:
    """The money has gone back: out of what is beyond the fee first, then out of the fee."""
    await books.lock_receipts(session, [row.receipt_id])
    balances = await books.balances(session, row.receipt_id)
    taken: list[tuple[Account, int]] = []
    left = row.amount_fen
    for account in (Account.suspense, Account.allocated):
        part = min(left, balances.get((account, row.application_id), 0))
        if part > 0:
            taken.append((account, part))
            left -= part
    if left:
        row.state, row.said = "failed", "账上已没有足够的款项，请人工核对。"
        return
    postings = ledger.refund(row.receipt_id, row.application_id, taken)
    await books.book(session, f"refund/{row.id}", "refund", postings, row.decided_by)
    at = await now(session)
    row.state, row.said, row.transaction_id, row.paid_at = "paid", "", transaction_id, at
    await session.flush()
    if row.application_id is not None:
        invoice = await rows.invoice_of(session, row.application_id)
        allocated = any(account is Account.allocated for account, _ in taken)
        if invoice is not None and invoice.state == "issued" and allocated:
            invoice.state = "red_letter_due"
    await session.flush()


# What the office sees ---------------------------------------------------------------------------------------


async def listed(parts: Parts, wanted: ListQuery) -> Refunds:
    """A page of refunds, and who has a claim to one that nobody has asked for yet."""
    async with parts.db.read() as session:
        found, page = await rows.refunds(session, wanted)
        views = [await _view(parts, session, one) for one in page]
        claims = await _claims(parts, session)
    return Refunds(refunds=tuple(views), found=found, due=tuple(claims))


async def requested(parts: Parts) -> list[RefundView]:
    """All that wait for a second person."""
    async with parts.db.read() as session:
        return [await _view(parts, session, one) for one in await rows.requested_refunds(session)]


async def _claims(parts: Parts, session: AsyncSession) -> list[Entitlement]:
    held = await rows.holders(session)
    known = await orders.orders_of(session, {application for _, application, _, _ in held})
    receipts = {one.id: one for one in await books.receipts(session, {receipt for receipt, *_ in held})}
    found: list[Entitlement] = []
    for receipt_id, application_id, suspense, allocated in held:
        order, receipt = known[application_id], receipts[receipt_id]
        reserved = (await books.reserved_fen(session, application_id)).get(receipt_id, 0)
        pack = await parts.pack(order.pack_key)
        for rule in _rules(pack, order, receipt, suspense, allocated):
            amount = rule.amount_fen - reserved
            if amount > 0:
                found.append(_claim(order, receipt, rule, amount))
                reserved = 0
    return found


def _rules(
    pack: RulePack, order: OrderRow, receipt: ReceiptRow, suspense: int, allocated: int
) -> Sequence[outcomes.Rule]:
    """What goes back of one receipt: what is beyond the fee, and, once it is over, the fee as its exit says."""
    rules: list[outcomes.Rule] = []
    exit_id = outcomes.exit_of(order.stage, order.status, absent=order.absent)
    if exit_id == "before_filed":
        rules.append(outcomes.at_exit(pack, exit_id=exit_id, allocated_fen=allocated + suspense))
        return rules
    if suspense:
        in_filing = order.stage == Stage.filing
        rules.append(outcomes.spare(pack, spare_fen=suspense, odd=receipt.odd, in_filing=in_filing))
    if exit_id is not None and allocated:
        rules.append(outcomes.at_exit(pack, exit_id=exit_id, allocated_fen=allocated))
    return rules


def _claim(order: OrderRow, receipt: ReceiptRow, rule: outcomes.Rule, amount: int) -> Entitlement:
    return Entitlement(
        receipt_id=receipt.id,
        application_id=order.application_id,
        application_number=order.application_number,
        name=order.name,
        source=outcomes.SOURCES[receipt.source],
        amount_fen=amount,
        exit=rule.exit,
        exit_name=rule.name,
        outcome=rule.outcome,
        said=rule.said,
    )


async def _view(parts: Parts, session: AsyncSession, row: RefundRow) -> RefundView:
    receipt = await books.receipt(session, row.receipt_id)
    assert receipt is not None
    order = await orders.current_order(session, row.application_id) if row.application_id else None
    name = outcomes.ODD.get(row.exit, row.exit)
    if order is not None:
        name = outcomes.exit_name(await parts.pack(order.pack_key), row.exit)
    said = row.said or outcomes.REFUND_SAID[row.state]
    if row.state == "approved" and receipt.source == "bank":
        said = "已批准，等待秘书处转账退回"
    return RefundView(
        refund_id=row.id,
        receipt_id=row.receipt_id,
        application_id=row.application_id,
        application_number=order.application_number if order else "",
        name=order.name if order else "",
        amount_fen=row.amount_fen,
        exit=row.exit,
        exit_name=name,
        source=outcomes.SOURCES[receipt.source],
        to=refund_to(row, receipt.source),
        state=RefundState(row.state),
        said=said,
        note=row.note,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        paid_at=row.paid_at,
    )
