"""One child process: started, watched, started again when it dies, stopped with everything it has started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.embedded import proc
from cli.problems import Problem

QUICK = 5.0  # seconds of life below which an end counts as a failed start
_PAUSES = (0.1, 0.3, 1.0, 2.0, 5.0)  # seconds before the next try, by failed starts in a row
_SLOW = 10.0  # the pause once it has been said that a part keeps dying
_FIRST_STEP, _LAST_STEP = 0.03, 0.25  # seconds between looks: asking costs the CPU that starting needs
_LOG_LIMIT = 20 * 2**20  # bytes after which a log is put aside at the next start
_TAIL = 6  # log lines that are shown


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What to run and how to tell that it works.

    `healthy(pid)` returns False or raises while it does not. `user`: (uid, gid) to run as. `tries`: failed starts in
    a row after which the whole start is given up. Seconds: `patience` until healthy, `grace` between the stop signal
    and SIGKILL.
    """

    name: str
    title: str
    argv: Sequence[str | Path]
    env: Mapping[str, str]
    healthy: Callable[[int], Awaitable[bool]]
    cwd: Path
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    user: tuple[int, int] | None = None
    tries: int = 3
    patience: float = 120.0
    grace: float = 10.0


@dataclass(frozen=True, kw_only=True)
class Room:
    """What children share: the log folder, the data folder's lock, who hears of news and of new PIDs."""

    logs: Path
    lock_fd: int
    say: Callable[[str], None]
    changed: Callable[[], None]


class Child:
    """`start()` returns when it is healthy; from then on a task of its own keeps it so until `stop()`."""

    def __init__(self, spec: Spec, room: Room) -> None:
        self.spec, self.room = spec, room
        self.restarts = 0
        self._process: asyncio.subprocess.Process | None = None
        self._wanted = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._birth = asyncio.Lock()  # nobody may give up a process between its start and our knowing of it
        self._failed = 0
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The living process, or None."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Problem part_failed, with its last words, when it does not get healthy."""
        self._wanted.set()
        self._task = asyncio.create_task(self._keep(), name=f"keep-{self.spec.name}")
        await self._first

    async def stop(self) -> None:
        """Its stop signal, `grace` seconds, SIGKILL. What it left in its process group is killed too."""
        self._stopping = True
        await self._end()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if not self._first.done():
            self._first.cancel()

    async def halt(self) -> None:
        """Stops it until resume(): an outage for tests."""
        self._wanted.clear()
        await self._end()

    async def resume(self) -> None:
        """Lets it run again and waits until it is healthy."""
        self._wanted.set()
        async with asyncio.timeout(self.spec.patience):
            for step in _steps():
                if await self._healthy():
                    return
                await asyncio.sleep(step)

    async def _keep(self) -> None:
        while not self._stopping:
            await self._wanted.wait()
            begun = asyncio.get_running_loop().time()
            code = await self._once()
            if self._stopping or not self._wanted.is_set():
                continue
            quick = asyncio.get_running_loop().time() - begun < QUICK or code is None
            self._failed = self._failed + 1 if quick else 0
            await self._after_end(code)

    async def _once(self) -> int | None:
        """One life. Its exit code; None when it had to be killed because it did not get healthy."""
        async with self._birth:
            if self._stopping or not self._wanted.is_set():
                return None
            try:
                self._process = process = await self._spawn()
            except OSError as error:
                self._fail(f"无法启动：{error.strerror or error}")
                return None
        self.room.changed()
        try:
            if not await self._until_healthy(process):
                return process.returncode
            if not self._first.done():
                self._first.set_result(None)
            else:
                self.restarts += 1
                self.room.say(f"{self.spec.title} 已恢复（进程 {process.pid}）。")
            return await process.wait()
        finally:
            if process.returncode is None and not self._stopping:
                await self._end()
            _kill_group(process.pid)
            self.room.changed()

    async def _until_healthy(self, process: asyncio.subprocess.Process) -> bool:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self.spec.patience
        for step in _steps():
            # somebody else's server may answer on the same port: ours must be alive after the answer as well
            if await self._healthy() and await _still_alive(process):
                return True
            if process.returncode is not None or clock() > deadline:
                return False
            with contextlib.suppress(TimeoutError):  # its end is noticed at once
                async with asyncio.timeout(step):
                    await process.wait()
        return False

    async def _healthy(self) -> bool:
        pid = self.pid
        if pid is None:
            return False
        try:
            return await self.spec.healthy(pid)
        except Exception:  # whatever a half-started server answers: it is not healthy yet
            return False

    async def _after_end(self, code: int | None) -> None:
        how = "没有在限定时间内就绪" if code is None else f"意外退出（{_describe(code)}）"
        if not self._first.done():
            if self._failed >= self.spec.tries:
                self._fail(how)
                self._wanted.clear()
                return
        elif self._failed == self.spec.tries:
            log = self.room.logs / f"{self.spec.name}.log"
            self.room.say(f"{self.spec.title} 连续 {self._failed} 次{how}，见 {log}：\n{self._last_words()}")
        elif self._failed < self.spec.tries:
            self.room.say(f"{self.spec.title} {how}，正在重新启动。")
        given_up = self._failed >= self.spec.tries and self._first.done()
        await asyncio.sleep(_SLOW if given_up else _PAUSES[min(self._failed, len(_PAUSES) - 1)])

    def _fail(self, how: str) -> None:
        log = self.room.logs / f"{self.spec.name}.log"
        message = f"{self.spec.title}（{self.spec.name}）{how}。日志：{log}\n{self._last_words()}"
        if not self._first.done():
            self._first.set_exception(Problem("part_failed", message.rstrip()))

    async def _spawn(self) -> asyncio.subprocess.Process:
        log = self.room.logs / f"{self.spec.name}.log"
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".1.log"))
        uid, gid = self.spec.user or (None, None)
        with log.open("ab") as output:
            self._log_start = output.tell()
            return await asyncio.create_subprocess_exec(
                *(str(word) for word in self.spec.argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.spec.cwd,
                env=dict(self.spec.env),
                pass_fds=(self.room.lock_fd,),
                start_new_session=True,  # Ctrl-C reaches us only; we stop them in order
                preexec_fn=proc.dies_with_us(self.spec.death_signal),
                user=uid,
                group=gid,
                extra_groups=None if uid is None else [],
            )

    async def _end(self) -> None:
        async with self._birth:
            process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.spec.stop_signal)
        try:
            async with asyncio.timeout(self.spec.grace):
                await process.wait()
        except TimeoutError:
            _kill_group(process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        _kill_group(process.pid)

    def _last_words(self) -> str:
        return last_lines(self.room.logs / f"{self.spec.name}.log", self._log_start)


def last_lines(log: Path, start: int) -> str:
    """The last lines of a log since byte `start`, indented for a message."""
    try:
        with log.open("rb") as file:
            file.seek(max(start, file.seek(0, os.SEEK_END) - 8192))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"    {line[:300]}" for line in lines[-_TAIL:] if line.strip())


def _steps() -> Iterator[float]:
    step = _FIRST_STEP
    while True:
        yield step
        step = min(step * 1.3, _LAST_STEP)


async def _still_alive(process: asyncio.subprocess.Process) -> bool:
    await asyncio.sleep(0)
    return process.returncode is None and proc.started(process.pid) is not None


def _kill_group(pid: int) -> None:
    """What a process has started and left behind is in the group that it leads."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _describe(code: int) -> str:
    if code >= 0:
        return f"代码 {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"信号 {-code}"
