"""Human tasks in a service's table `task`: open, claim under lease and fence, complete, list."""

from kit.tasks.claims import (
    LEASE,
    Lease,
    Task,
    cancel,
    cancel_for,
    claim,
    claim_next,
    complete,
    get,
    holding,
    open,  # noqa: A004
    reassign,
    release,
    release_all,
    renew,
    reopen,
)
from kit.tasks.lists import Age, Page, Queue, Work, ages, listing, queues, workload

__all__ = [
    "LEASE",
    "Age",
    "Lease",
    "Page",
    "Queue",
    "Task",
    "Work",
    "ages",
    "cancel",
    "cancel_for",
    "claim",
    "claim_next",
    "complete",
    "get",
    "holding",
    "listing",
    "open",
    "queues",
    "reassign",
    "release",
    "release_all",
    "renew",
    "reopen",
    "workload",
]
