"""Rows that fall due: reminders, escalations, lapses of leases; each happens once, by PostgreSQL's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db import Database, describe, is_unavailable
from kit.logging import get_logger
from kit.loops import sleep
from kit.tables import due
from kit.traces import frames

_NAMESPACE = UUID("0e0f6f56-4e0c-5b53-9a0b-8a3f0f2b6d11")
_POLL = 1.0  # seconds
_LONGEST = 300  # seconds between two tries of a row that fails
_now = func.public.fudao_now()
_log = get_logger("kit.due")


@dataclass(frozen=True, kw_only=True)
class DueRow:
    """A row in the hands of its handler. `id` is the same for the same kind and key."""

    id: UUID
    kind: str
    key: str
    due_at: datetime
    payload: dict[str, Any]
    attempts: int


DueHandler = Callable[[AsyncSession, DueRow], Awaitable[None]]


async def schedule(
    session: AsyncSession, kind: str, key: str, due_at: datetime, payload: Mapping[str, Any] | None = None
) -> bool:
    """Makes `kind` happen for `key` at `due_at` (aware). Idempotent: an existing row stays as it is → False.

    `payload`: IDs, codes and numbers. A new moment for the same matter is `reschedule`.
    """
    row = {
        "id": uuid5(_NAMESPACE, f"{kind}/{key}"),
        "kind": kind,
        "key": key,
        "due_at": due_at,
        "next_at": due_at,
        "payload": dict(payload or {}),
    }
    claim = insert(due).values(row).on_conflict_do_nothing(index_elements=["kind", "key"]).returning(due.c.id)
    return (await session.execute(claim)).scalar_one_or_none() is not None


async def reschedule(session: AsyncSession, kind: str, key: str, due_at: datetime) -> bool:
    """Another moment for what has not happened yet; False when it has, or never was scheduled."""
    return await _change(session, kind, key, due_at=due_at, next_at=due_at, attempts=0, last_error=None)


async def cancel(session: AsyncSession, kind: str, key: str) -> bool:
    """It will not happen; False when it already has, or never was scheduled."""
    return await _change(session, kind, key, done_at=_now, last_error="cancelled")


async def _change(session: AsyncSession, kind: str, key: str, **values: Any) -> bool:
    row = update(due).where(due.c.kind == kind, due.c.key == key, due.c.done_at.is_(None))
    return (await session.execute(row.values(**values).returning(due.c.id))).scalar_one_or_none() is not None


class DueLoop:
    """Runs what has fallen due. Several processes may: a row is worked on by one at a time."""

    def __init__(self, db: Database, handlers: Mapping[str, DueHandler]) -> None:
        self._db = db
        self._handlers = dict(handlers)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: looks each second, and at once again while there is more."""
        while not stop.is_set():
            try:
                busy = await self.step()
            except (OSError, SQLAlchemyError) as error:
                _log.warning("due_waits_for_database", reason=describe(error))
                busy = False
            if not busy:
                await sleep(stop, _POLL)

    async def step(self) -> bool:
        """One due row: its handler and its being done in one transaction; False when none is due.

        A handler that fails is tried again after 1, 2, 4 … 300 s; its writes are undone.
        """
        row: DueRow | None = None
        try:
            async with self._db.unit_of_work() as session:
                row = await self._next(session)
                if row is None:
                    return False
                await self._handlers[row.kind](session, row)
                await session.execute(
                    update(due).where(due.c.id == row.id).values(done_at=_now, last_error=None)
                )
        except Exception as error:
            if row is None or is_unavailable(error):
                raise
            await self._put_off(row, error)
        return True

    async def _next(self, session: AsyncSession) -> DueRow | None:
        query = (
            select(due.c.id, due.c.kind, due.c.key, due.c.due_at, due.c.payload, due.c.attempts)
            .where(due.c.done_at.is_(None), due.c.next_at <= _now, due.c.kind.in_(list(self._handlers)))
            .order_by(due.c.next_at, due.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        found = (await session.execute(query)).mappings().one_or_none()
        return DueRow(**found) if found else None

    async def _put_off(self, row: DueRow, error: Exception) -> None:
        seconds = min(2 ** min(row.attempts, 20), _LONGEST)
        _log.error(
            "due_failed",
            kind=row.kind,
            due_id=str(row.id),
            attempts=row.attempts + 1,
            reason=describe(error),
            at=frames(error),
        )
        later = text("public.fudao_now() + :pause").bindparams(pause=timedelta(seconds=seconds))
        async with self._db.unit_of_work() as session:
            await session.execute(
                update(due)
                .where(due.c.id == row.id, due.c.done_at.is_(None))
                .values(attempts=due.c.attempts + 1, last_error=describe(error), next_at=later)
            )
