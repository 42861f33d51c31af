"""A fresh review service for each test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest_asyncio
from pydantic import SecretStr

from kit.db import Database
from kit.storage import ObjectStore
from services.review.adapters import Content
from services.review.service import ReviewService
from services.review.settings import ReviewSettings
from tests.conftest import TestDatabase
from tests.integration.review.world import World
from tests.servers import Servers


@pytest_asyncio.fixture(loop_scope="session")
async def database(migrated_copy: Callable[..., Awaitable[TestDatabase]]) -> TestDatabase:
    return await migrated_copy("services.review")


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: TestDatabase, servers: Servers) -> AsyncIterator[World]:
    s3 = await servers.s3()
    base = database.settings("review", db_pool=10, db_overflow=10)
    given: dict[str, Any] = {
        **base.model_dump(),
        "s3_endpoint": s3.endpoint,
        "s3_access_key": s3.access_key,
        "s3_secret_key": SecretStr(s3.secret_key),
    }
    settings = ReviewSettings(**given)
    db, store = Database(settings), ObjectStore(settings)
    service = ReviewService(db, Content(store, settings.link_lifetime), settings)
    made = World(service, db, store, database.settings("gateway"), settings)
    await made.prepare_content()
    yield made
    await made.close()
    await db.close()
    await store.close()
