"""Queue `registration`: rounds, persons, drafts, the printed form, phase of each application."""

from pydantic import AwareDatetime
from temporalio import activity

from contracts.base import Data
from contracts.lifecycle import CaseRef, Phase, RoundRef, RoundTransition, Status, Transition

TASK_QUEUE = "registration"


class UnlockForm(Data):
    """After an accepted `take_back` (discard=False) or `discard` (draft emptied, level free again).

    The unlocking itself happened when the command was prepared; this publishes the move.
    """

    key: str
    case: CaseRef
    transition: Transition
    discard: bool


class OpenCorrection(Data):
    """Unlock exactly what the decision under `decision_key` flagged, until `closes_at` (Q10)."""

    key: str
    case: CaseRef
    transition: Transition
    decision_key: str
    closes_at: AwareDatetime


class CloseCorrection(Data):
    """The flags were a mistake (Q10): the form is locked as it was filed, what was typed since is put aside."""

    key: str
    case: CaseRef


class SetPhase(Data):
    """`ended` with the terminal `status`; `transition` present when this call is what tells the world of it."""

    key: str
    case: CaseRef
    phase: Phase
    status: Status | None = None
    transition: Transition | None = None


class AwaitPhase(Data):
    """Barrier of a round. Retryable `not_yet` while an application is in an earlier phase than `phase`."""

    round: RoundRef
    phase: Phase


class PhaseCounts(Data):
    """Applications per phase, by level: `{level: {phase: n}}`; `filed` counts the base of the cut (T2) by level."""

    phases: dict[str, dict[Phase, int]]
    filed: dict[str, int]


class MoveRound(Data):
    key: str
    round: RoundRef
    transition: RoundTransition


class Done(Data):
    """Nothing to tell but that it is done."""


@activity.defn(name="registration.unlock_form")
async def unlock_form(request: UnlockForm) -> Done:
    raise NotImplementedError


@activity.defn(name="registration.open_correction")
async def open_correction(request: OpenCorrection) -> Done:
    raise NotImplementedError


@activity.defn(name="registration.close_correction")
async def close_correction(request: CloseCorrection) -> Done:
    raise NotImplementedError


@activity.defn(name="registration.set_phase")
async def set_phase(request: SetPhase) -> Done:
    raise NotImplementedError


@activity.defn(name="registration.await_phase")
async def await_phase(request: AwaitPhase) -> PhaseCounts:
    raise NotImplementedError


@activity.defn(name="registration.move_round")
async def move_round(request: MoveRound) -> Done:
    raise NotImplementedError


STUBS = [unlock_form, open_correction, close_correction, set_phase, await_phase, move_round]
