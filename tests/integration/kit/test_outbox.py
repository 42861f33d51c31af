"""The relay: order per target, nothing lost, nobody held up by somebody else's trouble."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
import uvicorn
from aiokafka import AIOKafkaConsumer
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from contracts.events import Topic
from kit.db import Database
from kit.outbox import Relay, add_command, add_commands, add_event, add_events, depth
from kit.settings import Settings
from kit.tables import outbox
from kit.tokens import verify_service
from tests.conftest import TestDatabase
from tests.integration.kit.conftest import SERVICE, command, create_tables, event, running, until
from tests.servers import Process, Servers, free_port

Answer = Callable[[dict[str, Any]], int]
NOWHERE = "127.0.0.1:1"


class Gateway:
    """Takes commands, answers what a test wants (0 = 202, 1 = hang until it is 0, otherwise that status)."""

    def __init__(self, settings: Settings) -> None:
        self.got: list[tuple[UUID, int]] = []
        self.answer: Answer = lambda _body: 202
        self.app = FastAPI()
        self.url = f"http://127.0.0.1:{free_port()}"

        @self.app.post("/internal/commands")
        async def take(request: Request) -> Response:
            token = request.headers["authorization"].removeprefix("Bearer ")
            assert verify_service(settings, token) == SERVICE
            body = await request.json()
            status = self.answer(body)
            if status == 202:
                self.got.append((UUID(body["target_id"]), body["body"]["n"]))
            if status < 400 or status >= 500 or status == 404:
                return Response(status_code=status)
            problem = {"code": "window_closed", "detail": "张三不能"}
            return JSONResponse(problem, status, media_type="application/problem+json")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        port = int(self.url.rpartition(":")[2])
        server = uvicorn.Server(uvicorn.Config(self.app, "127.0.0.1", port, log_config=None, lifespan="off"))
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield
        finally:
            server.should_exit = True
            await task

    def of(self, target: UUID) -> list[int]:
        return [n for other, n in self.got if other == target]


@pytest_asyncio.fixture(loop_scope="session")
async def gateway(database: TestDatabase) -> Gateway:
    return Gateway(database.settings("gateway"))


def relay(db: Database, **changes: Any) -> Relay:
    return Relay(db, db.settings.model_copy(update=changes), SERVICE)


async def unsent(db: Database) -> dict[str, int]:
    async with db.read() as session:
        return await depth(session)


def all_sent(db: Database, kind: str) -> Callable[[], Any]:
    async def check() -> bool:
        return (await unsent(db))[kind] == 0

    return check


async def read_topic(bootstrap: str, topic: str, count: int) -> dict[str, list[int]]:
    """The first `count` events of a topic, by key, in order."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    found: dict[str, list[int]] = defaultdict(list)
    try:
        async with asyncio.timeout(15):
            for _ in range(count):
                record = await consumer.getone()
                found[record.key.decode()].append(json.loads(record.value)["data"]["n"])
    finally:
        await consumer.stop()
    return dict(found)


async def read_quiet(bootstrap: str, topic: str) -> dict[str, list[int]]:
    """Everything in a topic, by key, in order, until nothing comes for a second."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    found: dict[str, list[int]] = defaultdict(list)
    try:
        while batches := await consumer.getmany(timeout_ms=1000):
            for records in batches.values():
                for record in records:
                    found[record.key.decode()].append(json.loads(record.value)["data"]["n"])
    finally:
        await consumer.stop()
    return dict(found)


@pytest_asyncio.fixture(loop_scope="session")
async def broker(servers: Servers) -> AsyncIterator[tuple[Process, str]]:
    process, address = await servers.new_broker()
    yield process, address
    await process.kill()


async def test_a_rolled_back_use_case_sends_nothing(db: Database) -> None:
    with pytest.raises(KeyError):  # noqa: PT012 - the unit of work is what fails
        async with db.unit_of_work() as session:
            await add_event(session, event(uuid4(), 1))
            await add_command(session, command(uuid4(), 1))
            raise KeyError
    assert await unsent(db) == {"event": 0, "command": 0}


async def test_an_event_id_used_twice_is_a_mistake_but_a_command_repeated_is_the_same(db: Database) -> None:
    target = uuid4()
    async with db.unit_of_work() as session:
        await add_commands(session, [command(target, 1), command(target, 1), command(target, 2)])
        await add_event(session, event(target, 1))
    async with db.unit_of_work() as session:
        await add_command(session, command(target, 2))
    assert await unsent(db) == {"event": 1, "command": 2}
    with pytest.raises(IntegrityError):
        async with db.unit_of_work() as session:
            await add_event(session, event(target, 1))


async def test_events_arrive_in_order_per_target_and_across_a_restart_of_the_relay(
    db: Database, broker: tuple[Process, str]
) -> None:
    targets = [uuid4() for _ in range(7)]
    one = relay(db, kafka_bootstrap=broker[1], gateway_url=f"http://{NOWHERE}")

    async def write(first: int) -> None:
        for n in range(first, first + 40):
            async with db.unit_of_work() as session:
                await add_events(session, [event(target, n) for target in targets])

    async with running(one.run):
        await write(0)  # the relay stops somewhere in the middle of these
    await write(40)
    async with running(relay(db, kafka_bootstrap=broker[1], gateway_url=f"http://{NOWHERE}").run):
        await until(all_sent(db, "event"))
    found = await read_topic(broker[1], Topic.applications, 7 * 80)
    assert found == {str(target): list(range(80)) for target in targets}


async def test_a_commit_wakes_the_relay_in_this_process_and_in_another(
    db: Database, database: TestDatabase, gateway: Gateway
) -> None:
    elsewhere = Database(database.settings(SERVICE))  # as an API process of its own
    clock = asyncio.get_running_loop().time
    times = []
    async with gateway.serving(), running(relay(db, kafka_bootstrap=NOWHERE, gateway_url=gateway.url).run):
        for n, origin in enumerate([db, elsewhere, db, elsewhere]):
            await asyncio.sleep(0.3)  # the relay sleeps
            started = clock()
            async with origin.unit_of_work() as session:
                await add_command(session, command(uuid4(), n))

            async def arrived(n: int = n) -> bool:
                return len(gateway.got) == n + 1

            await until(arrived)
            times.append(clock() - started)
    await elsewhere.close()
    assert sorted(times)[1] < 0.5  # the poll alone would need its second


async def test_only_one_of_two_relays_sends_and_the_other_takes_over(db: Database, gateway: Gateway) -> None:
    targets = [uuid4() for _ in range(50)]
    first, second = (relay(db, kafka_bootstrap=NOWHERE, gateway_url=gateway.url) for _ in range(2))
    async with gateway.serving():
        async with running(second.run):
            async with running(first.run):
                for n in range(4):
                    async with db.unit_of_work() as session:
                        await add_commands(session, [command(target, n) for target in targets])
                await until(all_sent(db, "command"))
            async with db.unit_of_work() as session:
                await add_commands(session, [command(target, 4) for target in targets])
            await until(all_sent(db, "command"))
    assert {target: gateway.of(target) for target in targets} == {
        target: [0, 1, 2, 3, 4] for target in targets
    }


async def test_a_failing_target_waits_alone_and_keeps_its_order(db: Database, gateway: Gateway) -> None:
    bad, good = uuid4(), [uuid4() for _ in range(20)]
    broken = True
    gateway.answer = lambda body: 503 if broken and body["target_id"] == str(bad) else 202
    async with db.unit_of_work() as session:
        await add_commands(
            session, [command(bad, n) for n in range(510)]
        )  # more than a batch, all before the others
        await add_commands(session, [command(target, n) for n in range(3) for target in good])
    async with gateway.serving(), running(relay(db, kafka_bootstrap=NOWHERE, gateway_url=gateway.url).run):

        async def good_arrived() -> bool:
            return all(gateway.of(target) == [0, 1, 2] for target in good)

        await until(good_arrived)
        assert gateway.of(bad) == []
        async with db.read() as session:
            row = (
                await session.execute(
                    select(outbox).where(outbox.c.target_id == bad).order_by(outbox.c.position).limit(1)
                )
            ).one()
        assert (row.sent_at, row.last_error) == (None, "HTTP 503")
        assert row.attempts >= 1
        broken = False
        await until(all_sent(db, "command"))
    assert gateway.of(bad) == list(range(510))


async def test_a_refusal_for_good_is_kept_and_lets_the_next_pass(db: Database, gateway: Gateway) -> None:
    target = uuid4()
    gateway.answer = lambda body: 409 if body["body"]["n"] == 0 else 202
    async with db.unit_of_work() as session:
        await add_commands(session, [command(target, 0), command(target, 1)])
    async with gateway.serving(), running(relay(db, kafka_bootstrap=NOWHERE, gateway_url=gateway.url).run):
        await until(all_sent(db, "command"))
    async with db.read() as session:
        rows = (
            await session.execute(select(outbox.c.last_error, outbox.c.attempts).order_by(outbox.c.position))
        ).all()
    assert rows == [("HTTP 409 window_closed", 1), (None, 0)]
    assert gateway.of(target) == [1]


@pytest.mark.parametrize("status", [401, 404, 429, 500])
async def test_what_is_our_own_trouble_loses_no_command(db: Database, gateway: Gateway, status: int) -> None:
    """401: a wrong key; 404 without a problem document: a proxy or an older release answered."""
    target, tries = uuid4(), []

    def answer(body: dict[str, Any]) -> int:
        tries.append(body["id"])
        return status if len(tries) == 1 else 202

    gateway.answer = answer
    async with db.unit_of_work() as session:
        await add_command(session, command(target, 0))
    async with gateway.serving(), running(relay(db, kafka_bootstrap=NOWHERE, gateway_url=gateway.url).run):
        await until(all_sent(db, "command"))
    assert gateway.of(target) == [0]
    assert len(set(tries)) == 1


async def test_kafka_down_does_not_hold_up_commands_nor_the_gateway_events(
    db: Database, gateway: Gateway, broker: tuple[Process, str]
) -> None:
    target = uuid4()
    async with db.unit_of_work() as session:
        await add_event(session, event(target, 0))
        await add_command(session, command(target, 0))
    async with gateway.serving(), running(relay(db, kafka_bootstrap=NOWHERE, gateway_url=gateway.url).run):
        await until(all_sent(db, "command"))
    assert await unsent(db) == {"event": 1, "command": 0}
    async with db.unit_of_work() as session:
        await add_command(session, command(target, 1))
    async with running(relay(db, kafka_bootstrap=broker[1], gateway_url=f"http://{NOWHERE}").run):
        await until(all_sent(db, "event"))
        assert await unsent(db) == {"event": 0, "command": 1}
    async with gateway.serving(), running(relay(db, kafka_bootstrap=broker[1], gateway_url=gateway.url).run):
        await until(all_sent(db, "command"))
    assert gateway.of(target) == [0, 1]


async def test_a_gateway_that_comes_back_gets_everything_in_order(db: Database, gateway: Gateway) -> None:
    targets = [uuid4() for _ in range(10)]
    async with running(relay(db, kafka_bootstrap=NOWHERE, gateway_url=gateway.url).run):
        for n in range(3):
            async with db.unit_of_work() as session:
                await add_commands(session, [command(target, n) for target in targets])
        await asyncio.sleep(0.5)
        assert await unsent(db) == {"event": 0, "command": 30}
        async with gateway.serving():
            await until(all_sent(db, "command"))
    assert {target: gateway.of(target) for target in targets} == {target: [0, 1, 2] for target in targets}


@pytest.mark.timeout(180)
async def test_a_broker_that_forgot_gets_all_events_again_in_order(
    db: Database, database: TestDatabase, broker: tuple[Process, str]
) -> None:
    """Another service fills the topic again first: an end offset alone would not give the loss away."""
    process, address = broker
    targets = [uuid4() for _ in range(5)]
    strangers = [uuid4() for _ in range(30)]
    other = Database(database.settings("exam"))
    await create_tables(other)
    async with db.unit_of_work() as session:
        await add_events(session, [event(target, n) for n in range(20) for target in targets])
    async with running(relay(db, kafka_bootstrap=address, gateway_url=f"http://{NOWHERE}").run):
        await until(all_sent(db, "event"))

    await process.kill()
    await process.start()
    async with other.unit_of_work() as session:
        await add_events(session, [event(stranger, n) for n in range(20) for stranger in strangers])
    theirs = Relay(other, other.settings.model_copy(update={"kafka_bootstrap": address}), "exam")
    async with running(theirs.run):
        await until(all_sent(other, "event"))
    await other.close()

    async with running(relay(db, kafka_bootstrap=address, gateway_url=f"http://{NOWHERE}").run):

        async def republished() -> bool:
            found = await read_topic(address, Topic.applications, 600 + 100)
            return set(found) >= {str(target) for target in targets}

        await until(republished, 40)
    found = await read_topic(address, Topic.applications, 700)
    assert {key: found[key] for key in map(str, targets)} == {
        str(target): list(range(20)) for target in targets
    }
    assert await unsent(db) == {"event": 0, "command": 0}


@pytest.mark.timeout(180)
async def test_a_broker_restarted_under_a_running_relay_loses_no_event(
    db: Database, broker: tuple[Process, str]
) -> None:
    process, address = broker
    target = uuid4()

    async def write(numbers: range) -> None:
        for n in numbers:
            async with db.unit_of_work() as session:
                await add_event(session, event(target, n))

    async with running(relay(db, kafka_bootstrap=address, gateway_url=f"http://{NOWHERE}").run):
        await write(range(30))
        await until(all_sent(db, "event"))
        await process.kill()
        await write(range(30, 60))
        await process.start()
        await write(range(60, 90))

        async def complete() -> bool:
            # what the new broker took before the relay noticed comes first, then everything in order
            found = (await read_quiet(address, Topic.applications)).get(str(target), [])
            return found[-90:] == list(range(90))

        await until(complete, 60)


async def test_the_relay_survives_the_loss_of_its_database_connection(
    db: Database, database: TestDatabase, gateway: Gateway
) -> None:
    target = uuid4()
    kill = text(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity "
        "where usename = current_user and application_name like '%-relay' and datname = current_database()"
    )
    async with gateway.serving(), running(relay(db, kafka_bootstrap=NOWHERE, gateway_url=gateway.url).run):
        for n in range(3):
            async with db.unit_of_work() as session:
                await add_command(session, command(target, n))
            await until(all_sent(db, "command"))
            async with db.unit_of_work() as session:
                assert (await session.execute(kill)).scalar_one() == 1
    assert gateway.of(target) == [0, 1, 2]
