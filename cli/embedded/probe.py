"""Is it up? Raw GETs over loopback or a unix socket: no TLS set-up, no proxies from the environment."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

_TIMEOUT = 2.0


async def get(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of http://127.0.0.1:port/path. OSError or TimeoutError when nobody answers."""
    async with asyncio.timeout(_TIMEOUT):
        return await _get(*await asyncio.open_connection("127.0.0.1", port), path)


async def get_unix(socket: Path, path: str) -> tuple[int, bytes]:
    """The same over a unix socket."""
    async with asyncio.timeout(_TIMEOUT):
        return await _get(*await asyncio.open_unix_connection(str(socket)), path)


async def send(port: int, path: str, value: object) -> int:
    """POSTs JSON and returns the status."""
    async with asyncio.timeout(_TIMEOUT):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return (await _get(reader, writer, path, json.dumps(value).encode()))[0]


async def connects(port: int) -> bool:
    """Whether something accepts TCP connections there."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def polls(http_port: int, queue: str, pid: int, kind: str) -> bool:
    """Whether the process polls that Temporal task queue (its identity ends in "-pid"). kind: WORKFLOW, ACTIVITY."""
    path = f"/api/v1/namespaces/default/task-queues/{queue}?taskQueueType=TASK_QUEUE_TYPE_{kind}"
    status, body = await get(http_port, path)
    pollers: list[dict[str, Any]] = json.loads(body).get("pollers") or [] if status == 200 else []
    return any(str(one.get("identity", "")).endswith(f"-{pid}") for one in pollers)


async def _get(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: bytes | None = None
) -> tuple[int, bytes]:
    try:
        verb = "GET" if body is None else "POST"
        lines = [f"{verb} {path} HTTP/1.0", "Host: 127.0.0.1", "Connection: close"]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        writer.write("\r\n".join([*lines, "", ""]).encode() + (body or b""))
        head, _, content = (await reader.read()).partition(b"\r\n\r\n")
        words = head.split(None, 2)
        return (int(words[1]) if len(words) > 1 and words[1].isdigit() else 0), content
    finally:
        writer.close()
