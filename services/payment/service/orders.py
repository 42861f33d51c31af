"""For the workflow and the applicant: the order, its view, beginning to pay, settling at the close of filing."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts import payment as contract
from contracts.events import EventType, case_event, derived_id
from contracts.http.payment import Device, Method, Order, PaymentStarted, StartPayment
from contracts.lifecycle import CaseRef
from kit import due, outbox
from kit.db import lock, now
from kit.effects import once
from kit.errors import DomainError, Kind, NotYet
from services.payment.adapters.port import NewCharge, PayPage, ProviderDown
from services.payment.domain import fees
from services.payment.models import OrderRow, PaymentRow
from services.payment.repository import bank, orders
from services.payment.service import money, reconcile
from services.payment.service.parts import Parts, no_order
from services.payment.service.view import view

REMATCH = "payment.rematch"
"""Kind of the due row that looks at unmatched transfers again: an order was opened after its money had come."""


async def open_order(parts: Parts, request: contract.OpenOrder) -> contract.OrderOpened:
    """One current order per application; after a level change money already there is judged again (F1, L1)."""
    case, key = request.case, f"{request.key}/open_order"
    amount = fees.fee_fen(await parts.pack(case.pack_key), case.level, case.route)
    name, unit = await parts.who(case)

    async def make() -> contract.OrderOpened:
        at = await now(session)
        await lock(session, case.application_id)
        order = await orders.current_order(session, case.application_id, lock=True)
        if order is None or (order.level, order.route, order.amount_fen) != (case.level, case.route, amount):
            order = await _replace(session, order, case, amount, derived_id(key))
        order.name, order.unit = name, unit
        covered = await money.allot(session, order, key) is not None
        if order.state == "open" and covered:
            order.state, order.paid_at = "paid", at
        await session.flush()
        if order.state == "open" and await bank.any_open(session):
            await due.schedule(session, REMATCH, str(order.id), at)
        paid = order.state == "paid"
        await outbox.add_event(
            session,
            case_event(
                EventType.form_submitted,
                case,
                effect_key=key,
                occurred_at=at,
                transition=request.transition,
                amount_fen=amount,
                paid=paid,
            ),
        )
        return contract.OrderOpened(order_id=order.id, amount_fen=amount, paid=paid)

    async with parts.db.unit_of_work() as session:
        return await once(session, key, make, contract.OrderOpened)


async def _replace(
    session: AsyncSession, old: OrderRow | None, case: CaseRef, amount: int, order_id: UUID
) -> OrderRow:
    if old is not None:
        old.state = "replaced"
        await session.flush()
    order = OrderRow(
        id=order_id,
        application_id=case.application_id,
        round_id=case.round_id,
        application_number=case.application_number,
        level=case.level,
        route=case.route.value,
        pack_key=case.pack_key,
        amount_fen=amount,
        state="open",
        transfer_chosen_at=old.transfer_chosen_at if old else None,
        terms=old.terms if old else None,
        stage=old.stage if old else "filing",
        status=old.status if old else "submitted",
        seq=old.seq if old else 0,
    )
    session.add(order)
    await session.flush()
    await session.refresh(order)
    return order


async def settle(parts: Parts, request: contract.Settle) -> contract.Settled:
    """At the close of filing: ask the provider, then say what counts before `deadline` (F2, F3, A5).

    NotYet while a provider cannot say whether somebody has paid: nobody lapses because of that.
    """
    application = request.case.application_id
    async with parts.db.read() as session:
        begun = await orders.begun(session, application)
    try:
        for payment in begun:
            await reconcile.ask(parts, payment)
    except ProviderDown:
        raise NotYet("the payment provider does not answer") from None
    pack = await parts.pack(request.case.pack_key)
    async with parts.db.unit_of_work() as session:
        await lock(session, application)
        at = await now(session)
        order = await orders.current_order(session, application, lock=True)
        if order is None:
            return contract.Settled(state=contract.SettleState.unpaid)
        order.filing_deadline = request.deadline
        since = await money.covered_at(session, order)
        if since is not None and (since < request.deadline or order.amount_fen == 0):
            return contract.Settled(state=contract.SettleState.paid)
        until = fees.late_transfer_until(pack, request.deadline)
        chosen = order.transfer_chosen_at
        if chosen is not None and chosen < request.deadline and at < until:
            order.waiting_until = until
            return contract.Settled(state=contract.SettleState.waiting, until=until)
        return contract.Settled(state=contract.SettleState.unpaid)


async def read_order(parts: Parts, application_id: UUID) -> Order:
    """The current order. Errors: `no_order` (404)."""
    async with parts.db.read() as session:
        order = await orders.current_order(session, application_id)
        if order is None:
            raise no_order()
        return await view(parts, session, order)


async def start_payment(parts: Parts, application_id: UUID, wanted: StartPayment) -> PaymentStarted:
    """Begin to pay.

    Errors: `no_order` (404), `already_paid`, `filing_over` (409), `terms_not_accepted` (422), `unknown_provider` (404),
    `provider_unavailable` (503).
    """
    names = parts.providers.names
    provider = wanted.provider or (names[0] if names else None)
    async with parts.db.unit_of_work() as session:
        order = await orders.current_order(session, application_id, lock=True)
        if order is None:
            raise no_order()
        await _may_pay(parts, order, wanted)
        at = await now(session)
        online = wanted.method is Method.online
        if not online:
            order.transfer_chosen_at = order.transfer_chosen_at or at
        elif provider is None or provider not in names:
            raise DomainError(Kind.not_found, "unknown_provider", "没有这个支付平台。", "F2")
        order.terms = wanted.terms
        shown = await view(parts, session, order)
        payment = PaymentRow(
            id=uuids.uuid7(),
            order_id=order.id,
            method=wanted.method.value,
            amount_fen=shown.missing_fen,
            state="started",
            provider=provider if online else None,
            expires_at=at + timedelta(seconds=parts.settings.payment_expires) if online else None,
            terms=wanted.terms,
        )
        session.add(payment)
        await session.flush()
        if online:
            await reconcile.schedule(session, parts.settings, at)
        shown = await view(parts, session, order)
    page = await _create(parts, payment, order, wanted, shown.purpose) if online else PayPage()
    return PaymentStarted(
        payment_id=payment.id, method=wanted.method, pay_url=page.url, qr_text=page.qr_text, order=shown
    )


async def _may_pay(parts: Parts, order: OrderRow, wanted: StartPayment) -> None:
    if order.state == "paid":
        raise DomainError(Kind.conflict, "already_paid", "评审费已经到账，无需重复缴纳。", "F6")
    if order.stage == "ended":
        raise DomainError(Kind.conflict, "filing_over", "申报已经结束，不再收取评审费。", "A5")
    terms = fees.refund_terms(await parts.pack(order.pack_key))
    if wanted.terms != terms.digest:
        raise DomainError(
            Kind.invalid,
            "terms_not_accepted",
            "请先阅读退费规定，并勾选“我已阅读并同意”，再缴费。",
            "F5",
        )


async def _create(
    parts: Parts, payment: PaymentRow, order: OrderRow, wanted: StartPayment, purpose: str
) -> PayPage:
    assert payment.provider is not None
    assert payment.expires_at is not None
    base = parts.settings.public_url or parts.settings.gateway_url
    device = Device.phone if wanted.device is Device.wechat else wanted.device
    charge = NewCharge(
        payment_id=payment.id,
        amount_fen=payment.amount_fen,
        description=purpose,
        device=device,
        client_ip=str(wanted.client_ip or "127.0.0.1"),
        notify_url=f"{base}/api/v1/payments/callback/{payment.provider}",
        return_url=f"{base}/my/applications/{order.application_id}/pay",
        expires_at=payment.expires_at,
    )
    try:
        return await parts.providers.get(payment.provider).create(charge)
    except ProviderDown:
        raise DomainError(
            Kind.unavailable,
            "provider_unavailable",
            "支付平台暂时无法连接，没有扣款；请稍后重试或改用网上转账。",
            "F2",
        ) from None
