"""Allotting a transfer by hand: to one or to many in one action, above an amount by two people (F3, F6)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.money import Allocate, AllocationView, Decided
from contracts.http.payment import Order, RecordTransfer
from kit.db import lock, now
from kit.errors import DomainError, Kind
from services.payment.domain import fees
from services.payment.models import AllocationRow, OrderRow, ReceiptRow
from services.payment.repository import bank, orders
from services.payment.repository import ledger as books
from services.payment.service import money
from services.payment.service.parts import (
    MONEY,
    Parts,
    already_decided,
    lock_applications,
    no_order,
    not_found,
    own_request,
)
from services.payment.service.statements import give, share_view
from services.payment.service.view import view


async def allocate(parts: Parts, line_id: UUID, wanted: Allocate, by: UUID) -> AllocationView:
    """Allots, or asks a second person when it is much.

    Errors: 404, `unknown_numbers`, `too_much`, `voucher_not_possible` (422), `allocation_waits`, `nothing_open` (409).
    """
    async with parts.db.unit_of_work() as session:
        await lock(session, MONEY)
        line = await bank.line(session, line_id, lock=True)
        if line is None or line.receipt_id is None:
            raise not_found("这笔转账")
        if await bank.open_allocations(session, [line_id]):
            raise DomainError(
                Kind.conflict, "allocation_waits", "这笔转账已有一项分配等待另一位审批人批准。", "O2"
            )
        shares = await _shares(session, wanted)
        total = sum(fen for _, fen in shares)
        await _fits(session, line.receipt_id, total)
        row = AllocationRow(
            id=uuids.uuid7(),
            line_id=line_id,
            shares=[{"application_id": str(one.application_id), "amount_fen": fen} for one, fen in shares],
            total_fen=total,
            voucher_on=wanted.voucher_on,
            reason=wanted.reason,
            state="open",
            two_eyes=total > parts.settings.two_eyes_above_fen,
            requested_by=by,
        )
        session.add(row)
        await session.flush()
        if not row.two_eyes:
            row.state = "approved"
            await _carry_out(parts, session, row, by)
        return await _view(session, row)


async def approve(parts: Parts, allocation_id: UUID, by: UUID) -> AllocationView:
    """The second person agrees. Errors: 404, `own_proposal` (403), `already_decided`, `too_much` (409, 422)."""
    async with parts.db.unit_of_work() as session:
        await lock(session, MONEY)
        row = await _open(session, allocation_id, by)
        if row.state == "open":
            row.state, row.decided_by, row.decided_at = "approved", by, await now(session)
            await _carry_out(parts, session, row, by)
        return await _view(session, row)


async def reject(parts: Parts, allocation_id: UUID, by: UUID, reason: str) -> AllocationView:
    """The second person does not agree. Errors as `approve`."""
    async with parts.db.unit_of_work() as session:
        row = await _open(session, allocation_id, by, wanted="rejected")
        row.state, row.decided_by, row.decided_at, row.said = "rejected", by, await now(session), reason
        await session.flush()
        return await _view(session, row)


async def _open(
    session: AsyncSession, allocation_id: UUID, by: UUID, wanted: str = "approved"
) -> AllocationRow:
    row = await bank.allocation(session, allocation_id, lock=True)
    if row is None:
        raise not_found("这项分配")
    if row.requested_by == by:
        raise own_request("分配")
    if row.state != "open" and (row.state, row.decided_by) != (wanted, by):
        raise already_decided()
    return row


async def _carry_out(parts: Parts, session: AsyncSession, row: AllocationRow, by: UUID) -> None:
    """Every share becomes its application's, in one transaction: all of them or none."""
    line = await bank.line(session, row.line_id, lock=True)
    assert line is not None
    assert line.receipt_id is not None
    await _fits(session, line.receipt_id, row.total_fen)
    wanted = {UUID(one["application_id"]): int(one["amount_fen"]) for one in row.shares}
    await lock_applications(session, set(wanted))
    receipt = await books.receipt(session, line.receipt_id)
    assert receipt is not None
    for application_id in sorted(wanted, key=str):
        order = await money.order_for_update(session, application_id)
        await give(
            parts,
            session,
            line.receipt_id,
            order,
            wanted[application_id],
            key=str(row.id),
            by=by,
            counts_from=await _voucher(parts, order, receipt, row.voucher_on),
        )
    left = money.open_fen(await books.balances(session, line.receipt_id))
    line.reason = f"已分配给 {len(wanted)} 份申报：{row.reason}"
    line.proposals = []
    line.code = "allocated" if left == 0 else "partly"
    await session.flush()


async def _voucher(
    parts: Parts, order: OrderRow, receipt: ReceiptRow, voucher_on: date | None
) -> datetime | None:
    """From when a late unit's transfer counts: the day on its 回单, if it was within filing and the money has arrived
    by the pack's limit (F3). Errors: `voucher_not_possible` (422)."""
    if voucher_on is None:
        return None
    pack = await parts.pack(order.pack_key)
    moment, deadline = fees.bank_moment(voucher_on, pack.timezone), order.filing_deadline
    in_time = deadline is None or (
        moment < deadline and receipt.effective_at <= fees.late_transfer_until(pack, deadline)
    )
    if not in_time or moment > receipt.effective_at:
        raise DomainError(
            Kind.invalid,
            "voucher_not_possible",
            "按规定，回单日期须在申报期内，且款项须在申报截止后的规定工作日内到账；这笔转账不符合。",
            "F3",
        )
    return moment


async def _shares(session: AsyncSession, wanted: Allocate) -> list[tuple[OrderRow, int]]:
    numbers = [one.application_number.strip() for one in wanted.shares]
    known = await orders.orders_by_number(session, numbers)
    unknown = [one for one in numbers if one not in known]
    if unknown or len(set(numbers)) != len(numbers):
        said = f"没有这些申报编号的缴费单：{'、'.join(unknown)}。" if unknown else "同一申报编号写了两次。"
        raise DomainError(Kind.invalid, "unknown_numbers", said, "F3")
    return [(known[one.application_number.strip()], one.amount_fen) for one in wanted.shares]


async def _fits(session: AsyncSession, receipt_id: UUID, total: int) -> None:
    balances = await books.balances(session, receipt_id)
    reserved = (await books.reserved_fen(session, None)).get(receipt_id, 0)
    left = money.open_fen(balances) - reserved
    if left <= 0:
        raise DomainError(Kind.conflict, "nothing_open", "这笔转账已经全部分配或正在退款。", "F6")
    if total > left:
        raise DomainError(
            Kind.invalid,
            "too_much",
            f"分配合计 {fees.yuan(total)} 元，超过这笔转账未分配的 {fees.yuan(left)} 元。",
            "F6",
        )


async def _view(session: AsyncSession, row: AllocationRow) -> AllocationView:
    shares: list[dict[str, Any]] = row.shares
    known = await orders.orders_of(session, [UUID(one["application_id"]) for one in shares])
    return AllocationView(
        allocation_id=row.id,
        line_id=row.line_id,
        total_fen=row.total_fen,
        shares=tuple(share_view(known, UUID(one["application_id"]), one["amount_fen"]) for one in shares),
        reason=row.reason,
        state=Decided(row.state),
        two_eyes=row.two_eyes,
        requested_by=row.requested_by,
        requested_at=row.requested_at or await now(session),
        decided_by=row.decided_by,
    )


async def record_transfer(parts: Parts, order_id: UUID, transfer: RecordTransfer, recorded_by: UUID) -> Order:
    """A transfer entered by hand for one order. The same reference again adds nothing (F3, F6).

    Errors: `no_order` (404), `voucher_not_possible` (422), `two_eyes_needed` (409).
    """
    if transfer.amount_fen > parts.settings.two_eyes_above_fen:
        raise DomainError(
            Kind.conflict, "two_eyes_needed", "金额较大，请导入银行流水后分配，由另一位审批人批准。", "O2"
        )
    async with parts.db.unit_of_work() as session:
        asked = await orders.order(session, order_id)
        if asked is None:
            raise no_order()
        await lock(session, asked.application_id)
        order = await money.order_for_update(session, asked.application_id)
        pack = await parts.pack(order.pack_key)
        receipt_id = await money.receive(
            session,
            source="bank",
            transaction_id=transfer.bank_reference,
            amount_fen=transfer.amount_fen,
            effective_at=fees.bank_moment(transfer.paid_on, pack.timezone),
            order=order,
            paid_on=transfer.paid_on,
            by=recorded_by,
        )
        if receipt_id is not None:
            receipt = await books.receipt(session, receipt_id)
            assert receipt is not None
            counts_from = await _voucher(parts, order, receipt, transfer.voucher_on)
            key = f"{order.id}/bank/{transfer.bank_reference}"
            await money.credit(session, pack, order, receipt_id, key, by=recorded_by, counts_from=counts_from)
        return await view(parts, session, order)
