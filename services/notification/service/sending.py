"""Hands queued messages to the carrier, and notes what it tells of their arrival. At least once each."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.crypto import decrypt_field
from kit.db import Database, describe, is_unavailable, now
from kit.logging import get_logger
from kit.loops import sleep
from kit.traces import frames
from services.notification import domain, repository
from services.notification.adapters import Carrier, Outgoing, Rejected, TryLater
from services.notification.models import MessageRow
from services.notification.settings import NotificationSettings

EXPIRED, NOBODY, GAVE_UP = "expired", "nobody_to_reach", "gave_up"
"""Our own reasons beside the carrier's codes."""
_AT_ONCE = 20
_LEASE = timedelta(minutes=2)
"""For how long a taken message is nobody else's: longer than the carrier may take."""
_POLL = 1.0  # seconds
_log = get_logger("notification.sending")


class Sending:
    """Several processes may send: a message is in one's hands at a time. Who stops between handing a message over
    and noting it sends it once more after the lease."""

    def __init__(self, db: Database, settings: NotificationSettings, carrier: Carrier) -> None:
        self._db, self._settings, self._carrier = db, settings, carrier

    async def send_all(self, stop: asyncio.Event) -> None:
        """Until `stop`: looks each second, and at once again while there is more."""
        while not stop.is_set():
            try:
                busy = await self.send_some() > 0
            except Exception as error:
                if not is_unavailable(error):
                    raise
                _log.warning("sending_waits_for_database", reason=describe(error))
                busy = False
            if not busy:
                await sleep(stop, _POLL)

    async def receive_all(self, stop: asyncio.Event) -> None:
        """Until `stop`: asks the carrier what has arrived."""
        while not stop.is_set():
            try:
                more = await self.receive_some() > 0
            except TryLater as error:
                _log.warning("carrier_away", code=str(error))
                more = False
            except Exception as error:
                if not is_unavailable(error):
                    raise
                _log.warning("receipts_wait_for_database", reason=describe(error))
                more = False
            if not more:
                await sleep(stop, self._settings.receipts_every)

    async def send_some(self) -> int:
        """Tries what is queued and due now; how many."""
        async with self._db.unit_of_work() as session:
            taken = await repository.take(session, _AT_ONCE, _LEASE)
        await asyncio.gather(*(self._try(one) for one in taken))
        return len(taken)

    async def receive_some(self) -> int:
        """Notes what the carrier knows; how many receipts there were. Errors: TryLater."""
        found = await self._carrier.receipts()
        if not found:
            return 0
        async with self._db.unit_of_work() as session:
            for one in found:
                at = one.at or await now(session)
                values = (
                    {"state": "delivered", "delivered_at": at}
                    if one.arrived
                    else {"state": "failed", "failed_at": at, "reason": one.reason or "undelivered"}
                )
                await repository.receive(session, one.reference, **values)
        return len(found)

    async def _try(self, message_id: UUID) -> None:
        """A mistake of ours about one message stops no other."""
        try:
            await self._send(message_id)
        except Exception as error:
            if is_unavailable(error):
                raise
            _log.error("sending_failed", message_id=str(message_id), reason=describe(error), at=frames(error))
            async with self._db.read() as session:
                row = await repository.message(session, message_id)
            if row is not None:
                await self._again(row, type(error).__name__)

    async def _send(self, message_id: UUID) -> None:
        """One message: the carrier is called outside any transaction."""
        async with self._db.read() as session:
            row = await repository.message(session, message_id)
            if row is None or row.state != "queued":
                return
            phone = await self._phone(session, row)
            at = await now(session)
        if row.expires_at is not None and at >= row.expires_at:
            await self._fail(row, EXPIRED)
        elif phone is None or row.values_sealed is None:
            await self._fail(row, NOBODY)
        else:
            values = json.loads(decrypt_field(self._settings, row.values_sealed, bind=str(row.id)))
            outgoing = Outgoing(
                id=row.id, phone=phone, kind=row.kind, values=domain.in_order(row.kind, values)
            )
            await self._hand_over(row, outgoing)

    async def _hand_over(self, row: MessageRow, outgoing: Outgoing) -> None:
        try:
            reference = await self._carrier.send(outgoing)
        except Rejected as error:
            await self._fail(row, str(error))
            return
        except TryLater as error:
            await self._again(row, str(error))
            return
        async with self._db.unit_of_work() as session:
            at = await now(session)
            await repository.settle(session, row.id, "sent", sent_at=at, reference=reference, reason=None)

    async def _again(self, row: MessageRow, code: str) -> None:
        """A pause, longer each time; after a day it is the office's."""
        async with self._db.unit_of_work() as session:
            at = await now(session)
            if at - row.created_at >= timedelta(hours=self._settings.give_up_hours):
                await repository.settle(session, row.id, "failed", failed_at=at, reason=f"{GAVE_UP}: {code}")
                return
            next_at = at + domain.pause(row.attempts)
            await repository.settle(session, row.id, "queued", next_at=next_at, reason=code)
        _log.warning("message_put_off", message_id=str(row.id), attempts=row.attempts, code=code)

    async def _fail(self, row: MessageRow, code: str) -> None:
        async with self._db.unit_of_work() as session:
            at = await now(session)
            await repository.settle(session, row.id, "failed", failed_at=at, reason=code)
        _log.error("message_not_sent", message_id=str(row.id), kind=row.kind, code=code)

    async def _phone(self, session: AsyncSession, row: MessageRow) -> str | None:
        """Where it goes: the phone it was given with, else its person's phone of now."""
        if row.phone_sealed is not None:
            return decrypt_field(self._settings, row.phone_sealed, bind=f"{row.id}.phone")
        if row.application_id is None:
            return None
        recipient = await repository.recipient_of(session, row.application_id)
        if recipient is None:
            return None
        return decrypt_field(self._settings, recipient.phone_sealed, bind=str(recipient.person_id))
