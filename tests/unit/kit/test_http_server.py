"""serve(): start, stop and failure beside other loops."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from kit.http import create_app, serve
from kit.settings import Settings


def app_of(**options: object) -> FastAPI:
    return create_app("t", Settings(service="t"), **options)  # type: ignore[arg-type]


async def test_requests_under_way_are_finished_at_a_stop() -> None:
    app, entered = app_of(), asyncio.Event()

    @app.get("/long")
    async def long() -> str:
        entered.set()
        await asyncio.sleep(0.3)
        return "whole"

    stop = asyncio.Event()
    bound: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(app, stop, on_bound=bound.set_result))
    async with httpx.AsyncClient(base_url=await bound, trust_env=False) as client:
        asked = asyncio.create_task(client.get("/long"))
        await entered.wait()
        stop.set()
        assert (await asked).json() == "whole"
        await server
        with pytest.raises(httpx.ConnectError):
            await client.get("/health/live")


async def test_signal_handlers_are_not_touched() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    stop = asyncio.Event()
    bound: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(app_of(), stop, on_bound=bound.set_result))
    async with httpx.AsyncClient(base_url=await bound, trust_env=False) as client:
        await client.get("/health/live")
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    stop.set()
    await server


async def test_a_taken_port_is_an_error_not_an_exit() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            await serve(app_of(), asyncio.Event(), port=taken.getsockname()[1])


async def test_an_application_that_does_not_start_is_an_error() -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        raise LookupError
        yield

    with pytest.raises(RuntimeError, match="did not start"):
        await serve(app_of(lifespan=lifespan), asyncio.Event())


async def test_unix_socket_is_private_and_replaces_a_dead_one() -> None:
    with tempfile.TemporaryDirectory(prefix="fd") as folder:
        path = Path(folder, "t.sock")
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(path))
        left.close()  # as a killed process leaves it: the file stays
        stop, bound = asyncio.Event(), asyncio.Event()
        server = asyncio.create_task(serve(app_of(), stop, uds=path, on_bound=lambda _: bound.set()))
        await bound.wait()
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        async with httpx.AsyncClient(
            base_url="http://t", transport=httpx.AsyncHTTPTransport(uds=str(path))
        ) as c:
            assert (await c.get("/health/live")).json() == {"status": "live"}
        stop.set()
        await server
        assert "t.sock" not in os.listdir(folder)


async def test_an_ordinary_file_is_not_removed() -> None:
    with tempfile.NamedTemporaryFile(prefix="fd") as file:
        with pytest.raises(OSError, match="in use"):
            await serve(app_of(), asyncio.Event(), uds=file.name)
        assert os.stat(file.name).st_nlink == 1
