"""Callbacks of providers, and asking them when no callback comes (F2, F6).

Reconciliation keeps nothing in mind: each cycle asks for every payment of whose end nobody has told us. A cycle is a
due row; there is one only while somebody is paying.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic as clock
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit import due
from kit.db import lock, now
from kit.errors import DomainError, Kind
from kit.logging import get_logger
from services.payment.adapters.port import Answer, ChargeState, ProviderDown
from services.payment.domain.charges import Success, check_success
from services.payment.models import PaymentRow
from services.payment.repository import ledger as books
from services.payment.repository import orders
from services.payment.service import money
from services.payment.service.parts import Parts
from services.payment.settings import PaymentSettings

CYCLE = "payment.reconcile"
_AT_ONCE = 8
_BATCH = 100
_LONGEST = 15.0
"""Seconds of one due row: its transaction must not stay idle for longer."""
_GRACE = timedelta(minutes=10)
"""After its end a payment is asked for this long still: the payer may have been on the last page."""
log = get_logger(__name__)


async def take_callback(parts: Parts, provider: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """A provider's callback, raw; ten of them have the effect of one (F6). What the provider wants to hear.

    Errors: `unknown_provider` (404), `callback_refused`, `callback_replayed` (401), `callback_malformed`,
    `callback_mismatch` (422), `unknown_payment` (404).
    """
    known = parts.providers.get(provider)
    async with parts.db.unit_of_work() as session:
        callback = known.read_callback(headers, body, await now(session))
        if not await orders.add_nonce(session, callback.nonce):
            if callback.repeats_bear_the_nonce:
                return known.answer
            raise DomainError(
                Kind.unauthenticated, "callback_replayed", "同一个回调不能再用，未作任何处理。", "F2"
            )
        if callback.success is not None:
            await credit(parts, session, callback.success)
    return known.answer


async def credit(parts: Parts, session: AsyncSession, found: Success) -> None:
    """Books what the provider says succeeded, once per its transaction, and confirms the payment."""
    payment = await orders.payment(session, found.payment_id)
    if payment is None or payment.provider is None:
        raise DomainError(Kind.not_found, "unknown_payment", "没有找到这笔支付，未作任何处理。", "F6")
    merchant = parts.providers.get(payment.provider).merchant
    check_success(found, provider=payment.provider, merchant_id=merchant, amount_fen=payment.amount_fen)
    if payment.state == "succeeded" and await books.receipt_of(
        session, found.provider.value, found.transaction_id
    ):
        return  # told before: most callbacks are repeats
    order = await orders.order(session, payment.order_id)
    assert order is not None
    await lock(session, order.application_id)
    receipt_id = await money.receive(
        session,
        source=found.provider.value,
        transaction_id=found.transaction_id,
        amount_fen=found.amount_fen,
        effective_at=found.succeeded_at,
        order=order,
        payment_id=payment.id,
    )
    await orders.set_state(session, payment.id, "succeeded")
    if receipt_id is None:
        return
    current = await money.order_for_update(session, order.application_id)
    pack = await parts.pack(current.pack_key)
    await money.credit(
        session, pack, current, receipt_id, f"{current.id}/{found.provider}/{found.transaction_id}"
    )


async def ask(parts: Parts, payment: PaymentRow) -> bool:
    """Asks for one payment and books what it finds; whether its end is known now. May raise ProviderDown."""
    assert payment.provider is not None
    return await _apply(parts, payment, await parts.providers.get(payment.provider).query(payment.id))


async def _apply(parts: Parts, payment: PaymentRow, found: Success | ChargeState) -> bool:
    async with parts.db.unit_of_work() as session:
        if isinstance(found, Success):
            await credit(parts, session, found)
            return True
        at = await now(session)
        over = payment.expires_at is not None and payment.expires_at + _GRACE < at
        if found is ChargeState.closed or over:
            await orders.set_state(session, payment.id, "closed")
            return True
    return False


async def schedule(session: AsyncSession, settings: PaymentSettings, at: datetime) -> None:
    """The next cycle: one row for everybody who is paying."""
    slot = int(at.timestamp()) // settings.reconcile_every + 1
    moment = datetime.fromtimestamp(slot * settings.reconcile_every, UTC)
    await due.schedule(session, CYCLE, f"{slot}", moment)


async def cycle(parts: Parts, session: AsyncSession, after: UUID | None) -> None:
    """Due: asks for every payment without an end; the next cycle comes while there are any.

    What does not fit into the time of one row goes on in another, behind `after`.
    """
    at, started = await now(session), clock()
    left = 0
    while clock() - started < _LONGEST:
        found, after = await run(parts, after)
        left += found
        if after is None:
            break
    if after is not None:
        await due.schedule(session, CYCLE, f"after/{after}/{int(at.timestamp())}", at, {"after": str(after)})
    if left or after is not None:
        await schedule(session, parts.settings, at)


async def run(parts: Parts, after: UUID | None = None) -> tuple[int, UUID | None]:
    """Asks for the oldest payments behind `after`. How many are still without an end, and where to go on."""
    async with parts.db.read() as session:
        waiting = await orders.unanswered(session, _BATCH, after)
    answers = await _query(parts, waiting)
    left = 0
    for payment in waiting:
        answer = answers.get(payment.id)
        try:
            if answer is None or not await _apply(parts, payment, answer):
                left += 1
        except DomainError as error:
            # the provider's word differs from our order: nothing is booked, a person has to look
            log.error("reconciliation_mismatch", payment_id=str(payment.id), code=error.code)
            left += 1
    if waiting:
        log.info("reconciled", asked=len(waiting), left=left)
    return left, waiting[-1].id if len(waiting) == _BATCH else None


async def _query(parts: Parts, waiting: Sequence[PaymentRow]) -> dict[object, Success | ChargeState]:
    """What the providers say; one that does not answer is not asked again in this cycle."""
    answers: dict[object, Success | ChargeState] = {}
    down: set[str] = set()
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(payment: PaymentRow) -> None:
        async with slots:
            name = payment.provider or ""
            if name in down:
                return
            try:
                answers[payment.id] = await parts.providers.get(name).query(payment.id)
            except ProviderDown as error:
                down.add(name)
                log.warning("provider_down", provider=name, reason=str(error))
            except DomainError:
                down.add(name)  # it is no longer configured

    await asyncio.gather(*(one(payment) for payment in waiting))
    return answers
