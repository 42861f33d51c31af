"""The site with the real review service behind it, ten cases in its queue, and a dispatcher that asks it to prepare."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from PIL import Image, ImageDraw
from pydantic import SecretStr
from sqlalchemy import select, update

from contracts.case import FileFacts, Snapshot, canonical
from contracts.commands import Accepted, CommandName, CommandState, Outcome, PrepareRequest, Role
from contracts.http.registration import FormState
from contracts.lifecycle import ActionRequiredBy, CaseRef, Stage, Status
from gateway.intake import log
from gateway.intake.models import CommandRow, WindowRow
from gateway.models import Application
from kit import db as kit_db
from kit.db import Database, migrate
from kit.storage import ObjectStore
from kit.tokens import Actor
from services.review import api
from services.review.adapters import Content
from services.review.service import ReviewService
from services.review.settings import ReviewSettings
from tests.browser.site import NOW, Site, known, put, registration
from tests.conftest import TestDatabase
from tests.integration.review.world import World as Review
from tests.integration.review.world import sample_facts, sample_snapshot
from tests.servers import Servers


@dataclass
class Desk:
    """A reviewer logged in, cases by number, and what was sent."""

    site: Site
    review: Review
    reviewer: UUID
    token: str
    office_token: str
    cases: dict[str, CaseRef] = field(default_factory=dict)
    prepared: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    async def case(self, number: str, unit: str = "重庆市渝中区测试小学", **changes: Any) -> CaseRef:
        """A filed application in the reviewers' queue."""
        person, _ = await self.site.world.person(f"139{len(self.cases):08}")
        picture = await self.review.store.put_content(_page(number), "image/jpeg")
        facts = sample_facts(self.review._file_key.removeprefix("sha256/"))
        scan = FileFacts(
            opens=True, media_type="image/jpeg", bytes=9999, sha256=picture.removeprefix("sha256/"), pages=1
        )
        facts = facts.model_copy(update={"files": {**facts.files, "scan": scan, "fb": scan}})
        case = await self.review.case(number, unit, **changes)
        snapshot = sample_snapshot(number, unit, level=case.level, **changes)
        store = self.review.store
        case = case.model_copy(
            update={
                "facts_key": await store.put_content(canonical(facts), "application/json"),
                "snapshot_key": await store.put_content(canonical(snapshot), "application/json"),
            }
        )
        async with self.site.world.db.unit_of_work() as session:
            session.add(Application(id=case.application_id, round_id=case.round_id, person_id=person))
        await self.review.open_qualification(case)
        self.cases[number] = case
        return case

    @asynccontextmanager
    async def dispatching(self) -> AsyncIterator[None]:
        """Prepares decisions with the review service and accepts what it prepared, while the block runs."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._dispatch(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def _dispatch(self, stop: asyncio.Event) -> None:
        db = self.site.world.db
        while not stop.is_set():
            async with db.read() as session:
                query = select(CommandRow).where(CommandRow.state == CommandState.received.value)
                rows = list(await session.scalars(query.order_by(CommandRow.position)))
            for row in rows:
                outcome = await self._outcome(row)
                state = CommandState.answered if isinstance(outcome, Accepted) else CommandState.refused
                async with db.unit_of_work() as session:
                    values = {
                        "state": state.value,
                        "outcome": outcome.model_dump(mode="json"),
                        "answered_at": await kit_db.now(session),
                    }
                    await session.execute(update(CommandRow).where(CommandRow.id == row.id).values(values))
                    kit_db.wake_after_commit(session, log.ANSWERED)
            await asyncio.sleep(0.02)

    async def _outcome(self, row: CommandRow) -> Outcome:
        if row.name not in (CommandName.decide_qualification, CommandName.disqualify):
            return Accepted()
        request = PrepareRequest(
            command_id=row.id,
            name=CommandName(row.name),
            target_id=row.target_id,
            round_id=row.round_id,
            subject=row.subject,
            role=Role(row.role),
            body=row.body,
            received_at=row.received_at,
        )
        result = await self.review.service.prepare(request)
        if result.refused is not None:
            return result.refused
        assert result.data is not None
        if row.name == CommandName.decide_qualification:
            self.prepared[row.target_id] = result.data
        return Accepted()

    async def send_back(self, number: str, token: str) -> None:
        """What workflow and registration would do with a correction: its window, and where the case stands."""
        case = self.cases[number]
        world = self.site.world
        closes_at = NOW + timedelta(days=3)
        async with world.db.unit_of_work() as session:
            session.add(
                WindowRow(
                    target_kind="application",
                    target_id=case.application_id,
                    stage=Stage.correction.value,
                    round_id=case.round_id,
                    opens_at=NOW,
                    closes_at=closes_at,
                )
            )
        changes = {
            "application_id": case.application_id,
            "application_number": number,
            "stage": Stage.correction,
            "status": Status.awaiting_correction,
            "action_required_by": ActionRequiredBy.applicant,
            "closes_at": closes_at,
            "seq": 4,
        }
        world.read_model.known[case.application_id] = known(self.site, **changes)
        view = registration(self.site, application_id=case.application_id, application_number=number, seq=4)
        path = f"/applications/{case.application_id}/registration"
        put(world, "registration", path, view.model_copy(update={"state": FormState.correction}))

    async def corrected(self, number: str, answers_key: str | None, **fields: str) -> None:
        """The resubmission reaches review as the second look."""
        case = self.cases[number]
        before = Snapshot.model_validate_json(await self.review.store.get_content(case.snapshot_key or ""))
        after = await self.review.changed(case, fields={**before.fields, **fields})
        key = self.prepared[case.application_id]["decision_key"]
        await self.review.open_qualification(after, 2, key, answers_key=answers_key)


def _page(number: str) -> bytes:
    """A page that looks like a scanned form."""
    picture = Image.new("RGB", (827, 1169), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((60, 60, 767, 1109), outline="black", width=2)
    for line in range(24):
        draw.line((60, 150 + line * 38, 767, 150 + line * 38), fill="#888")
    draw.text((90, 90), f"FORM {number}  1/1", fill="black", font_size=30)
    draw.ellipse((540, 880, 740, 1080), outline="#c00", width=6)
    draw.line((120, 1000, 180, 960, 220, 1010, 300, 950), fill="#113", width=4)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


@asynccontextmanager
async def open_desk(site: Site, database: TestDatabase, servers: Servers) -> AsyncIterator[Desk]:
    """Review on the same database, reached by the gateway through its own client."""
    s3 = await servers.s3()
    base = database.settings("review", db_pool=5, db_overflow=10)
    given: dict[str, Any] = {
        **base.model_dump(),
        "s3_endpoint": s3.endpoint,
        "s3_access_key": s3.access_key,
        "s3_secret_key": SecretStr(s3.secret_key),
        "actor_public_key": site.world.settings.actor_public_key,
    }
    settings = ReviewSettings(**given)
    await migrate(settings, "services.review")
    db, store = Database(settings), ObjectStore(settings)
    service = ReviewService(db, Content(store, settings.link_lifetime), settings)
    review = Review(service, db, store, site.world.settings, settings)
    review.round_id = site.round_id
    await review.prepare_content()
    services = site.world.services
    fake = services._open
    app = api.make_app(settings, db, service)

    def opened(name: str) -> httpx.AsyncClient:
        if name != "review":
            return fake(name)
        return httpx.AsyncClient(base_url="http://review", transport=httpx.ASGITransport(app))

    services._open = opened  # type: ignore[method-assign]
    reviewer, token = await site.world.staff(Role.reviewer)
    _, office = await site.world.staff(Role.secretariat)
    made = Desk(site, review, reviewer, token, office)
    actor = Actor(subject=reviewer, role=Role.reviewer)
    path, body = f"/experts/{actor.subject}", {"unit": "重庆市渝北区某中学", "role": "reviewer"}
    await review.get(review.secretariat, "PUT", path, body)
    yield made
    await review.close()
    await db.close()
    await store.close()
