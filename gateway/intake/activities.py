"""Activities of queue `gateway`: contract in, use-case, contract out."""

from collections.abc import Callable
from typing import Any

from temporalio import activity

from contracts.gateway import CloseWindow, OpenWindow, WindowEnded, WindowOpened
from gateway.intake import windows
from kit.db import Database
from rules.cache import Packs


class GatewayActivities:
    """Built once per worker process."""

    def __init__(self, database: Database, packs: Packs) -> None:
        self._db = database
        self._packs = packs

    @activity.defn(name="gateway.open_window")
    async def open_window(self, request: OpenWindow) -> WindowOpened:
        async with self._db.unit_of_work() as session:
            return await windows.open_window(session, self._packs, request)

    @activity.defn(name="gateway.close_window")
    async def close_window(self, request: CloseWindow) -> WindowEnded:
        async with self._db.unit_of_work() as session:
            return await windows.close_window(session, request)

    def all(self) -> list[Callable[..., Any]]:
        return [self.open_window, self.close_window]
