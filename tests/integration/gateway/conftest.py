"""The gateway on one migrated database, emptied before each test."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest_asyncio

from kit.db import ROLES, bootstrap, migrate
from tests.conftest import PASSWORD, TestDatabase, _settings
from tests.integration.gateway.world import World, running, settings_from
from tests.servers import Servers, dsn_of


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated(servers: Servers) -> AsyncIterator[TestDatabase]:
    """Made once: migrations take seconds."""
    server = await servers.postgres()
    name = f"test_gateway_{secrets.token_hex(4)}"
    await bootstrap(dsn_of(server, name), dict.fromkeys(ROLES, PASSWORD))
    made = TestDatabase(dsn_of(server, name), _settings(server, name))
    await migrate(made.settings("gateway"), "gateway")
    yield made
    connection = await asyncpg.connect(server)
    await connection.execute(f"drop database if exists {name} with (force)")
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def database(migrated: TestDatabase) -> TestDatabase:
    """Empty, its clock at real time."""
    connection = await asyncpg.connect(migrated.admin_dsn)
    try:
        rows = await connection.fetch("select tablename from pg_tables where schemaname = 'gateway'")
        names = ", ".join(f"gateway.{row[0]}" for row in rows if row[0] != "alembic_version")
        await connection.execute(f"truncate {names} cascade")
    finally:
        await connection.close()
    await migrated.move_clock(timedelta(0))
    return migrated


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: TestDatabase) -> AsyncIterator[World]:
    async with running(settings_from(database.settings("gateway"))) as opened:
        yield opened
