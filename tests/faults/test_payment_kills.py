"""The payment service is killed at five points between a callback and the workflow: nothing is lost, nothing doubled.

Its API and its relay are real processes; each is stopped exactly where it stands by a lock that the test holds (or by
a gateway that does not answer), and gets SIGKILL there. The provider repeats its callback, as providers do.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, Request, Response

from cli.embedded import environment
from kit.db import migrate
from kit.http import serve
from tests.conftest import TestDatabase
from tests.integration.payment.world import World, payment_settings, world_of
from tests.servers import free_port

POINTS = ("nonce", "application", "order", "gateway_silent", "gateway_took_it")


@dataclass
class Gateway:
    """What the relay posts to: remembers commands by ID; may keep silent before or after it has taken one."""

    taken: list[str] = field(default_factory=list)
    silent: str = ""
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/internal/commands")
        async def take(request: Request) -> Response:
            command = await request.json()
            if self.silent == "before":
                self.reached.set()
                await asyncio.sleep(60)
            self.taken.append(command["id"])
            if self.silent == "after":
                self.reached.set()
                await asyncio.sleep(60)
            return Response(status_code=202)

        return app


@dataclass
class Processes:
    """`python -m services.payment api|relay` of one test."""

    variables: dict[str, str]
    folder: Path
    url: str
    running: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, mode: str) -> asyncio.subprocess.Process:
        log = (self.folder / f"{mode}.log").open("ab")
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.payment", mode, env=self.variables, stdout=log, stderr=log
        )
        self.running.append(child)
        if mode == "api":
            async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False) as client:
                while True:
                    with suppress(httpx.TransportError):
                        if (await client.get(f"{self.url}/health/live")).status_code == 200:
                            return child
                    await asyncio.sleep(0.1)
        return child

    async def kill(self, child: asyncio.subprocess.Process) -> None:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


@pytest_asyncio.fixture(loop_scope="session")
async def gateway() -> AsyncIterator[tuple[Gateway, str]]:
    made, stop = Gateway(), asyncio.Event()
    bound = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(made.app(), stop, on_bound=bound.set_result))
    yield made, await bound
    stop.set()
    with suppress(TimeoutError):
        await asyncio.wait_for(server, 15)


@pytest_asyncio.fixture(loop_scope="session")
async def world(stack: TestDatabase) -> AsyncIterator[World]:
    await migrate(stack.settings("payment"), "services.payment")
    made = world_of(payment_settings(stack.settings("payment")))
    from kit.storage import ObjectStore
    from tests.integration.payment.world import FakeStore

    store = ObjectStore(stack.settings("payment"))
    await store.ensure_buckets()
    pack = await store.put_content(FakeStore().content["sha256/" + "0" * 64], "application/json")
    made.store.content[pack] = made.store.content["sha256/" + "0" * 64]
    made.pack_key = pack
    yield made
    await store.close()
    await made.db.close()


@asynccontextmanager
async def processes(world: World, gateway_url: str, folder: Path) -> AsyncIterator[Processes]:
    settings, port = world.parts.settings, free_port()
    values: dict[str, Any] = settings.model_dump(mode="python")
    values |= {"gateway_url": gateway_url, "api_host": "127.0.0.1", "api_port": port, "socket_dir": ""}
    plain = {name: _plain(value) for name, value in values.items() if name not in ("banks", "service_urls")}
    variables = environment.clean() | environment.as_variables(
        {name: value for name, value in plain.items() if value is not None and value != ""}
    )
    made = Processes(variables | {"PYTHONPATH": os.getcwd()}, folder, f"http://127.0.0.1:{port}")
    yield made
    for child in made.running:
        await made.kill(child)


def _plain(value: Any) -> Any:
    if hasattr(value, "get_secret_value"):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return str(value) if isinstance(value, Path) else value


async def holding(dsn: str, point: str, world: World, nonce: str) -> tuple[asyncpg.Connection, Any]:
    """Takes the lock at which the service will wait."""
    connection = await asyncpg.connect(dsn)
    held = connection.transaction()
    await held.start()
    if point == "nonce":
        await connection.execute("insert into payment.callback (nonce) values ($1)", f"wechat/{nonce}")
    elif point == "application":
        key = f"payment:{world.application}"
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", key)
    else:
        await connection.execute(
            "select 1 from payment.orders where application_id = $1 for update", world.application
        )
    return connection, held


async def waits(dsn: str) -> None:
    """Until somebody waits for a lock."""
    connection = await asyncpg.connect(dsn)
    async with asyncio.timeout(30):
        while not await connection.fetchval(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = 'payment'"
            " and datname = current_database()"
        ):
            await asyncio.sleep(0.05)
    await connection.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.clause("F6")
@pytest.mark.parametrize("point", POINTS)
async def test_killed_between_callback_and_workflow(
    world: World, stack: TestDatabase, gateway: tuple[Gateway, str], tmp_path: Path, point: str
) -> None:
    heard, url = gateway
    world = await world.applicant(f"2024-J-0000{POINTS.index(point)}", "钟甲一", "某小学")
    payment = await begun(world)
    async with processes(world, url, tmp_path) as made:
        api = await made.start("api")
        headers, body = world.wechat(payment)
        if point in ("nonce", "application", "order"):
            connection, held = await holding(stack.admin_dsn, point, world, headers["wechatpay-nonce"])
            telling = asyncio.create_task(tell(made.url, headers, body))
            await waits(stack.admin_dsn)
            await made.kill(api)
            assert await telling is None
            await held.rollback()
            await connection.close()
            assert await world.receipts() == 0
            await made.start("api")
            relay = await made.start("relay")
        else:
            assert await tell(made.url, headers, body) == 200
            heard.silent = "before" if point == "gateway_silent" else "after"
            relay = await made.start("relay")
            await asyncio.wait_for(heard.reached.wait(), 60)
            await made.kill(relay)
            heard.silent = ""
            relay = await made.start("relay")
        for _ in range(3):  # the provider repeats, each time with a signature of its own
            assert await tell(made.url, *world.wechat(payment)) == 200
        await until(lambda: done(world))
        await made.kill(relay)
    (command,) = await world.commands()
    assert set(heard.taken) == {command["id"]}
    assert await world.receipts() == 1
    assert await world.totals() == {"received": -10000, "allocated": 10000, "suspense": 0, "refunded": 0}


async def begun(world: World) -> Any:
    """A payment as `start_payment` leaves it; nobody needs the provider's page here."""
    import uuid_utils.compat as uuids

    from services.payment.models import PaymentRow
    from services.payment.repository import orders

    async with world.db.unit_of_work() as session:
        order = await orders.current_order(session, world.application)
        assert order is not None
        row = PaymentRow(
            id=uuids.uuid7(),
            order_id=order.id,
            method="online",
            amount_fen=10000,
            state="started",
            provider="wechat",
        )
        session.add(row)
    return row.id


async def tell(url: str, headers: dict[str, str], body: bytes) -> int | None:
    """The provider's call; None when nobody answered."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        try:
            path = "/payments/callback/wechat"
            return (await client.post(f"{url}{path}", content=body, headers=headers)).status_code
        except httpx.TransportError:
            return None


async def done(world: World) -> bool:
    """Whether the relay has sent all commands."""
    from sqlalchemy import func, select

    from kit.tables import outbox

    async with world.db.read() as session:
        query = (
            select(func.count())
            .select_from(outbox)
            .where(outbox.c.kind == "command", outbox.c.sent_at.is_(None))
        )
        return (await session.execute(query)).scalar_one() == 0


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.1)
