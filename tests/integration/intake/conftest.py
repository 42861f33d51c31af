"""The house of the intake tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest_asyncio

from kit.db import Database
from kit.temporal import connect
from rules.pack import load
from tests.conftest import TestDatabase
from tests.integration.intake.house import FakeServices, House, RealTimeWorld

ROOT = Path(__file__).parents[3]


@pytest_asyncio.fixture(loop_scope="session")
async def database(migrated_copy: Callable[..., Awaitable[TestDatabase]]) -> TestDatabase:
    return await migrated_copy("gateway")


@pytest_asyncio.fixture(loop_scope="session")
async def house(stack: TestDatabase) -> AsyncIterator[House]:
    """Service and gateway workers run; dispatcher and workflow worker are the test's to start."""
    settings = stack.settings("gateway", db_pool=20, db_overflow=10)
    database = Database(settings)
    client = await connect(settings)
    pack = load(ROOT / "rulepacks/chongqing-2024")
    world = RealTimeWorld(env=cast(Any, None), pack=pack, offset=timedelta())
    house = House(db=database, settings=settings, client=client, world=world, services=FakeServices())
    async with AsyncExitStack() as running:
        for worker in house.service_workers(pack):
            await running.enter_async_context(worker)
        yield house
    await database.close()
