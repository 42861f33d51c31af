"""The four real servers for tests, as `fudao up` runs them: started once a session, when first asked for."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from cli.embedded import Embedded, environment, proc, servers
from cli.embedded.child import Spec


def free_port(*, also: int = 0) -> int:
    """A free loopback port; with `also`, one of which port + also is free as well."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            if not also:
                return port
            if port + also > 65535:
                continue
            with suppress(OSError):
                second.bind(("127.0.0.1", port + also))
                return port


class Process:
    """A server of one test's own. `start` again after `kill` is a restart on the same port and folder."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns when it is healthy. RuntimeError when it ends before, TimeoutError after 30 s."""
        with (self._spec.cwd / "log").open("ab") as log:
            self._child = child = await asyncio.create_subprocess_exec(
                *(str(word) for word in self._spec.argv),
                cwd=self._spec.cwd,
                env=dict(self._spec.env),
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=proc.dies_with_us(signal.SIGKILL),
            )
        async with asyncio.timeout(30):
            while not await self._spec.healthy(child.pid):
                if child.returncode is not None:
                    raise RuntimeError(f"{self._spec.name} ended, see {self._spec.cwd / 'log'}")
                await asyncio.sleep(0.05)

    async def kill(self, number: int = signal.SIGKILL) -> None:
        """Ends it and waits for that; nothing when it does not run."""
        if self._child and self._child.returncode is None:
            with suppress(ProcessLookupError):
                self._child.send_signal(number)
            await self._child.wait()


@dataclass(frozen=True)
class S3:
    """An object store and who may use it."""

    endpoint: str
    access_key: str
    secret_key: str


class Servers:
    """Lazy: `await servers.postgres()` … Everything is stopped and deleted by `stop`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="fudao-test-"))
        self._lock = asyncio.Lock()
        self._system: Embedded | None = None
        self._brokers: list[Process] = []

    async def system(self) -> Embedded:
        """All four; `halt(name)` and `resume(name)` make an outage, and a killed one is started again."""
        async with self._lock:
            if self._system is None:
                system = Embedded(self._folder / "data", servers_only=True, durable=False)
                await system.start()
                self._system = system
        return self._system

    async def postgres(self) -> str:
        """DSN of the administrator of the PostgreSQL (database `postgres`)."""
        return (await self.system()).admin_dsn("postgres")

    async def temporal(self) -> str:
        """host:port of a Temporal dev server (real races, real time), our search attributes registered."""
        return (await self.system()).addresses.temporal

    async def s3(self) -> S3:
        """A SeaweedFS without buckets (ObjectStore.ensure_buckets makes them)."""
        system = await self.system()
        return S3(system.addresses.s3, system.secrets.s3_access_key, system.secrets.s3_secret_key)

    async def kafka(self) -> str:
        """host:port of a broker that no test restarts."""
        return (await self.system()).addresses.kafka

    async def new_broker(self) -> tuple[Process, str]:
        """A broker of the test's own, to be killed and started again; it forgets everything then."""
        folder = Path(tempfile.mkdtemp(prefix="kafka-", dir=self._folder))
        ports: Mapping[str, int] = {"kafka": free_port()}
        broker = Process(servers.kafka(folder, ports, environment.clean()))
        self._brokers.append(broker)
        await broker.start()
        return broker, f"127.0.0.1:{ports['kafka']}"

    async def stop(self) -> None:
        """Ends what was started."""
        for broker in self._brokers:
            await broker.kill()
        if self._system is not None:
            await self._system.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def dsn_of(admin_dsn: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(admin_dsn)._replace(path=f"/{database}"))


async def set_clock_offset(admin_dsn: str, offset: timedelta) -> None:
    """Moves `public.fudao_now()` of one database; `admin_dsn` names it."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute(
            "create or replace function public.fudao_now() returns timestamptz language sql stable parallel safe "
            f"as 'select clock_timestamp() + make_interval(secs => {offset.total_seconds()})'"
        )
    finally:
        await connection.close()
