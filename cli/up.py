"""`fudao up`: the whole system on this machine until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli import screen
from cli.embedded import Embedded
from cli.problems import Problem

DEFAULT_DATA = Path(".fudao")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Data = Annotated[Path, typer.Option("--data", help="数据目录；再次启动时接着用。", file_okay=False)]
Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65_535, help="门户的端口；默认沿用上次的，首次为 8866。")
]


def up(data: Data = DEFAULT_DATA, port: Port = None) -> None:
    """启动整个系统（数据库、流程、文件、消息和全部服务），Ctrl-C 停止。"""
    out = screen.console()
    system = Embedded(data, port=port, say=lambda line: out.print(Text(line)))
    raise typer.Exit(run(system))


def run(
    system: Embedded, play: Callable[[Embedded], Awaitable[None]] | None = None, *, stay: bool = True
) -> int:
    """Starts the system, does `play`, stays up if asked, stops everything. The exit code; Problems are printed.

    The first SIGINT, SIGTERM or SIGHUP stops in order (also in the midst of the start), a second one at once.
    """
    try:
        return asyncio.run(_run(system, play, stay))
    except Problem as error:
        screen.problem(error)
        return 1


async def _run(system: Embedded, play: Callable[[Embedded], Awaitable[None]] | None, stay: bool) -> int:
    loop = asyncio.get_running_loop()
    work = asyncio.create_task(_work(system, play, stay))
    asked: list[int] = []

    def on_signal(number: int) -> None:
        if asked:
            os._exit(130)  # the kernel ends our children (PR_SET_PDEATHSIG)
        asked.append(number)
        work.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        with suppress(asyncio.CancelledError):
            await work
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
    return 0


async def _work(system: Embedded, play: Callable[[Embedded], Awaitable[None]] | None, stay: bool) -> None:
    out = screen.console()
    clock = asyncio.get_running_loop().time
    begun = clock()
    out.print("正在启动…")
    await system.start()
    try:
        screen.running(out, system, clock() - begun, link=not await system.is_set_up())
        if play is not None:
            await play(system)
        if stay:
            await asyncio.Event().wait()
    finally:
        out.print("正在停止…")
        begun = clock()
        await asyncio.shield(system.stop())
        out.print(f"已停止（{clock() - begun:.1f} 秒）。")
