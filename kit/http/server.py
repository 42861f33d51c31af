"""uvicorn inside an event loop that other loops share: no signal handlers, no access log, a clean stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

KEEP_ALIVE = 30  # seconds
GRACE = 2  # seconds that requests under way have at a stop


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    app: ASGIApp,
    stop: asyncio.Event,
    *,
    uds: Path | str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    trusted_proxies: str = "",
    on_bound: Callable[[str], None] | None = None,
) -> None:
    """Serves until `stop` is set, on a unix socket or TCP (port 0: a free one; `on_bound` hears the address).

    Raises OSError when the address is taken and RuntimeError when the application does not start.
    `trusted_proxies`: addresses whose X-Forwarded-* headers are believed (nobody's by default).
    """
    bound, address = _bind_unix(Path(uds)) if uds is not None else _bind_tcp(host, port)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
    server = _Server(config)
    stopper = asyncio.create_task(_stop(server, stop))
    try:
        if on_bound is not None:
            on_bound(address)
        await _run(server, bound)
    finally:
        stopper.cancel()
        bound.close()
        if uds is not None:
            _forget(Path(uds))


async def _run(server: _Server, bound: socket.socket) -> None:
    try:
        await server.serve(sockets=[bound])
    except SystemExit:  # uvicorn's way to say so; the loops beside us must hear of it as of any error
        raise RuntimeError("the HTTP application did not start") from None
    if not server.started:
        raise RuntimeError("the HTTP application did not start")


async def _stop(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def _forget(path: Path) -> None:
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        path.unlink()


def _bind_unix(path: Path) -> tuple[socket.socket, str]:
    _forget(path)  # left behind by a killed process; the supervisor lets only one of us live
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
        os.chmod(path, 0o600)
    except OSError:
        sock.close()
        raise
    return sock, str(path)


def _bind_tcp(host: str, port: int) -> tuple[socket.socket, str]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    return sock, f"http://{shown}:{sock.getsockname()[1]}"
