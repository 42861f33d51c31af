"""Asks clamd whether a file is infected. No answer is no verdict: the file waits."""

from __future__ import annotations

import asyncio
import struct
from enum import StrEnum

_PIECE = 64 * 1024
_ANSWER = 4096


class Scan(StrEnum):
    """`unknown`: clamd did not answer, or could not scan it; ask again later."""

    clean = "clean"
    infected = "infected"
    unknown = "unknown"


class VirusScanner:
    """clamd by its unix socket or by host and port; a connection for each file.

    The protocol is spoken here: the package `clamd` ignores how much a socket with a time limit has taken, and so
    sends broken streams for large files to a busy daemon.
    """

    def __init__(self, *, socket: str = "", host: str = "", port: int = 3310, timeout: float = 20.0) -> None:
        self._socket, self._host, self._port, self._timeout = socket, host, port, timeout

    async def scan(self, data: bytes) -> Scan:
        """By INSTREAM: clamd needs no access to our files."""
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._ask(data)
        except (TimeoutError, OSError, EOFError):
            return Scan.unknown
        # "stream: OK", "stream: <signature> FOUND", "… ERROR"
        if answer.endswith(b" FOUND"):
            return Scan.infected
        return Scan.clean if answer == b"stream: OK" else Scan.unknown

    async def _ask(self, data: bytes) -> bytes:
        reader, writer = await self._open()
        try:
            writer.write(b"zINSTREAM\0")
            for at in range(0, len(data), _PIECE):
                piece = data[at : at + _PIECE]
                writer.write(struct.pack(">I", len(piece)) + piece)
                await writer.drain()
            writer.write(struct.pack(">I", 0))
            await writer.drain()
            return (await reader.readuntil(b"\0")).rstrip(b"\0").strip()
        finally:
            writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._socket:
            return await asyncio.open_unix_connection(self._socket, limit=_ANSWER)
        return await asyncio.open_connection(self._host, self._port, limit=_ANSWER)
