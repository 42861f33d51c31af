"""Loops beside each other: order of stopping, crashes, hangs; and whole processes with real signals."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from kit.loops import LoopFailed, Stopped, reach, run_loops, sleep
from kit.settings import MissingSetting

ROOT = Path(__file__).parents[3]


def recorder(said: list[str], name: str, seconds: float = 0.0) -> Callable[[asyncio.Event], Awaitable[None]]:
    async def loop(stop: asyncio.Event) -> None:
        await stop.wait()
        said.append(f"{name} asked")
        await asyncio.sleep(seconds)
        said.append(f"{name} ended")

    return loop


async def test_loops_stop_one_after_the_other() -> None:
    said: list[str] = []
    stop = asyncio.Event()
    names = ("api", "worker", "relay")
    running = asyncio.create_task(
        run_loops({name: recorder(said, name, 0.02) for name in names}, stop=stop, signals=False)
    )
    await asyncio.sleep(0.01)
    assert said == []
    stop.set()
    await running
    assert said == [f"{name} {what}" for name in names for what in ("asked", "ended")]


async def test_a_crash_stops_the_others_and_is_the_cause() -> None:
    said: list[str] = []

    async def crash(stop: asyncio.Event) -> None:
        raise LookupError("gone")

    with pytest.raises(LoopFailed) as caught:
        await run_loops({"api": recorder(said, "api"), "worker": crash}, signals=False)
    assert caught.value.loop == "worker"
    assert isinstance(caught.value.__cause__, LookupError)
    assert said == ["api asked", "api ended"]


async def test_a_loop_that_ends_by_itself_has_failed() -> None:
    async def brief(stop: asyncio.Event) -> None: ...

    with pytest.raises(LoopFailed) as caught:
        await run_loops({"relay": brief, "api": recorder([], "api")}, signals=False)
    assert caught.value.loop == "relay"


async def test_a_crash_while_stopping_is_not_swallowed() -> None:
    async def bad_end(stop: asyncio.Event) -> None:
        await stop.wait()
        raise LookupError

    stop = asyncio.Event()
    stop.set()
    with pytest.raises(LoopFailed) as caught:
        await run_loops({"api": recorder([], "api"), "due": bad_end}, stop=stop, signals=False)
    assert caught.value.loop == "due"


async def test_a_loop_that_does_not_stop_is_cancelled_and_the_others_are_asked() -> None:
    said: list[str] = []

    async def stubborn(stop: asyncio.Event) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            said.append("stubborn cancelled")

    stop = asyncio.Event()
    stop.set()
    started = time.monotonic()
    await run_loops({"a": stubborn, "b": recorder(said, "b")}, stop=stop, signals=False, grace=0.2)
    assert said == ["b asked", "b ended", "stubborn cancelled"]
    assert time.monotonic() - started < 1.0


async def test_cancelling_the_whole_cancels_every_loop() -> None:
    ended: list[str] = []

    async def loop(stop: asyncio.Event) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("x")

    running = asyncio.create_task(run_loops({"a": loop, "b": loop}, signals=False))
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended == ["x", "x"]


async def test_reach_tries_until_it_succeeds() -> None:
    tries = 0

    async def attempt() -> str:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ConnectionRefusedError
        return "there"

    assert await reach("part", attempt, asyncio.Event()) == "there"
    assert tries == 3


async def test_reach_gives_up_at_stop_at_limit_and_at_our_own_mistakes() -> None:
    async def refuse() -> None:
        raise ConnectionRefusedError

    async def mistake() -> None:
        raise MissingSetting("FUDAO_X")

    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, stop.set)
    with pytest.raises(Stopped):
        await reach("part", refuse, stop)
    with pytest.raises(TimeoutError):
        await reach("part", refuse, asyncio.Event(), limit=0.05)
    with pytest.raises(MissingSetting):
        await reach("part", mistake, asyncio.Event())


async def test_a_loop_stopped_while_it_waits_has_not_failed() -> None:
    async def refuse() -> None:
        raise ConnectionRefusedError

    async def waits(stop: asyncio.Event) -> None:
        await reach("part", refuse, stop)

    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, stop.set)
    await run_loops({"worker": waits}, stop=stop, signals=False)


async def test_sleep_ends_early() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, stop.set)
    started = time.monotonic()
    await sleep(stop, 5)
    assert time.monotonic() - started < 1
    await sleep(asyncio.Event(), 0.01)


HEAD = """
import asyncio, sys, time
import kit.loops
from kit.loops import run_loops, run_process
from kit.settings import Settings

async def good(stop):
    print("ready", flush=True)
    await stop.wait()
    print("ended", flush=True)
"""


class Process:
    def __init__(self, code: str) -> None:
        command = [sys.executable, "-c", HEAD + textwrap.dedent(code)]
        self.child = subprocess.Popen(
            command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def wait_ready(self) -> None:
        assert self.child.stdout is not None
        assert self.child.stdout.readline() == "ready\n"

    def end(self) -> tuple[int, str, list[dict[str, Any]]]:
        out, err = self.child.communicate(timeout=30)
        return self.child.returncode, out, [json.loads(line) for line in err.splitlines()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_cleanly(number: signal.Signals) -> None:
    process = Process('run_process("t", Settings(), lambda: run_loops({"good": good}))')
    process.wait_ready()
    process.child.send_signal(number)
    code, out, lines = process.end()
    assert (code, out) == (0, "ended\n")
    assert [(line["event"], line.get("signal")) for line in lines] == [
        ("stopping", number.name),
        ("stopped", None),
    ]


def test_a_crash_ends_the_process_with_a_reason() -> None:
    process = Process(
        """
        async def bad(stop):
            await asyncio.sleep(0.1)
            raise LookupError("applicant 张三")
        run_process("t", Settings(), lambda: run_loops({"good": good, "bad": bad}))
        """
    )
    code, out, lines = process.end()
    assert (code, out) == (1, "ready\nended\n")
    (line,) = lines
    assert (line["event"], line["loop"], line["service"]) == ("loop_failed", "bad", "t")
    assert line["exception"].endswith("LookupError: applicant <…>")


def test_a_mistake_before_the_loops_ends_the_process_with_a_reason() -> None:
    code, _, lines = Process('run_process("t", Settings(), lambda: run_loops(None))').end()
    assert (code, [line["event"] for line in lines]) == (1, ["process_failed"])


def test_a_blocked_event_loop_is_ended_hard() -> None:
    process = Process(
        """
        async def blocks(stop):
            print("ready", flush=True)
            await stop.wait()
            time.sleep(60)
        run_process("t", Settings(), lambda: run_loops({"blocks": blocks}, hard_exit=0.3))
        """
    )
    process.wait_ready()
    process.child.terminate()
    code, _, lines = process.end()
    assert (code, [line["event"] for line in lines]) == (70, ["stopping", "hard_exit"])


def test_a_thread_that_never_ends_does_not_keep_the_process() -> None:
    process = Process(
        """
        kit.loops.HARD_EXIT = 0.5
        async def leaves(stop):
            asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
            await good(stop)
        run_process("t", Settings(), lambda: run_loops({"leaves": leaves}))
        """
    )
    process.wait_ready()
    started = time.monotonic()
    process.child.terminate()
    code, out, _ = process.end()
    assert (code, out) == (70, "ended\n")
    assert time.monotonic() - started < 10
