"""Tell what an event says, remind of a deadline, send at once, read the mailbox."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.events import Event, EventType, Profile
from contracts.http.notification import Mailbox, Message, SendMessage
from kit import due
from kit.crypto import decrypt_field, encrypt_field, keyed_hash
from kit.db import Database, now
from kit.errors import DomainError, Kind
from kit.keyring import decrypt_for
from services.notification import domain, repository
from services.notification.settings import NotificationSettings

REMIND = "notification.remind_correction"
"""Kind of the due row that reminds of a correction on its last morning (Q11)."""
_MOST = 50


class NotificationService:
    """A message is written in the transaction of what it tells of, and queued for the carrier; in the embedded
    default it has arrived in the mailbox once it is written."""

    def __init__(self, db: Database, settings: NotificationSettings) -> None:
        self._db, self._settings = db, settings

    async def tell(self, event: Event, session: AsyncSession) -> None:
        """One event, in the consumer's transaction."""
        if event.type is EventType.profile_changed:
            await self._profile(event, session)
            return
        if event.application_id is None:
            return
        if person := event.data.get("person_id"):
            await repository.add_application(session, event.application_id, UUID(str(person)))
        telling = domain.telling(event)
        if telling is not None:
            await self._write(session, event.id, event.application_id, telling)
        if event.type is EventType.correction_opened and event.transition and event.transition.closes_at:
            closes_at = event.transition.closes_at
            await repository.set_correction(session, event.application_id, closes_at)
            await due.schedule(
                session,
                REMIND,
                str(event.application_id),
                domain.last_morning(closes_at),
                {"number": str(event.data.get("application_number", ""))},
            )
        elif event.transition is not None and event.type is not EventType.hold_changed:
            await repository.set_correction(session, event.application_id, None)

    async def remind(self, session: AsyncSession, application_id: UUID, number: str) -> None:
        """The last morning: only while the correction is still open (Q11)."""
        application = await repository.application(session, application_id)
        if application is None or application.correction_closes_at is None:
            return
        if await now(session) >= application.correction_closes_at:
            return
        values = {"number": number, "deadline": domain.in_words(application.correction_closes_at)}
        telling = domain.Telling(template="correction_last_day", values=values)
        await self._write(session, uuid5(application_id, REMIND), application_id, telling)

    async def send(self, message: SendMessage) -> None:
        """At once, on the gateway's word; the same ID again sends nothing."""
        text = domain.render(message.kind, dict(message.params))
        async with self._db.unit_of_work() as session:
            at = await now(session)
            minutes = message.params.get("minutes", "")
            await repository.add_message(
                session,
                id=message.id,
                kind=message.kind.value,
                phone_hash=self._phone_hash(message.phone),
                phone_sealed=encrypt_field(self._settings, message.phone, bind=f"{message.id}.phone"),
                expires_at=at + timedelta(minutes=int(minutes)) if minutes.isdigit() else None,
                **domain.seal(self._settings, message.id, text, message.params),
                **self._off(at),
            )

    async def mailbox(self, phone: str, after: datetime | None) -> Mailbox:
        """What one phone has received. Errors: `no_mailbox` (404) outside the embedded default."""
        if not self._settings.mailbox:
            raise DomainError(Kind.not_found, "no_mailbox", "此处没有收件箱：短信由运营商发送。")
        async with self._db.read() as session:
            rows = await repository.messages_to(session, self._phone_hash(phone), after, _MOST)
        messages = tuple(
            Message(
                id=row.id,
                kind=row.kind,
                text=decrypt_field(self._settings, row.text_sealed, bind=str(row.id)),
                sent_at=row.sent_at or row.created_at,
            )
            for row in rows
        )
        return Mailbox(recipient=phone, messages=messages)

    async def _profile(self, event: Event, session: AsyncSession) -> None:
        found = await decrypt_for(session, self._settings, event.target_id, str(event.data["sealed"]))
        if found is None:
            return  # erased: nobody is to be reached
        profile = Profile.model_validate(found)
        if not profile.phone:
            return
        phone_hash = self._phone_hash(profile.phone)
        await repository.set_recipient(
            session,
            profile.person_id,
            event.occurred_at,
            phone_sealed=encrypt_field(self._settings, profile.phone, bind=str(profile.person_id)),
            phone_hash=phone_hash,
        )
        state = "delivered" if self._settings.mailbox else "queued"
        await repository.send_waiting(session, profile.person_id, phone_hash, state)

    async def _write(
        self, session: AsyncSession, message_id: UUID, application_id: UUID, telling: domain.Telling
    ) -> None:
        phone_hash = await repository.phone_hash_of(session, application_id)
        text = domain.render(telling.template, telling.values)
        await repository.add_message(
            session,
            id=message_id,
            application_id=application_id,
            kind=telling.template,
            phone_hash=phone_hash,
            **domain.seal(self._settings, message_id, text, telling.values),
            **(self._off(await now(session)) if phone_hash else {"state": "waiting"}),
        )

    def _off(self, at: datetime) -> dict[str, Any]:
        """How a message with somebody to reach begins."""
        if self._settings.mailbox:
            return {"state": "delivered", "sent_at": at, "delivered_at": at}
        return {"state": "queued", "next_at": at}

    def _phone_hash(self, phone: str) -> str:
        return keyed_hash(self._settings, phone, purpose="phone")
