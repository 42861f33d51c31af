"""Asks the inspection process about one file at a time; kills and replaces it when it hangs or dies."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from contracts.case import PhotoFacts

_SCRIPT = Path(__file__).with_name("inspection.py")
_LINE = 2**20


class Reading(BaseModel):
    """What one file turned out to be; stored as JSON by its hash. `text` is the PDF's text layer, None: has none."""

    model_config = ConfigDict(frozen=True)

    media_type: str
    pages: int | None = None
    text: str | None = None
    photo: PhotoFacts | None = None


class NotTaken(BaseModel):
    """The file is refused; `code` is one of `domain.files.PROBLEMS`."""

    model_config = ConfigDict(frozen=True)

    code: str


class Inspector:
    """One process, one file at a time: memory and CPU stay bounded however many upload at once."""

    def __init__(self, *, timeout: float, memory: int) -> None:
        self._timeout = timeout
        self._memory = memory
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def inspect(self, purpose: str, expected: str, data: bytes) -> Reading | NotTaken:
        """Facts of the file, or why it is not taken. A file that kills or stalls the process is not taken."""
        async with self._turn:
            fresh = self._process is None or self._process.returncode is not None
            try:
                return await self._ask(purpose, expected, data)
            except TimeoutError:
                await self._kill()
                return NotTaken(code="took_too_long")
            except (OSError, EOFError, ValueError):
                await self._kill()
                if fresh:
                    return NotTaken(code="does_not_open")
            # an old process may have died by itself: judge the file by a new one
            try:
                return await self._ask(purpose, expected, data)
            except (TimeoutError, OSError, EOFError, ValueError):
                await self._kill()
                return NotTaken(code="does_not_open")

    async def close(self) -> None:
        """Ends the process."""
        async with self._turn:
            await self._kill()

    async def _ask(self, purpose: str, expected: str, data: bytes) -> Reading | NotTaken:
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        head = json.dumps({"purpose": purpose, "expected": expected, "size": len(data)}).encode()
        async with asyncio.timeout(self._timeout):
            process.stdin.write(head + b"\n")
            process.stdin.write(data)
            await process.stdin.drain()
            line = await process.stdout.readline()
        if not line:
            raise EOFError
        found = json.loads(line)
        if not found["ok"]:
            return NotTaken(code=str(found["code"]))
        facts = found["facts"]
        return Reading.model_validate({**facts, "text": facts["text"] or None})

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                str(_SCRIPT),
                str(self._memory),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # parsers quote what they read
                env={"LANG": "C.UTF-8"},
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
