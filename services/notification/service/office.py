"""What the office sees and does: messages that did not arrive, what was told about an application, templates."""

import json
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http import notification as http
from kit.crypto import decrypt_field
from kit.db import Database, now
from kit.errors import DomainError, Kind
from services.notification import domain, repository
from services.notification.models import MessageRow
from services.notification.settings import NotificationSettings

PAGE = 50
_MOST = 100


class Office:
    """Phones are none of its answers: the gateway has them."""

    def __init__(self, db: Database, settings: NotificationSettings) -> None:
        self._db, self._settings = db, settings

    async def undelivered(self, page: int) -> http.Undelivered:
        """What waits for somebody of the office, the oldest first; codes are not among it."""
        async with self._db.read() as session:
            found, rows = await repository.undelivered(session, (page - 1) * PAGE, PAGE)
        return http.Undelivered(messages=tuple(self._view(row) for row in rows), found=found)

    async def of_application(self, application_id: UUID) -> http.ToldMessages:
        """Everything that was told about one application, the newest first."""
        async with self._db.read() as session:
            rows = await repository.messages_of(session, application_id, _MOST)
        return http.ToldMessages(messages=tuple(self._view(row) for row in rows))

    async def resend(self, message_id: UUID, by: UUID) -> http.MessageSent:
        """A new message with the same words to the phone of now. Errors: 404 `no_message`."""
        async with self._db.unit_of_work() as session:
            row = await self._handle(session, message_id, by, "resent")
            assert row.application_id is not None
            assert row.values_sealed is not None
            new_id = domain.again_id(row.id)
            text = decrypt_field(self._settings, row.text_sealed, bind=str(row.id))
            values = json.loads(decrypt_field(self._settings, row.values_sealed, bind=str(row.id)))
            sealed = domain.seal(self._settings, new_id, text, values)
            await repository.add_message(
                session,
                id=new_id,
                application_id=row.application_id,
                kind=row.kind,
                phone_hash=row.phone_hash,
                state="queued",
                next_at=await now(session),
                **sealed,
            )
        return http.MessageSent(id=new_id)

    async def told(self, message_id: UUID, by: UUID) -> http.MessageSent:
        """Somebody called the applicant instead. Errors: 404 `no_message`."""
        async with self._db.unit_of_work() as session:
            await self._handle(session, message_id, by, "told")
        return http.MessageSent(id=message_id)

    def templates(self) -> http.SmsTemplates:
        """Which texts a carrier must approve, and whether the settings name the approved ones."""
        known = self._settings.sms_templates
        return http.SmsTemplates(
            sends=not self._settings.mailbox,
            templates=tuple(
                http.SmsTemplate(kind=kind, text=domain.for_approval(kind), template_id=known.get(kind))
                for kind in domain.TEMPLATES
            ),
        )

    async def _handle(self, session: AsyncSession, message_id: UUID, by: UUID, how: str) -> MessageRow:
        row = await repository.handle(session, message_id, by, how)
        if row is None:
            raise DomainError(
                Kind.not_found, "no_message", "没有找到这条未送达的短信，可能已有同事处理，请刷新页面。"
            )
        return row

    def _view(self, row: MessageRow) -> http.ToldMessage:
        assert row.application_id is not None
        return http.ToldMessage(
            id=row.id,
            application_id=row.application_id,
            kind=row.kind,
            text=decrypt_field(self._settings, row.text_sealed, bind=str(row.id)),
            state=http.MessageState(row.state),
            created_at=row.created_at,
            sent_at=row.sent_at,
            delivered_at=row.delivered_at,
            failed_at=row.failed_at,
            reason=row.reason if row.state == "failed" else None,
            attempts=row.attempts,
            handled=http.Handled(row.handled_how) if row.handled_how else None,
            handled_at=row.handled_at,
        )
