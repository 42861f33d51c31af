"""Fixtures for everybody: real servers (started when first asked for) and fresh databases."""

from __future__ import annotations

import base64
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from kit.db import ROLES, bootstrap, check, migrate
from kit.settings import Settings, derive_service_key
from kit.temporal import connect, converter_for, ensure_search_attributes
from tests.servers import Servers, dsn_of, set_clock_offset

PASSWORD = secrets.token_urlsafe(12)
"""The same for all roles and databases: roles belong to the whole server."""

_CODEC_KEYS = {"test": bytes(range(32))}
_ROOT_KEY = bytes(range(3, 35))
_ACTOR_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(4, 36)))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers() -> AsyncIterator[Servers]:
    """The session's servers: `await servers.postgres()`, `.temporal()`, `.s3()`, `.kafka()`."""
    running = Servers()
    yield running
    await running.stop()


@dataclass(frozen=True)
class TestDatabase:
    """A fresh, bootstrapped, empty database: `settings("review")`, `move_clock(timedelta(days=3))`."""

    __test__ = False
    admin_dsn: str
    base: Settings

    def settings(self, role: str, **changes: object) -> Settings:
        """Settings of one role (= service = schema); other fields by keyword."""
        values = {
            "service": role,
            "db_user": role,
            "db_password": SecretStr(PASSWORD),
            **_keys(role),
            **changes,
        }
        return self.base.model_copy(update=values)

    async def move_clock(self, offset: timedelta) -> None:
        """`public.fudao_now()` = real time + offset from now on."""
        await set_clock_offset(self.admin_dsn, offset)


@pytest_asyncio.fixture(loop_scope="session")
async def new_database(servers: Servers) -> AsyncIterator[Callable[..., Awaitable[TestDatabase]]]:
    """Makes a fresh database (with all roles, or those given; `template`: a copy); it is dropped afterwards."""
    server = await servers.postgres()
    made: list[str] = []

    async def make(*roles: str, template: str | None = None) -> TestDatabase:
        name = f"test_{secrets.token_hex(5)}"
        made.append(name)
        if template is not None:
            connection = await asyncpg.connect(server)
            await connection.execute(f"create database {name} template {template}")
            await connection.close()
        await bootstrap(dsn_of(server, name), dict.fromkeys(roles or ROLES, PASSWORD))
        return TestDatabase(dsn_of(server, name), _settings(server, name))

    yield make
    connection = await asyncpg.connect(server)
    for name in made:
        await connection.execute(f"drop database if exists {name} with (force)")
    await connection.close()


@pytest.fixture(scope="session")
def templates() -> dict[tuple[str, ...], str]:
    """Names of migrated databases by their packages, which `migrated_copy` copies."""
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def migrated_copy(
    servers: Servers,
    new_database: Callable[..., Awaitable[TestDatabase]],
    templates: dict[tuple[str, ...], str],
) -> Callable[..., Awaitable[TestDatabase]]:
    """`await migrated_copy("services.exam")`: a fresh database with the tables of these packages.

    They are migrated, and compared with their models, once a session; each copy takes a tenth of that.
    """

    async def make(*packages: str) -> TestDatabase:
        server = await servers.postgres()
        if packages not in templates:
            name = f"test_template_{secrets.token_hex(4)}"
            await bootstrap(dsn_of(server, name), dict.fromkeys(ROLES, PASSWORD))
            made = TestDatabase(dsn_of(server, name), _settings(server, name))
            for package in packages:
                settings = made.settings(package.rpartition(".")[2])
                await migrate(settings, package)
                await check(settings, package)
            templates[packages] = name
        return await new_database(template=templates[packages])

    return make


@pytest_asyncio.fixture(loop_scope="session")
async def database(new_database: Callable[..., Awaitable[TestDatabase]]) -> TestDatabase:
    """One fresh database with all roles."""
    return await new_database()


def _keys(role: str) -> dict[str, SecretStr]:
    """Who holds which secret: the gateway signs actors and derives all service keys, a service has its own."""
    if role == "gateway":
        return {
            "service_root_key": SecretStr(_text(_ROOT_KEY)),
            "actor_private_key": SecretStr(_text(_ACTOR_KEY.private_bytes_raw())),
        }
    return {"service_key": SecretStr(_text(derive_service_key(_ROOT_KEY, role)))}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest_asyncio.fixture(loop_scope="session")
async def stack(database: TestDatabase, servers: Servers) -> TestDatabase:
    """A fresh database whose settings name Temporal, S3 and Kafka as well."""
    s3 = await servers.s3()
    addresses = {
        "temporal_address": await servers.temporal(),
        "s3_endpoint": s3.endpoint,
        "s3_access_key": s3.access_key,
        "s3_secret_key": SecretStr(s3.secret_key),
        "kafka_bootstrap": await servers.kafka(),
    }
    return TestDatabase(database.admin_dsn, database.base.model_copy(update=addresses))


@pytest_asyncio.fixture(loop_scope="session")
async def temporal_client(stack: TestDatabase) -> Client:
    """A client of the real Temporal server, with our data converter (key `test`)."""
    return await connect(stack.settings("gateway"))


@pytest_asyncio.fixture(loop_scope="session")
async def time_skipping_env() -> AsyncIterator[WorkflowEnvironment]:
    """A time-skipping server of the test's own (0.2 s), search attributes registered, key `test`."""
    server = shutil.which("temporal-test-server", path=str(Path(sys.executable).parent))
    assert server is not None, "temporal-test-server is missing: make setup"
    converter = converter_for(_CODEC_KEYS, "test")
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=server, data_converter=converter
    ) as env:
        await ensure_search_attributes(env.client)
        yield env


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium for playwright's `executable_path`; the test is skipped where there is none."""
    found = [
        path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))
    ]
    if found:
        return found[0]
    return pytest.skip("没有 Chromium：apt-get install chromium（或运行 make setup）")


@pytest.fixture(scope="session")
def cjk_font() -> Path:
    """The folder of a CJK font for printed documents; the test is skipped where there is none."""
    places = (Path("/usr/share/fonts/opentype/noto"), Path("/usr/share/fonts/noto-cjk"))
    if found := [place for place in places if any(place.glob("NotoSerifCJK*"))]:
        return found[0]
    return pytest.skip("没有中文字体：apt-get install fonts-noto-cjk（或运行 make setup）")


def _settings(admin_dsn: str, name: str) -> Settings:
    port = int(admin_dsn.rpartition(":")[2].partition("/")[0])
    return Settings(
        db_host="127.0.0.1",
        db_port=port,
        db_name=name,
        codec_key_id="test",
        codec_keys={name: SecretStr(_text(key)) for name, key in _CODEC_KEYS.items()},
        field_key=SecretStr(_text(bytes(range(1, 33)))),
        hash_key=SecretStr(_text(bytes(range(2, 34)))),
        actor_public_key=_text(_ACTOR_KEY.public_key().public_bytes_raw()),
    )
