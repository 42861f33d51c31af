"""A two-level pack, candidates with scores and the scoring service over HTTP on a real database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select

from contracts.commands import ServiceCommand
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
from contracts.rulepack import Cut, Level, RulePack
from contracts.scoring import MakeRanking, RankingMade, ReceiveComponents, ReleaseRanking
from kit.db import Database
from kit.tables import outbox
from kit.tokens import Actor, mint_actor
from rules.cache import Packs
from rules.pack import LoadedPack
from services.scoring.api import make_app
from services.scoring.service import ScoringService
from tests.conftest import TestDatabase

PACK_KEY = "sha256/" + "cd" * 32


def level(identity: str, name: str, ratio: str, **weights: int) -> Level:
    return Level(
        id=identity,
        name=name,
        clause="T1",
        fee=10000,
        stages=(Stage.filing, Stage.exam, Stage.portfolio, Stage.totals),
        weights=cast(Any, weights),
        eligibility=("E2",),
        b_items=1,
        cut=Cut(ratio=Decimal(ratio)),
    )


def pack() -> LoadedPack:
    levels = (
        level("junior", "初级", "0.5", portfolio=50, exam=50),
        level("intermediate", "中级", "0.4", portfolio=40, exam=20, defence=40),
    )
    return LoadedPack(
        RulePack.model_construct(**cast(Any, {"name": "2024年度认证", "levels": levels})), {}, {}
    )


class OnePack:
    """Stands for the content store: one pack, under any key."""

    async def get(self, _key: str) -> LoadedPack:
        return pack()


@dataclass(frozen=True)
class Person:
    """A candidate at totals."""

    id: UUID
    case: CaseRef


@dataclass
class World:
    """The service, its HTTP, and what tests want to see of its outbox."""

    database: TestDatabase
    db: Database
    service: ScoringService
    http: httpx.AsyncClient
    round_id: UUID = field(default_factory=uuid4)

    def person(self, number: int, level_id: str = "junior") -> Person:
        identity = uuid4()
        case = CaseRef(
            application_id=application_id(self.round_id, identity),
            round_id=self.round_id,
            application_number=f"2024-{number:05d}",
            level=level_id,
            pack_key=PACK_KEY,
        )
        return Person(identity, case)

    def components(
        self, person: Person, scores: Mapping[str, str], *, absent: bool = False
    ) -> ReceiveComponents:
        transition = Transition(
            seq=9,
            stage=Stage.totals,
            status=Status.awaiting_ranking,
            action_required_by=ActionRequiredBy.nobody,
        )
        return ReceiveComponents(
            key=f"application:{person.case.application_id}:9",
            case=person.case,
            transition=transition,
            components={Stage(name): score for name, score in scores.items()},
            absent=absent,
        )

    async def receive(
        self, number: int, scores: Mapping[str, str], *, level_id: str = "junior", absent: bool = False
    ) -> Person:
        person = self.person(number, level_id)
        await self.service.receive_components(self.components(person, scores, absent=absent))
        return person

    async def rank(self, *, seq: int = 2, **filed: int) -> RankingMade:
        return await self.service.make_ranking(self.making(seq, filed))

    def making(self, seq: int, filed: Mapping[str, int]) -> MakeRanking:
        return MakeRanking(
            key=f"round:{self.round_id}:{seq}",
            round=RoundRef(round_id=self.round_id, pack_key=PACK_KEY),
            transition=RoundTransition(seq=seq, stage=RoundStage.ranked),
            filed=dict(filed),
        )

    def releasing(self, ranking: UUID, seq: int = 3) -> ReleaseRanking:
        return ReleaseRanking(
            key=f"round:{self.round_id}:{seq}",
            round=RoundRef(round_id=self.round_id, pack_key=PACK_KEY),
            transition=RoundTransition(seq=seq, stage=RoundStage.released),
            ranking_id=ranking,
        )

    async def ask(self, path: str, *, role: str = "secretariat", **more: Any) -> httpx.Response:
        return await self.get(f"/rounds/{self.round_id}{path}", Actor(subject=uuid4(), role=role), **more)

    async def own(self, person: Person, *, subject: UUID | None = None) -> httpx.Response:
        application = person.case.application_id
        actor = Actor(subject=subject or person.id, role="applicant", application_id=application)
        return await self.get(f"/applications/{application}/scores", actor)

    async def get(self, path: str, actor: Actor, **more: Any) -> httpx.Response:
        token = mint_actor(self.database.settings("gateway"), actor, "scoring")
        return await self.http.get(path, headers={"authorization": f"Bearer {token}"}, **more)

    async def sent(self, kind: str) -> list[dict[str, Any]]:
        query = select(outbox.c.body).where(outbox.c.kind == kind).order_by(outbox.c.position)
        async with self.db.read() as session:
            return list((await session.execute(query)).scalars())

    async def commands(self) -> list[ServiceCommand]:
        return [ServiceCommand.model_validate(body) for body in await self.sent("command")]


def build(database: TestDatabase) -> World:
    settings = database.settings("scoring", db_pool=8)
    db = Database(settings)
    service = ScoringService(db, cast(Packs, OnePack()))
    transport = httpx.ASGITransport(app=make_app(settings, db, service))
    return World(database, db, service, httpx.AsyncClient(transport=transport, base_url="http://scoring"))
