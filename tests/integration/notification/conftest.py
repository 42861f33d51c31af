"""Notification on one migrated database, emptied before each test, before a carrier on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest_asyncio
from pydantic import SecretStr

from contracts.events import Event, EventType, Profile, Topic, case_event
from contracts.http.notification import MessageKind, SendMessage
from contracts.lifecycle import ActionRequiredBy, CaseRef, Stage, Status, Transition
from kit.db import Database
from kit.http import serve
from kit.keyring import encrypt_for
from services.notification import domain
from services.notification.adapters import TencentSms
from services.notification.models import MessageRow
from services.notification.service import NotificationService, Office, Sending
from services.notification.settings import NotificationSettings
from tests.conftest import TestDatabase
from tests.integration.notification.tencent import APP, SECRET_ID, SECRET_KEY, SIGN, Carrier

PHONE = "13800000001"


@dataclass
class World:
    db: Database
    settings: NotificationSettings
    carrier: Carrier
    service: NotificationService
    office: Office
    sending: Sending
    database: TestDatabase
    registration: Database
    person: UUID = field(default_factory=uuid4)
    application: UUID = field(default_factory=uuid4)

    async def told(self, type_: EventType = EventType.exam_enrolled, **data: object) -> UUID:
        """One event of the application, consumed; the message's ID."""
        case = CaseRef(
            application_id=self.application,
            round_id=UUID(int=2),
            application_number="2024-J-00001",
            level="junior",
            pack_key="sha256/" + "0" * 64,
        )
        moved = Transition(
            seq=3,
            stage=Stage.exam,
            status=Status.awaiting_exam,
            action_required_by=ActionRequiredBy.applicant,
        )
        event = case_event(
            type_,
            case,
            effect_key=str(uuid4()),
            occurred_at=datetime.now(UTC),
            transition=moved,
            person_id=str(self.person),
            **data,
        )
        await self.consume(event)
        return event.id

    async def profile(self, phone: str = PHONE) -> None:
        """The person's phone is known from now on."""
        known = Profile(
            person_id=self.person, name="张三", unit="渝中区青少年宫", district="渝中区", phone=phone
        )
        async with self.registration.unit_of_work() as session:
            keys = self.registration.settings
            sealed = await encrypt_for(session, keys, self.person, known.model_dump(mode="json"))
        await self.consume(
            Event(
                id=uuid4(),
                type=EventType.profile_changed,
                topic=Topic.people,
                target_id=self.person,
                occurred_at=datetime.now(UTC),
                data={"sealed": sealed},
            )
        )

    async def consume(self, event: Event) -> None:
        async with self.db.unit_of_work() as session:
            await self.service.tell(event, session)

    async def code(self, minutes: str = "5") -> UUID:
        """A login code on the gateway's word."""
        message = SendMessage(
            id=uuid4(),
            kind=MessageKind.login_code,
            phone=PHONE,
            params={"code": "123456", "minutes": minutes},
        )
        await self.service.send(message)
        return message.id

    async def row(self, message_id: UUID) -> MessageRow:
        async with self.db.read() as session:
            return await session.get_one(MessageRow, message_id)


@pytest_asyncio.fixture(loop_scope="session")
async def carrier() -> AsyncIterator[tuple[Carrier, str]]:
    """The carrier and where it listens."""
    stop, bound = asyncio.Event(), asyncio.get_running_loop().create_future()
    made = Carrier()
    server = asyncio.create_task(serve(made.app, stop, on_bound=bound.set_result))
    yield made, (await bound).removeprefix("http://")
    stop.set()
    await asyncio.wait_for(server, 10)


@pytest_asyncio.fixture(loop_scope="session")
async def world(
    migrated_copy: Callable[..., Awaitable[TestDatabase]], carrier: tuple[Carrier, str]
) -> AsyncIterator[World]:
    database = await migrated_copy("services.notification", "services.registration")
    kinds = [kind for kind in domain.TEMPLATES if kind != "certified"]  # one that nobody has had approved
    settings = NotificationSettings(
        **database.settings("notification").model_dump(),
        sms_secret_id=SECRET_ID,
        sms_secret_key=SecretStr(SECRET_KEY),
        sms_app_id=APP,
        sms_sign=SIGN,
        sms_templates={kind: f"T-{kind}" for kind in kinds},
        sms_endpoint=carrier[1],
        sms_protocol="http",
    )
    db, registration = Database(settings), Database(database.settings("registration"))
    yield World(
        db=db,
        settings=settings,
        carrier=carrier[0],
        service=NotificationService(db, settings),
        office=Office(db, settings),
        sending=Sending(db, settings, TencentSms(settings)),
        database=database,
        registration=registration,
    )
    await db.close()
    await registration.close()
