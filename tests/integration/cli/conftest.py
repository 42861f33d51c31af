"""A supervisor in a process of its own, and what /proc says about everything that it has started."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

HERE = Path(__file__).parent


class Fudao:
    """`python run_embedded.py folder parts…` under test."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.folder, self.process, self.lines = folder, process, list[str]()

    @property
    def pids(self) -> dict[str, int]:
        """processes.json, the supervisor among them."""
        found: dict[str, int] = json.loads((self.folder / "processes.json").read_text())
        return found

    @property
    def ports(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.folder / "ports.json").read_text())
        return found

    async def until(self, word: str, seconds: float = 60) -> str:
        """The output's next line that contains the word."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            while line := (await self.process.stdout.readline()).decode():
                self.lines.append(line.rstrip())
                if word in line:
                    return line.rstrip()
        raise AssertionError(f"ended without {word!r}: {self.lines}")

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit code after the signal."""
        self.process.send_signal(number)
        return await self.end()

    async def end(self, seconds: float = 40) -> int:
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            self.lines += (await self.process.stdout.read()).decode().splitlines()
            return await self.process.wait()


Start = Callable[..., Awaitable[Fudao]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder with a short path that any user can get to; not there yet."""
    base = Path(tempfile.mkdtemp(prefix="fudao-cli-"))
    base.chmod(0o755)
    yield base / "data"
    shutil.rmtree(base, ignore_errors=True)


@pytest_asyncio.fixture(loop_scope="session")
async def start(folder: Path) -> AsyncIterator[Start]:
    """start(folder, *fake parts): returns at once; killed at the end of the test, before the folder is removed."""
    made: list[Fudao] = []

    async def run(folder: Path, *parts: str) -> Fudao:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(HERE / "run_embedded.py"), str(folder), *parts),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": f"{HERE.parents[2]}:{HERE / 'fakes'}"},
        )
        made.append(Fudao(folder, process))
        return made[-1]

    yield run
    for one in made:
        with suppress(ProcessLookupError):
            one.process.kill()
        await one.process.wait()
    assert [left for one in made if (left := await gone(one.folder))] == []


def living(folder: Path) -> dict[int, str]:
    """Every living process that works in the folder or names it: PID and command line."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            words = (entry / "cmdline").read_text(errors="replace").replace("\0", " ").strip()
            place = os.readlink(entry / "cwd")
            if words and (str(folder) in words or f"{place}/".startswith(f"{folder}/")):
                found[int(entry.name)] = words
    return found


async def gone(folder: Path, seconds: float = 10) -> dict[int, str]:
    """What is still there after that time at most; empty as soon as nothing is."""
    for _ in range(round(seconds / 0.05)):
        if not (left := living(folder)):
            break
        await asyncio.sleep(0.05)
    return left


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Waits for something that another process brings about."""
    async with asyncio.timeout(seconds):
        for _ in range(round(seconds / 0.05)):
            if condition():
                return
            await asyncio.sleep(0.05)
