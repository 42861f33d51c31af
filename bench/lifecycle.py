"""Events, size and billable actions of one application's life, counted in its history.

The real workflow runs on the time-skipping server with fake services, so no retry and no outage is in the figures.
The baseline is an empty workflow with the same updates and the same activities in the same order and nothing else.
"""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.table import Line, Table
from contracts.lifecycle import Stage
from kit.temporal import data_converter, ensure_search_attributes
from rules.pack import load
from tests.workflows.settings import SETTINGS
from tests.workflows.world import Applicant, World, make_workers, play, start_application
from workflows.__main__ import WORKFLOWS

ROOT = Path(__file__).parents[1]
INSIDE_FILING = datetime(2025, 2, 20, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
AFTER_REVIEW = (Stage.exam, Stage.portfolio, Stage.defence, Stage.totals, Stage.notice, Stage.certificate)
BYTES, ACTIONS = 256 * 1024, 60
QUEUE = "bench-empty"

UPDATE = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
ACTIVITY = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
BILLABLE = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
    UPDATE,
    ACTIVITY,
}
"""What a hosted Temporal counts as an action; each retry of an activity would be one more."""


@dataclass(frozen=True)
class Count:
    events: int
    bytes: int
    actions: int


def run() -> Table:
    """Plays each life and its empty twin."""
    return asyncio.run(_run())


async def _run() -> Table:
    table = Table(
        title="One application's life, counted in its history",
        baseline="an empty workflow with the same updates and activities, no timers and no search attributes",
    )
    for name, (play_it, limit) in LIVES.items():
        ours, base = await _both(play_it)
        table.lines += [
            Line(name=f"{name}: events", ours=ours.events, baseline=base.events, limit=limit),
            Line(name=f"{name}: bytes", ours=ours.bytes, baseline=base.bytes, limit=BYTES),
            Line(name=f"{name}: actions", ours=ours.actions, baseline=base.actions, limit=ACTIONS),
        ]
    return table


# The lives ------------------------------------------------------------------------------------------------------


async def _straight(applicant: Applicant) -> None:
    await applicant.file()
    await applicant.reach(Stage.qualification)
    await applicant.decide("passed")
    await play(applicant, AFTER_REVIEW)


async def _corrected(applicant: Applicant) -> None:
    await applicant.file()
    await applicant.reach(Stage.qualification)
    await applicant.decide("correction")
    await applicant.reach(Stage.correction)
    await applicant.resubmit()
    await applicant.reach(Stage.qualification)
    await applicant.decide("passed")
    await play(applicant, AFTER_REVIEW)


async def _lapsed(applicant: Applicant) -> None:
    await applicant.submit()


Life = Callable[[Applicant], Awaitable[None]]
LIVES: Mapping[str, tuple[Life, int]] = {
    "intermediate, straight": (_straight, 150),
    "intermediate, one correction": (_corrected, 200),
    "lapsed": (_lapsed, 150),
}


async def _both(play_it: Life) -> tuple[Count, Count]:
    server = shutil.which("temporal-test-server", path=str(Path(sys.executable).parent))
    if server is None:
        raise SystemExit("缺少 temporal-test-server：请运行 make setup。")
    env = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=server, data_converter=data_converter(SETTINGS), runtime=_quiet()
    )
    async with env, AsyncExitStack() as stack:
        await ensure_search_attributes(env.client)
        offset = await env.get_current_time() - INSIDE_FILING
        world = World(env=env, pack=load(ROOT / "rulepacks/chongqing-2024"), offset=offset)
        for worker in make_workers(env.client, world, WORKFLOWS):
            await stack.enter_async_context(worker)
        applicant = await start_application(world, env.client)
        await play_it(applicant)
        ours = await _history(applicant.handle)
        empty = Worker(
            env.client,
            task_queue=QUEUE,
            workflows=[Empty],
            activities=[nothing],
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        await stack.enter_async_context(empty)
        base = await _empty(env, _shape(ours))
        return _count(ours), _count(base)


def _quiet() -> Runtime:
    """The test server is older than the SDK likes, and it says so for each worker."""
    errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=errors)))


async def _history(handle: WorkflowHandle[Any, Any]) -> WorkflowHistory:
    await handle.result()
    return await handle.fetch_history()


def _count(history: WorkflowHistory) -> Count:
    kinds = [event.event_type for event in history.events]
    return Count(
        events=len(kinds),
        bytes=sum(event.ByteSize() for event in history.events),
        actions=sum(kind in BILLABLE for kind in kinds),
    )


def _shape(history: WorkflowHistory) -> list[int]:
    """How many activities came before the first update, after it, after the second …"""
    shape = [0]
    for event in history.events:
        if event.event_type == UPDATE:
            shape.append(0)
        elif event.event_type == ACTIVITY:
            shape[-1] += 1
    return shape


# The empty twin -------------------------------------------------------------------------------------------------


@activity.defn(name="bench.nothing")
async def nothing(_: int) -> int:
    return 0


@workflow.defn(name="Empty")
class Empty:
    """Runs so many activities after each update."""

    @workflow.init
    def __init__(self, shape: list[int]) -> None:
        self.updates = 0
        self.done = 0

    @workflow.update
    async def step(self, _: int) -> int:
        self.updates += 1
        return self.updates

    @workflow.query
    def finished(self) -> int:
        return self.done

    @workflow.run
    async def run(self, shape: list[int]) -> int:
        for turn, activities in enumerate(shape):
            await workflow.wait_condition(lambda turn=turn: self.updates >= turn)  # type: ignore[misc]
            for n in range(activities):
                await workflow.execute_activity(nothing, n, start_to_close_timeout=timedelta(seconds=10))
            self.done = turn + 1
        return self.updates


async def _empty(env: WorkflowEnvironment, shape: Sequence[int]) -> WorkflowHistory:
    handle = await env.client.start_workflow(Empty.run, list(shape), id="empty", task_queue=QUEUE)
    for turn in range(1, len(shape)):
        while await handle.query(Empty.finished) < turn:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await handle.execute_update(Empty.step, turn)
    return await _history(handle)
