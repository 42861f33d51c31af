"""Fixtures of the payment tests: one migrated database, emptied before each test."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest_asyncio

from kit.db import ROLES, bootstrap, check, migrate
from tests.conftest import PASSWORD, TestDatabase, _settings
from tests.integration.payment.world import Local, World, local_provider, payment_settings, world_of
from tests.servers import Servers, dsn_of, set_clock_offset


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def prepared(servers: Servers) -> AsyncIterator[TestDatabase]:
    """Migrated once; the migrations say the same as the tables."""
    server, name = await servers.postgres(), f"test_{secrets.token_hex(5)}"
    await bootstrap(dsn_of(server, name), dict.fromkeys(ROLES, PASSWORD))
    database = TestDatabase(dsn_of(server, name), _settings(server, name))
    settings = database.settings("payment")
    await migrate(settings, "services.payment")
    await check(settings, "services.payment")
    yield database
    connection = await asyncpg.connect(server)
    await connection.execute(f"drop database if exists {name} with (force)")
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def migrated(prepared: TestDatabase) -> TestDatabase:
    """Empty, with the real clock."""
    from datetime import timedelta

    connection = await asyncpg.connect(prepared.admin_dsn)
    rows = await connection.fetch("select tablename from pg_tables where schemaname = 'payment'")
    names = ", ".join(f"payment.{row[0]}" for row in rows if row[0] != "alembic_version")
    await connection.execute(f"truncate {names}")
    await connection.close()
    await set_clock_offset(prepared.admin_dsn, timedelta())
    return prepared


@pytest_asyncio.fixture(loop_scope="session")
async def local(tmp_path: Path) -> AsyncIterator[Local]:
    """The local provider, its repeats a thousand times as fast."""
    async with local_provider(tmp_path, schedule_scale=0.0001) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def world(migrated: TestDatabase) -> AsyncIterator[World]:
    """The service; its provider cannot be reached."""
    made = world_of(payment_settings(migrated.settings("payment")))
    yield made
    await made.db.close()


@pytest_asyncio.fixture(loop_scope="session")
async def served(migrated: TestDatabase, local: Local) -> AsyncIterator[World]:
    """The service in front of the local provider."""
    made = world_of(payment_settings(migrated.settings("payment"), local.url))
    yield made
    await made.db.close()
