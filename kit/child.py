"""A process of its own for work on strangers' bytes: one at a time, killed and replaced when it hangs or dies."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
_RUN = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module(sys.argv.pop(1), run_name='__main__')"
_LINE = 32 * 2**20


class Failed(Exception):
    """The process gave no answer; `code`: took_too_long, does_not_open."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Child:
    """Runs a module with its memory limit as argument, without our settings or secrets.

    Protocol: a line of JSON and the bytes it announces go in, a line of JSON comes out, until stdin ends.
    """

    def __init__(self, module: str, *, timeout: float, memory: int) -> None:
        self._module = module
        self._timeout = timeout
        self._memory = memory
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def ask(self, head: dict[str, Any], *bodies: bytes) -> dict[str, Any]:
        """The answer. Failed when there is none; an old process that has died by itself is replaced once."""
        async with self._turn:
            fresh = self._process is None or self._process.returncode is not None
            for last in (fresh, True):
                try:
                    return await self._exchange(head, bodies)
                except TimeoutError:
                    await self._kill()
                    raise Failed("took_too_long") from None
                except (OSError, EOFError, ValueError):
                    await self._kill()
                    if last:
                        raise Failed("does_not_open") from None
                except BaseException:
                    await self._kill()  # half an answer may be under way
                    raise
            raise AssertionError("unreachable")

    async def close(self) -> None:
        """Ends the process."""
        async with self._turn:
            await self._kill()

    async def _exchange(self, head: dict[str, Any], bodies: Sequence[bytes]) -> dict[str, Any]:
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        async with asyncio.timeout(self._timeout):
            process.stdin.write(json.dumps(head).encode() + b"\n")
            for body in bodies:
                process.stdin.write(body)
                await process.stdin.drain()
            await process.stdin.drain()
            line = await process.stdout.readline()
        if not line:
            raise EOFError
        found: dict[str, Any] = json.loads(line)
        return found

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-c",
                _RUN,
                str(_ROOT),
                self._module,
                str(self._memory),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # parsers quote what they read
                env={"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
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
