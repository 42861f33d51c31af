"""Consumers: each event's effect once, whatever is repeated, unreadable, broken or restarted."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.events import PARTITIONS, Event, Topic
from kit import kafka
from kit.db import Database
from kit.settings import Settings
from tests.integration.kit.conftest import event, running, until
from tests.servers import Process, Servers

SECRET = "孙悟空"


@pytest_asyncio.fixture(loop_scope="session")
async def broker(servers: Servers) -> AsyncIterator[tuple[Process, str]]:
    process, address = await servers.new_broker()
    yield process, address
    await process.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def settings(db: Database, broker: tuple[Process, str]) -> Settings:
    return db.settings.model_copy(update={"kafka_bootstrap": broker[1]})


async def send(settings: Settings, *values: bytes | Event, topic: str = Topic.applications) -> None:
    producer = await kafka.make_producer(settings)
    for value in values:
        raw = value.model_dump_json().encode() if isinstance(value, Event) else value
        key = str(value.target_id).encode() if isinstance(value, Event) else b"k"
        await producer.send_and_wait(topic, raw, key=key)
    await producer.stop()


class Ledger:
    """A handler that writes a row an event; `trouble` may raise first."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.tries: Counter[UUID] = Counter()
        self.trouble: Callable[[Event], None] = lambda _event: None

    async def __call__(self, one: Event, session: AsyncSession) -> None:
        self.tries[one.id] += 1
        statement = text("insert into effect (key, result) values (:key, :n)")
        await session.execute(
            statement, {"key": uuid4().hex, "n": json.dumps([str(one.target_id), one.data["n"]])}
        )
        self.trouble(one)

    async def rows(self) -> dict[str, list[int]]:
        async with self.db.read() as session:
            query = text("select result from effect order by created_at")
            found: dict[str, list[int]] = {}
            for target, n in (await session.execute(query)).scalars():
                found.setdefault(target, []).append(n)
        return found

    def has(self, expected: dict[UUID, list[int]]) -> Callable[[], Awaitable[bool]]:
        async def check() -> bool:
            return await self.rows() == {str(target): numbers for target, numbers in expected.items()}

        return check


def consumer(settings: Settings, ledger: Ledger, group: str = "readers") -> Callable[[asyncio.Event], Any]:
    return lambda stop: kafka.consume(settings, group, [Topic.applications], ledger, ledger.db, stop)


async def dead(settings: Settings, count: int) -> list[tuple[bytes, dict[str, str]]]:
    reader = AIOKafkaConsumer(
        Topic.dead, bootstrap_servers=settings.kafka_bootstrap, auto_offset_reset="earliest", group_id=None
    )
    await reader.start()
    try:
        async with asyncio.timeout(10):
            records = [await reader.getone() for _ in range(count)]
    finally:
        await reader.stop()
    return [(one.value, {name: value.decode() for name, value in one.headers}) for one in records]


async def committed(settings: Settings, group: str) -> int:
    """How many messages of our topic a group has done with."""
    reader = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, group_id=group)
    await reader.start()
    try:
        places = [TopicPartition(Topic.applications, n) for n in range(PARTITIONS)]
        return sum([await reader.committed(place) or 0 for place in places])
    finally:
        await reader.stop()


async def test_topics_are_made_once_with_four_partitions(settings: Settings) -> None:
    await kafka.ensure_topics(settings)
    await kafka.ensure_topics(settings)
    producer = await kafka.make_producer(settings)
    assert {topic: len(await producer.partitions_for(topic)) for topic in Topic} == dict.fromkeys(
        Topic, PARTITIONS
    )
    await producer.stop()


async def test_repeats_have_one_effect_and_order_is_kept(db: Database, settings: Settings) -> None:
    await kafka.ensure_topics(settings)
    targets = [uuid4() for _ in range(5)]
    events = [event(target, n) for n in range(20) for target in targets]
    ledger = Ledger(db)
    async with running(consumer(settings, ledger)):
        await send(settings, *events, *events[30:60])
        expected = {target: list(range(20)) for target in targets}
        await until(ledger.has(expected))
        await asyncio.sleep(0.5)
    assert await ledger.has(expected)()


async def test_a_second_member_goes_on_where_the_first_stopped(db: Database, settings: Settings) -> None:
    await kafka.ensure_topics(settings)
    target, ledger = uuid4(), Ledger(db)
    await send(settings, *(event(target, n) for n in range(10)))
    async with running(consumer(settings, ledger)):
        await until(ledger.has({target: list(range(10))}))
    await send(settings, *(event(target, n) for n in range(10, 20)))
    async with running(consumer(settings, ledger)):
        await until(ledger.has({target: list(range(20))}))
    assert await committed(settings, "readers") == 20


async def test_unreadable_messages_are_buried_and_the_partition_moves_on(
    db: Database, settings: Settings
) -> None:
    await kafka.ensure_topics(settings)
    good, ledger = event(uuid4(), 1), Ledger(db)
    wrong_type = json.dumps(
        {**good.model_dump(mode="json"), "type": "Unknown", "data": {"x": SECRET}}
    ).encode()
    bad = [b"not json", b"", b"\xff\xfe", b"[]", wrong_type, b"x" * 1_000_000]
    await send(settings, *bad, good)
    async with running(consumer(settings, ledger)):
        await until(ledger.has({good.target_id: [1]}))
        buried = await dead(settings, len(bad))
    assert sorted(value for value, _ in buried) == sorted(bad)
    assert {headers["group"] for _, headers in buried} == {"readers"}
    reasons = {value: headers["reason"] for value, headers in buried}
    assert reasons[wrong_type] == "unreadable: enum at type"
    assert {reason.partition(" at")[0] for value, reason in reasons.items() if value != wrong_type} == {
        "unreadable: json_invalid",
        "unreadable: model_type",
    }
    assert all(headers["origin"].startswith("fudao.applications/") for _, headers in buried)


@pytest.mark.timeout(60)
async def test_a_handler_that_always_fails_buries_its_event_after_five_tries(
    db: Database, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await kafka.ensure_topics(settings)
    target, ledger = uuid4(), Ledger(db)
    events = [event(target, n) for n in range(3)]

    def trouble(one: Event) -> None:
        if one.data["n"] == 1:
            raise KeyError(SECRET)

    ledger.trouble = trouble
    await send(settings, *events)
    async with running(consumer(settings, ledger)):
        await until(ledger.has({target: [0, 2]}))
        buried = await dead(settings, 1)
    assert [(json.loads(value)["id"], headers["reason"]) for value, headers in buried] == [
        (str(events[1].id), "handler: KeyError")
    ]
    assert ledger.tries == {events[0].id: 1, events[1].id: 5, events[2].id: 1}
    logged = capsys.readouterr()
    assert "event_handler_failed" in logged.out + logged.err
    assert SECRET not in logged.out + logged.err


@pytest.mark.timeout(60)
async def test_a_database_that_is_away_buries_nothing(db: Database, settings: Settings) -> None:
    await kafka.ensure_topics(settings)
    target, ledger, failures = uuid4(), Ledger(db), 0

    def trouble(_event: Event) -> None:
        nonlocal failures
        if failures < 7:  # more often than a handler may fail
            failures += 1
            raise ConnectionRefusedError

    ledger.trouble = trouble
    await send(settings, event(target, 0))
    async with running(consumer(settings, ledger)):
        await until(ledger.has({target: [0]}), 40)
    assert failures == 7


@pytest.mark.timeout(120)
async def test_a_restarted_broker_is_read_again_from_the_start(
    db: Database, settings: Settings, broker: tuple[Process, str]
) -> None:
    await kafka.ensure_topics(settings)
    target, ledger = uuid4(), Ledger(db)
    old, new = [event(target, n) for n in range(20)], [event(target, n) for n in range(20, 25)]
    async with running(consumer(settings, ledger)):
        await send(settings, *old)
        await until(ledger.has({target: list(range(20))}))
        await broker[0].kill()
        await broker[0].start()
        await kafka.ensure_topics(settings)
        await send(settings, *old[:3], *new)  # fewer than before: all of it lies behind the old position
        await until(ledger.has({target: list(range(25))}), 60)


async def test_two_groups_both_get_everything(db: Database, settings: Settings) -> None:
    await kafka.ensure_topics(settings)
    target, ledger = uuid4(), Ledger(db)
    seen: list[int] = []

    async def other(one: Event, _session: AsyncSession) -> None:
        seen.append(one.data["n"])

    await send(settings, *(event(target, n) for n in range(5)))
    async with running(consumer(settings, ledger)):
        await until(ledger.has({target: list(range(5))}))
    async with db.unit_of_work() as session:
        await session.execute(text("truncate inbox"))  # another service has an inbox of its own
    async with running(lambda stop: kafka.consume(settings, "others", [Topic.applications], other, db, stop)):

        async def all_seen() -> bool:
            return seen == list(range(5))

        await until(all_seen)
