"""Queue `review`: machine checks, human tasks, qualification decisions, expert sheets, defence panels."""

from temporalio import activity

from contracts.base import Data
from contracts.lifecycle import CaseRef, Transition
from contracts.registration import Done

TASK_QUEUE = "review"


class OpenQualification(Data):
    """Runs the machine checks and opens the task. `look` 2 is the second look after the one correction: only what
    `decision_key` (the first decision) flagged may be judged (Q10), beside what the applicant says to it
    (`answers_key`). `attempt` grows when a correction was void because its flags were a mistake."""

    key: str
    case: CaseRef
    transition: Transition
    look: int
    decision_key: str | None = None
    attempt: int = 1
    answers_key: str | None = None


class OpenOutsideDecision(Data):
    """A direct-route case waits for a decision from outside (E5)."""

    key: str
    case: CaseRef
    transition: Transition


class OpenPortfolio(Data):
    """Assigns the experts by seed and opens their sheets."""

    key: str
    case: CaseRef
    transition: Transition


class OpenDefence(Data):
    """Opens one sheet for each member of the panel."""

    key: str
    case: CaseRef
    transition: Transition


class CancelTasks(Data):
    """The case ended: whatever is still open is cancelled."""

    key: str
    case: CaseRef


@activity.defn(name="review.open_qualification")
async def open_qualification(request: OpenQualification) -> Done:
    raise NotImplementedError


@activity.defn(name="review.open_outside_decision")
async def open_outside_decision(request: OpenOutsideDecision) -> Done:
    raise NotImplementedError


@activity.defn(name="review.open_portfolio")
async def open_portfolio(request: OpenPortfolio) -> Done:
    raise NotImplementedError


@activity.defn(name="review.open_defence")
async def open_defence(request: OpenDefence) -> Done:
    raise NotImplementedError


@activity.defn(name="review.cancel_tasks")
async def cancel_tasks(request: CancelTasks) -> Done:
    raise NotImplementedError


STUBS = [open_qualification, open_outside_decision, open_portfolio, open_defence, cancel_tasks]
