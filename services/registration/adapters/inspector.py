"""Asks the inspection process about one file at a time; kills and replaces it when it hangs or dies."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from contracts.case import PhotoFacts

_ROOT = Path(__file__).parents[3]
_RUN = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from services.registration.adapters.inspection import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)
_LINE = 2**20
_FROM_OUTSIDE = frozenset({-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, 0})
"""How the process ends when it was not the file's fault: the file is tried once more."""


class Preview(BaseModel):
    """A picture of one page in the content store."""

    model_config = ConfigDict(frozen=True)

    key: str
    width: int
    height: int


class Reading(BaseModel):
    """What one file turned out to be; stored as JSON by its hash. `text` is the PDF's text layer, None: has none.

    `removed`: what was taken out of it (`domain.files.REMOVED`); the hash of what was sent is the file's own.
    """

    model_config = ConfigDict(frozen=True)

    media_type: str
    pages: int | None = None
    text: str | None = None
    photo: PhotoFacts | None = None
    removed: tuple[str, ...] = ()
    previews: tuple[Preview, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Part:
    """Bytes that the inspection has made: `kept`, `original`, `page`, `thumb`."""

    kind: str
    media_type: str
    data: bytes
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """Facts without previews' keys, and the bytes that are to be stored."""

    reading: Reading
    parts: tuple[Part, ...]

    def part(self, kind: str) -> Part | None:
        return next((one for one in self.parts if one.kind == kind), None)

    def pages(self) -> Sequence[Part]:
        return [one for one in self.parts if one.kind == "page"]


class NotTaken(BaseModel):
    """The file is refused; `code` is one of `domain.files.PROBLEMS`."""

    model_config = ConfigDict(frozen=True)

    code: str


class _Died(Exception):
    """The process ended before it had answered."""

    def __init__(self, returncode: int) -> None:
        super().__init__(str(returncode))
        self.returncode = returncode


class Inspector:
    """One process, one file at a time: memory and CPU stay bounded however many upload at once.

    `timeout`: seconds by the clock; `cpu`: seconds of CPU for each file; `memory`: bytes of the process's data.
    """

    def __init__(self, *, timeout: float, memory: int, cpu: int = 8) -> None:
        self._timeout = timeout
        self._memory = memory
        self._cpu = cpu
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process that is running now."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else None

    async def inspect(self, purpose: str, expected: str, data: bytes) -> Inspected | NotTaken:
        """Facts of the file, or why it is not taken. A file that kills or stalls the process is not taken."""
        return await self._serve({"act": "inspect", "purpose": purpose, "expected": expected}, data)

    async def crop(
        self, expected: str, data: bytes, crop: tuple[int, int, int, int], most: int
    ) -> Inspected | NotTaken:
        """The cropped photo as JPEG (part `kept`) with its measures. `crop`: x, y, width, height in upright pixels."""
        head = {"act": "crop", "purpose": "photo", "expected": expected, "crop": list(crop), "most": most}
        return await self._serve(head, data)

    async def close(self) -> None:
        """Ends the process."""
        async with self._turn:
            await self._kill()

    async def _serve(self, head: dict[str, Any], data: bytes) -> Inspected | NotTaken:
        async with self._turn:
            for last in (False, True):
                try:
                    return await self._ask(head, data)
                except TimeoutError:
                    await self._kill()
                    return NotTaken(code="took_too_long")
                except _Died as died:
                    if died.returncode == -signal.SIGXCPU:
                        return NotTaken(code="took_too_long")
                    if last or died.returncode not in _FROM_OUTSIDE:
                        return NotTaken(code="too_complex")
                except BaseException:
                    await self._kill()  # half an answer may be under way
                    raise
            raise AssertionError("unreachable")

    async def _ask(self, head: dict[str, Any], data: bytes) -> Inspected | NotTaken:
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        line = json.dumps({**head, "size": len(data)}).encode()
        try:
            async with asyncio.timeout(self._timeout):
                process.stdin.write(line + b"\n")
                process.stdin.write(data)
                await process.stdin.drain()
                found = json.loads(await process.stdout.readuntil(b"\n"))
                if not found["ok"]:
                    return NotTaken(code=str(found["code"]))
                parts = [await _part(process.stdout, one) for one in found["parts"]]
        except (asyncio.IncompleteReadError, BrokenPipeError, ConnectionResetError):
            self._process = None
            raise _Died(await process.wait()) from None
        return Inspected(reading=Reading.model_validate(found["facts"]), parts=tuple(parts))

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-c",
                _RUN,
                str(_ROOT),
                str(self._memory),
                str(self._cpu),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # parsers quote what they read
                env={
                    "LANG": "C.UTF-8",
                    "MALLOC_ARENA_MAX": "1",
                    "OMP_NUM_THREADS": "1",
                    "OPENBLAS_NUM_THREADS": "1",
                },
                limit=_LINE,
            )
        return self._process

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _part(stream: asyncio.StreamReader, head: dict[str, Any]) -> Part:
    data = await stream.readexactly(int(head["size"]))
    return Part(
        kind=str(head["kind"]),
        media_type=str(head["media_type"]),
        data=data,
        width=int(head["width"]),
        height=int(head["height"]),
    )
