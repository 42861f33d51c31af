"""A small pack, candidates and the exam service over HTTP on a real database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select, text

from contracts.exam import CancelAttempt, Enrol
from contracts.lifecycle import ActionRequiredBy, CaseRef, Stage, Status, Transition, application_id
from contracts.rulepack import Blueprint, CalendarPlan, ExamPlan, Named, Part, RulePack
from kit.db import Database
from kit.due import DueLoop
from kit.tables import outbox
from kit.tokens import Actor, mint_actor
from rules.cache import Packs
from rules.pack import LoadedPack
from rules.pack.banks import bank
from services.exam import domain
from services.exam.adapters import Banks
from services.exam.api import make_app
from services.exam.due import handlers
from services.exam.models import AnswerRow, AttemptRow
from services.exam.service import ExamService
from services.exam.settings import ExamSettings
from tests.conftest import TestDatabase

PACK_KEY = "sha256/" + "ab" * 32
DURATION = timedelta(minutes=60)


def item(number: int, form: str, key: Sequence[str]) -> dict[str, Any]:
    names = ["t", "f"] if form == "true_false" else ["a", "b", "c", "d"]
    options = [{"id": one, "text": f"选项{one}"} for one in names]
    area = "literacy" if number % 2 else "theory"
    return {
        "id": f"q{number}",
        "area": area,
        "form": form,
        "stem": f"第{number}题",
        "options": options,
        "key": key,
    }


ITEMS = [
    *(item(n, "single", ["abcd"[n % 4]]) for n in range(1, 13)),
    *(item(n, "multiple", ["a", "c"]) for n in (21, 23, 25)),
    *(item(n, "true_false", ["t"]) for n in (31, 33)),
]
KEYS = {one["id"]: tuple(one["key"]) for one in ITEMS}


def pack() -> LoadedPack:
    parts = (
        Part(id="one", area="literacy", form="single", count=3, points=Decimal(10)),
        Part(id="two", area="theory", form="single", count=3, points=Decimal(10)),
        Part(id="three", area="literacy", form="multiple", count=2, points=Decimal(15)),
        Part(id="four", area="literacy", form="true_false", count=1, points=Decimal(10)),
    )
    exam = ExamPlan(
        areas=(Named(id="literacy", name="基本科学素质"), Named(id="theory", name="基础理论知识")),
        blueprints=(Blueprint(id="junior", duration="PT60M", parts=parts),),
        bank=("exam/items.yaml",),
        multiple="half_if_incomplete",
        excused_absence="make_up",
    )
    whole = RulePack.model_construct(
        **cast(Any, {"exam": exam, "timezone": "Asia/Shanghai", "calendar": CalendarPlan()})
    )
    files = {"exam/items.yaml": json.dumps({"items": ITEMS}, ensure_ascii=False).encode()}
    return LoadedPack(whole, {}, files)


class OnePack:
    """Stands for the content store: one pack, under any key."""

    async def get(self, _key: str) -> LoadedPack:
        return pack()


@dataclass
class World:
    """The service, its HTTP, its due loop, and what tests want to see of its rows."""

    database: TestDatabase
    db: Database
    service: ExamService
    http: httpx.AsyncClient
    round_id: UUID = field(default_factory=uuid4)
    people: int = 0

    @property
    def due(self) -> DueLoop:
        return DueLoop(self.db, handlers(self.service))

    async def enrol(self, *, seq: int = 5, case: CaseRef | None = None) -> Candidate:
        person = uuid4()
        if case is None:
            self.people += 1
            case = CaseRef(
                application_id=application_id(self.round_id, person),
                round_id=self.round_id,
                application_number=f"2024-{self.people:05d}",
                level="junior",
                pack_key=PACK_KEY,
            )
        request = Enrol(key=f"application:{case.application_id}:{seq}", case=case, transition=transition(seq))
        await self.service.enrol(request)
        return Candidate(self, person, case, request)

    async def cancel(self, candidate: Candidate, seq: int = 6) -> None:
        key = f"application:{candidate.case.application_id}:{seq}"
        await self.service.cancel_attempt(CancelAttempt(key=key, case=candidate.case))

    async def office(
        self, method: str, path: str, *, role: str = "secretariat", **more: Any
    ) -> httpx.Response:
        headers = self.token(Actor(subject=uuid4(), role=role))
        return await self.http.request(method, f"/rounds/{self.round_id}{path}", headers=headers, **more)

    async def open(self) -> dict[str, Any]:
        answer = await self.office("POST", "/sittings/junior/open")
        assert answer.status_code == 200, answer.text
        return cast(dict[str, Any], answer.json())

    async def sittings(self) -> list[dict[str, Any]]:
        return cast(list[dict[str, Any]], (await self.office("GET", "/sittings")).json()["sittings"])

    async def close_due(self) -> int:
        """Works off everything that is due by the database's clock; how many rows."""
        count = 0
        while await self.due.step():
            count += 1
        return count

    def token(self, actor: Actor) -> dict[str, str]:
        return {"authorization": f"Bearer {mint_actor(self.database.settings('gateway'), actor, 'exam')}"}

    async def commands(self, application: UUID | None = None) -> list[dict[str, Any]]:
        return await self._outbox("command", application)

    async def events(self, application: UUID | None = None) -> list[dict[str, Any]]:
        return await self._outbox("event", application)

    async def _outbox(self, kind: str, target: UUID | None) -> list[dict[str, Any]]:
        query = select(outbox.c.body).where(outbox.c.kind == kind).order_by(outbox.c.position)
        if target is not None:
            query = query.where(outbox.c.target_id == target)
        async with self.db.read() as session:
            return list((await session.execute(query)).scalars())

    async def attempts(self, application: UUID | None = None) -> list[AttemptRow]:
        query = select(AttemptRow).order_by(AttemptRow.enrolled_at)
        if application is not None:
            query = query.where(AttemptRow.application_id == application)
        async with self.db.read() as session:
            return list((await session.execute(query)).scalars())

    async def stored(self, application: UUID) -> dict[str, tuple[int, tuple[str, ...]]]:
        query = select(AnswerRow).join(AttemptRow, AttemptRow.id == AnswerRow.attempt_id)
        async with self.db.read() as session:
            rows = (await session.execute(query.where(AttemptRow.application_id == application))).scalars()
            return {row.item_id: (row.rev, tuple(row.choice)) for row in rows}

    async def end(self) -> None:
        await self.http.aclose()
        await self.db.close()

    async def seconds_left(self) -> float:
        query = text(
            "select extract(epoch from closes_at - public.fudao_now()) from sitting where state = 'open'"
        )
        async with self.db.read() as session:
            return float((await session.execute(query)).scalar_one())


@dataclass
class Candidate:
    """One person at the exam."""

    world: World
    person: UUID
    case: CaseRef
    enrolled: Enrol

    async def ask(
        self, method: str, rest: str = "", *, person: UUID | None = None, **more: Any
    ) -> httpx.Response:
        actor = Actor(
            subject=person or self.person, role="applicant", application_id=self.case.application_id
        )
        path = f"/applications/{self.case.application_id}/exam{rest}"
        return await self.world.http.request(method, path, headers=self.world.token(actor), **more)

    async def start(self) -> dict[str, Any]:
        answer = await self.ask("POST", "/start")
        assert answer.status_code == 200, answer.text
        return cast(dict[str, Any], answer.json())

    async def answer(self, item_id: str, rev: int, *choice: str) -> httpx.Response:
        return await self.ask("PUT", f"/answers/{item_id}", json={"rev": rev, "choice": list(choice)})

    async def finish(self) -> httpx.Response:
        return await self.ask("POST", "/finish")


def transition(seq: int) -> Transition:
    return Transition(
        seq=seq, stage=Stage.exam, status=Status.awaiting_exam, action_required_by=ActionRequiredBy.applicant
    )


def graded(paper: Mapping[str, Any], answers: Mapping[str, Sequence[str]]) -> str:
    """The score that these answers to a stored paper must give."""
    loaded = pack()
    return domain.grade(domain.ExamRules(loaded.pack, bank(loaded)), paper, answers)


def build(database: TestDatabase, *, grace: float = 0, pool: int = 5) -> World:
    settings = database.settings("exam", db_pool=pool)
    db = Database(settings)
    service = ExamService(db, Banks(cast(Packs, OnePack())), ExamSettings(close_grace=grace))
    transport = httpx.ASGITransport(app=make_app(settings, db, service))
    http = httpx.AsyncClient(transport=transport, base_url="http://exam")
    return World(database, db, service, http)
