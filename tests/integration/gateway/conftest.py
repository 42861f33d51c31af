"""The gateway on a fresh, migrated database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from kit.db import migrate
from tests.conftest import TestDatabase
from tests.integration.gateway.world import World, running, settings_from


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: TestDatabase) -> AsyncIterator[World]:
    settings = settings_from(database.settings("gateway"))
    await migrate(settings, "gateway")
    async with running(settings) as opened:
        yield opened
