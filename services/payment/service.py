"""Use-cases of payment, one verb each: open the order, begin a payment, take a callback, record a transfer, settle."""

from datetime import datetime, timedelta
from uuid import UUID

import httpx
import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts import payment as contract
from contracts.commands import CommandName, ServiceCommand, TargetKind
from contracts.events import EventType, case_event, derived_id
from contracts.http.payment import Method, Order, OrderState, PaymentStarted, RecordTransfer
from contracts.lifecycle import CaseRef, Route
from kit import due, outbox
from kit.db import Database, lock, now
from kit.effects import once
from kit.errors import DomainError, Kind
from kit.logging import get_logger
from rules.cache import Packs
from services.payment import domain, repository
from services.payment.adapters import Callback, Provider
from services.payment.domain import Notification
from services.payment.models import OrderRow, PaymentRow
from services.payment.settings import PaymentSettings

QUERY = "payment.query"
"""Kind of the due row that asks the provider for a payment without a callback."""
QUERY_ROUNDS = 12
log = get_logger(__name__)


class PaymentService:
    """Every method that writes is one transaction; the provider is asked outside of any."""

    def __init__(self, db: Database, packs: Packs, provider: Provider, settings: PaymentSettings) -> None:
        self._db, self._packs, self._provider, self._settings = db, packs, provider, settings

    # For the workflow ---------------------------------------------------------------------------------------

    async def open_order(self, request: contract.OpenOrder) -> contract.OrderOpened:
        """One current order per application; after a level change money already there is judged again (F1, L1)."""
        case, key = request.case, f"{request.key}/open_order"
        pack = (await self._packs.get(case.pack_key)).pack
        amount = domain.fee_fen(pack, case.level, case.route)

        async def make() -> contract.OrderOpened:
            at = await now(session)
            await lock(session, case.application_id)
            order = await repository.current_order(session, case.application_id, lock=True)
            if order is None or (order.level, order.route, order.amount_fen) != (
                case.level,
                case.route,
                amount,
            ):
                order = await self._replace(session, order, case, amount, derived_id(key))
            received = await repository.received_fen(session, case.application_id)
            if order.state == "open" and domain.covers(received, amount):
                order.state, order.paid_at = "paid", at
            event = case_event(
                EventType.form_submitted,
                case,
                effect_key=key,
                occurred_at=at,
                transition=request.transition,
                amount_fen=amount,
                paid=order.state == "paid",
            )
            await outbox.add_event(session, event)
            return contract.OrderOpened(order_id=order.id, amount_fen=amount, paid=order.state == "paid")

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, contract.OrderOpened)

    async def _replace(
        self, session: AsyncSession, old: OrderRow | None, case: CaseRef, amount: int, order_id: UUID
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
        )
        session.add(order)
        await session.flush()
        return order

    async def settle(self, request: contract.Settle) -> contract.Settled:
        """At the close of filing: ask the provider, then say what counts before `deadline` (F2, F3, A5)."""
        application = request.case.application_id
        async with self._db.read() as session:
            begun = await repository.open_payments(session, application)
        for payment in begun:
            if found := await self._provider.query(payment.id):
                await self._take(found)
        pack = (await self._packs.get(request.case.pack_key)).pack
        async with self._db.read() as session:
            at = await now(session)
            order = await repository.current_order(session, application)
            if order is None:
                return contract.Settled(state=contract.SettleState.unpaid)
            received = await repository.received_fen(session, application, before=request.deadline)
            if domain.covers(received, order.amount_fen):
                return contract.Settled(state=contract.SettleState.paid)
            until = domain.late_transfer_until(pack, request.deadline)
            chosen = order.transfer_chosen_at
            if chosen is not None and chosen < request.deadline and at < until:
                return contract.Settled(state=contract.SettleState.waiting, until=until)
            return contract.Settled(state=contract.SettleState.unpaid)

    # For the applicant --------------------------------------------------------------------------------------

    async def read_order(self, application_id: UUID) -> Order:
        """The current order. Errors: `no_order` (404)."""
        async with self._db.read() as session:
            order = await repository.current_order(session, application_id)
            if order is None:
                raise _no_order()
            return await self._view(session, order)

    async def start_payment(self, application_id: UUID, method: Method) -> PaymentStarted:
        """Begin to pay. Errors: `no_order` (404), `already_paid` (409), `provider_unavailable` (503)."""
        async with self._db.unit_of_work() as session:
            order = await repository.current_order(session, application_id, lock=True)
            if order is None:
                raise _no_order()
            if order.state == "paid":
                raise DomainError(Kind.conflict, "already_paid", "评审费已经到账，无需重复缴纳。", "F6")
            if method is Method.transfer:
                order.transfer_chosen_at = order.transfer_chosen_at or await now(session)
            payment = PaymentRow(
                id=uuids.uuid7(),
                order_id=order.id,
                method=method.value,
                amount_fen=order.amount_fen,
                state="started",
            )
            session.add(payment)
            await session.flush()
            if method is Method.online:
                after = timedelta(seconds=self._settings.query_after)
                await due.schedule(
                    session,
                    QUERY,
                    f"{payment.id}/1",
                    await now(session) + after,
                    {"payment_id": str(payment.id)},
                )
            view = await self._view(session, order)
        pay_url = None
        if method is Method.online:
            try:
                pay_url = await self._provider.create(payment.id, payment.amount_fen, view.purpose)
            except httpx.HTTPError:
                raise DomainError(
                    Kind.unavailable,
                    "provider_unavailable",
                    "支付平台暂时无法连接，没有扣款；请稍后重试或改用网上转账。",
                    "F2",
                ) from None
        return PaymentStarted(payment_id=payment.id, method=method, pay_url=pay_url, order=view)

    async def _view(self, session: AsyncSession, order: OrderRow) -> Order:
        pack = (await self._packs.get(order.pack_key)).pack
        return Order(
            order_id=order.id,
            application_id=order.application_id,
            level=order.level,
            amount_fen=order.amount_fen,
            paid_fen=await repository.received_fen(session, order.application_id),
            state=OrderState(order.state),
            purpose=pack.fees.purpose,
            paid_at=order.paid_at,
            transfer=domain.instructions(
                pack, application_number=order.application_number, amount_fen=order.amount_fen
            ),
        )

    # Money that comes in ------------------------------------------------------------------------------------

    async def take_callback(self, callback: Callback) -> None:
        """A provider's callback; ten of them have the effect of one (F6). Errors: see `Callback.verify`."""
        async with self._db.read() as session:
            at = await now(session)
        body = callback.verify(self._settings.key("provider_public_key"), at, self._settings.callback_skew)
        found = body.notification()
        if found is None:
            return
        async with self._db.unit_of_work() as session:
            if not await repository.add_nonce(session, callback.nonce):
                return
            await self._credit(session, found)

    async def query_provider(self, session: AsyncSession, payment_id: UUID, round_: int) -> None:
        """Due: the callback has not come; ask, and ask again later while there is nothing to know (F6)."""
        payment = await repository.payment(session, payment_id)
        if payment is None or payment.state != "started":
            return
        found = await self._provider.query(payment_id)
        if found is not None:
            await self._credit(session, found)
        elif round_ < QUERY_ROUNDS:
            pause = timedelta(seconds=self._settings.query_after * 2**round_)
            await due.schedule(
                session,
                QUERY,
                f"{payment_id}/{round_ + 1}",
                await now(session) + pause,
                {"payment_id": str(payment_id)},
            )

    async def record_transfer(self, order_id: UUID, transfer: RecordTransfer, recorded_by: UUID) -> Order:
        """A transfer that the office found on the statement. The same reference again adds nothing (F3, F6)."""
        async with self._db.unit_of_work() as session:
            order = await repository.order(session, order_id)
            if order is None:
                raise _no_order()
            pack = (await self._packs.get(order.pack_key)).pack
            moment = domain.bank_moment(transfer.paid_on, pack.timezone)
            await lock(session, order.application_id)
            current = await repository.current_order(session, order.application_id, lock=True)
            assert current is not None
            added = await repository.add_receipt(
                session,
                id=uuids.uuid7(),
                application_id=order.application_id,
                order_id=current.id,
                source="bank",
                transaction_id=transfer.bank_reference,
                amount_fen=transfer.amount_fen,
                effective_at=moment,
                paid_on=transfer.paid_on,
                recorded_by=recorded_by,
            )
            if added:
                await self._confirm(session, current, f"{current.id}/bank/{transfer.bank_reference}", moment)
            return await self._view(session, current)

    async def _take(self, found: Notification) -> None:
        async with self._db.unit_of_work() as session:
            await self._credit(session, found)

    async def _credit(self, session: AsyncSession, found: Notification) -> None:
        """Book what the provider says succeeded, once per its transaction, and confirm the payment."""
        payment = await repository.payment(session, found.payment_id)
        if payment is None:
            raise DomainError(Kind.not_found, "unknown_payment", "没有找到这笔支付，未作任何处理。", "F6")
        domain.check_notification(
            found, merchant_id=self._settings.merchant_id, amount_fen=payment.amount_fen
        )
        order = await repository.order(session, payment.order_id)
        assert order is not None
        await lock(session, order.application_id)
        added = await repository.add_receipt(
            session,
            id=uuids.uuid7(),
            application_id=order.application_id,
            order_id=order.id,
            source="local",
            transaction_id=found.transaction_id,
            amount_fen=found.amount_fen,
            effective_at=found.succeeded_at,
        )
        await repository.succeed(session, payment.id)
        current = await repository.current_order(session, order.application_id, lock=True)
        if added and current is not None:
            await self._confirm(
                session, current, f"{current.id}/local/{found.transaction_id}", found.succeeded_at
            )

    async def _confirm(
        self, session: AsyncSession, order: OrderRow, key: str, effective_at: datetime
    ) -> None:
        """Once the fee is covered, say so to the application's workflow, as of the moment the money counts."""
        at = await now(session)
        received = await repository.received_fen(session, order.application_id)
        case = CaseRef(
            application_id=order.application_id,
            round_id=order.round_id,
            application_number=order.application_number,
            level=order.level,
            route=Route(order.route),
            pack_key=order.pack_key,
        )
        covered = domain.covers(received, order.amount_fen)
        await outbox.add_event(
            session,
            case_event(
                EventType.payment_received,
                case,
                effect_key=key,
                occurred_at=at,
                received_fen=received,
                covered=covered,
            ),
        )
        if order.state == "paid" or not covered:
            log.info("receipt_beside_the_fee", order_id=str(order.id), paid=order.state == "paid")
            return
        order.state, order.paid_at = "paid", at
        await outbox.add_command(
            session,
            ServiceCommand(
                id=derived_id(key, 1),
                target_kind=TargetKind.application,
                target_id=order.application_id,
                round_id=order.round_id,
                name=CommandName.confirm_payment,
                body={"order_id": str(order.id), "level": order.level, "amount_fen": received},
                effective_at=effective_at,
            ),
        )


def _no_order() -> DomainError:
    return DomainError(Kind.not_found, "no_order", "还没有缴费单；提交申报书后才会生成。", "F1")
