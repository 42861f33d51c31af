"""Queue `exam`: banks, papers, sittings, attempts, grading."""

from temporalio import activity

from contracts.base import Data
from contracts.lifecycle import CaseRef, Transition
from contracts.registration import Done

TASK_QUEUE = "exam"


class Enrol(Data):
    """Enrols the candidate in the sitting of the level; the paper is drawn by H(round seed, application number)."""

    key: str
    case: CaseRef
    transition: Transition


class CancelAttempt(Data):
    """The case ended before the sitting did."""

    key: str
    case: CaseRef


@activity.defn(name="exam.enrol")
async def enrol(request: Enrol) -> Done:
    raise NotImplementedError


@activity.defn(name="exam.cancel_attempt")
async def cancel_attempt(request: CancelAttempt) -> Done:
    raise NotImplementedError


STUBS = [enrol, cancel_attempt]
