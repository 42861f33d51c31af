"""One publication service a file, emptied before each test."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from pydantic import SecretStr

from kit.db import ROLES, bootstrap, check, migrate
from tests.conftest import PASSWORD, TestDatabase, _settings
from tests.integration.certificates.world import World, build
from tests.servers import Servers, dsn_of

EMPTY = "truncate certificate_ruling, certificate_version, certificate, serial, final_list, listing, outbox, effect"


@pytest.fixture(scope="session")
def fonts() -> None:
    """Without them no certificate can be set."""
    if not any(Path("/usr/share/fonts").rglob("NotoSerifCJK*")):
        pytest.skip("没有中文字体：apt-get install fonts-noto-cjk")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def opened(
    fonts: None, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    server, s3 = await servers.postgres(), await servers.s3()
    name = f"test_{secrets.token_hex(5)}"
    await bootstrap(dsn_of(server, name), dict.fromkeys(ROLES, PASSWORD))
    database = TestDatabase(dsn_of(server, name), _settings(server, name))
    await migrate(database.settings("publication"), "services.publication")
    await check(database.settings("publication"), "services.publication")
    store = {
        "s3_endpoint": s3.endpoint,
        "s3_access_key": s3.access_key,
        "s3_secret_key": SecretStr(s3.secret_key),
    }
    made = await build(database, store, tmp_path_factory.mktemp("keys") / "signing")
    yield made
    await made.close()
    await made.db.close()
    await made.store.close()
    connection = await asyncpg.connect(server)
    await connection.execute(f"drop database if exists {name} with (force)")
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def world(opened: World) -> World:
    async with opened.db.unit_of_work() as session:
        await (await session.connection()).exec_driver_sql(EMPTY)
    return dataclasses.replace(opened, round_id=uuid4())
