"""The publication service on a fresh, migrated database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio

from tests.conftest import TestDatabase
from tests.integration.publication.world import World, build


@pytest_asyncio.fixture(loop_scope="session")
async def database(migrated_copy: Callable[..., Awaitable[TestDatabase]]) -> TestDatabase:
    return await migrated_copy("services.publication")


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: TestDatabase) -> AsyncIterator[World]:
    made = build(database)
    yield made
    await made.http.aclose()
    await made.db.close()
