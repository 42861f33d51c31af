"""Publication over HTTP on a real database: a public list, complaints about it, and what its outbox says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import func, select, update

from contracts import publication as contract
from contracts.commands import CommandName, PrepareRequest, PrepareResult, Role, ServiceCommand
from contracts.complaints import ComplaintMove, ComplaintOutcome, ComplaintRef, ComplaintStage
from contracts.http import complaints as http
from contracts.lifecycle import RoundRef
from kit.db import Database, now
from kit.storage import ObjectStore
from kit.tables import outbox
from kit.tokens import Actor, mint_actor
from rules.cache import Packs
from rules.pack import LoadedPack, load
from services.publication.api import make_app, register
from services.publication.api.complaints import Desk
from services.publication.models import ComplaintRow, ListingRow, NoticeRow
from services.publication.repository import complaints as rows
from services.publication.service import (
    Certificates,
    ComplaintMoves,
    ComplaintReading,
    Complaints,
    Notices,
    Rulings,
    Sealing,
)
from services.publication.settings import PublicationSettings
from tests.conftest import TestDatabase

PACK_KEY = "sha256/" + "cd" * 32
SHANGHAI = ZoneInfo("Asia/Shanghai")
FACTS = "该人申报的市级二等奖是学生张小满的奖项，指导教师另有其人，学校可以作证。"
COMPLAINANT = http.Complainant(name="赵举报", phone="13900001111")
ROOT = Path(__file__).parents[3]


class OnePack:
    """Stands for the content store: the real pack, under any key."""

    def __init__(self) -> None:
        self.pack = load(ROOT / "rulepacks/chongqing-2024")

    async def get(self, _key: str) -> LoadedPack:
        return self.pack


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass
class World:
    database: TestDatabase
    db: Database
    desk: Desk
    notices: Notices
    http: httpx.AsyncClient
    settings: PublicationSettings
    round_id: UUID = field(default_factory=uuid4)
    seqs: dict[UUID, int] = field(default_factory=dict)

    async def at(self, text: str) -> datetime:
        """PostgreSQL's clock shows this moment of Chongqing from now on."""
        moment = shanghai(text)
        await self.database.move_clock(moment - datetime.now(UTC))
        return moment

    async def listed(self, *numbers: str) -> dict[str, UUID]:
        """People on the public list of the round."""
        known = {number: uuid4() for number in numbers}
        async with self.db.unit_of_work() as session:
            session.add_all(
                ListingRow(
                    application_id=identity,
                    round_id=self.round_id,
                    application_number=number,
                    level="junior",
                    route="regular",
                    name="李四",
                    unit="重庆市第一中学",
                    state="listed",
                )
                for number, identity in known.items()
            )
        return known

    async def notice(self, closes_at: datetime | None, state: str = "running") -> UUID:
        identity = uuid4()
        async with self.db.unit_of_work() as session:
            session.add(
                NoticeRow(
                    id=identity,
                    round_id=self.round_id,
                    title="公示",
                    state=state,
                    content={"sections": [], "targets": [], "objection": ""},
                    digest="0" * 64,
                    posted_at=closes_at,
                    closes_at=closes_at,
                )
            )
        return identity

    async def start_clock(self, notice_id: UUID, closes_at: datetime, version: int = 2) -> None:
        await self.notices.start_clock(
            contract.StartClock(
                key=f"{notice_id}:{version}",
                round=RoundRef(round_id=self.round_id, pack_key=PACK_KEY),
                notice_id=notice_id,
                posted_at=closes_at,
                closes_at=closes_at,
            )
        )

    async def close(self, notice_id: UUID) -> None:
        await self.notices.close(
            contract.CloseNotice(
                key=f"{notice_id}:close",
                round=RoundRef(round_id=self.round_id, pack_key=PACK_KEY),
                notice_id=notice_id,
            )
        )

    # over HTTP ----------------------------------------------------------------------------------------------

    async def ask(
        self,
        role: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        application_id: UUID | None = None,
        subject: UUID | None = None,
    ) -> httpx.Response:
        actor = Actor(subject=subject or UUID(int=0), role=role, application_id=application_id)
        token = mint_actor(self.database.settings("gateway"), actor, "publication")
        return await self.http.request(method, path, json=body, headers={"authorization": f"Bearer {token}"})

    def form(self, **given: Any) -> dict[str, Any]:
        made = http.FileComplaint(
            **{
                "complaint_id": uuid4(),
                "round_id": self.round_id,
                "pack_key": PACK_KEY,
                "subject": "process",
                "about": "评审过程",
                "facts": FACTS,
                **given,
            }
        )
        return made.model_dump(mode="json")

    async def file(self, role: str = "public", **given: Any) -> tuple[UUID, dict[str, Any]]:
        """A complaint that was taken in: its ID and receipt."""
        form = self.form(**given)
        answer = await self.ask(role, "POST", "/public/complaints", form)
        assert answer.status_code == 201, answer.text
        return UUID(form["complaint_id"]), answer.json()

    async def against(self, number: str, **given: Any) -> UUID:
        """A complaint about somebody on the list."""
        return (await self.file(subject="listed", application_number=number, about="", **given))[0]

    # in place of the workflow -------------------------------------------------------------------------------

    async def entry(self, complaint_id: UUID, kind: str, **more: Any) -> UUID:
        body = {"kind": kind, "text": f"文字：{kind}", **more}
        answer = await self.ask("supervisor", "POST", f"/complaints/{complaint_id}/entries", body)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def move(self, complaint_id: UUID, stage: ComplaintStage, **changes: Any) -> None:
        """The complaint moves on from where it is, as the workflow would tell."""
        row = await self.row(complaint_id)
        seq = self.seqs[complaint_id] = self.seqs.get(complaint_id, 1) + 1
        move = ComplaintMove(
            seq=seq,
            stage=stage,
            decide_by=row.decide_by,
            application_id=row.application_id,
            answer_by=row.answer_by,
            extended=row.extended,
            overdue=row.overdue_at is not None,
        ).model_copy(update=changes)
        request = contract.MoveComplaint(
            key=f"{complaint_id}:{seq}",
            complaint=ComplaintRef(complaint_id=complaint_id, round_id=self.round_id),
            move=move,
        )
        await self.desk.moves.move(request)
        await self.desk.moves.move(request)  # an activity may come twice

    async def hear(self, complaint_id: UUID) -> datetime:
        summary = await self.entry(complaint_id, "summary")
        async with self.db.read() as session:
            answer_by = await now(session) + timedelta(days=3)
        await self.move(complaint_id, ComplaintStage.hearing, answer_by=answer_by, entry_id=summary)
        return answer_by

    async def end(self, complaint_id: UUID, outcome: ComplaintOutcome, *, disqualify: bool = False) -> None:
        kind = "reason" if outcome is ComplaintOutcome.not_accepted else "decision"
        entry_id = await self.entry(
            complaint_id, kind, answer="经调查不属实，感谢监督。" * (kind == "decision")
        )
        await self.move(
            complaint_id, ComplaintStage.ended, outcome=outcome, disqualify=disqualify, entry_id=entry_id
        )

    async def relay(self) -> None:
        """Everything in the outbox has got to the gateway."""
        async with self.db.unit_of_work() as session:
            await session.execute(update(outbox).values(sent_at=func.public.fudao_now()))

    async def prepare(self, complaint_id: UUID, name: CommandName, **body: Any) -> PrepareResult:
        async with self.db.read() as session:
            moment = await now(session)
        return await self.desk.moves.prepare(
            PrepareRequest(
                command_id=uuid4(),
                name=name,
                target_id=complaint_id,
                round_id=self.round_id,
                subject=uuid4(),
                role=Role.supervisor,
                body=body,
                received_at=moment,
            )
        )

    # what one sees behind it --------------------------------------------------------------------------------

    async def row(self, complaint_id: UUID) -> ComplaintRow:
        async with self.db.read() as session:
            row = await rows.one(session, complaint_id)
        assert row is not None
        return row

    async def commands(self) -> list[ServiceCommand]:
        """Everything that was sent to the gateway, in order."""
        query = select(outbox.c.body).where(outbox.c.kind == "command").order_by(outbox.c.position)
        async with self.db.read() as session:
            return [ServiceCommand.model_validate(row.body) for row in await session.execute(query)]

    async def effects(self) -> list[tuple[str, UUID, str | None]]:
        """What was done to applications: name, whose, by which complaint (or whether held)."""
        return [
            (one.name.value, one.target_id, one.body.get("reference") or str(one.body.get("held")))
            for one in await self.commands()
            if one.target_kind == "application"
        ]

    async def messages(self) -> list[http.Outgoing]:
        answer = await self.ask("system", "GET", "/internal/complaint-messages")
        return list(http.OutgoingPage.model_validate(answer.json()).messages)


def build(database: TestDatabase) -> World:
    settings = PublicationSettings(**database.settings("publication", db_pool=8, db_overflow=8).model_dump())
    db, store, packs = Database(settings), ObjectStore(settings), OnePack()
    known: Packs = packs  # type: ignore[assignment]
    sealing = Sealing(settings)
    desk = Desk(
        complaints=Complaints(db, known, sealing),
        moves=ComplaintMoves(db, known, sealing),
        reading=ComplaintReading(db, sealing),
    )
    notices = Notices(db, store, known)
    nothing: Any = None  # no certificate is made here
    certificates = Certificates(db, store, known, nothing)
    rulings = register.Desk(register=nothing, rulings=Rulings(db, known, nothing), verifying=nothing)
    app = make_app(settings, db, notices, certificates, rulings, desk)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://publication")
    return World(database, db, desk, notices, client, settings)
