"""Phones of persons that were stored before their hash was kept (A1): filled in when the service starts, since the
hash needs the key and no migration has it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from kit.crypto import Undecryptable, decrypt_field
from kit.db import describe, lock
from kit.logging import get_logger
from kit.loops import sleep
from services.registration import repository
from services.registration.service.parts import Parts

_BATCH = 200
_PAUSE = 5.0  # seconds before the database is asked again
log = get_logger(__name__)


@dataclass(kw_only=True)
class Filled:
    """How many rows got their hash; how many stay without one, because a newer person has the phone (`shared`), or
    because their phone cannot be opened (`unreadable`)."""

    filled: int = 0
    shared: int = 0
    unreadable: int = 0


class Phones:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self, stop: asyncio.Event) -> None:
        """Fills once, then only waits for `stop`. Several processes may: each row is filled by one."""
        while not stop.is_set():
            try:
                done = await self.fill(stop)
            except (OSError, SQLAlchemyError) as error:
                log.warning("phones_wait_for_database", reason=describe(error))
                await sleep(stop, _PAUSE)
                continue
            if done != Filled():
                say = log.warning if done.shared or done.unreadable else log.info
                say("phones_filled", filled=done.filled, shared=done.shared, unreadable=done.unreadable)
            await stop.wait()

    async def fill(self, stop: asyncio.Event | None = None, batch: int = _BATCH) -> Filled:
        """All rows without a hash, in transactions of `batch` rows; again it changes nothing.

        Of two that share a phone the one created last keeps it, and one that has its hash already before both: it
        confirmed the phone since. The other one stays without, and is asked for a phone of its own the next time it
        confirms its identity (`phone_taken`); registration knows no logins.
        """
        done, before = Filled(), None
        while stop is None or not stop.is_set():
            async with self._parts.db.unit_of_work() as session:
                rows = await repository.without_phone_hash(session, before, batch)
                await self._batch(session, rows, done)
            if len(rows) < batch:
                break
            before = (rows[-1][2], rows[-1][0])
        return done

    async def _batch(
        self, session: AsyncSession, rows: list[tuple[UUID, bytes, datetime]], done: Filled
    ) -> None:
        opened: list[tuple[UUID, bytes, str]] = []
        for person_id, sealed, _ in rows:
            try:
                phone = decrypt_field(self._parts.settings, sealed, bind=f"person.phone/{person_id}")
            except Undecryptable:
                done.unreadable += 1
                continue
            opened.append((person_id, sealed, self._parts.phone_hash(phone)))
        # every phone before any row, in one order: whoever confirms an identity holds one phone, then the row
        for known in sorted({known for _, _, known in opened}):
            await lock(session, f"phone/{known}")
        for person_id, sealed, known in opened:
            if await repository.phone_holder(session, known) is not None:
                done.shared += 1
            elif await repository.give_phone(session, person_id, sealed, known):
                done.filled += 1
