"""Human tasks in a service's table `task`: open, claim under lease and fence, complete, list."""

from kit.tasks.claims import (
    LEASE,
    Lease,
    Task,
    cancel,
    cancel_for,
    claim,
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
from kit.tasks.lists import Page, Queue, listing, queues

__all__ = [
    "LEASE",
    "Lease",
    "Page",
    "Queue",
    "Task",
    "cancel",
    "cancel_for",
    "claim",
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
]
