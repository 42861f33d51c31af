"""The dispatcher: one leader hands commands to workflows, one in flight per target, in log order, until answered."""

import asyncio
import contextlib
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import asyncpg
from sqlalchemy import case, func, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError

from contracts.commands import CommandState, Outcome, Refused
from gateway.intake.delivery import Delivery
from gateway.intake.log import STORED, answer
from gateway.intake.models import CommandRow
from kit import db as kit_db
from kit.errors import DomainError, Kind
from kit.logging import get_logger
from kit.loops import sleep

PREPARE_SECONDS = 30
SEND_SECONDS = 30
LONGEST_PAUSE_SECONDS = 10.0
QUARANTINE_AFTER = 8
"""Failures of ours (not outages) after which a command is put aside with an alarm."""
_LEADER = "select pg_try_advisory_lock(hashtextextended('dispatcher:' || current_schema(), 0))"

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`concurrency`: commands in flight at once; `poll_seconds`: how long a lost wake-up may go unnoticed."""

    concurrency: int = 40
    poll_seconds: float = 1.0


class Dispatcher:
    """Run `run(stop)` in one process; a second one waits until the first is gone."""

    def __init__(self, database: kit_db.Database, delivery: Delivery, limits: Limits | None = None) -> None:
        self._db = database
        self._delivery = delivery
        self._limits = limits or Limits()
        self._wake = asyncio.Event()
        self._in_flight: dict[UUID, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; lost connections are taken up again."""
        while not stop.is_set():
            try:
                await self._lead(stop)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("dispatcher_lost_database", error=kit_db.describe(error))
            await sleep(stop, 0.5)
        for task in self._in_flight.values():
            task.cancel()
        await asyncio.gather(*self._in_flight.values(), return_exceptions=True)

    async def _lead(self, stop: asyncio.Event) -> None:
        connection = await self._db.connect("dispatcher")
        try:
            if not await connection.fetchval(_LEADER):
                return
            await connection.add_listener(STORED, lambda *_: self._wake.set())
            while not stop.is_set() and not connection.is_closed():
                self._wake.clear()
                await self._round()
                await sleep(stop, self._limits.poll_seconds, wake=self._wake)
        finally:
            await connection.close(timeout=2)

    async def _round(self) -> None:
        """Start a task for every target that has something due and nothing in flight."""
        try:
            rows = await self._due(self._limits.concurrency - len(self._in_flight))
        except Exception as error:
            if not kit_db.is_unavailable(error):
                raise
            return
        for row in rows:
            task = asyncio.create_task(self._one(row))
            self._in_flight[row.target_id] = task
            task.add_done_callback(partial(self._done, row.target_id))

    def _done(self, target_id: UUID, _: asyncio.Task[None]) -> None:
        del self._in_flight[target_id]
        self._wake.set()

    async def _due(self, free: int) -> list[CommandRow]:
        """The first unanswered command of each target, unless it is quarantined, pausing or in flight."""
        if free <= 0:
            return []
        waiting = CommandRow.state.in_(
            (
                CommandState.received.value,
                CommandState.prepared.value,
                CommandState.quarantined.value,
            )
        )
        first = aliased(
            CommandRow,
            select(CommandRow)
            .where(waiting)
            .ext(distinct_on(CommandRow.target_id))
            .order_by(CommandRow.target_id, CommandRow.position)
            .subquery(),
        )
        query = (
            select(first)
            .where(
                first.state != CommandState.quarantined.value,
                (first.next_try_at.is_(None)) | (first.next_try_at <= func.public.fudao_now()),
                first.target_id.not_in(list(self._in_flight)),
            )
            .order_by(first.position)
            .limit(free)
        )
        async with self._db.read() as session:
            return list((await session.execute(query)).scalars())

    async def _one(self, row: CommandRow) -> None:
        try:
            outcome = await self._decide(row)
            await self._answer(row, outcome)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            await self._failed(row, error)

    async def _decide(self, row: CommandRow) -> Outcome:
        if row.state == CommandState.received.value:
            async with asyncio.timeout(PREPARE_SECONDS):
                result = await self._delivery.prepare(row)
            if result.refused is not None:
                return result.refused
            row.prepared = result.data
            await self._set(row, state=CommandState.prepared.value, prepared=result.data)
        async with asyncio.timeout(SEND_SECONDS):
            outcome = await self._delivery.send(row)
        if isinstance(outcome, Refused):
            # before the answer, so that whoever reads the refusal finds things as they were
            async with asyncio.timeout(PREPARE_SECONDS):
                await self._delivery.unprepare(row)
        return outcome

    async def _answer(self, row: CommandRow, outcome: Outcome) -> None:
        async with self._db.unit_of_work() as session:
            await answer(session, row.target_id, row.id, outcome)

    async def _failed(self, row: CommandRow, error: Exception) -> None:
        """Outages are waited out for ever; a mistake of ours puts the command aside after some tries."""
        failures = row.failures + (0 if is_outage(error) else 1)
        quarantined = failures >= QUARANTINE_AFTER
        pause = min(0.25 * 2 ** min(row.attempts, 6), LONGEST_PAUSE_SECONDS)
        reason = _reason(error)
        log.log(
            40 if quarantined else 30,
            "command_quarantined" if quarantined else "command_delayed",
            command_id=str(row.id),
            command=row.name,
            attempt=row.attempts + 1,
            error=reason,
        )
        values = {
            "attempts": row.attempts + 1,
            "failures": failures,
            "last_error": reason,
            "next_try_at": func.public.fudao_now() + text(f"interval '{pause} seconds'"),
        }
        if quarantined:
            values["state"] = CommandState.quarantined.value
        with contextlib.suppress(Exception):  # the row stays due; the next round tries again
            await self._set(row, **values)

    async def _set(self, row: CommandRow, **values: object) -> None:
        async with self._db.unit_of_work() as session:
            await session.execute(update(CommandRow).where(CommandRow.id == row.id).values(**values))


def is_outage(error: BaseException) -> bool:
    """Whether something is down or slow, as against wrong."""
    if isinstance(error, DomainError):
        return error.kind in (Kind.unavailable, Kind.too_many)
    if isinstance(error, TimeoutError | RPCError | WorkflowUpdateRPCTimeoutOrCancelledError):
        return True
    return kit_db.is_unavailable(error)


def _reason(error: BaseException) -> str:
    """Class and stable code only: texts may quote content."""
    if isinstance(error, DomainError):
        return f"DomainError {error.code}"
    return kit_db.describe(error)


async def retry_quarantined(session: AsyncSession, command_id: UUID) -> bool:
    """The lever for after the cause was mended: put a quarantined command back in line. False if it is none."""
    row = await session.execute(
        update(CommandRow)
        .where(CommandRow.id == command_id, CommandRow.state == CommandState.quarantined.value)
        .values(
            state=case(
                (CommandRow.prepared.is_(None), CommandState.received.value),
                else_=CommandState.prepared.value,
            ),
            failures=0,
            attempts=0,
            next_try_at=None,
        )
        .returning(CommandRow.id)
    )
    kit_db.wake_after_commit(session, STORED)
    return row.scalar_one_or_none() is not None
