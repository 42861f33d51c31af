"""A request waits a little for its command's answer; then it gets a receipt, whatever the reason."""

import asyncio
import contextlib
from uuid import UUID

import asyncpg
from sqlalchemy import select

from contracts.commands import CommandState, Receipt
from gateway.intake import log
from gateway.intake.models import CommandRow
from kit import db
from kit.db import Database
from kit.loops import sleep

UNDER_WAY = (CommandState.received.value, CommandState.prepared.value)


class Answers:
    """Wakes the waiting requests of this process: one LISTEN connection and one query for all that wait."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._waiting: dict[UUID, set[asyncio.Event]] = {}
        self._look = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. A lost connection is taken up again; meanwhile there is a look twice a second."""
        while not stop.is_set():
            try:
                await self._listen(stop)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await sleep(stop, 0.5)
            except Exception as error:
                if not db.is_unavailable(error):
                    raise

    async def _listen(self, stop: asyncio.Event) -> None:
        connection = await self._db.connect("answers")
        try:
            await connection.add_listener(log.ANSWERED, lambda *_: self._look.set())
            while not stop.is_set() and not connection.is_closed():
                await sleep(stop, 0.5, wake=self._look)
                self._look.clear()
                await self._wake_answered()
        finally:
            await connection.close(timeout=2)

    async def _wake_answered(self) -> None:
        if not self._waiting:
            return
        query = select(CommandRow.id).where(
            CommandRow.id.in_(list(self._waiting)), CommandRow.state.not_in(UNDER_WAY)
        )
        async with self._db.read() as session:
            for command_id in (await session.execute(query)).scalars():
                for event in self._waiting.get(command_id, ()):
                    event.set()

    async def wait(self, command_id: UUID, seconds: float = 3.0) -> Receipt:
        """The command's receipt, with its outcome if that came within `seconds`."""
        event = asyncio.Event()
        self._waiting.setdefault(command_id, set()).add(event)
        self._look.set()  # it may be answered already
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await event.wait()
        finally:
            self._waiting[command_id].discard(event)
            if not self._waiting[command_id]:
                del self._waiting[command_id]
        async with self._db.read() as session:
            row = await log.find(session, command_id)
            assert row is not None  # whoever waits has stored it
            return log.receipt(row)
