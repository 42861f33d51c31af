"""Starts the servers, migrates, starts our processes, keeps all of them alive, and stops them in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncpg

from cli.embedded import environment, files, keys, migrations, ports, postgres, probe, proc, servers
from cli.embedded.child import Child, Room, Spec
from cli.embedded.environment import Place
from cli.embedded.lock import DataLock
from cli.embedded.parts import PROCESSES, Part
from cli.problems import Problem

_SOCKET_FOLDER = 92  # bytes, so that PostgreSQL's socket path stays within the kernel's 107


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where to reach what; `postgres_host` is the folder of the socket (TCP on 127.0.0.1 works as well)."""

    portal: str
    mailbox: str
    temporal: str
    temporal_ui: str
    s3: str
    kafka: str
    provider: str
    postgres_host: str
    postgres_port: int


class Embedded:
    """`async with Embedded(folder, servers_only=True) as system:` – a whole system, gone at the end of the block.

    `port`: the portal's, by default the last one or 8866, else a free one. `processes`: ours, in the order of
    stopping. `durable=False` is for tests: data survives kill -9, not a power failure. `say` hears of deaths and
    restarts, one line each. Raises Problem: data_in_use, data_unusable, data_unreadable, port_taken,
    part_missing, part_failed, migration_failed.
    """

    def __init__(
        self,
        data: Path,
        *,
        port: int | None = None,
        servers_only: bool = False,
        processes: Sequence[Part] = PROCESSES,
        durable: bool = True,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.data = Path(os.path.abspath(data))  # unlike resolve(): symbolic links stay
        self._port, self._durable, self._say = port, durable, say
        self._parts = () if servers_only else tuple(processes)
        self._children: dict[str, Child] = {}
        self._lock: DataLock | None = None
        self._stopped = asyncio.Lock()
        self.secrets: keys.Secrets
        self.place: Place
        self.ports: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Returns when everything is healthy. When that fails or is cancelled, all is stopped before it raises."""
        try:
            await self._prepare()
            specs = self._other_servers()
            await _together(self._start_database(), *(self._start(spec) for spec in specs))
            await _together(*(self._start(self._spec(part)) for part in self._parts))
        except BaseException:
            await asyncio.shield(self.stop())
            raise

    async def stop(self) -> None:
        """Our processes first, then the servers. May be called more than once."""
        async with self._stopped:
            ours = [self._children[part.name] for part in self._parts if part.name in self._children]
            await asyncio.gather(*(child.stop() for child in ours))
            await asyncio.gather(*(child.stop() for child in self._children.values() if child not in ours))
            self._children.clear()
            if self._lock is not None:
                (self.data / "processes.json").unlink(missing_ok=True)
                self._remove_sockets()
                self._lock.release()
                self._lock = None

    @property
    def addresses(self) -> Addresses:
        """Valid from the start on."""
        at = {name: f"127.0.0.1:{port}" for name, port in self.ports.items()}
        return Addresses(
            portal=f"http://{at['portal']}",
            mailbox=f"http://{at['portal']}/mailbox",
            temporal=at["temporal"],
            temporal_ui=f"http://{at['temporal_ui']}",
            s3=at["s3"],
            kafka=at["kafka"],
            provider=f"http://{at['provider']}",
            postgres_host=str(self.place.postgres),
            postgres_port=self.ports["postgres"],
        )

    @property
    def operator_link(self) -> str:
        """Lets the first operator in; the gateway takes it once."""
        return f"{self.addresses.portal}/setup?token={self.secrets.operator_token}"

    async def is_set_up(self) -> bool:
        """Whether the operator link has been used, or there is no gateway that could take it."""
        if "gateway" not in self._children:
            return True
        with contextlib.suppress(
            OSError, TimeoutError
        ):  # it has just died: the link is shown to be on the safe side
            return (await probe.get(self.ports["portal"], "/setup"))[0] == 409
        return False

    def pid(self, name: str) -> int | None:
        """The process of a part now ("postgres", "temporal", "seaweed", "kafka", "gateway", "review", …)."""
        return self._children[name].pid

    async def halt(self, name: str) -> None:
        """Stops one part until resume(): an outage."""
        await self._children[name].halt()

    async def resume(self, name: str) -> None:
        """Ends an outage; returns when the part is healthy again."""
        await self._children[name].resume()

    def settings(self, role: str) -> dict[str, Any]:
        """kit.settings values for a process of that role, e.g. Settings(**system.settings("review"))."""
        values = environment.shared(self.place, self.secrets) | {"service": role}
        return values | environment.of_role(role, self.secrets)

    def env(self, role: str) -> dict[str, str]:
        """The same as a child's environment."""
        return environment.clean() | environment.as_variables(self.settings(role))

    def admin_dsn(self, database: str = environment.DATABASE) -> str:
        """postgresql://… of the server's administrator."""
        return environment.admin_dsn(self.place, self.secrets, database)

    async def _prepare(self) -> None:
        folder = self.data
        try:
            folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            self._lock = await DataLock.take(folder)
            logs = folder / "logs"
            logs.mkdir(mode=0o700, exist_ok=True)
            for name in ("temporal", "seaweed"):
                (folder / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Problem("data_unusable", f"数据目录 {folder} 无法使用：{error.strerror}。") from error
        self._room = Room(logs=logs, lock_fd=self._lock.fd, say=self._say, changed=self._write_processes)
        self.secrets = keys.load(folder / "secrets.json")
        self.ports = ports.choose(folder / "ports.json", self._port)
        sockets = self._make_sockets()
        self.place = Place(
            data=folder,
            ports=self.ports,
            postgres=sockets / "pg",
            sockets=sockets / "svc",
            rulepacks=migrations.root() / "rulepacks",
        )
        self._plain = environment.clean()

    async def _start_database(self) -> None:
        folder = self.data / "pg"
        if folder.exists():
            postgres.forget_dead_server(folder)
        cluster = await postgres.prepare(folder, self.place.postgres, self.secrets.postgres_password)
        password = self.secrets.postgres_password
        await self._start(
            postgres.spec(cluster, self.ports["postgres"], password, self._plain, durable=self._durable)
        )
        if self._parts:
            await self._migrate()

    def _other_servers(self) -> list[Spec]:
        folder, env = self.data, self._plain
        return [
            servers.temporal(folder / "temporal", self.ports, env, durable=self._durable),
            servers.seaweed(folder / "seaweed", self.place.sockets, self.ports, self.secrets, env),
            servers.kafka(folder, self.ports, env),
        ]

    async def _migrate(self) -> None:
        done, state = self.data / "migrated.json", migrations.state()
        if files.read_json(done).get("state") == state:
            return
        values = environment.of_database(self.place, self.secrets)
        env = self._plain | environment.as_variables(values)
        await migrations.run(env, self._room.logs / "migrate.log", self._room.lock_fd)
        files.write_json(done, {"state": state})

    def _spec(self, part: Part) -> Spec:
        values = environment.of_part(part, self.place, self.secrets)
        return Spec(
            name=part.name,
            title=part.title,
            argv=(sys.executable, "-P", "-m", part.module, *part.words),
            env=self._plain | environment.as_variables(values),
            healthy=self._ready(part),
            cwd=self.data,
        )

    def _ready(self, part: Part) -> Callable[[int], Coroutine[Any, Any, bool]]:
        kind, _, queue = part.ready.partition(":")
        socket = self.place.sockets / f"{part.name}.sock"

        async def ready(pid: int) -> bool:
            match kind:
                case "http":
                    return (await probe.get(self.ports[part.port], "/health/live"))[0] == 200
                case "socket":
                    return (await probe.get_unix(socket, "/health/ready"))[0] == 200
                case "queue":
                    http = self.ports["temporal_http"]
                    kinds = ("WORKFLOW", "ACTIVITY")
                    return any([await probe.polls(http, queue, pid, one) for one in kinds])
                case "database":
                    return await self._has_connected(part.role)
            return proc.age(pid) > 1.0

        return ready

    async def _has_connected(self, role: str) -> bool:
        connection = await asyncpg.connect(self.admin_dsn("postgres"), timeout=2)
        try:
            query = "select exists (select from pg_stat_activity where usename = $1)"
            return bool(await connection.fetchval(query, role))
        finally:
            await connection.close()

    async def _start(self, spec: Spec) -> None:
        child = self._children[spec.name] = Child(spec, self._room)
        await child.start()

    def _write_processes(self) -> None:
        living = {name: child.pid for name, child in self._children.items() if child.pid is not None}
        files.write_json(self.data / "processes.json", {"fudao": os.getpid(), **living}, sync=False)

    def _make_sockets(self) -> Path:
        """A folder for unix sockets: in the data folder when its path is short and open enough, else in /tmp."""
        self._remove_sockets()
        folder, who = self.data / "s", postgres.owner()
        fits = len(os.fsencode(folder / "pg")) <= _SOCKET_FOLDER
        if fits and (who is None or postgres.enterable(self.data, who)):
            folder.mkdir(mode=0o711, exist_ok=True)
        else:
            short = Path("/tmp")  # noqa: S108  mkdtemp below
            base = short if os.access(short, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
            folder = Path(tempfile.mkdtemp(prefix="fudao-", dir=base))
            folder.chmod(0o711)
        files.write_json(self.data / "sockets.json", {"folder": str(folder), "of": str(self.data)})
        (folder / "svc").mkdir(mode=0o700, exist_ok=True)
        return folder

    def _remove_sockets(self) -> None:
        """Whoever holds the lock may: every process that listened there has ended."""
        kept = files.read_json(self.data / "sockets.json")
        if kept.get("of") == str(self.data):  # else the folder is a copy of another
            shutil.rmtree(kept["folder"], ignore_errors=True)
        (self.data / "sockets.json").unlink(missing_ok=True)
        for path in (path for port in self.ports.values() for path in ports.weed_sockets(port)):
            path.unlink(missing_ok=True)


async def _together(*work: Coroutine[Any, Any, None]) -> None:
    """All at once; the first failure cancels the others and is raised itself."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
