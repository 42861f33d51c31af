"""The site with the real exam service behind it: candidates with sessions, a sitting that opens and closes for real."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from contracts.commands import Role
from contracts.exam import Enrol
from contracts.http.exam import SaveAnswer
from contracts.http.gateway import Funnel, FunnelLine
from contracts.http.sittings import FileExcuse
from contracts.lifecycle import ActionRequiredBy, CaseRef, Stage, Status, application_id
from gateway.models import Application
from kit.db import Database, migrate
from kit.due import DueLoop
from rules.pack import LoadedPack, load
from services.exam.adapters import Banks
from services.exam.api import make_app
from services.exam.due import handlers
from services.exam.service import ExamService
from services.exam.settings import ExamSettings
from tests.browser.site import Site, known, put, registration
from tests.conftest import TestDatabase
from tests.integration.exam.world import PACK_KEY, transition

DEMO = Path(__file__).parents[2] / "rulepacks" / "demo"
NAMES = ("欧阳晓䶮", "王小明", "李雷", "韩梅梅", "赵敏", "陈晨")


class DemoPack:
    """The demo's own papers, with an hour for them."""

    def __init__(self) -> None:
        loaded = load(DEMO)
        exam = loaded.pack.exam
        longer = tuple(one.model_copy(update={"duration": "PT60M"}) for one in exam.blueprints)
        pack = loaded.pack.model_copy(update={"exam": exam.model_copy(update={"blueprints": longer})})
        self.loaded: LoadedPack = replace(loaded, pack=pack)

    async def get(self, _key: str) -> LoadedPack:
        return self.loaded


@dataclass
class Sitter:
    """One candidate: who, and the session token."""

    application: UUID
    token: str
    case: CaseRef

    @property
    def page(self) -> str:
        return f"/my/applications/{self.application}/exam"


@dataclass
class ExamSite:
    site: Site
    db: Database
    service: ExamService
    database: TestDatabase
    office_id: UUID
    office: str
    sitters: list[Sitter] = field(default_factory=list)

    @property
    def world(self) -> Any:
        return self.site.world

    @property
    def url(self) -> str:
        return self.site.url

    async def sitter(self) -> Sitter:
        """Somebody who is qualified and waits for the next sitting."""
        n = len(self.sitters) + 1
        person, token = await self.site.world.person(f"1370000{n:04}")
        identity = application_id(self.site.round_id, person)
        number = f"2024-J-{n:05}"
        async with self.site.world.db.unit_of_work() as session:
            session.add(Application(id=identity, round_id=self.site.round_id, person_id=person))
        case = CaseRef(
            application_id=identity,
            round_id=self.site.round_id,
            application_number=number,
            level="junior",
            pack_key=PACK_KEY,
            round_seed="seed",
        )
        key = f"application:{identity}:5"
        await self.service.enrol(Enrol(key=key, case=case, transition=transition(5)))
        changes = {
            "application_id": identity,
            "application_number": number,
            "level": "junior",
            "seq": 5,
            "stage": Stage.exam,
            "status": Status.awaiting_exam,
            "action_required_by": ActionRequiredBy.applicant,
            "name": NAMES[n % len(NAMES)],
            "unit": "重庆市渝中区人民路小学校",
        }
        self.site.world.read_model.known[identity] = known(self.site, **changes)
        view = registration(
            self.site, application_id=identity, application_number=number, level="junior", level_name="初级"
        )
        put(self.site.world, "registration", f"/applications/{identity}/registration", view)
        made = Sitter(identity, token, case)
        self.sitters.append(made)
        return made

    async def open(self) -> None:
        await self.service.open_sitting(self.site.round_id, "junior", self.office_id)

    async def begin(self, sitter: Sitter) -> UUID:
        """The candidate starts on some device; whose account it is."""
        async with self.site.world.db.read() as session:
            found = await session.get(Application, sitter.application)
        assert found is not None
        await self.service.start(sitter.application, found.person_id)
        return found.person_id

    async def sat(self, *sitters: Sitter) -> None:
        """They have answered the first option everywhere and handed in."""
        for sitter in sitters:
            person = await self.begin(sitter)
            for item in (await self.service.read_exam(sitter.application, person)).items:
                answer = SaveAnswer(rev=1, choice=(item.options[0].id,))
                await self.service.save_answer(sitter.application, person, item.id, answer)
            await self.service.finish(sitter.application, person)

    async def file_excuse(self, sitter: Sitter, sitting: UUID) -> None:
        """By the office, with a proof."""
        wanted = FileExcuse(
            application_id=sitter.application,
            reason="住院，有诊断证明",
            document_key="sha256/" + "cd" * 32,
        )
        await self.service.file_excuse(self.site.round_id, sitting, wanted, self.office_id)

    async def answers(self, sitter: Sitter) -> dict[str, tuple[int, tuple[str, ...]]]:
        """What the server holds, by item."""
        connection = await asyncpg.connect(self.database.admin_dsn)
        try:
            rows = await connection.fetch(
                "select item_id, rev, choice from exam.answer join exam.attempt on attempt_id = id"
                " where application_id = $1",
                sitter.application,
            )
        finally:
            await connection.close()
        return {row["item_id"]: (row["rev"], tuple(row["choice"])) for row in rows}

    async def move_end(self, seconds: float) -> None:
        """The sitting ends in that many seconds, as if it had begun earlier."""
        await self._execute(
            "update exam.sitting set closes_at = public.fudao_now() + make_interval(secs => $1)"
            " where state = 'open'",
            seconds,
        )

    async def close_due(self) -> None:
        """What the clock does, once the end has come."""
        await self._execute("update exam.due set next_at = public.fudao_now(), done_at = null")
        loop = DueLoop(self.db, handlers(self.service))
        while await loop.step():
            pass

    async def _execute(self, query: str, *given: Any) -> None:
        connection = await asyncpg.connect(self.database.admin_dsn)
        try:
            await connection.execute(query, *given)
        finally:
            await connection.close()


@asynccontextmanager
async def open_exam_site(site: Site, database: TestDatabase) -> AsyncIterator[ExamSite]:
    """The exam on the gateway's database, reached by the gateway's own client."""
    base = database.settings("exam", db_pool=10, actor_public_key=site.world.settings.actor_public_key)
    await migrate(base, "services.exam")
    await emptied(database.admin_dsn)
    db = Database(base)
    banks = Banks(DemoPack())  # type: ignore[arg-type]
    service = ExamService(db, banks, ExamSettings(close_grace=0), kept)
    transport = httpx.ASGITransport(app=make_app(base, db, service))
    site.world.services._clients["exam"] = httpx.AsyncClient(transport=transport, base_url="http://exam")
    office_id, office = await site.world.staff(Role.secretariat)
    lines = (
        FunnelLine(level="junior", stage=Stage.qualification, status=Status.under_review, count=2),
        FunnelLine(level="junior", stage=Stage.exam, status=Status.awaiting_exam, count=3),
    )

    async def funnel(_session: Any, round_id: UUID, /) -> Funnel:
        return Funnel(round_id=round_id, total=5, lines=lines)

    site.world.read_model.funnel = funnel  # type: ignore[method-assign]
    yield ExamSite(site, db, service, database, office_id, office)
    await db.close()


async def kept(content: bytes, _media_type: str) -> str:
    """Stands for the content store."""
    return f"sha256/{hashlib.sha256(content).hexdigest()}"


async def emptied(admin_dsn: str) -> None:
    connection = await asyncpg.connect(admin_dsn)
    try:
        rows = await connection.fetch("select tablename from pg_tables where schemaname = 'exam'")
        names = ", ".join(f"exam.{row[0]}" for row in rows if row[0] != "alembic_version")
        await connection.execute(f"truncate {names} cascade")
    finally:
        await connection.close()
