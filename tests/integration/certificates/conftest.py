"""One publication service a file: people in it do not meet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from tests.conftest import TestDatabase
from tests.integration.certificates.world import World, build
from tests.servers import Servers


@pytest_asyncio.fixture(loop_scope="session")
async def world(
    migrated_copy: Callable[..., Awaitable[TestDatabase]], servers: Servers, tmp_path: Path
) -> AsyncIterator[World]:
    s3 = await servers.s3()
    store = {
        "s3_endpoint": s3.endpoint,
        "s3_access_key": s3.access_key,
        "s3_secret_key": SecretStr(s3.secret_key),
    }
    made = await build(await migrated_copy("services.publication"), store, tmp_path / "signing")
    yield made
    await made.close()
    await made.db.close()
    await made.store.close()


@pytest.fixture(scope="session", autouse=True)
def _fonts() -> None:
    if not any(Path("/usr/share/fonts").rglob("NotoSerifCJK*")):
        pytest.skip("没有中文字体：apt-get install fonts-noto-cjk")
