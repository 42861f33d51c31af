"""Publication on real PostgreSQL and S3 with demo keys, over its own HTTP; people who are certified in one call."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from cli.demo.evidence import photo_jpeg
from contracts.case import Facts, FileFacts, Snapshot, canonical
from contracts.commands import CommandName, PrepareRequest, PrepareResult, Role
from contracts.events import Event
from contracts.lifecycle import (
    ActionRequiredBy,
    CaseRef,
    RoundRef,
    RoundStage,
    RoundTransition,
    Stage,
    Status,
    Transition,
    application_id,
)
from contracts.publication import AwaitCertificate, Enlist, IssueCertificate, PublishFinalList
from kit.db import Database
from kit.service import Context
from kit.settings import Settings
from kit.storage import ObjectStore
from kit.tables import outbox
from kit.tokens import SYSTEM, Actor, mint_actor
from rules.pack import LoadedPack, load
from services.publication.__main__ import Parts, parts
from services.publication.api import make_app
from services.publication.settings import PublicationSettings
from tests.conftest import TestDatabase

PACK = load(Path(__file__).parents[3] / "rulepacks" / "demo")
URL = "http://127.0.0.1:8000"
ANYONE = Actor(subject=UUID(int=0), role="public")
LONGER = timedelta(days=40)
"""Past every time to make a statement."""


@dataclass
class World:
    """The service, its HTTP, and what tests want to see behind it."""

    database: TestDatabase
    settings: PublicationSettings
    db: Database
    store: ObjectStore
    parts: Parts
    app: FastAPI
    http: httpx.AsyncClient
    minting: Settings
    round_id: UUID = field(default_factory=uuid4)
    pack: LoadedPack = PACK
    pack_key: str = ""
    secretariat: Actor = field(default_factory=lambda: Actor(subject=uuid4(), role=Role.secretariat))
    supervisor: Actor = field(default_factory=lambda: Actor(subject=uuid4(), role=Role.supervisor))
    approver: Actor = field(default_factory=lambda: Actor(subject=uuid4(), role=Role.approver))

    # HTTP -----------------------------------------------------------------------------------------------

    async def ask(
        self, actor: Actor, method: str, path: str, body: Any = None, **more: Any
    ) -> httpx.Response:
        token = mint_actor(self.minting, actor, "publication")
        headers = {"authorization": f"Bearer {token}", **more.pop("headers", {})}
        return await self.http.request(method, path, json=body, headers=headers, **more)

    async def get(self, actor: Actor, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The answer's JSON; fails when it is a refusal."""
        answer = await self.ask(actor, method, path, body, **more)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def refused(
        self, actor: Actor, method: str, path: str, body: Any = None, **more: Any
    ) -> tuple[int, str]:
        """Status and code of a refusal."""
        answer = await self.ask(actor, method, path, body, **more)
        return answer.status_code, answer.json().get("code")

    async def check(self, pdf: bytes) -> Any:
        """What a PDF is, as anybody may ask."""
        return await self.get(ANYONE, "POST", "/public/certificates/check", content=pdf)

    # What the workflow would do -------------------------------------------------------------------------

    async def case(
        self,
        name: str,
        number: str = "2024-00001",
        level: str = "junior",
        application: UUID | None = None,
    ) -> CaseRef:
        """An application on its way to the certificate, with a photo."""
        photo = photo_jpeg("s", 1)
        await self.store.put_content(photo, "image/jpeg")
        seen = FileFacts(
            opens=True,
            media_type="image/jpeg",
            bytes=len(photo),
            sha256=hashlib.sha256(photo).hexdigest(),
        )
        snapshot = Snapshot(
            application_number=number,
            level=level,
            fields={"name": name, "unit": "重庆市某小学"},
            private_fields={},
            photo_file_id="photo",
            declarations=(),
            work=(),
            trainings=(),
            conditions=(),
            evidence=(),
        )
        return CaseRef(
            application_id=application or application_id(self.round_id, uuid4()),
            round_id=self.round_id,
            application_number=number,
            level=level,
            pack_key=self.pack_key,
            snapshot_key=await self.store.put_content(canonical(snapshot), "application/json"),
            facts_key=await self.store.put_content(
                canonical(Facts(files={"photo": seen})), "application/json"
            ),
        )

    async def publish(self, *cases: CaseRef) -> list[IssueCertificate]:
        """On the list, nothing against them, the final list is out: what each is issued with."""
        for case in cases:
            key = f"{case.application_id}:8"
            move = step(8, Stage.notice, Status.awaiting_notice)
            await self.parts.notices.enlist(Enlist(key=key, case=case, transition=move))
            key = f"{case.application_id}:9"
            move = step(9, Stage.certificate, Status.awaiting_certificate)
            await self.parts.certificates.wait(AwaitCertificate(key=key, case=case, transition=move))
        done = await self.parts.certificates.publish(
            PublishFinalList(
                key=f"{self.round_id}:6",
                round=RoundRef(round_id=self.round_id, pack_key=self.pack_key),
                transition=RoundTransition(seq=6, stage=RoundStage.issuing),
                document_number="渝青科教文〔2025〕9号",
            )
        )
        return [
            IssueCertificate(
                key=f"{case.application_id}:10",
                case=case,
                transition=step(10, Stage.ended, Status.certified),
                final_list_id=done.final_list_id,
            )
            for case in cases
        ]

    async def certified(self, name: str = "张㛃", **more: Any) -> Holder:
        """Somebody with a certificate."""
        case = await self.case(name, **more)
        [request] = await self.publish(case)
        await self.parts.certificates.issue(request)
        actor = Actor(subject=uuid4(), role=Role.applicant, application_id=case.application_id)
        own = await self.get(actor, "GET", f"/applications/{case.application_id}/certificate")
        found = await self.get(self.secretariat, "GET", "/certificates", params={"text": own["number"]})
        [line] = found["lines"]
        return Holder(self, actor, case, own["number"], UUID(line["certificate_id"]))

    async def events(self, application: UUID) -> list[Event]:
        """What was told of one application."""
        query = select(outbox.c.body).where(outbox.c.kind == "event").order_by(outbox.c.position)
        async with self.db.read() as session:
            found = [Event.model_validate(body) for body in (await session.execute(query)).scalars()]
        return [one for one in found if one.application_id == application]

    async def document(self, data: bytes = b"%PDF-1.7 decision") -> str:
        return await self.store.put_content(data, "application/pdf")

    async def ruling(
        self, holder: Holder, kind: str, reason: str, actor: Actor | None = None, **more: Any
    ) -> Any:
        """A draft."""
        body = {
            "kind": kind,
            "reason": reason,
            "explanation": "情况说明",
            "document_key": await self.document(),
            **more,
        }
        path = f"/certificates/{holder.certificate_id}/rulings"
        return await self.get(actor or self.secretariat, "POST", path, body)

    async def command(
        self,
        holder: Holder,
        ruling_id: str,
        kind: str = "revoke",
        actor: Actor | None = None,
        command_id: UUID | None = None,
    ) -> PrepareResult:
        """What the dispatcher would ask after two persons agreed."""
        who = actor or self.secretariat
        moment = "2026-01-01T00:00:00Z"
        request = PrepareRequest.model_validate(
            {
                "command_id": command_id or uuid4(),
                "name": CommandName(f"{kind}_certificate"),
                "target_id": holder.case.application_id,
                "round_id": self.round_id,
                "subject": who.subject,
                "role": who.role,
                "body": {"ruling_id": ruling_id},
                "received_at": moment,
            }
        )
        answer = await self.get(SYSTEM, "POST", "/internal/prepare", request.model_dump(mode="json"))
        return PrepareResult.model_validate(answer)

    async def close(self) -> None:
        await self.http.aclose()
        await self.parts.examiner.aclose()


@dataclass(frozen=True)
class Holder:
    """Somebody with a certificate."""

    world: World
    actor: Actor
    case: CaseRef
    number: str
    certificate_id: UUID

    @property
    def path(self) -> str:
        return f"/applications/{self.case.application_id}"

    async def own(self) -> Any:
        return await self.world.get(self.actor, "GET", f"{self.path}/certificate")

    async def pdf(self) -> bytes:
        answer = await self.world.ask(self.actor, "GET", f"{self.path}/certificate.pdf")
        assert answer.status_code == 200
        return answer.content

    async def history(self, actor: Actor | None = None) -> Any:
        path = f"/certificates/{self.certificate_id}"
        return await self.world.get(actor or self.world.secretariat, "GET", path)

    async def verify(self, **params: str) -> Any:
        return await self.world.get(ANYONE, "GET", f"/public/certificates/{self.number}", params=params)


def step(seq: int, stage: Stage, status: Status) -> Transition:
    return Transition(seq=seq, stage=stage, status=status, action_required_by=ActionRequiredBy.nobody)


async def build(database: TestDatabase, store: dict[str, Any], keys: Path) -> World:
    """`store`: settings of the object store; `keys`: folder of the demo keys."""
    base = database.settings("publication", db_pool=8)
    settings = PublicationSettings(**base.model_dump() | store | {"demo_keys": keys, "public_url": URL})
    db, objects = Database(settings), ObjectStore(settings)
    await objects.ensure_buckets()
    made = parts(Context(settings=settings, db=db, store=objects))
    app = make_app(settings, db, made.notices, made.certificates, made.register, made.complaints)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://publication")
    world = World(database, settings, db, objects, made, app, http, database.settings("gateway"))
    canonical_pack = await asyncio.to_thread(PACK.canonical)
    world.pack_key = await objects.put_content(canonical_pack, "application/json")
    return world
