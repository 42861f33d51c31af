"""Fixtures of the registration service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import httpx
import pytest_asyncio
from pydantic import SecretStr

from contracts.commands import CommandName, PrepareRequest, Role
from kit.db import Database
from kit.storage import ObjectStore
from kit.tokens import SYSTEM
from rules.cache import Packs
from rules.pack import from_canonical
from services.registration import api
from services.registration.adapters.form_pdf import FormPrinter
from services.registration.adapters.inspector import Inspector
from services.registration.adapters.scan_reader import ScanReader
from services.registration.service import Registration
from services.registration.service.parts import Parts
from services.registration.settings import RegistrationSettings
from tests.conftest import TestDatabase
from tests.integration.registration.world import RECEIVED, World, demo_pack
from tests.servers import Servers


@pytest_asyncio.fixture(loop_scope="session")
async def database(migrated_copy: Callable[..., Awaitable[TestDatabase]]) -> TestDatabase:
    return await migrated_copy("services.registration")


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: TestDatabase, servers: Servers) -> AsyncIterator[World]:
    """The service with one round that `open_round` has prepared."""
    s3 = await servers.s3()
    base = database.settings(
        "registration",
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=SecretStr(s3.secret_key),
    )
    settings = RegistrationSettings(**dict(base))
    db, store = Database(settings), ObjectStore(settings)
    await store.ensure_buckets()
    service = Registration(
        Parts(
            settings=settings,
            db=db,
            store=store,
            packs=Packs(store.get_content),
            printer=FormPrinter(),
            inspector=Inspector(timeout=30, memory=settings.inspection_memory),
            reader=ScanReader(timeout=60, memory=3 * 2**29),
        )
    )
    transport = httpx.ASGITransport(app=api.make_app(settings, db, service))
    async with httpx.AsyncClient(transport=transport, base_url="http://registration") as http:
        canonical = demo_pack()
        key = await store.put_content(canonical, "application/json")
        made = World(
            service=service,
            store=store,
            gateway=database.settings("gateway"),
            http=http,
            round_id=uuid4(),
            pack_key=key,
            pack_hash=from_canonical(canonical).hash,
        )
        await made.good("POST", "/internal/prepare", SYSTEM, _open(made).model_dump(mode="json"))
        yield made
    await service.aclose()
    await db.close()
    await store.close()


def _open(world: World) -> PrepareRequest:
    body = {"pack_name": "demo", "pack_key": world.pack_key, "pack_hash": world.pack_hash}
    return PrepareRequest(
        command_id=uuid4(),
        name=CommandName.open_round,
        target_id=world.round_id,
        round_id=world.round_id,
        subject=None,
        role=Role.operator,
        body=body,
        received_at=RECEIVED,
    )
