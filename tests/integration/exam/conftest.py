"""The exam service on a fresh, migrated database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from kit.db import check, migrate
from tests.conftest import TestDatabase
from tests.integration.exam.world import World, build


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: TestDatabase) -> AsyncIterator[World]:
    settings = database.settings("exam")
    await migrate(settings, "services.exam")
    await check(settings, "services.exam")
    made = build(database, pool=12)
    yield made
    await made.end()
