"""`python -m workflows`: the workflow worker."""

import asyncio

from contracts.workflows import TASK_QUEUE
from kit import temporal
from kit.service import reach, run_loops, run_process, run_worker
from kit.settings import Settings, load
from workflows.application import ApplicationLifecycle
from workflows.complaint import ComplaintWorkflow
from workflows.notice import NoticeWorkflow
from workflows.round import RoundWorkflow

WORKFLOWS = [ApplicationLifecycle, RoundWorkflow, NoticeWorkflow, ComplaintWorkflow]


def main() -> None:
    """Runs until SIGTERM or SIGINT; exit code 1 when the worker failed."""
    settings = load(Settings, service="workflows")

    async def worker(stop: asyncio.Event) -> None:
        client = await reach("temporal", lambda: temporal.connect(settings), stop)
        await temporal.ensure_search_attributes(client)
        await run_worker(temporal.make_worker(client, settings, TASK_QUEUE, workflows=WORKFLOWS), stop)

    run_process("workflows", settings, lambda: run_loops({"worker": worker}))


if __name__ == "__main__":
    main()
