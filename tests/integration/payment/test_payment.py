"""Money that comes in: forged, repeated, late, wrong; orders after a level change; the close of filing."""

import base64
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from contracts import payment as contract
from contracts.http.payment import Method, OrderState, RecordTransfer
from contracts.lifecycle import ActionRequiredBy, CaseRef, Route, Stage, Status, Transition
from kit.db import Database, check, migrate
from kit.errors import DomainError
from kit.tables import outbox
from rules.cache import Packs
from rules.pack import load
from services.payment.adapters import NONCE, SIGNATURE, TIMESTAMP, Callback, Provider, signed_text
from services.payment.domain import Notification
from services.payment.service import PaymentService
from services.payment.settings import PaymentSettings
from tests.conftest import TestDatabase

ROOT = Path(__file__).parents[3]
PACK = "sha256/" + "0" * 64


@dataclass
class FakeProvider:
    """Knows charges that succeeded; creating one gives a page."""

    succeeded: dict[UUID, Notification] = field(default_factory=dict)

    async def create(self, payment_id: UUID, amount_fen: int, description: str) -> str:
        return f"http://127.0.0.1:1/pay/{payment_id.hex}"

    async def query(self, payment_id: UUID) -> Notification | None:
        return self.succeeded.get(payment_id)


@dataclass
class World:
    db: Database
    service: PaymentService
    provider: FakeProvider
    key: Ed25519PrivateKey
    application: UUID = field(default_factory=uuid4)
    seq: int = 1

    def case(self, level: str = "junior", route: Route = Route.regular) -> CaseRef:
        return CaseRef(
            application_id=self.application,
            round_id=UUID(int=1),
            application_number="2024-J-00001",
            level=level,
            route=route,
            pack_key=PACK,
        )

    async def open_order(self, level: str = "junior", route: Route = Route.regular) -> contract.OrderOpened:
        self.seq += 1
        move = Transition(
            seq=self.seq,
            stage=Stage.filing,
            status=Status.submitted,
            action_required_by=ActionRequiredBy.applicant,
        )
        return await self.service.open_order(
            contract.OpenOrder(
                key=f"{self.application}:{self.seq}", case=self.case(level, route), transition=move
            )
        )

    async def begin(self) -> UUID:
        return (await self.service.start_payment(self.application, Method.online)).payment_id

    def callback(self, payment_id: UUID, **changes: Any) -> Callback:
        """A good callback, or one with something wrong."""
        sent_at = changes.pop("sent_at", int(time.time()))
        key = changes.pop("key", self.key)
        nonce = changes.pop("nonce", uuid4().hex)
        said = {
            "merchant_id": "fudao",
            "out_trade_no": payment_id.hex,
            "state": "success",
            "transaction_id": f"t-{payment_id.hex}",
            "amount_fen": 10000,
            "currency": "CNY",
            "succeeded_at": datetime.now(UTC).isoformat(),
        }
        body = json.dumps({**said, **changes}).encode()
        signature = base64.b64encode(key.sign(signed_text(str(sent_at), nonce, body))).decode()
        return Callback({TIMESTAMP: str(sent_at), NONCE: nonce, SIGNATURE: signature}, body)

    async def commands(self) -> list[dict[str, Any]]:
        """What was told to the workflow."""
        async with self.db.read() as session:
            query = select(outbox.c.body).where(outbox.c.kind == "command").order_by(outbox.c.position)
            return list((await session.execute(query)).scalars())


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: TestDatabase) -> AsyncIterator[World]:
    key = Ed25519PrivateKey.generate()
    base = database.settings("payment")
    settings = PaymentSettings(
        **base.model_dump(),
        provider_public_key=base64.b64encode(key.public_key().public_bytes_raw()).decode(),
    )
    await migrate(settings, "services.payment")
    await check(settings, "services.payment")
    pack = load(ROOT / "rulepacks/chongqing-2024").canonical()

    async def fetch(_: str) -> bytes:
        return pack

    db, provider = Database(settings), FakeProvider()
    yield World(
        db=db,
        service=PaymentService(db, Packs(fetch), cast(Provider, provider), settings),
        provider=provider,
        key=key,
    )
    await db.close()


@pytest.mark.clause("F1")
async def test_the_order_is_the_fee_of_the_level_in_fen(world: World) -> None:
    assert (await world.open_order("junior")).amount_fen == 10000
    assert (await world.open_order("intermediate")).amount_fen == 30000
    order = await world.service.read_order(world.application)
    assert (order.level, order.amount_fen, order.state) == ("intermediate", 30000, OrderState.open)


@pytest.mark.clause("E5", "F1")
async def test_the_direct_route_pays_nothing(world: World) -> None:
    opened = await world.open_order("junior", Route.direct)
    assert (opened.amount_fen, opened.paid) == (0, True)


@pytest.mark.clause("F2", "F6")
async def test_ten_callbacks_have_the_effect_of_one(world: World) -> None:
    await world.open_order()
    payment = await world.begin()
    for _ in range(10):
        await world.service.take_callback(world.callback(payment))
    order = await world.service.read_order(world.application)
    assert (order.paid_fen, order.state) == (10000, OrderState.paid)
    (command,) = await world.commands()
    assert (command["name"], command["body"]["level"]) == ("confirm_payment", "junior")


@pytest.mark.clause("F2")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": Ed25519PrivateKey.generate()}, "callback_refused"),
        ({"sent_at": int(time.time()) - 3600}, "callback_refused"),
        ({"sent_at": int(time.time()) + 3600}, "callback_refused"),
        ({"nonce": ""}, "callback_refused"),
        ({"amount_fen": 9999}, "callback_mismatch"),
        ({"currency": "USD"}, "callback_mismatch"),
        ({"merchant_id": "somebody"}, "callback_mismatch"),
        ({"out_trade_no": uuid4().hex}, "unknown_payment"),
        ({"amount_fen": "ten"}, "callback_malformed"),
    ],
)
async def test_a_wrong_callback_changes_nothing(world: World, changes: dict[str, Any], code: str) -> None:
    await world.open_order()
    payment = await world.begin()
    with pytest.raises(DomainError) as refused:
        await world.service.take_callback(world.callback(payment, **changes))
    assert refused.value.code == code
    assert (await world.service.read_order(world.application)).paid_fen == 0
    assert await world.commands() == []


@pytest.mark.clause("F2")
async def test_a_replayed_callback_is_taken_once(world: World) -> None:
    await world.open_order()
    payment = await world.begin()
    nonce = uuid4().hex
    for _ in range(2):
        await world.service.take_callback(world.callback(payment, nonce=nonce))
    assert len(await world.commands()) == 1


@pytest.mark.clause("L1", "F6")
async def test_money_is_judged_again_after_a_level_change(world: World) -> None:
    await world.open_order("intermediate")
    payment = await world.begin()
    await world.service.take_callback(world.callback(payment, amount_fen=30000))
    down = await world.open_order("junior")
    assert (down.amount_fen, down.paid) == (10000, True)
    up = await world.open_order("intermediate")
    assert up.paid


@pytest.mark.clause("F2")
async def test_settling_asks_the_provider_and_counts_only_money_of_before_the_end(world: World) -> None:
    await world.open_order()
    payment = await world.begin()
    deadline = datetime.now(UTC)
    for succeeded_at, state in (
        (deadline + timedelta(seconds=1), contract.SettleState.unpaid),
        (deadline - timedelta(seconds=1), contract.SettleState.paid),
    ):
        world.provider.succeeded[payment] = Notification(
            merchant_id="fudao",
            payment_id=payment,
            transaction_id=f"t-{succeeded_at.timestamp()}",
            amount_fen=10000,
            currency="CNY",
            succeeded_at=succeeded_at,
        )
        later = deadline if state is contract.SettleState.unpaid else deadline + timedelta(seconds=2)
        settled = await world.service.settle(contract.Settle(case=world.case(), deadline=later))
        if state is contract.SettleState.unpaid:
            assert settled.state is state
    assert settled.state is contract.SettleState.paid


@pytest.mark.clause("F3")
async def test_a_chosen_transfer_is_waited_for_and_its_reference_counts_once(world: World) -> None:
    opened = await world.open_order()
    await world.service.start_payment(world.application, Method.transfer)
    deadline = datetime.now(UTC) + timedelta(minutes=1)
    settled = await world.service.settle(contract.Settle(case=world.case(), deadline=deadline))
    assert settled.state is contract.SettleState.waiting
    assert settled.until is not None
    assert settled.until > deadline
    transfer = RecordTransfer(amount_fen=10000, paid_on=date(2025, 2, 28), bank_reference="20250228-0001")
    for _ in range(2):
        order = await world.service.record_transfer(opened.order_id, transfer, uuid4())
    assert (order.paid_fen, order.state) == (10000, OrderState.paid)
    (command,) = await world.commands()
    assert command["effective_at"].startswith("2025-02-28T15:59:59")


@pytest.mark.clause("F6")
async def test_paying_twice_is_refused_and_a_part_does_not_cover(world: World) -> None:
    opened = await world.open_order()
    part = RecordTransfer(amount_fen=4000, paid_on=date(2025, 2, 20), bank_reference="part-1")
    assert (await world.service.record_transfer(opened.order_id, part, uuid4())).state is OrderState.open
    rest = RecordTransfer(amount_fen=6000, paid_on=date(2025, 2, 21), bank_reference="part-2")
    assert (await world.service.record_transfer(opened.order_id, rest, uuid4())).state is OrderState.paid
    with pytest.raises(DomainError) as refused:
        await world.service.start_payment(world.application, Method.online)
    assert refused.value.code == "already_paid"


async def test_no_order_before_submitting(world: World) -> None:
    with pytest.raises(DomainError) as missing:
        await world.service.read_order(uuid4())
    assert (missing.value.code, missing.value.kind.status) == ("no_order", 404)
