"""Gateway, registration service and object store, all real, with one applicant: for what browsers do with files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from contracts.commands import CommandName, PrepareRequest, Role
from gateway.models import Application
from kit.db import Database, migrate
from kit.http import serve
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
from tests.integration.gateway.world import World, running, settings_from
from tests.integration.registration.world import RECEIVED, Applicant, demo_pack, id_number
from tests.integration.registration.world import World as RegistrationWorld
from tests.servers import Servers


@dataclass
class House:
    """`broken`: how many of the next requests to registration fail as if it were not there."""

    world: World
    url: str
    one: Applicant
    token: str
    broken: int = field(default=0)

    @property
    def case(self) -> str:
        return f"/my/applications/{self.one.application_id}"

    @property
    def item(self) -> str:
        """The page of the one training, which takes files."""
        return f"{self.url}{self.case}/form/B/trainings/t1"


@asynccontextmanager
async def open_house(database: TestDatabase, servers: Servers) -> AsyncIterator[House]:
    """The gateway listens where the embedded store expects it: only that origin may send files to it."""
    s3, system = await servers.s3(), await servers.system()
    store = {
        "s3_endpoint": s3.endpoint,
        "s3_access_key": s3.access_key,
        "s3_secret_key": SecretStr(s3.secret_key),
    }
    settings = settings_from(database.settings("gateway"), embedded=True, **store)
    async with _registration(database, settings.actor_public_key, store) as (service, app):
        async with running(settings) as world:
            account, token = await world.person("13812345678")
            house = House(world, "", await _applicant(world, service, app, account), token)
            _answer_by(house, app)
            stop, bound = asyncio.Event(), asyncio.get_running_loop().create_future()
            server = asyncio.create_task(
                serve(world.app, stop, port=system.ports["portal"], on_bound=bound.set_result)
            )
            try:
                house.url = await bound
                yield house
            finally:
                stop.set()
                await asyncio.wait_for(server, 10)


@asynccontextmanager
async def _registration(
    database: TestDatabase, key: str, store_settings: dict[str, Any]
) -> AsyncIterator[tuple[Registration, FastAPI]]:
    base = database.settings("registration", actor_public_key=key, **store_settings)
    settings = RegistrationSettings(**dict(base))
    await migrate(settings, "services.registration")
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
            reader=ScanReader(timeout=60, memory=settings.scan_memory),
        )
    )
    try:
        yield service, api.make_app(settings, db, service)
    finally:
        await service.aclose()
        await db.close()
        await store.close()


async def _applicant(world: World, service: Registration, app: FastAPI, account: UUID) -> Applicant:
    canonical = demo_pack()
    key = await service.parts.store.put_content(canonical, "application/json")
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://registration")
    made = RegistrationWorld(
        service=service,
        store=service.parts.store,
        gateway=world.settings,
        http=http,
        round_id=await world.round(),
        pack_key=key,
        pack_hash=from_canonical(canonical).hash,
    )
    opened = PrepareRequest(
        command_id=uuid4(),
        name=CommandName.open_round,
        target_id=made.round_id,
        round_id=made.round_id,
        subject=None,
        role=Role.operator,
        body={"pack_name": "demo", "pack_key": key, "pack_hash": made.pack_hash},
        received_at=RECEIVED,
    )
    await made.good("POST", "/internal/prepare", SYSTEM, opened.model_dump(mode="json"))
    one = Applicant(made, account, "王小明", id_number(1))
    await one.identify()
    result = await made.prepare(CommandName.apply, one.id, {"level": "junior"})
    assert result.refused is None
    proof = {"trainings.t1": {"title": "科技辅导员培训", "date": "2024-05"}}
    assert (await one.change(proof)).status_code == 200
    async with world.db.unit_of_work() as session:
        session.add(Application(id=one.application_id, round_id=made.round_id, person_id=account))
    return one


def _answer_by(house: House, app: FastAPI) -> None:
    """The gateway's requests to registration go to the real one; it may be made to fail."""
    transport = httpx.ASGITransport(app=app)

    class Sometimes(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if house.broken:
                house.broken -= 1
                raise httpx.ConnectError("down")
            return await transport.handle_async_request(request)

    services = house.world.services
    services._clients["registration"] = httpx.AsyncClient(
        transport=Sometimes(), base_url="http://registration"
    )
