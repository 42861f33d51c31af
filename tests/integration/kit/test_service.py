"""A whole service process on real servers: migrate, start, work, and end at a signal."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import sys
import tempfile
import textwrap
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio

from kit import temporal
from tests.conftest import TestDatabase
from tests.integration.kit.conftest import until
from tests.servers import Servers, free_port

ROOT = Path(__file__).parents[3]

CODE = {
    "review/__init__.py": "",
    "review/migrations/versions/0001_first.py": """
        import sqlalchemy as sa
        from alembic import op
        from kit.tables import mechanics

        revision, down_revision, branch_labels, depends_on = "0001", None, None, None

        def upgrade():
            metadata = sa.MetaData()
            mechanics(metadata, "effect", "outbox", "inbox", "due", "task")
            metadata.create_all(op.get_bind())
            op.create_table("seen", sa.Column("key", sa.Text))
        """,
    "review/__main__.py": """
        import asyncio
        from sqlalchemy import text
        from temporalio import activity, workflow
        from kit.due import schedule
        from kit.db import now
        from kit.http import create_app
        from kit.service import Context, Service, main
        from kit.settings import Settings

        @activity.defn(name="review.echo")
        async def echo(words: str) -> str:
            return words.upper()

        @activity.defn(name="review.remind")
        async def remind(key: str) -> None:
            ...

        def make_app(context):
            app = create_app("review", context.settings, db=context.db)

            @app.post("/later/{key}")
            async def later(key: str) -> None:
                async with context.db.unit_of_work() as session:
                    await schedule(session, "remember", key, await now(session))

            @app.get("/seen")
            async def seen() -> list[str]:
                async with context.db.read() as session:
                    return list((await session.execute(text("select key from seen order by key"))).scalars())

            @app.get("/slow")
            async def slow() -> str:
                await asyncio.sleep(1)
                return "whole"

            return app

        def due(context):
            async def remember(session, row):
                await session.execute(text("insert into seen values (:key)"), {"key": row.key})
            return {"remember": remember}

        def more(context):
            async def maybe_crash(stop):
                import os
                if os.environ.get("CRASH"):
                    await asyncio.sleep(0.2)
                    raise LookupError("person 13912345678")
                await stop.wait()
            return {"more": maybe_crash}

        main(Service(name="review", package="review", settings=Settings, make_app=make_app,
                     make_activities=lambda context: [echo, remind], due_handlers=due, more_loops=more))
        """,
}


@dataclass
class Running:
    """A process of the service, its socket and its log."""

    child: asyncio.subprocess.Process
    socket: Path
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url="http://review", transport=httpx.AsyncHTTPTransport(uds=str(self.socket))
        )

    async def ready(self) -> None:
        async with asyncio.timeout(30), self.client() as client:
            while True:
                assert self.child.returncode is None, self.log.read_text(encoding="utf-8")
                try:
                    if (await client.get("/health/ready")).json()["status"] == "ready":
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    async def end(self, number: int = signal.SIGTERM) -> int:
        if self.child.returncode is None:
            self.child.send_signal(number)
        return await asyncio.wait_for(self.child.wait(), 20)


Start = Callable[..., Awaitable[Running]]


@pytest_asyncio.fixture(loop_scope="session")
async def start(database: TestDatabase, servers: Servers) -> AsyncIterator[Start]:
    """Starts `python -m review <words>` with the environment that a supervisor gives it."""
    base = database.settings("review")
    made: list[Running] = []
    with tempfile.TemporaryDirectory(prefix="fd") as name:
        folder = Path(name)
        for path, code in CODE.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(textwrap.dedent(code), encoding="utf-8")
        env = {
            "PYTHONPATH": f"{folder}:{ROOT}",
            "FUDAO_SERVICE": "review",
            "FUDAO_DB_HOST": base.db_host,
            "FUDAO_DB_PORT": str(base.db_port),
            "FUDAO_DB_NAME": base.db_name,
            "FUDAO_DB_PASSWORD": base.db_password.get_secret_value(),
            "FUDAO_TEMPORAL_ADDRESS": await servers.temporal(),
            "FUDAO_KAFKA_BOOTSTRAP": await servers.kafka(),
            "FUDAO_CODEC_KEY_ID": base.codec_key_id,
            "FUDAO_CODEC_KEYS": json.dumps({k: v.get_secret_value() for k, v in base.codec_keys.items()}),
            "FUDAO_SERVICE_KEY": base64.b64encode(bytes(32)).decode(),
            "FUDAO_SOCKET_DIR": str(folder),
        }

        async def begin(*words: str, **changes: str) -> Running:
            log = folder / f"log{len(made)}"
            with log.open("wb") as file:
                command = [sys.executable, "-m", "review", *words]
                inherited = {k: v for k, v in os.environ.items() if not k.startswith("FUDAO_")}
                child = await asyncio.create_subprocess_exec(
                    *command, env={**inherited, **env, **changes}, stderr=file, stdout=file
                )
            made.append(Running(child, folder / "review.sock", log))
            return made[-1]

        yield begin
        for one in made:
            await one.end(signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_all_in_one_process(
    start: Start, database: TestDatabase, servers: Servers, number: signal.Signals
) -> None:
    running = await start("all", "--migrate")
    await running.ready()
    async with running.client() as client:
        checks = (await client.get("/health/ready")).json()["checks"]
        assert checks == dict.fromkeys(("postgresql", "worker", "relay", "due", "more"), "ok")

        await client.post("/later/k1")

        async def remembered() -> bool:
            return bool((await client.get("/seen")).json() == ["k1"])

        await until(remembered)
        assert await _echo(database, await servers.temporal()) == "WORDS"

        slow = asyncio.create_task(client.get("/slow"))
        await asyncio.sleep(0.2)
        started = time.monotonic()
        assert await running.end(number) == 0
        assert time.monotonic() - started < 5
        assert (await slow).json() == "whole"
    said = [line for line in running.lines() if line["logger"] == "kit.loops"]
    assert [(line["event"], line.get("signal")) for line in said] == [
        ("stopping", number.name),
        ("stopped", None),
    ]
    assert said[-1]["loops"] == ["api", "worker", "relay", "due", "more"]
    assert not running.socket.exists()


async def test_a_crash_of_one_loop_ends_the_process_with_the_reason(start: Start) -> None:
    running = await start("all", "--migrate", CRASH="1")
    assert await asyncio.wait_for(running.child.wait(), 20) == 1
    (failed,) = [line for line in running.lines() if line["event"] == "loop_failed"]
    assert (failed["loop"], failed["level"]) == ("more", "error")
    assert failed["exception"].endswith("LookupError: person <phone>")


async def test_it_waits_for_servers_that_are_not_there_and_still_stops(start: Start) -> None:
    running = await start("all", FUDAO_DB_PORT=str(free_port()))

    async def waits() -> bool:
        assert running.child.returncode is None
        return any(line["event"] == "waiting_for" for line in running.lines())

    await until(waits)
    assert {line["part"] for line in running.lines() if line["event"] == "waiting_for"} == {"postgresql"}
    assert await running.end() == 0


async def test_without_temporal_the_api_works_and_is_not_ready(start: Start) -> None:
    running = await start("all", "--migrate", FUDAO_TEMPORAL_ADDRESS=f"127.0.0.1:{free_port()}")

    async def only_the_worker_waits() -> bool:
        with contextlib.suppress(httpx.TransportError):
            answer = await client.get("/health/ready")
            checks = answer.json()["checks"]
            waiting = {name for name, result in checks.items() if result != "ok"}
            return answer.status_code == 503 and waiting == {"worker"} and checks["worker"] == "waiting"
        return False

    async with running.client() as client:
        await until(only_the_worker_waits)
        assert (await client.get("/seen")).json() == []
    assert await running.end() == 0


async def test_parts_run_apart(start: Start, database: TestDatabase) -> None:
    assert await (await start("migrate")).child.wait() == 0
    connection = await asyncpg.connect(database.admin_dsn)
    try:
        assert await connection.fetchval("select to_regclass('review.seen') is not null") is True
    finally:
        await connection.close()
    running = await start("api", "--migrate")  # migrating again is nothing
    await running.ready()
    async with running.client() as client:
        assert set((await client.get("/health/ready")).json()["checks"]) == {"postgresql"}
    assert await running.end() == 0


async def _echo(database: TestDatabase, address: str) -> str:
    """Asks the service's worker for its activity through Temporal, without a workflow of ours around it."""
    client = await temporal.connect(database.settings("review", temporal_address=address))
    answer: str = await client.execute_activity(
        "review.echo",
        "words",
        id=f"echo-{uuid4()}",
        task_queue="review",
        start_to_close_timeout=timedelta(seconds=10),
        result_type=str,
    )
    return answer
