"""A fresh schema with all of kit's tables, and helpers to make events and commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4, uuid5

import pytest_asyncio
from sqlalchemy import MetaData

from contracts.commands import CommandName, ServiceCommand, TargetKind
from contracts.events import Event, EventType, Topic
from kit.db import NAMING, Database
from kit.tables import mechanics
from tests.conftest import TestDatabase

SERVICE = "review"


@pytest_asyncio.fixture(loop_scope="session")
async def db(database: TestDatabase) -> AsyncIterator[Database]:
    """Role `review` on a fresh database, its tables made without migrations."""
    opened = Database(database.settings(SERVICE, db_pool=10, db_overflow=20))
    await create_tables(opened)
    yield opened
    await opened.close()


async def create_tables(db: Database) -> None:
    """kit's tables in the role's schema."""
    metadata = MetaData(naming_convention=NAMING)
    mechanics(metadata, "effect", "outbox", "inbox", "due", "task")
    async with db.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)


def event(target: UUID, n: int) -> Event:
    """The n-th event of a target."""
    return Event(
        id=uuid5(target, str(n)),
        type=EventType.round_moved,
        topic=Topic.applications,
        target_id=target,
        occurred_at=datetime(2026, 3, 1, tzinfo=UTC),
        data={"n": n},
    )


def command(target: UUID, n: int) -> ServiceCommand:
    """The n-th command to a target."""
    return ServiceCommand(
        id=uuid5(target, f"command {n}"),
        target_kind=TargetKind.application,
        target_id=target,
        round_id=uuid4(),
        name=CommandName.issue,
        body={"n": n},
    )


@asynccontextmanager
async def running(loop: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[asyncio.Event]:
    """A loop that runs beside the block and is stopped after it; a crash of the loop fails the test."""
    stop = asyncio.Event()
    task = asyncio.create_task(_as_coroutine(loop, stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def _as_coroutine(loop: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
    await loop(stop)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Waits for something that another process or loop brings about."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)
