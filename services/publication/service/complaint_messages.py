"""Whom a complaint tells of what: kept sealed until the gateway, which knows the phones, has handed it over.

Not by events: these are read by the office, too, and a complaint is none of its business (O2, O4).
"""

from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.notification import MessageKind
from services.publication.models import ComplaintRow
from services.publication.repository import complaints as rows
from services.publication.service.complaint_sealing import Sealing


class Messages:
    """One message a matter, however often the step that makes it is repeated."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    async def complainant(
        self, session: AsyncSession, row: ComplaintRow, kind: MessageKind, matter: str, params: dict[str, str]
    ) -> None:
        """To the phone that a named complainant left, if it takes messages."""
        who = self._sealing.read_complainant(row)
        phone = "" if who is None else who.phone.replace(" ", "").replace("-", "").removeprefix("+86")
        if len(phone) == 11 and phone.startswith("1"):
            await self._add(session, row, kind, matter, phone, None, params)

    async def accused(
        self, session: AsyncSession, row: ComplaintRow, kind: MessageKind, matter: str, params: dict[str, str]
    ) -> None:
        """To the holder of the application; the gateway knows the phone."""
        if row.application_id is not None:
            await self._add(session, row, kind, matter, None, row.application_id, params)

    async def _add(
        self,
        session: AsyncSession,
        row: ComplaintRow,
        kind: MessageKind,
        matter: str,
        phone: str | None,
        application_id: UUID | None,
        params: dict[str, str],
    ) -> None:
        message_id = uuid5(row.id, f"{kind}/{matter}")
        await rows.add_message(
            session,
            id=message_id,
            complaint_id=row.id,
            kind=kind.value,
            application_id=application_id,
            sealed=self._sealing.message(message_id, phone, params),
        )
