"""The relay of a service: one process at a time sends what its outbox holds, events and commands independently."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from kit.db import Database, describe
from kit.logging import get_logger
from kit.loops import sleep
from kit.outbox.commands import CommandPump
from kit.outbox.events import EventPump
from kit.outbox.leader import Leader, lead
from kit.settings import Settings

_AGAIN = 1.0  # seconds between attempts to become the relay
_GRACE = 2.0  # seconds for the batch in hand at the end
_log = get_logger("kit.outbox")


class Relay:
    """Events to Kafka, commands to the gateway, both at least once and in order per target."""

    def __init__(self, db: Database, settings: Settings, service: str) -> None:
        self._db = db
        self._settings = settings
        self._service = service

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. A second relay of the same service waits for the first; a lost database is waited for."""
        while not stop.is_set():
            try:
                async with lead(self._db, self._wake) as leader:
                    if leader:
                        _log.info("relay_leads", service=self._service)
                        await self._pump(leader, stop)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("relay_lost_database", service=self._service, reason=describe(error))
            await sleep(stop, _AGAIN)

    _pumps: tuple[EventPump, CommandPump] | None = None

    def _wake(self) -> None:
        for pump in self._pumps or ():
            pump.wake.set()

    async def _pump(self, leader: Leader, stop: asyncio.Event) -> None:
        finish = asyncio.Event()
        pumps = EventPump(leader, finish, self._settings), CommandPump(leader, finish, self._settings)
        self._pumps = pumps
        running: set[asyncio.Task[Any]] = {asyncio.create_task(pump.run()) for pump in pumps}
        ends: set[asyncio.Task[Any]] = {asyncio.create_task(one.wait()) for one in (stop, leader.lost)}
        try:
            await asyncio.wait(running | ends, return_when=asyncio.FIRST_COMPLETED)
            finish.set()
            self._wake()
            if not leader.lost.is_set():
                await asyncio.wait(running, timeout=_GRACE)
            for task in running:
                if task.done():
                    task.result()
        finally:
            self._pumps = None
            for task in running | ends:
                task.cancel()
            await asyncio.gather(*running, *ends, return_exceptions=True)
            for pump in pumps:
                await pump.close()
