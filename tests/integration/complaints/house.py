"""Gateway, intake, workflows and publication as they are, on real servers; other services answer as tests say."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4

import asyncpg
import httpx
from pydantic import SecretStr
from sqlalchemy import select, update
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from contracts import publication as publication_contract
from contracts.complaints import ComplaintStage
from contracts.http.complaints import ComplaintView
from contracts.http.gateway import KnownCase
from contracts.http.publication import ListedPerson, ListSection
from contracts.lifecycle import ActionRequiredBy, Stage, Status
from contracts.workflows import TASK_QUEUE
from gateway.intake.delivery import Delivery, HttpPreparer
from gateway.intake.dispatcher import Dispatcher, Limits
from gateway.models import Application
from kit.db import ROLES, bootstrap, migrate
from kit.tables import outbox
from kit.temporal import connect, make_worker
from kit.tokens import mint_service
from rules.pack import load
from services.publication.activities import activities
from services.publication.models import ComplaintRow, HoldRow, ListingRow, NoticeRow
from services.publication.service import Certificates
from tests.browser.site import NOW, round_view
from tests.conftest import PASSWORD, TestDatabase, _settings
from tests.integration.gateway.world import World as Gateway
from tests.integration.gateway.world import running, settings_from
from tests.integration.intake.house import RealTimeWorld
from tests.integration.publication.world import World as Publication
from tests.integration.publication.world import build
from tests.servers import Servers, dsn_of
from tests.workflows.world import ROUND, Applicant, fakes, play, start_application
from workflows.__main__ import WORKFLOWS
from workflows.application import ApplicationLifecycle

T = TypeVar("T")
ROOT = Path(__file__).parents[3]
OURS = (
    "publication.set_hold",
    "publication.move_complaint",
    "publication.close_notice",
    "publication.delist",
)
"""Activities that publication itself answers here."""
STAGES = (Stage.exam, Stage.portfolio, Stage.totals)


@dataclass
class Person:
    """Somebody on the public list, whose application's run waits for the end of the notice."""

    number: str
    application: UUID
    token: str
    run: Applicant


@dataclass
class House:
    gateway: Gateway
    publication: Publication
    temporal: Client
    services: RealTimeWorld
    notice: UUID
    people: list[Person] = field(default_factory=list)
    url: str = ""

    @property
    def world(self) -> Gateway:
        """As a site for browsers has it."""
        return self.gateway

    def client(self, token: str | None = None, address: str = "192.0.2.7") -> httpx.AsyncClient:
        """A browser: with cookie and origin, or nobody's."""
        if token is None:
            return self.gateway.client(address=address)
        return self.gateway.client(cookie=token, address=address)

    async def until(self, ready: Callable[[], Awaitable[T | None]], seconds: float = 20) -> T:
        """What `ready` gives at last: between a command and its effect stand relay, dispatcher and workflow."""
        async with asyncio.timeout(seconds):
            while True:
                if found := await ready():
                    return found
                await asyncio.sleep(0.05)

    async def at(self, complaint_id: UUID, stage: ComplaintStage) -> ComplaintView:
        """The complaint, as soon as publication has it at this stage."""

        async def there() -> ComplaintView | None:
            seen = await self.publication.desk.reading.view(complaint_id)
            return seen if seen.stage is stage else None

        return await self.until(there)

    async def held(self, person: Person, wanted: bool) -> None:
        """Until the application's own run, and publication after it, say so."""

        async def so() -> bool:
            now = await person.run.handle.query(ApplicationLifecycle.now)
            async with self.publication.db.read() as session:
                row = await session.get(HoldRow, person.application)
            return (now.held, row is not None and row.held) == (wanted, wanted)

        await self.until(so)

    async def held_not(self, person: Person) -> None:
        """This one is not held now."""
        assert not (await person.run.handle.query(ApplicationLifecycle.now)).held

    async def only(self) -> UUID:
        """The ID of the newest complaint, which only the database tells."""
        async with self.publication.db.read() as session:
            query = select(ComplaintRow.id).order_by(ComplaintRow.received_at.desc()).limit(1)
            return (await session.execute(query)).scalar_one()

    async def document(self, data: bytes = b"%PDF-1.7 decision") -> str:
        """What review answers for a decision document, and the bytes where it would put them."""
        key = await self.gateway.parts.store.put_content(data, "application/pdf")
        said = {"key": key, "bytes": len(data), "media_type": "application/pdf"}
        self.gateway.services.put("review", "POST", "/documents", 201, said)
        return key


@asynccontextmanager
async def own_house(servers: Servers) -> AsyncIterator[House]:
    """On a database of its own."""
    server, name = await servers.postgres(), f"test_complaints_{secrets.token_hex(4)}"
    await bootstrap(dsn_of(server, name), dict.fromkeys(ROLES, PASSWORD))
    database = TestDatabase(dsn_of(server, name), _settings(server, name))
    for role, package in (("gateway", "gateway"), ("publication", "services.publication")):
        await migrate(database.settings(role), package)
    async with open_house(database, servers) as opened:
        yield opened
    connection = await asyncpg.connect(server)
    await connection.execute(f"drop database if exists {name} with (force)")
    await connection.close()


@asynccontextmanager
async def open_house(database: TestDatabase, servers: Servers) -> AsyncIterator[House]:
    """Two people are on the running public list of one round."""
    base, s3 = database.settings("gateway"), await servers.s3()
    settings = settings_from(
        base,
        embedded=True,
        actor_private_key=base.actor_private_key,
        actor_public_key=base.actor_public_key,
        service_root_key=base.service_root_key,
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=SecretStr(s3.secret_key),
        temporal_address=await servers.temporal(),
        complaints_per_address_day=4,
    )
    async with running(settings) as gateway, AsyncExitStack() as stack:
        await gateway.parts.store.ensure_buckets()
        publication = build(database)
        publication.round_id = ROUND
        gateway.services._clients["publication"] = publication.http
        for service, method, path, status, said in (
            ("registration", "POST", "/internal/uploads/inspect", 200, {"clean": True}),
            ("registration", "GET", "/rounds", 200, {"rounds": [round_view(ROUND).model_dump(mode="json")]}),
            ("review", "POST", "/internal/prepare", 200, {"data": {}}),
            ("notification", "POST", "/internal/messages", 200, {"id": str(uuid4())}),
        ):
            gateway.services.put(service, method, path, status, said)
        temporal = await connect(settings)
        pack = load(ROOT / "rulepacks/chongqing-2024")
        world = RealTimeWorld(env=cast(Any, None), pack=pack, offset=timedelta())
        house = House(gateway, publication, temporal, world, uuid4())
        for worker in _workers(house):
            await stack.enter_async_context(worker)
        stop = asyncio.Event()
        delivery = Delivery(temporal, HttpPreparer(gateway.services))
        dispatcher = Dispatcher(gateway.db, delivery, Limits(poll_seconds=0.1))
        tasks = [asyncio.create_task(one) for one in (dispatcher.run(stop), _relay(house, stop))]
        try:
            await _list(house)
            yield house
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await publication.db.close()


def _workers(house: House) -> list[Worker]:
    settings = house.gateway.settings
    workers = [make_worker(house.temporal, settings, TASK_QUEUE, workflows=WORKFLOWS)]
    bound = activities(house.publication.notices, cast(Certificates, None), house.publication.desk.moves)
    for queue, made in fakes(house.services).items():
        if queue == publication_contract.TASK_QUEUE:
            made = [one for one in made if _name(one) not in OURS] + [
                one for one in bound if _name(one) in OURS
            ]
        workers.append(make_worker(house.temporal, settings, queue, activities=made))
    return workers


def _name(function: Callable[..., Any]) -> str:
    name = activity._Definition.must_from_callable(function).name
    assert name is not None
    return name


async def _relay(house: House, stop: asyncio.Event) -> None:
    """Publication's commands to the gateway's own door, in order, as its relay would."""
    transport = httpx.ASGITransport(app=house.gateway.app)
    token = mint_service(house.publication.settings)
    headers = {"authorization": f"Bearer {token}"}
    query = (
        select(outbox.c.position, outbox.c.body)
        .where(outbox.c.kind == "command", outbox.c.sent_at.is_(None))
        .order_by(outbox.c.position)
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
        while not stop.is_set():
            async with house.publication.db.unit_of_work() as session:
                for row in (await session.execute(query)).all():
                    answer = await client.post("/internal/commands", json=row.body, headers=headers)
                    assert answer.status_code == 200, answer.text
                    sent = update(outbox).where(outbox.c.position == row.position)
                    await session.execute(sent.values(sent_at=datetime.now(UTC)))
            await asyncio.sleep(0.05)


async def _list(house: House) -> None:
    """Two people in the notice, the notice on its way, everything known where it should be."""
    async with asyncio.TaskGroup() as group:
        made = [group.create_task(_person(house, number)) for number in ("2024-J-00001", "2024-J-00002")]
    house.people = [one.result() for one in made]
    section = ListSection(
        level="junior",
        heading="初级青少年科技辅导员拟认定名单",
        people=tuple(
            ListedPerson(application_number=one.number, name=name, unit="重庆市渝中区青少年宫")
            for one, name in zip(house.people, ("王小明", "欧阳晓䶮"), strict=True)
        ),
    )
    async with house.publication.db.unit_of_work() as session:
        session.add(
            NoticeRow(
                id=house.notice,
                round_id=ROUND,
                title="2024年度专业水平认证拟认定名单公示",
                state="running",
                content={
                    "sections": [section.model_dump(mode="json")],
                    "targets": [],
                    "objection": "公示期间如有异议，可署名或匿名向监督委员会反映。",
                },
                digest="ab" * 32,
                posted_at=NOW - timedelta(days=1),
                closes_at=NOW + timedelta(days=3),
            )
        )


async def _person(house: House, number: str) -> Person:
    account, token = await house.gateway.person(f"1380000{number[-4:]}")
    application = uuid4()
    run = await start_application(
        house.services,
        house.temporal,
        level="junior",
        filing_closes_at=NOW + timedelta(days=1),
        application=application,
    )
    await run.file()
    await run.reach(Stage.qualification)
    await run.decide("passed")
    await play(run, STAGES)
    await run.reach(Stage.notice)
    async with house.gateway.db.unit_of_work() as session:
        session.add(Application(id=application, round_id=ROUND, person_id=account))
    async with house.publication.db.unit_of_work() as session:
        session.add(
            ListingRow(
                application_id=application,
                round_id=ROUND,
                application_number=number,
                level="junior",
                route="regular",
                name="王小明",
                unit="重庆市渝中区青少年宫",
                state="listed",
            )
        )
    house.gateway.read_model.known[application] = KnownCase(
        application_id=application,
        round_id=ROUND,
        application_number=number,
        level="junior",
        seq=9,
        stage=Stage.notice,
        status=Status.awaiting_notice,
        action_required_by=ActionRequiredBy.nobody,
        since=NOW,
        updated_at=NOW,
        name="王小明",
        unit="重庆市渝中区青少年宫",
    )
    return Person(number, application, token, run)
