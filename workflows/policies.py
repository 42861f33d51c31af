"""How workflows call activities: one helper, named time-outs and retries."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from contracts import exam, gateway, payment, publication, registration, review, scoring

I = TypeVar("I")  # noqa: E741 - input of an activity
O = TypeVar("O")  # noqa: E741 - its outcome

QUEUES: dict[Callable[..., Any], str] = {
    stub: module.TASK_QUEUE
    for module in (exam, gateway, payment, publication, registration, review, scoring)
    for stub in module.STUBS
}

SERVICE_CALL = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=15)
)
"""Services come back: an activity is tried until it works."""
BARRIER = RetryPolicy(
    initial_interval=timedelta(milliseconds=500),
    backoff_coefficient=1.5,
    maximum_interval=timedelta(seconds=5),
)
"""An activity that answers `not_yet` is asked again; retries add no events, a loop with timers would."""
START_TO_CLOSE = timedelta(seconds=60)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


async def call(stub: Callable[[I], Awaitable[O]], request: I, *, barrier: bool = False) -> O:
    """Run one activity on its service's queue and return its outcome.

    A failure that no retry cures (a mistake in a service) must not cost a person their application: the call is
    made again after a pause, so that a corrected service takes up where it stopped.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            return await workflow.execute_activity(
                stub,
                request,
                task_queue=QUEUES[stub],
                start_to_close_timeout=START_TO_CLOSE,
                retry_policy=BARRIER if barrier else SERVICE_CALL,
            )
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise
            workflow.logger.error("activity failed for good, asked again after a pause")
            await workflow.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def time_left(deadline: datetime) -> timedelta:
    """From the workflow's clock to the deadline, never negative."""
    return max(deadline - workflow.now(), timedelta())
