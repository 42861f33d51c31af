"""The exam service on a fresh, migrated database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio

from tests.conftest import TestDatabase
from tests.integration.exam.world import World, build


@pytest_asyncio.fixture(loop_scope="session")
async def database(migrated_copy: Callable[..., Awaitable[TestDatabase]]) -> TestDatabase:
    return await migrated_copy("services.exam")


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: TestDatabase) -> AsyncIterator[World]:
    made = build(database, pool=12)
    yield made
    await made.end()
