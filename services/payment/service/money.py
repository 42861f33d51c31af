"""The heart: money is booked once, allotted to a fee, and the workflow is told. Everything runs in the caller's
transaction, under the application's lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import CommandName, ServiceCommand, TargetKind
from contracts.events import EventType, case_event, derived_id
from contracts.lifecycle import Stage
from contracts.rulepack import RulePack
from kit import outbox
from kit.db import now
from kit.logging import get_logger
from services.payment.domain import ledger, outcomes
from services.payment.domain.ledger import Account, Posting
from services.payment.models import OrderRow, ReceiptRow, RefundRow
from services.payment.repository import ledger as books
from services.payment.repository import orders
from services.payment.service.parts import case_of

log = get_logger(__name__)


async def receive(
    session: AsyncSession,
    *,
    source: str,
    transaction_id: str,
    amount_fen: int,
    effective_at: datetime,
    order: OrderRow | None = None,
    payment_id: UUID | None = None,
    paid_on: date | None = None,
    by: UUID | None = None,
    odd: str | None = None,
) -> UUID | None:
    """Books what came in, into suspense; None when this transaction of this source is booked already (F6)."""
    receipt_id = uuids.uuid7()
    application = order.application_id if order else None
    added = await books.add_receipt(
        session,
        id=receipt_id,
        application_id=application,
        order_id=order.id if order else None,
        payment_id=payment_id,
        source=source,
        transaction_id=transaction_id,
        amount_fen=amount_fen,
        effective_at=effective_at,
        paid_on=paid_on,
        recorded_by=by,
        odd=odd,
    )
    if not added:
        return None
    postings = ledger.receive(receipt_id, application, amount_fen)
    await books.book(session, f"receive/{receipt_id}", "receive", postings, by)
    return receipt_id


async def assign(
    session: AsyncSession, receipt_id: UUID, application_id: UUID, amount_fen: int, key: str, by: UUID | None
) -> None:
    """Nobody's money becomes this application's."""
    await books.book(
        session, f"assign/{key}", "assign", ledger.assign(receipt_id, application_id, amount_fen), by
    )


async def allot(
    session: AsyncSession,
    order: OrderRow,
    key: str,
    by: UUID | None = None,
    counts_from: datetime | None = None,
) -> datetime | None:
    """Allots to the order's fee what its application has; the moment from which it is covered, or None.

    The application's lock is held. `counts_from`: the day of a 回单, for what is allotted now (F3).
    """
    await books.lock_receipts(session, await books.receipts_for(session, order.application_id))
    holdings = await books.holdings(session, order.application_id)
    postings = ledger.settle_fee(holdings, order.application_id, order.amount_fen)
    if counts_from is not None:
        postings = tuple(_dated(one, counts_from) for one in postings)
    released = postings and postings[0].account is Account.allocated
    await books.book(session, f"allot/{key}", "release" if released else "allocate", postings, by)
    return await covered_at(session, order)


async def covered_at(session: AsyncSession, order: OrderRow) -> datetime | None:
    """From when the fee is covered by what is allotted; None while it is not. A fee of nothing: its own creation."""
    if order.amount_fen == 0:
        return order.created_at
    parts = await books.allocated_parts(session, order.application_id)
    return ledger.covered_at(parts, order.amount_fen)


async def credit(
    session: AsyncSession,
    pack: RulePack,
    order: OrderRow,
    receipt_id: UUID,
    key: str,
    *,
    by: UUID | None = None,
    counts_from: datetime | None = None,
) -> str | None:
    """Money that is this application's pays its fee; what is odd about it has its outcome. Returns what is odd (F6)."""
    was_paid, ended = order.state == "paid", order.stage == Stage.ended
    since = None
    if not ended:
        since = await allot(session, order, key, by, counts_from)
    odd = await _odd(session, order, receipt_id, was_paid=was_paid, ended=ended, covered=since is not None)
    receipt = await books.receipt(session, receipt_id)
    assert receipt is not None
    if odd is not None:
        receipt.odd = odd
        await session.flush()
        if odd in ("duplicate", "over") and outcomes.automatic(pack, odd):
            await _ask_back(session, order, receipt_id, odd)
    await _tell(session, order, key, since)
    return odd


async def _odd(
    session: AsyncSession, order: OrderRow, receipt_id: UUID, *, was_paid: bool, ended: bool, covered: bool
) -> str | None:
    if ended:
        return "late"
    balances = await books.balances(session, receipt_id)
    spare = balances.get((Account.suspense, order.application_id), 0)
    if spare and was_paid:
        return "duplicate"
    if spare and covered:
        return "over"
    return None if covered else "partial"


async def _ask_back(session: AsyncSession, order: OrderRow, receipt_id: UUID, odd: str) -> None:
    """The refund of what is beyond the fee is asked for at once; two people still have to agree (F5)."""
    holdings = await books.holdings(session, order.application_id)
    spare = sum(one.free_fen for one in holdings if one.receipt_id == receipt_id)
    if spare <= 0:
        return
    session.add(
        RefundRow(
            id=derived_id(f"{receipt_id}/refund/{odd}"),
            receipt_id=receipt_id,
            application_id=order.application_id,
            amount_fen=spare,
            exit=odd,
            note="系统按规则包提出",
            state="requested",
        )
    )
    await session.flush()


async def _tell(session: AsyncSession, order: OrderRow, key: str, since: datetime | None) -> None:
    """An event with each receipt; once the fee is covered, the workflow's command, as of when the money counts."""
    at = await now(session)
    received = sum(amount for _, amount in await books.allocated_parts(session, order.application_id))
    await outbox.add_event(
        session,
        case_event(
            EventType.payment_received,
            case_of(order),
            effect_key=key,
            occurred_at=at,
            received_fen=received,
            covered=since is not None,
        ),
    )
    if order.state == "paid" or since is None:
        log.info("receipt_beside_the_fee", order_id=str(order.id), paid=order.state == "paid")
        return
    order.state, order.paid_at = "paid", at
    await session.flush()
    await outbox.add_command(
        session,
        ServiceCommand(
            id=derived_id(key, 1),
            target_kind=TargetKind.application,
            target_id=order.application_id,
            round_id=order.round_id,
            name=CommandName.confirm_payment,
            body={"order_id": str(order.id), "level": order.level, "amount_fen": received},
            effective_at=since,
        ),
    )


async def reserved_on(session: AsyncSession, receipt: ReceiptRow, application_id: UUID | None) -> int:
    """What refunds under way want of this receipt's money of that application."""
    return (await books.reserved_fen(session, application_id)).get(receipt.id, 0)


async def order_for_update(session: AsyncSession, application_id: UUID) -> OrderRow:
    """The current order, locked after the application's own lock."""
    found = await orders.current_order(session, application_id, lock=True)
    assert found is not None
    return found


def _dated(one: Posting, counts_from: datetime) -> Posting:
    new = one.account is Account.allocated and one.amount_fen > 0
    return replace(one, counts_from=counts_from) if new else one


def open_fen(balances: dict[tuple[str, UUID | None], int]) -> int:
    """What of a receipt is nobody's yet."""
    return balances.get((Account.suspense.value, None), 0)


def shares_of(balances: dict[tuple[str, UUID | None], int]) -> Sequence[tuple[UUID, int]]:
    """What of a receipt pays whose fee."""
    return [
        (application, amount)
        for (account, application), amount in balances.items()
        if account == Account.allocated and application is not None and amount > 0
    ]
