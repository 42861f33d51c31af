"""The scoring service on a fresh, migrated database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from kit.db import check, migrate
from tests.conftest import TestDatabase
from tests.integration.scoring.world import World, build


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: TestDatabase) -> AsyncIterator[World]:
    settings = database.settings("scoring")
    await migrate(settings, "services.scoring")
    await check(settings, "services.scoring")
    made = build(database)
    yield made
    await made.http.aclose()
    await made.db.close()
