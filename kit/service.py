"""`python -m services.X api|worker|relay|due|consumers|migrate|all`: runs what a service says it consists of.

`all` is every loop in one event loop, the embedded default; production runs the parts apart.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from kit import temporal
from kit.db import Database, migrate
from kit.due import DueHandler, DueLoop
from kit.errors import NotYet
from kit.http import serve
from kit.http.health import Check
from kit.kafka import Handler, consume
from kit.logging import get_logger
from kit.loops import Loop, LoopFailed, Stopped, reach, run_loops, run_process, sleep, watchdog
from kit.outbox import Relay
from kit.settings import Settings, load
from kit.storage import ObjectStore

if TYPE_CHECKING:
    from fastapi import FastAPI
    from temporalio.worker import Worker

__all__ = [
    "MODES",
    "Consumer",
    "Context",
    "Loop",
    "LoopFailed",
    "Service",
    "Stopped",
    "loops_of",
    "main",
    "open_context",
    "reach",
    "run_loops",
    "run_process",
    "run_worker",
    "sleep",
    "watchdog",
]

MODES = ("api", "worker", "consumers", "relay", "due", "migrate", "all")
S = TypeVar("S", bound=Settings)
log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Context(Generic[S]):
    """What every part of a service is built from, opened once per process."""

    settings: S
    db: Database
    store: ObjectStore


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """One consumer group and what it does with each event."""

    group: str
    topics: Sequence[str]
    handle: Handler


@dataclass(frozen=True, kw_only=True)
class Service(Generic[S]):
    """A service as its __main__ describes it. Parts that are None it has not.

    `package` is where migrations are ("services.review"); `queue` is its task queue, by default its name;
    `more_loops` are further loops, run in modes `due` and `all`.
    """

    name: str
    package: str
    settings: type[S]
    queue: str = ""
    make_app: Callable[[Context[S]], FastAPI] | None = None
    make_activities: Callable[[Context[S]], Sequence[Callable[..., Any]]] | None = None
    consumers: Callable[[Context[S]], Sequence[Consumer]] | None = None
    due_handlers: Callable[[Context[S]], Mapping[str, DueHandler]] | None = None
    more_loops: Callable[[Context[S]], Mapping[str, Loop]] | None = None
    relay: bool = True


def main(service: Service[S], argv: Sequence[str] | None = None) -> NoReturn:
    """The process: `mode [--migrate]`. Exit code 0 after SIGTERM, 1 when a part failed, 2 for a wrong call."""
    words = list(sys.argv[1:] if argv is None else argv)
    first = "--migrate" in words
    modes = [word for word in words if word != "--migrate"]
    if len(modes) != 1 or modes[0] not in MODES:
        sys.stderr.write(f"用法：python -m {service.package} {{{'|'.join(MODES)}}} [--migrate]\n")
        sys.exit(2)
    settings = load(service.settings)

    async def work() -> None:
        async with open_context(settings) as context:
            if first or modes[0] == "migrate":
                await _migrate(service, context)
            if modes[0] != "migrate":
                await run_loops(loops_of(service, context, modes[0]))

    run_process(service.name, settings, work)


@asynccontextmanager
async def open_context(settings: S) -> AsyncIterator[Context[S]]:
    """Database pool and object store, closed at the end."""
    db = Database(settings)
    store = ObjectStore(settings)
    try:
        yield Context(settings=settings, db=db, store=store)
    finally:
        await db.close()
        await store.close()


def loops_of(service: Service[S], context: Context[S], mode: str = "all") -> dict[str, Loop]:
    """The service's loops for a mode, in the order in which they are stopped. ValueError when there are none."""
    parts = _Parts(service, context)
    every = {
        "api": parts.api_loops(),
        "worker": parts.worker_loops(),
        "consumers": parts.consumer_loops(),
        "relay": parts.relay_loops(),
        "due": parts.due_loops(),
    }
    chosen = every.values() if mode == "all" else [every[mode]]
    loops = {name: loop for group in chosen for name, loop in group.items()}
    if not loops:
        raise ValueError(f"service {service.name} has nothing to run in mode {mode}")
    parts.expect(name for name in loops if name != "api")
    return loops


async def run_worker(worker: Worker, stop: asyncio.Event) -> None:
    """A Temporal worker until `stop`, then its graceful shutdown. A fatal error of the worker is raised."""
    running = asyncio.create_task(worker.run())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            await worker.shutdown()
        await running
    finally:
        stopping.cancel()
        running.cancel()


async def _migrate(service: Service[S], context: Context[S]) -> None:
    await reach("postgresql", context.db.ping, asyncio.Event(), limit=60)
    await migrate(context.settings, service.package)
    log.info("migrated", package=service.package)


class _Parts(Generic[S]):
    """Builds the loops and knows which of them have started, for the readiness of the one that is the API."""

    def __init__(self, service: Service[S], context: Context[S]) -> None:
        self.service, self.context = service, context
        self._expected: list[str] = []
        self._started: set[str] = set()

    def expect(self, names: Any) -> None:
        """The loops beside the API: it is ready only when each of them has found what it needs."""
        self._expected = list(names)

    def api_loops(self) -> dict[str, Loop]:
        make_app = self.service.make_app
        if make_app is None:
            return {}

        async def api(stop: asyncio.Event) -> None:
            await self._database(stop)
            settings = self.context.settings
            app = make_app(self.context)
            for name in self._expected:
                app.state.ready_checks.setdefault(name, self._check(name))
            socket = settings.socket_of(self.service.name)
            where: dict[str, Any] = {"host": settings.api_host, "port": settings.api_port}
            await serve(app, stop, **({"uds": socket} if socket else where))

        return {"api": api}

    def worker_loops(self) -> dict[str, Loop]:
        make_activities = self.service.make_activities
        if make_activities is None:
            return {}

        async def worker(stop: asyncio.Event) -> None:
            await self._database(stop)
            settings = self.context.settings
            client = await reach("temporal", lambda: temporal.connect(settings, patience=0), stop)
            queue = self.service.queue or self.service.name
            activities = make_activities(self.context)
            made = temporal.make_worker(client, settings, queue, activities=activities)
            self._started.add("worker")
            await run_worker(made, stop)

        return {"worker": worker}

    def consumer_loops(self) -> dict[str, Loop]:
        described = self.service.consumers(self.context) if self.service.consumers else ()
        return {f"consumer:{one.group}": self._consumer(one) for one in described}

    def relay_loops(self) -> dict[str, Loop]:
        if not self.service.relay:
            return {}
        relay = Relay(self.context.db, self.context.settings, self.service.name)
        return {"relay": self._after_database("relay", relay.run)}

    def due_loops(self) -> dict[str, Loop]:
        loops: dict[str, Loop] = {}
        if self.service.due_handlers:
            due = DueLoop(self.context.db, self.service.due_handlers(self.context))
            loops["due"] = self._after_database("due", due.run)
        more = self.service.more_loops(self.context) if self.service.more_loops else {}
        return loops | {name: self._after_database(name, loop) for name, loop in more.items()}

    def _consumer(self, one: Consumer) -> Loop:
        context = self.context

        async def run(stop: asyncio.Event) -> None:
            await consume(context.settings, one.group, one.topics, one.handle, context.db, stop)

        return self._after_database(f"consumer:{one.group}", run)

    def _after_database(self, name: str, loop: Loop) -> Loop:
        async def run(stop: asyncio.Event) -> None:
            await self._database(stop)
            self._started.add(name)
            await loop(stop)

        return run

    async def _database(self, stop: asyncio.Event) -> None:
        await reach("postgresql", self.context.db.ping, stop)

    def _check(self, name: str) -> Check:
        async def started() -> None:
            if name not in self._started:
                raise NotYet(name)

        return started
