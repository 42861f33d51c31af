"""Several endless loops in one process: a crash of one ends all, a signal stops them in order, nothing hangs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import NoReturn, TypeVar

import uvloop

from kit import logging, telemetry
from kit.settings import MissingSetting, Settings

T = TypeVar("T")
Loop = Callable[[asyncio.Event], Awaitable[None]]

GRACE = 5.0  # seconds for all loops together to stop by themselves
STEP = 2.0  # seconds that one loop may hold up those after it
HARD_EXIT = 10.0  # seconds after which the process is ended whatever it does
_HARD_EXIT_CODE = 70
_NOT_THEIR_FAULT = (MissingSetting, ImportError, NameError, TypeError, AttributeError)
log = logging.get_logger(__name__)


class LoopFailed(RuntimeError):
    """A loop crashed or ended by itself. `loop` names it; the reason was logged and is the cause."""

    def __init__(self, loop: str) -> None:
        super().__init__(f"loop {loop} failed")
        self.loop = loop


class Stopped(Exception):
    """Raised by reach() when the process is asked to stop while it waits. A loop may let it pass."""


async def run_loops(
    loops: Mapping[str, Loop],
    *,
    stop: asyncio.Event | None = None,
    signals: bool = True,
    grace: float = GRACE,
    hard_exit: float | None = HARD_EXIT,
) -> None:
    """Runs all loops until `stop` is set, SIGTERM or SIGINT comes, or one of them ends; then stops the others.

    The mapping's order is the order of stopping: each loop's own event is set and it is waited for, then the
    next. What has not ended after `grace` seconds is cancelled; after `hard_exit` the process is ended.
    Raises LoopFailed when a loop crashed, also while stopping, or ended without being asked.
    """
    asked = asyncio.Event() if stop is None else stop
    events = {name: asyncio.Event() for name in loops}
    tasks = {name: asyncio.create_task(_run(loop, events[name]), name=name) for name, loop in loops.items()}
    waiting = asyncio.create_task(asked.wait())
    try:
        with _signals(asked) if signals else contextlib.nullcontext():
            await asyncio.wait({waiting, *tasks.values()}, return_when=asyncio.FIRST_COMPLETED)
            failed = _first_failed(tasks, asked.is_set())
            with watchdog(hard_exit):
                await _stop_in_order(tasks, events, grace)
    finally:
        waiting.cancel()
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(waiting, *tasks.values(), return_exceptions=True)
    later = _first_failed({name: task for name, task in tasks.items() if name != failed}, asked=True)
    failed = failed or later
    if failed is not None:
        raise LoopFailed(failed) from _reason(tasks[failed])
    log.info("stopped", loops=list(loops))


async def reach(
    part: str, attempt: Callable[[], Awaitable[T]], stop: asyncio.Event, *, limit: float | None = None
) -> T:
    """What `attempt` returns, tried again until it succeeds; says in the log for what it waits.

    Raises Stopped when `stop` is set meanwhile, TimeoutError after `limit` seconds, and at once what is our own
    mistake (a missing setting, a wrong type).
    """
    clock = asyncio.get_running_loop().time
    started, said, pause = clock(), float("-inf"), 0.1
    while not stop.is_set():
        try:
            async with asyncio.timeout(5):
                result = await attempt()
        except _NOT_THEIR_FAULT:
            raise
        except Exception as error:
            if clock() - said >= 5:
                log.warning("waiting_for", part=part, reason=type(error).__name__)
                said = clock()
            if limit is not None and clock() - started >= limit:
                raise TimeoutError(f"{part} is not reachable") from error
        else:
            if said > started:
                log.info("reached", part=part)
            return result
        await sleep(stop, pause)
        pause = min(pause * 1.6, 2.0)
    raise Stopped(part)


async def sleep(stop: asyncio.Event, seconds: float, wake: asyncio.Event | None = None) -> None:
    """Sleeps, but not longer than until `stop` or `wake` is set."""
    ends = [asyncio.ensure_future(one.wait()) for one in (stop, wake) if one is not None]
    try:
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in ends:
            one.cancel()


def run_process(service: str, settings: Settings, work: Callable[[], Awaitable[None]]) -> NoReturn:
    """A whole process: logging, tracing, `work` in an event loop, exit 0, or 1 with the reason in the log."""
    logging.configure(service, settings.log_level)
    telemetry.setup(settings, service)

    async def whole() -> None:
        try:
            await work()
        finally:
            _timer(HARD_EXIT).start()  # what follows joins threads, and some never end

    code = 0
    try:
        uvloop.run(whole())
    except LoopFailed:
        code = 1  # logged where it happened
    except Exception:
        log.exception("process_failed")
        code = 1
    telemetry.flush()
    sys.exit(code)


@contextlib.contextmanager
def watchdog(seconds: float | None) -> Iterator[None]:
    """Ends the process with code 70 when the block takes longer, even if the event loop is blocked."""
    if seconds is None:
        yield
        return
    timer = _timer(seconds)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _timer(seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, _end)
    timer.daemon = True
    return timer


def _end() -> None:
    os.write(2, b'{"event": "hard_exit", "level": "critical"}\n')  # logging's locks may be what hangs
    os._exit(_HARD_EXIT_CODE)


@contextlib.contextmanager
def _signals(asked: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def on_signal(name: str) -> None:
        log.info("stopping", signal=name)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number.name)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _run(loop: Loop, stop: asyncio.Event) -> None:
    try:
        await loop(stop)
    except Stopped:
        if not stop.is_set():
            raise


def _first_failed(tasks: Mapping[str, asyncio.Task[None]], asked: bool) -> str | None:
    """Name of a loop that crashed, or that ended though nobody asked; logs the reason of each one."""
    failed: list[str] = []
    for name, task in tasks.items():
        if not task.done() or (asked and _reason(task) is None):
            continue
        failed.append(name)
        log.error("loop_failed", loop=name, exc_info=_reason(task))
    return failed[0] if failed else None


def _reason(task: asyncio.Task[None]) -> BaseException | None:
    return None if task.cancelled() else task.exception()


async def _stop_in_order(
    tasks: Mapping[str, asyncio.Task[None]], events: Mapping[str, asyncio.Event], grace: float
) -> None:
    clock = asyncio.get_running_loop().time
    deadline = clock() + grace
    for name, task in tasks.items():
        events[name].set()
        if not task.done():
            await asyncio.wait({task}, timeout=max(0.0, min(STEP, deadline - clock())))
    slow = {task for task in tasks.values() if not task.done()}
    if slow:
        _, slow = await asyncio.wait(slow, timeout=max(0.0, deadline - clock()))
    for task in slow:
        log.warning("loop_cancelled", loop=task.get_name())
        task.cancel()
    if slow:
        await asyncio.wait(slow, timeout=1.0)
