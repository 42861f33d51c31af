"""The gateway on a TCP port with the real registration service behind it: forms, files and pre-flight as they are."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from pydantic import SecretStr
from sqlalchemy import delete, select

from contracts.commands import (
    Accepted,
    CommandName,
    CommandState,
    Outcome,
    PrepareRequest,
    PrepareResult,
    Role,
)
from contracts.lifecycle import Stage, Status
from gateway.accounts import sessions
from gateway.intake import log
from gateway.intake.models import CommandRow, WindowRow
from gateway.models import Account, Application, Round, Session
from gateway.settings import GatewaySettings
from kit import db as kit_db
from kit.http import serve
from kit.tokens import SYSTEM
from services.registration import api
from services.registration import models as registration_models
from tests.browser.site import NOW, known, order, put
from tests.conftest import TestDatabase
from tests.integration.gateway.world import World as Gateway
from tests.integration.gateway.world import running, settings_from
from tests.integration.registration.world import CLOSES, RECEIVED, Applicant, id_number
from tests.integration.registration.world import World as Registration
from tests.servers import Servers

_PEOPLE = itertools.count(1)
"""One database serves all tests of a session, and an ID number belongs to one person."""


@dataclass
class FormSite:
    """One person, one draft, both services."""

    gateway: Gateway
    registration: Registration
    url: str
    applicant: Applicant
    token: str
    round_id: UUID
    level: str

    @property
    def world(self) -> Gateway:
        """As `Site` has it: the gateway's own world."""
        return self.gateway

    @property
    def application(self) -> UUID:
        return self.applicant.application_id

    @property
    def case(self) -> str:
        return f"{self.url}/my/applications/{self.application}"

    @property
    def form(self) -> str:
        return f"{self.case}/form"

    async def values(self) -> dict[str, Any]:
        """What the service has stored."""
        found: dict[str, Any] = (await self.applicant.form())["values"]
        return found

    async def return_for_correction(self, *unlocks: str, reprint: bool = False) -> None:
        """As after a decision: the form is frozen, only `unlocks` may be changed (Q10)."""
        version = (await self.applicant.form())["version"]
        assert (await self.applicant.submit(version)).refused is None
        async with self.registration.service.parts.db.unit_of_work() as session:
            row = await session.get_one(registration_models.Application, self.application)
            row.lock, row.unlocks, row.reprint = "correction", list(unlocks), reprint

    async def forget_session(self) -> None:
        """Ends the person's session, as time would."""
        async with self.gateway.db.unit_of_work() as session:
            await session.execute(delete(Session))

    async def log_in_again(self) -> str:
        """Another session of the same person: its token."""
        async with self.gateway.db.unit_of_work() as session:
            account = await session.get_one(Account, self.applicant.id)
            return (await sessions.open_session(session, account, timedelta(days=1))).token

    @asynccontextmanager
    async def dispatching(self) -> AsyncIterator[None]:
        """Prepares stored commands by the service, as the dispatcher would, and says its answer."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._dispatch(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def _dispatch(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            async with self.gateway.db.unit_of_work() as session:
                query = select(CommandRow).where(CommandRow.state == CommandState.received.value)
                for row in await session.scalars(query.order_by(CommandRow.position)):
                    outcome = await self._prepared(row)
                    refused = outcome.kind == "refused"
                    row.state = (CommandState.refused if refused else CommandState.answered).value
                    row.outcome = outcome.model_dump(mode="json")
                    row.answered_at = await kit_db.now(session)
                    kit_db.wake_after_commit(session, log.ANSWERED)
            await asyncio.sleep(0.02)

    async def _prepared(self, row: CommandRow) -> Outcome:
        request = PrepareRequest(
            command_id=row.id,
            name=CommandName(row.name),
            target_id=row.target_id,
            round_id=row.round_id,
            subject=row.subject,
            role=Role.applicant,
            body=row.body,
            received_at=RECEIVED,
            closes_at=CLOSES,
        )
        path, body = "/internal/prepare", request.model_dump(mode="json")
        answer = PrepareResult.model_validate(await self.registration.good("POST", path, SYSTEM, body))
        return answer.refused or Accepted()


@asynccontextmanager
async def open_form_site(
    database: TestDatabase, registration: Registration, servers: Servers, *, level: str = "junior"
) -> AsyncIterator[FormSite]:
    """The site with a fresh draft, on the store that registration has and where that store expects it."""
    base = database.settings("gateway")
    # registration trusts the key that the test database's settings sign with
    keys = {"actor_private_key": base.actor_private_key, "actor_public_key": base.actor_public_key}
    s3, system = await servers.s3(), await servers.system()
    store = {
        "s3_endpoint": s3.endpoint,
        "s3_access_key": s3.access_key,
        "s3_secret_key": SecretStr(s3.secret_key),
    }
    settings = settings_from(base, embedded=True, **keys, **store)
    async with running(settings) as gateway:
        await _behind(gateway, registration)
        stop, bound = asyncio.Event(), asyncio.get_running_loop().create_future()
        server = asyncio.create_task(
            serve(gateway.app, stop, port=system.ports["portal"], on_bound=bound.set_result)
        )
        try:
            yield await _filled(gateway, registration, await bound, settings, level)
        finally:
            stop.set()
            await asyncio.wait_for(server, 10)


async def _behind(gateway: Gateway, registration: Registration) -> None:
    """Registration answers by its own application; the other services stay the tests' own."""
    parts = registration.service.parts
    app = api.make_app(parts.settings, parts.db, registration.service)
    client = httpx.AsyncClient(base_url="http://registration", transport=httpx.ASGITransport(app=app))
    gateway.services._clients["registration"] = client


async def _filled(
    gateway: Gateway, registration: Registration, url: str, settings: GatewaySettings, level: str
) -> FormSite:
    round_id = registration.round_id
    person, token = await gateway.person("13812345678")
    applicant = Applicant(registration, person, "欧阳晓䶮", id_number(next(_PEOPLE)))
    await applicant.identify()
    result = await registration.prepare(CommandName.apply, person, {"level": level})
    assert result.refused is None
    async with gateway.db.unit_of_work() as session:
        session.add(
            Round(
                id=round_id,
                pack_name="demo",
                pack_key=registration.pack_key,
                pack_hash=registration.pack_hash,
                opened_by=person,
            )
        )
        await session.flush()
        session.add(Application(id=applicant.application_id, round_id=round_id, person_id=person))
        session.add(
            WindowRow(
                target_kind="round",
                target_id=round_id,
                stage=Stage.filing.value,
                round_id=round_id,
                opens_at=NOW - timedelta(days=3),
                closes_at=NOW + timedelta(days=11),
            )
        )
    site = FormSite(gateway, registration, url, applicant, token, round_id, level)
    gateway.read_model.known[site.application] = known(site, status=Status.draft, level=level)  # type: ignore[arg-type]
    put(gateway, "payment", f"/applications/{site.application}/order", order(site))  # type: ignore[arg-type]
    return site
