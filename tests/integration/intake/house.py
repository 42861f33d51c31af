"""The real intake (log, windows, dispatcher, gateway worker) and real workflows on real servers; services are fakes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from temporalio.client import Client
from temporalio.worker import Worker

from contracts import gateway
from contracts.commands import CommandName, PrepareRequest, PrepareResult, Receipt, Role, TargetKind
from contracts.lifecycle import Plan, Route, Stage, application_id
from contracts.workflows import TASK_QUEUE
from gateway.intake import log
from gateway.intake.activities import GatewayActivities
from gateway.intake.delivery import Delivery
from gateway.intake.dispatcher import Dispatcher
from gateway.intake.models import CommandRow, WindowRow
from kit.db import Database
from kit.errors import DomainError, Kind
from kit.settings import Settings
from kit.temporal import make_worker
from rules.cache import Packs
from rules.pack import LoadedPack
from tests.workflows.world import KEY, World, fakes
from workflows.__main__ import WORKFLOWS


class RealTimeWorld(World):
    """The same fakes by the clock on the wall."""

    async def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FakeServices:
    """Prepares as services would; `down` names those that do not answer."""

    down: set[str] = field(default_factory=set)
    prepared: list[PrepareRequest] = field(default_factory=list)
    unprepared: list[PrepareRequest] = field(default_factory=list)
    closes_at: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(days=1))

    async def prepare(self, service: str, request: PrepareRequest) -> PrepareResult:
        if service in self.down:
            raise DomainError(Kind.unavailable, "service_unavailable", "服务暂时不可用。")
        self.prepared.append(request)
        version = int(request.body.get("draft_version", 1))
        plan = Plan(level="junior", route=Route.regular, stages=(Stage.filing, Stage.qualification))
        match request.name:
            case CommandName.apply:
                data: dict[str, Any] = {
                    "application_number": f"T-{request.target_id.hex[:8]}",
                    "level": "junior",
                    "route": "regular",
                    "pack_key": KEY,
                    "filing_closes_at": (request.closes_at or self.closes_at).isoformat(),
                }
            case CommandName.submit | CommandName.resubmit:
                data = {
                    "form_version": version,
                    "snapshot_key": KEY,
                    "facts_key": KEY,
                    "plan": plan.model_dump(mode="json"),
                }
            case CommandName.attach_scan:
                data = {"form_version": request.body["form_version"], "facts_key": KEY}
            case _:
                data = {}
        return PrepareResult(data=data)

    async def unprepare(self, service: str, request: PrepareRequest) -> None:
        if service in self.down:
            raise DomainError(Kind.unavailable, "service_unavailable", "服务暂时不可用。")
        self.unprepared.append(request)


@dataclass
class House:
    """What a test turns on and off."""

    db: Database
    settings: Settings
    client: Client
    world: World
    services: FakeServices
    round_id: UUID = field(default_factory=uuid4)

    async def open_filing(self, closes_at: datetime) -> None:
        """The round's filing window, as the round's workflow would have opened it."""
        async with self.db.unit_of_work() as session:
            session.add(
                WindowRow(
                    target_kind="round",
                    target_id=self.round_id,
                    stage=Stage.filing.value,
                    round_id=self.round_id,
                    opens_at=datetime.now(UTC) - timedelta(hours=1),
                    closes_at=closes_at,
                )
            )

    async def store(self, person: UUID, name: CommandName, key: str | None = None, **body: Any) -> Receipt:
        """As the HTTP gateway does after its own checks."""
        async with self.db.unit_of_work() as session:
            return await log.store(
                session,
                log.NewCommand(
                    id=uuid4(),
                    target_kind=TargetKind.application,
                    target_id=application_id(self.round_id, person),
                    round_id=self.round_id,
                    name=name,
                    role=Role.applicant,
                    body=body,
                    subject=person,
                    idempotency_key=key or uuid4().hex,
                ),
            )

    async def row(self, command_id: UUID) -> CommandRow:
        async with self.db.read() as session:
            row = await log.find(session, command_id)
        assert row is not None
        return row

    async def answered(self, command_id: UUID, seconds: float = 30) -> CommandRow:
        """The command's row once it has an outcome."""
        async with asyncio.timeout(seconds):
            while True:
                row = await self.row(command_id)
                if row.outcome is not None:
                    return row
                await asyncio.sleep(0.05)

    async def unanswered(self) -> int:
        query = select(func.count()).select_from(CommandRow).where(CommandRow.outcome.is_(None))
        async with self.db.read() as session:
            return int((await session.execute(query)).scalar_one())

    @asynccontextmanager
    async def dispatcher(self) -> AsyncIterator[None]:
        """A dispatcher of its own, stopped at the end of the block."""
        stop = asyncio.Event()
        running = asyncio.create_task(Dispatcher(self.db, Delivery(self.client, self.services)).run(stop))
        try:
            yield
        finally:
            stop.set()
            await running

    def workflow_worker(self) -> Worker:
        return make_worker(self.client, self.settings, TASK_QUEUE, workflows=WORKFLOWS)

    def service_workers(self, pack: LoadedPack) -> list[Worker]:
        """Fakes for every queue but the gateway's own, which is the real one."""

        async def fetch(_: str) -> bytes:
            return pack.canonical()

        own = GatewayActivities(self.db, Packs(fetch)).all()
        workers = []
        for queue, activities in fakes(self.world).items():
            served = own if queue == gateway.TASK_QUEUE else activities
            workers.append(make_worker(self.client, self.settings, queue, activities=served))
        return workers
