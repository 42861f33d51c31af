"""`python -m gateway [--host H] [--port P]` serves HTTP; `python -m gateway migrate` brings the schema up to date."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from gateway import outside
from gateway.accounts import sessions
from gateway.app import make_app
from gateway.complaints import follow as complaints
from gateway.intake.waiting import Answers
from gateway.parts import Parts
from gateway.recovery import follow
from gateway.settings import GatewaySettings
from kit.db import Database, migrate
from kit.http import ServiceClient, serve
from kit.logging import get_logger
from kit.loops import run_loops, run_process, sleep
from kit.settings import load
from kit.storage import ObjectStore
from readmodel import queries
from rules.cache import Packs

log = get_logger(__name__)
_SWEEP_SECONDS = 3600.0


def main(argv: Sequence[str] | None = None) -> None:
    """Never returns normally: exit code 0 after SIGTERM, 1 when something failed, 2 for a wrong call."""
    parser = argparse.ArgumentParser(prog="python -m gateway", description="辅导的入口：HTTP 接口和网页")
    parser.add_argument("mode", nargs="?", choices=("api", "migrate"), default="api")
    parser.add_argument("--host", help="监听地址，默认 FUDAO_API_HOST")
    parser.add_argument("--port", type=int, help="端口，默认 FUDAO_API_PORT；0 表示任选一个空闲端口")
    given = parser.parse_args(argv)
    settings = load(GatewaySettings)

    async def work() -> None:
        if given.mode == "migrate":
            await migrate(settings, "gateway")
            return
        await _serve(settings, given.host or settings.api_host, _port(given.port, settings))

    run_process("gateway", settings, work)


def _port(given: int | None, settings: GatewaySettings) -> int:
    return settings.api_port if given is None else given


async def _serve(settings: GatewaySettings, host: str, port: int) -> None:
    database, store, services = Database(settings), ObjectStore(settings), ServiceClient(settings)
    parts = Parts(
        settings=settings,
        db=database,
        store=store,
        services=services,
        answers=Answers(database),
        packs=Packs(store.get_content),
        read_model=queries,
    )

    async def http(stop: asyncio.Event) -> None:
        await serve(
            make_app(parts),
            stop,
            host=host,
            port=port,
            trusted_proxies=settings.trusted_proxies,
            on_bound=lambda address: log.info("listening", address=address),
        )

    async def sweeper(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await sleep(stop, _SWEEP_SECONDS)
            if not stop.is_set():
                async with database.unit_of_work() as session:
                    await sessions.sweep(session)

    async def recoveries(stop: asyncio.Event) -> None:
        await follow.run(parts, stop)

    async def imports(stop: asyncio.Event) -> None:
        await outside.run(parts, stop)

    async def complaint_messages(stop: asyncio.Event) -> None:
        await complaints.run(parts, stop)

    loops = {"http": http, "answers": parts.answers.run, "sweeper": sweeper}
    try:
        await run_loops(
            {
                **loops,
                "recoveries": recoveries,
                "imports": imports,
                "complaint messages": complaint_messages,
            }
        )
    finally:
        await services.aclose()
        await store.close()
        await database.close()


if __name__ == "__main__":
    main()
