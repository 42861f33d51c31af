"""Events, size and billable actions of one application's life, counted in its history.

The real workflow runs on the time-skipping server with fake services, so no retry and no outage is in the figures.
The baseline is an empty workflow with the same updates and the same activities in the same order and nothing else.
Events differ by a few from run to run: it depends on how many updates one workflow task takes.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.table import Line, Table
from tests.workflows.conftest import new_world
from tests.workflows.lives import LIVES

LIMITS: Mapping[str, int] = {
    "certified_straight": 150,
    "certified_after_correction": 200,
    "certified_junior": 150,
    "lapsed": 150,
}
"""The most events, by the life's name in `tests.workflows.lives`."""
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
    # the test server is older than the SDK likes, and it says so for each worker
    errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=errors))))
    return asyncio.run(_run())


async def _run() -> Table:
    table = Table(
        title="One application's life, counted in its history",
        baseline="an empty workflow with the same updates and activities, no timers and no search attributes",
    )
    for name, limit in LIMITS.items():
        ours, base = await _both(name)
        table.lines += [
            Line(name=f"{name}: events", ours=ours.events, baseline=base.events, limit=limit),
            Line(name=f"{name}: bytes", ours=ours.bytes, baseline=base.bytes, limit=BYTES),
            Line(name=f"{name}: actions", ours=ours.actions, baseline=base.actions, limit=ACTIONS),
        ]
    return table


async def _both(name: str) -> tuple[Count, Count]:
    async with new_world() as world:
        (handle,) = (await LIVES[name](world)).values()
        ours = await handle.fetch_history()
        client = world.env.client
        empty = Worker(
            client,
            task_queue=QUEUE,
            workflows=[Empty],
            activities=[nothing],
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        async with empty:
            base = await _empty(client, _shape(ours))
        return _count(ours), _count(base)


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


async def _empty(client: Client, shape: Sequence[int]) -> WorkflowHistory:
    handle = await client.start_workflow(Empty.run, list(shape), id="empty", task_queue=QUEUE)
    for turn in range(1, len(shape)):
        while await handle.query(Empty.finished) < turn:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await handle.execute_update(Empty.step, turn)
    await handle.result()
    return await handle.fetch_history()
