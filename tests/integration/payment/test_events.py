"""Thousands of provider events; callbacks that never come; the last second of filing (Shows 1 and 2 of the fee)."""

import asyncio
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from contracts import payment as contract
from contracts.http.payment import OrderState, ProviderName
from kit.due import DueLoop
from kit.errors import DomainError
from services.payment.due import handlers
from services.payment.service import reconcile
from tests.integration.payment.world import Local, World, shanghai
from tests.sizes import size

EVENTS, REPEATS, FORGED = size(10_000, 500), 3, 200
"""In full 30,200 deliveries."""


async def many(world: World, number: int) -> list[tuple[UUID, UUID, str]]:
    """(application, payment, provider) of so many applicants who have begun to pay: written at once, for speed."""
    seed = await world.applicant("2024-J-00000", "甲乙", "某小学")
    async with world.db.unit_of_work() as session:
        await session.execute(
            text(
                "insert into orders (id, application_id, round_id, application_number, level, route, pack_key,"
                " amount_fen, state, name, unit) select gen_random_uuid(), gen_random_uuid(), round_id,"
                " '2024-J-' || lpad(n::text, 5, '0'), level, route, pack_key, amount_fen, 'open', '', ''"
                " from orders, generate_series(1, :number) n where application_id = :seed"
            ),
            {"number": number, "seed": seed.application},
        )
        await session.execute(
            text(
                "insert into payment (id, order_id, method, amount_fen, state, provider, expires_at)"
                " select gen_random_uuid(), id, 'online', amount_fen, 'started',"
                " case when right(application_number, 1) in ('1', '3', '5') then 'alipay' else 'wechat' end,"
                " public.fudao_now() + interval '2 hours' from orders where application_id <> :seed"
            ),
            {"seed": seed.application},
        )
        query = text(
            "select o.application_id, p.id, p.provider from payment p join orders o on o.id = p.order_id"
        )
        return [(row[0], row[1], row[2]) for row in (await session.execute(query)).all()]


def event(world: World, payment: UUID, provider: str) -> tuple[str, dict[str, str], bytes]:
    headers, body = world.wechat(payment) if provider == "wechat" else world.alipay(payment)
    return provider, headers, body


def forged(world: World, payment: UUID, provider: str, kind: int) -> tuple[str, dict[str, str], bytes]:
    """One of six ways to cheat."""
    if provider == "alipay":
        headers, body = world.alipay(payment)
        return provider, headers, body.replace(b"total_amount=100.00", b"total_amount=1.00")
    headers, body = world.wechat(payment)
    other = world.wechat(payment, amount_fen=1, transaction_id=f"x{kind}{payment.hex[:8]}")
    match kind % 5:
        case 0:
            return provider, headers, other[1]
        case 1:
            return provider, *world.wechat(payment, at=time.time() - 400)
        case 2:
            return provider, other[0] | {"wechatpay-signature": "AAAA"}, other[1]
        case 3:
            return provider, *other
    return provider, *world.wechat(payment, said={"mchid": "1999"})


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.clause("F2", "F6")
async def test_events_three_times_shuffled_with_two_hundred_forged(world: World) -> None:
    people = await many(world, EVENTS)
    dice = random.Random(4)
    plan: list[tuple[bool, UUID, str, int]] = [
        (True, payment, provider, 0) for _, payment, provider in people for _ in range(REPEATS)
    ]
    victims = dice.sample(people, FORGED)
    plan += [(False, payment, provider, kind) for kind, (_, payment, provider) in enumerate(victims)]
    dice.shuffle(plan)
    said: Counter[str] = Counter()
    waiting = iter(plan)

    async def send(good: bool, payment: UUID, provider: str, kind: int) -> None:
        made = event(world, payment, provider) if good else forged(world, payment, provider, kind)
        try:
            await world.service.take_callback(*made)
            said["taken" if good else "forged taken"] += 1
        except DomainError as error:
            said[f"good {error.code}" if good else "forged refused"] += 1

    async def sender() -> None:
        for one in waiting:
            try:
                await send(*one)
            except (OSError, PoolTimeout):  # a busy machine had no connection in time: the provider repeats
                await send(*one)

    await asyncio.gather(*(sender() for _ in range(3)))
    assert said == {"taken": EVENTS * REPEATS, "forged refused": FORGED}
    fee = 10_000
    assert await world.totals() == {
        "received": -EVENTS * fee,
        "allocated": EVENTS * fee,
        "suspense": 0,
        "refunded": 0,
    }
    async with world.db.read() as session:
        paid = await session.execute(
            text(
                "select application_id, sum(amount_fen) from posting where account = 'allocated'"
                " group by application_id"
            )
        )
        assert {row[0]: int(row[1]) for row in paid.all()} == {one: fee for one, _, _ in people}
        per_target = await session.execute(
            text("select target_id, count(*) from outbox where kind = 'command' group by target_id")
        )
        assert {row[0]: row[1] for row in per_target.all()} == {one: 1 for one, _, _ in people}


@pytest.mark.clause("F6")
@pytest.mark.parametrize("provider", list(ProviderName))
async def test_all_callbacks_lost_and_one_cycle_confirms_every_paid_order(
    served: World, local: Local, provider: ProviderName
) -> None:
    """Ten paid, two walked away; nothing is told to us."""
    local.behave(lose=True)
    paid, unpaid = [], []
    for n in range(12):
        one = await served.applicant(f"2024-J-{n:05}", f"人{n}", "某小学")
        started = await one.start(provider)
        if provider is ProviderName.alipay:
            await _open(started.pay_url)
        if n < 10:
            await local.pay(started.payment_id)
        (paid if n < 10 else unpaid).append(one)
    left, after = await reconcile.run(served.parts)
    assert (left, after) == (2, None)
    states = [(await served.service.read_order(one.application)).state for one in (*paid, *unpaid)]
    assert states == [OrderState.paid] * 10 + [OrderState.open] * 2
    assert len(await served.commands()) == 10


async def _open(url: str | None) -> None:
    import httpx

    assert url is not None
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.get(url)).raise_for_status()


@pytest.mark.clause("F6")
async def test_the_due_row_asks_while_somebody_pays_and_ends_with_it(
    served: World, local: Local, migrated: Any
) -> None:
    local.behave(lose=True)
    one = await served.applicant("2024-J-00001", "甲乙", "某小学")
    payment = (await one.start()).payment_id
    loop = DueLoop(served.db, handlers(served.service))
    assert await loop.step() is False
    await migrated.move_clock(timedelta(seconds=61))
    assert await loop.step() is True
    assert (await served.service.read_order(one.application)).state is OrderState.open
    await local.pay(payment)
    await migrated.move_clock(timedelta(seconds=122))
    assert await loop.step() is True
    assert (await served.service.read_order(one.application)).state is OrderState.paid
    await migrated.move_clock(timedelta(days=1))
    assert await loop.step() is False


@pytest.mark.clause("F6")
async def test_who_never_pays_is_asked_for_until_the_charge_has_ended(
    served: World, local: Local, migrated: Any
) -> None:
    one = await served.applicant("2024-J-00001", "甲乙", "某小学")
    await one.start()
    assert await reconcile.run(served.parts) == (1, None)
    await migrated.move_clock(timedelta(hours=2, minutes=11))
    assert await reconcile.run(served.parts) == (0, None)
    assert await reconcile.run(served.parts) == (0, None)


@pytest.mark.clause("F2", "A5")
@pytest.mark.parametrize(
    ("succeeded", "state"),
    [
        ("2025-02-28T23:59:59", contract.SettleState.paid),
        ("2025-03-01T00:00:00", contract.SettleState.unpaid),
    ],
)
async def test_paid_in_the_last_second_and_told_ten_minutes_later(
    served: World, migrated: Any, succeeded: str, state: contract.SettleState
) -> None:
    """Filing ends at 24:00; the provider's success time counts, not when its callback gets here."""
    end = shanghai("2025-03-01T00:00:00")
    await migrated.move_clock(shanghai("2025-02-28T23:55:00") - datetime.now(UTC))
    await served.open_order()
    payment = (await served.start()).payment_id
    delivered = shanghai("2025-03-01T00:10:00")
    await migrated.move_clock(delivered - datetime.now(UTC))
    headers, body = served.wechat(
        payment, at=delivered.timestamp(), succeeded_at=shanghai(succeeded).timestamp()
    )
    await served.service.take_callback("wechat", headers, body)
    settled = await served.service.settle(contract.Settle(case=served.case(), deadline=end))
    assert settled.state is state
    (command,) = await served.commands()
    assert datetime.fromisoformat(command["effective_at"]) == shanghai(succeeded)


@pytest.mark.clause("F2", "F6")
async def test_the_local_provider_repeats_on_the_real_schedule_and_misbehaves_as_told(
    served: World, local: Local
) -> None:
    """Nobody listens at the address: 16 calls in all, then it gives up, as WeChat Pay does."""
    one = await served.applicant("2024-J-00001", "甲乙", "某小学")
    payment = (await one.start()).payment_id
    local.behave(lose=True)
    await local.pay(payment)

    async def told() -> int:
        trade = local.store.get(payment.hex)
        assert trade is not None
        return trade.notified if trade.next_notify_at is None else -1

    started = time.monotonic()
    while (await told()) < 0 and time.monotonic() - started < 200:
        await asyncio.sleep(0.2)
    assert await told() == 16
    assert time.monotonic() - started >= 8.64 * 0.95  # 24 hours and 4 minutes, ten thousand times as fast
