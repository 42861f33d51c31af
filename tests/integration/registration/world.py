"""A registration service on real PostgreSQL and S3, asked over its own HTTP as the gateway would ask it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx
import pytest
import typst
from PIL import Image
from sqlalchemy import text

from contracts.commands import CommandName, PrepareRequest, PrepareResult, Role
from contracts.events import Event
from contracts.lifecycle import application_id
from kit.settings import Settings
from kit.storage import ObjectStore
from kit.tokens import SYSTEM, Actor, mint_actor
from rules.pack import load
from services.registration.domain.identity import check_digit
from services.registration.service import Registration

PACKS = Path(__file__).parents[3] / "rulepacks"
CLOSES = datetime(2025, 3, 1, tzinfo=UTC) + timedelta(days=3650)
RECEIVED = datetime(2025, 2, 20, 3, 4, 5, tzinfo=UTC)


def id_number(n: int) -> str:
    """A card number with a right check digit (渝北, born 1990)."""
    first = f"50011219900101{n:03d}"
    return first + check_digit(first)


def photo_bytes(width: int = 420, height: int = 588) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


def pdf_bytes(words: str, pages: int = 1) -> bytes:
    """A PDF with a text layer; Chinese when the system has Noto."""
    body = "#pagebreak()\n".join(f"#text({_quoted(words)})\n" for _ in range(pages))
    source = '#set page(width: 120mm, height: 80mm)\n#set text(font: ("Noto Serif CJK SC",))\n' + body
    made = typst.compile(source.encode(), format="pdf")
    assert isinstance(made, bytes)
    return made


def _quoted(words: str) -> str:
    return '"' + words.replace('"', "") + '"'


@dataclass
class World:
    """The service with one open round under the demo pack."""

    service: Registration
    store: ObjectStore
    gateway: Settings
    http: httpx.AsyncClient
    round_id: UUID
    pack_key: str
    pack_hash: str
    people: int = field(default=0)

    def token(self, actor: Actor) -> dict[str, str]:
        return {"authorization": f"Bearer {mint_actor(self.gateway, actor, 'registration')}"}

    async def ask(
        self, method: str, path: str, actor: Actor, json: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return await self.http.request(
            method, path, json=json, headers={**self.token(actor), **(headers or {})}
        )

    async def good(
        self, method: str, path: str, actor: Actor, json: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        """The JSON of an answer that must be a success."""
        answer = await self.ask(method, path, actor, json, headers)
        if answer.status_code == 503 and answer.json()["code"] == "font_missing":
            pytest.skip(answer.json()["detail"])
        assert answer.is_success, answer.text
        return answer.json()

    async def prepare(
        self,
        name: CommandName,
        person: UUID,
        body: dict[str, Any],
        *,
        command_id: UUID | None = None,
        undo: bool = False,
        closes_at: datetime | None = CLOSES,
    ) -> PrepareResult:
        request = PrepareRequest(
            command_id=command_id or uuid4(),
            name=name,
            target_id=application_id(self.round_id, person),
            round_id=self.round_id,
            subject=person,
            role=Role.applicant,
            body=body,
            received_at=RECEIVED,
            closes_at=closes_at,
        )
        path = "/internal/unprepare" if undo else "/internal/prepare"
        return PrepareResult.model_validate(
            await self.good("POST", path, SYSTEM, request.model_dump(mode="json"))
        )

    async def person(self, name: str = "王小明") -> Applicant:
        """Somebody with an identity."""
        self.people += 1
        person = uuid5(self.round_id, f"person-{self.people}")
        one = Applicant(self, person, name, id_number(self.people))
        await one.identify()
        return one

    async def applicant(self, level: str = "junior", name: str = "王小明") -> Applicant:
        """Somebody who has applied."""
        one = await self.person(name)
        result = await self.prepare(CommandName.apply, one.id, {"level": level})
        assert result.refused is None
        return one


@dataclass
class Applicant:
    """One person in front of the API."""

    world: World
    id: UUID
    name: str
    number: str

    @property
    def application_id(self) -> UUID:
        return application_id(self.world.round_id, self.id)

    @property
    def actor(self) -> Actor:
        return Actor(subject=self.id, role="applicant", application_id=self.application_id)

    @property
    def path(self) -> str:
        return f"/applications/{self.application_id}"

    async def identify(self, **changes: str) -> httpx.Response:
        body = {"name": self.name, "id_kind": "id_card", "id_number": self.number, **changes}
        return await self.world.ask(
            "PUT", "/me/identity", self.actor, body, {"X-Actor-Phone": f"138{int(self.number[-4:-1]):08d}"}
        )

    async def upload(self, purpose: str, name: str, data: bytes, media_type: str) -> dict[str, Any]:
        """The file's state after it was sent to the store and checked."""
        asked = {"purpose": purpose, "name": name, "media_type": media_type, "bytes": len(data)}
        upload = await self.world.good("POST", f"{self.path}/files", self.actor, asked)
        await self.send(upload, name, data)
        return await self.complete(upload["file_id"])

    async def send(self, upload: dict[str, Any], name: str, data: bytes) -> int:
        """The store's answer to the browser's form."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(upload["url"], data=upload["fields"], files={"file": (name, data)})
        return answer.status_code

    async def complete(self, file_id: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.world.good(
            "POST", f"{self.path}/files/{file_id}/complete", self.actor
        )
        return found

    async def form(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.world.good("GET", f"{self.path}/form", self.actor)
        return found

    async def change(self, changes: dict[str, Any], version: int | None = None) -> httpx.Response:
        if version is None:
            version = (await self.form())["version"]
        body = {"version": version, "changes": changes}
        return await self.world.ask("PATCH", f"{self.path}/form", self.actor, body)

    async def fill(self) -> int:
        """A complete junior form with photo, proofs and all ticks; the draft's version."""
        photo = await self.upload("photo", "照片.jpg", photo_bytes(), "image/jpeg")
        proof = await self.upload(
            "evidence", "证书.pdf", pdf_bytes(f"兹证明{self.name}参加科技辅导员培训"), "application/pdf"
        )
        assert (photo["state"], proof["state"]) == ("clean", "clean")
        saved = await self.change(filled(self.name, photo["id"], proof["id"]))
        assert saved.status_code == 200, saved.text
        version: int = saved.json()["version"]
        return version

    async def submit(self, version: int | None = None, command_id: UUID | None = None) -> PrepareResult:
        if version is None:
            version = (await self.form())["version"]
        return await self.world.prepare(
            CommandName.submit, self.id, {"draft_version": version}, command_id=command_id
        )


def filled(name: str, photo: str, proof: str) -> dict[str, Any]:
    """Changes that fill a junior form."""
    return {
        "fields.gender": "female",
        "fields.birth_date": "1990-01-01",
        "fields.ethnicity": "汉族",
        "fields.photo": photo,
        "fields.education": "大学本科",
        "fields.degree": "学士",
        "fields.school": "重庆师范大学 物理学",
        "fields.kind": "teacher",
        "fields.unit": "重庆市渝北区实验小学校",
        "fields.unit_address": "重庆市渝北区龙溪街道红锦大道1号",
        "fields.district": "渝中区",
        "fields.position": "无",
        "fields.title": "一级教师",
        "fields.teaching_subject": "小学科学",
        "fields.email": "teacher@example.com",
        "fields.postal_address": "重庆市渝北区龙溪街道红锦大道1号",
        "fields.postcode": "401147",
        "work.w1": {
            "kind": "full_time",
            "start": "2019-09",
            "unit": "重庆市渝北区实验小学校",
            "file_ids": [proof],
        },
        "trainings.t1": {
            "title": "青少年科技辅导员培训",
            "date": "2024-05",
            "hours": "40",
            "organisers": [{"name": "重庆市科协青少年科技中心", "system": "association", "lead": True}],
            "tier": "provincial",
            "certificate": True,
            "named_person": name,
            "file_ids": [proof],
        },
        "conditions.b1": {
            "kind": "activity",
            "title": "校园科技节",
            "date": "2024-04-12",
            "tier": "school",
            "role": "first_instructor",
            "organisers": [{"name": "重庆市渝北区实验小学校", "system": "education"}],
            "named_person": name,
            "file_ids": [proof],
        },
        "evidence.c1": {
            "kind": "c1",
            "title": "指导学生参加区青少年科技创新大赛",
            "date": "2023-2024学年",
            "tier": "区县级",
            "role": "instructor",
            "organisers": [{"name": "渝北区科协", "system": "association"}],
            "named_person": name,
            "file_ids": [proof],
        },
        **{
            f"declarations.{one}": True
            for one in ("conduct", "no_violation", "truthful", "voluntary", "refund", "publicity")
        },
    }


def demo_pack() -> bytes:
    return load(PACKS / "demo").canonical()


async def events(world: World, target: UUID) -> list[Event]:
    """What the service has told of one target, in order."""
    query = text("select body from outbox where target_id = :target order by position")
    async with world.service.parts.db.read() as session:
        rows = (await session.execute(query, {"target": target})).scalars().all()
    return [Event.model_validate(row) for row in rows]
