"""A gateway on a real database, with small fakes where other processes would be: services, dispatcher, read model."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import uuid_utils.compat as uuids
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import Accepted, CommandState, Outcome, Role
from contracts.http.district import DistrictCase, DistrictFilters, DistrictGroup, DistrictPage
from contracts.http.gateway import (
    AccountKind,
    CaseFilters,
    CasePage,
    Funnel,
    FunnelLine,
    KnownCase,
    TimelineEntry,
)
from contracts.lifecycle import RoundStage
from gateway.accounts import codes, sessions
from gateway.app import make_app
from gateway.intake import log
from gateway.intake.models import CommandRow
from gateway.intake.waiting import Answers
from gateway.models import Account, Application, Round, StaffRole
from gateway.parts import Parts, ReadModel
from gateway.settings import GatewaySettings
from kit.db import Database
from kit.http import ServiceClient
from kit.settings import Settings
from kit.storage import ObjectStore
from kit.tokens import verify_actor
from rules.cache import Packs

ORIGIN = "http://gateway.test"
OPERATOR_TOKEN = "one-time-link"
Answer = tuple[int, Any]
_DAY = timedelta(days=1)


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def settings_from(base: Settings, **changes: Any) -> GatewaySettings:
    """The gateway's settings on a test database, with keys of its own."""
    private = Ed25519PrivateKey.generate()
    values = base.model_dump() | {
        "operator_token": SecretStr(OPERATOR_TOKEN),
        "actor_private_key": SecretStr(encoded(private.private_bytes_raw())),
        "actor_public_key": encoded(private.public_key().public_bytes_raw()),
        "service_root_key": SecretStr(encoded(os.urandom(32))),
        "db_pool": 10,
        "s3_endpoint": "127.0.0.1:1",
        "rulepacks_dir": Path(__file__).parents[3] / "rulepacks",
        **changes,
    }
    return GatewaySettings(**values)


@dataclass
class FakeServices(ServiceClient):
    """Services that answer what a test has put in; every request is kept with the actor the token vouches for."""

    settings: Settings
    answers: dict[tuple[str, str, str], Answer] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.settings)

    def put(self, service: str, method: str, path: str, status: int, body: Any) -> None:
        self.answers[service, method, path] = (status, body)

    def last(self, service: str) -> dict[str, Any]:
        return next(one for one in reversed(self.asked) if one["service"] == service)

    def _open(self, service: str) -> httpx.AsyncClient:
        app = FastAPI()

        @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
        async def take(request: Request, path: str) -> Response:
            token = request.headers["authorization"].removeprefix("Bearer ")
            actor = verify_actor(self.settings, token, service)
            body = await request.body()
            self.asked.append(
                {
                    "service": service,
                    "method": request.method,
                    "path": f"/{path}",
                    "query": dict(request.query_params),
                    "headers": dict(request.headers),
                    "actor": actor,
                    "body": body,
                }
            )
            status, said = self.answers.get((service, request.method, f"/{path}"), (404, _NOT_FOUND))
            if isinstance(said, bytes):
                return Response(said, status, media_type="application/pdf")
            kind = "application/problem+json" if status >= 400 else "application/json"
            return Response(json.dumps(said), status, media_type=kind)

        transport = httpx.ASGITransport(app=app)
        return httpx.AsyncClient(base_url=f"http://{service}", transport=transport)


_NOT_FOUND = {"type": "urn:x", "title": "x", "status": 404, "detail": "没有找到", "code": "not_found"}


@dataclass
class FakeReadModel:
    """What a test says has happened."""

    known: dict[UUID, KnownCase] = field(default_factory=dict)
    events: dict[UUID, list[TimelineEntry]] = field(default_factory=dict)
    filters: list[CaseFilters] = field(default_factory=list)
    districts: dict[str, list[DistrictCase]] = field(default_factory=dict)
    lines: list[FunnelLine] = field(default_factory=list)
    stages: dict[UUID, RoundStage] = field(default_factory=dict)

    async def case(self, session: AsyncSession, application_id: UUID, /) -> KnownCase | None:
        return self.known.get(application_id)

    async def cases(
        self, session: AsyncSession, round_id: UUID, filters: CaseFilters, cursor: str | None, limit: int, /
    ) -> CasePage:
        self.filters.append(filters)
        found = [
            one
            for one in self.known.values()
            if one.round_id == round_id
            and filters.stage in (None, one.stage)
            and filters.status in (None, one.status)
        ]
        return CasePage(cases=tuple(found[:limit]))

    async def funnel(self, session: AsyncSession, round_id: UUID, /) -> Funnel:
        total = sum(one.count for one in self.lines) or len(self.known)
        return Funnel(
            round_id=round_id, stage=self.stages.get(round_id), total=total, lines=tuple(self.lines)
        )

    async def timeline(self, session: AsyncSession, application_id: UUID, /) -> Sequence[TimelineEntry]:
        return self.events.get(application_id, [])

    async def district_groups(
        self, session: AsyncSession, round_id: UUID, districts: Sequence[str], /
    ) -> Sequence[DistrictGroup]:
        told = Counter((one.unit, one.missing) for name in districts for one in self.districts.get(name, []))
        return [DistrictGroup(unit=unit, missing=missing, people=n) for (unit, missing), n in told.items()]

    async def district_page(
        self,
        session: AsyncSession,
        round_id: UUID,
        districts: Sequence[str],
        filters: DistrictFilters,
        /,
        *,
        whole: bool,
    ) -> DistrictPage:
        """In the order given; the filters as in the database."""
        cases = tuple(
            one
            for name in districts
            for one in self.districts.get(name, [])
            if (filters.step is None or filters.step in one.missing)
            and filters.unit in (None, one.unit)
            and filters.level in (None, one.level)
            and (filters.text is None or filters.text in one.name or filters.text in one.unit)
        )
        start = (filters.page - 1) * filters.size
        return DistrictPage(found=len(cases), cases=cases if whole else cases[start : start + filters.size])


@dataclass
class World:
    """The gateway and everything a test needs to look behind it."""

    settings: GatewaySettings
    db: Database
    services: FakeServices
    read_model: FakeReadModel
    app: FastAPI
    parts: Parts

    def client(
        self, token: str | None = None, *, cookie: str | None = None, address: str = "192.0.2.7"
    ) -> httpx.AsyncClient:
        """An API client (bearer), a browser (cookie and its Origin), or nobody."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if cookie is not None:
            headers |= {"origin": ORIGIN}
        cookies = {self.settings.cookie: cookie} if cookie else None
        transport = httpx.ASGITransport(app=self.app, client=(address, 5000))
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers, cookies=cookies)

    async def person(self, phone: str = "13800000001") -> tuple[UUID, str]:
        """A person's account with a session: ID and token."""
        async with self.db.unit_of_work() as session:
            account = await codes._account(
                session, self.settings, phone, codes.phone_hash(self.settings, phone)
            )
            opened = await sessions.open_session(session, account, _DAY)
        return account.id, opened.token

    async def staff(
        self, *roles: Role, username: str | None = None, district: str | None = None
    ) -> tuple[UUID, str]:
        """A member of staff with a session: ID and token."""
        identity = uuids.uuid7()
        async with self.db.unit_of_work() as session:
            account = Account(
                id=identity,
                kind=AccountKind.staff.value,
                username=username or f"user{uuid4().hex[:10]}",
                display_name="张三",
                district=district,
            )
            session.add(account)
            await session.flush()
            session.add_all(StaffRole(account_id=identity, role=role.value) for role in roles)
            await session.flush()
            opened = await sessions.open_session(session, account, _DAY)
        return identity, opened.token

    async def round(self) -> UUID:
        """A round that exists."""
        identity = uuid4()
        async with self.db.unit_of_work() as session:
            session.add(
                Round(
                    id=identity,
                    pack_name="demo",
                    pack_key="sha256/" + "0" * 64,
                    pack_hash="0" * 64,
                    opened_by=uuid4(),
                )
            )
        return identity

    async def application(self, person: UUID, round_id: UUID) -> UUID:
        """An application of that person."""
        identity = uuid4()
        async with self.db.unit_of_work() as session:
            session.add(Application(id=identity, round_id=round_id, person_id=person))
        return identity

    @asynccontextmanager
    async def answering(self, outcome: Outcome | None = None) -> AsyncIterator[None]:
        """Answers every stored command so, in place of the dispatcher, while the block runs."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._dispatch(outcome or Accepted(), stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def _dispatch(self, outcome: Outcome, stop: asyncio.Event) -> None:
        waiting = select(CommandRow).where(CommandRow.state == CommandState.received.value)
        while not stop.is_set():
            async with self.db.unit_of_work() as session:
                for row in list(await session.scalars(waiting.order_by(CommandRow.position))):
                    await log.answer(session, row.target_id, row.id, outcome)
            await asyncio.sleep(0.02)

    async def stored(self) -> list[CommandRow]:
        """The whole log, in its order."""
        async with self.db.read() as session:
            return list(await session.scalars(select(CommandRow).order_by(CommandRow.position)))


@asynccontextmanager
async def running(settings: GatewaySettings, *, read_model: ReadModel | None = None) -> AsyncIterator[World]:
    """The whole gateway but its server; `read_model`: another one than the test's own."""
    database, store = Database(settings), ObjectStore(settings)
    services, told = FakeServices(settings), FakeReadModel()
    parts = Parts(
        settings=settings,
        db=database,
        store=store,
        services=services,
        answers=Answers(database),
        packs=Packs(store.get_content),
        read_model=read_model or told,
    )
    stop = asyncio.Event()
    listening = asyncio.create_task(parts.answers.run(stop))
    try:
        yield World(settings, database, services, told, make_app(parts), parts)
    finally:
        stop.set()
        await asyncio.wait_for(listening, 5)
        await services.aclose()
        await store.close()
        await database.close()


def instant(day: int = 1, hour: int = 8) -> datetime:
    """A moment of March 2026."""
    return datetime(2026, 3, day, hour, tzinfo=UTC)
