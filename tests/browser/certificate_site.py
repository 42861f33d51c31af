"""The gateway with the real publication service behind it and a real dispatcher: certificates as people handle them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx
from pydantic import SecretStr
from temporalio.client import Client

from contracts.commands import Role
from contracts.lifecycle import ActionRequiredBy, Stage, Status
from gateway.intake.delivery import Delivery, HttpPreparer
from gateway.intake.dispatcher import Dispatcher
from tests.browser.site import Site, known, open_site
from tests.conftest import TestDatabase
from tests.integration.certificates.world import Holder, World
from tests.integration.gateway.world import settings_from
from tests.servers import Servers

PDF = b"%PDF-1.7 decision"
DOCUMENT = ("决定.pdf", PDF, "application/pdf")


@dataclass
class CertificateSite:
    """One certified person, staff of three roles."""

    site: Site
    publication: World
    holder: Holder
    secretariat: str
    supervisor: str
    approver: str

    @property
    def world(self) -> Any:
        return self.site.world

    @property
    def url(self) -> str:
        return self.site.url

    @property
    def page(self) -> str:
        return f"/staff/certificates/{self.holder.certificate_id}"

    @property
    def mine(self) -> str:
        return f"/my/applications/{self.site.application}/certificate"

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """A browser of this person."""
        client: httpx.AsyncClient = self.site.world.client(cookie=token)
        return client

    async def draft(
        self, token: str, kind: str = "revoke", reason: str = "false_material", **more: str
    ) -> httpx.Response:
        data = {"kind": kind, "reason": reason, "explanation": "培训证书编号查无此号", **more}
        async with self.client(token) as client:
            return await client.post(f"{self.page}/rulings", data=data, files={"document": DOCUMENT})

    async def ruling(self) -> str:
        """The newest one's ID."""
        found = await self.holder.history(self.publication.supervisor)
        return str(found["rulings"][0]["id"])

    async def move(self, token: str, step: str, **data: str) -> httpx.Response:
        path = f"{self.page}/rulings/{await self.ruling()}/{step}"
        async with self.client(token) as client:
            return await client.post(path, data=data)

    async def decide(self, decision: str = "approve", **data: str) -> httpx.Response:
        """What the approver says to the newest proposal."""
        async with self.client(self.approver) as client:
            api = {"authorization": f"Bearer {self.approver}"}
            found = (await client.get("/api/v1/proposals", headers=api)).json()["proposals"]
            return await client.post(f"/staff/proposals/{found[0]['id']}/{decision}", data=data)


@asynccontextmanager
async def open_certificate_site(
    database: TestDatabase, publication: World, servers: Servers
) -> AsyncIterator[CertificateSite]:
    """Both services know the same keys of actors; the document store is the real one."""
    s3, minting = await servers.s3(), publication.minting
    settings = settings_from(
        database.settings("gateway"),
        embedded=True,
        actor_private_key=minting.actor_private_key,
        actor_public_key=minting.actor_public_key,
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=SecretStr(s3.secret_key),
    )
    async with open_site(settings) as site:
        transport = httpx.ASGITransport(app=publication.app)
        site.world.services._clients["publication"] = httpx.AsyncClient(
            transport=transport, base_url="http://publication"
        )
        publication = dataclasses.replace(publication, round_id=site.round_id)
        holder = await publication.certified("欧阳晓䶮", application=site.application)
        key = await publication.document(PDF)
        said = {"key": key, "bytes": len(PDF), "media_type": "application/pdf"}
        site.world.services.put("review", "POST", "/documents", 201, said)
        site.world.read_model.known[site.application] = known(
            site,
            seq=20,
            stage=Stage.ended,
            status=Status.certified,
            action_required_by=ActionRequiredBy.nobody,
        )
        tokens = [
            (await site.world.staff(role))[1] for role in (Role.secretariat, Role.supervisor, Role.approver)
        ]
        stop = asyncio.Event()
        delivery = Delivery(cast(Client, None), HttpPreparer(site.world.services))
        running = asyncio.create_task(Dispatcher(site.world.db, delivery).run(stop))
        try:
            yield CertificateSite(site, publication, holder, *tokens)
        finally:
            stop.set()
            await running
