"""One complaint (N3, O4): its stages, what moves it, and what publication is told of each move.

Only IDs, enumerations and instants: who complained and what was said never leave publication's own tables.
"""

from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime

from contracts.base import Data, Input


class ComplaintStage(StrEnum):
    """Where one complaint stands."""

    received = "received"
    accepted = "accepted"
    hearing = "hearing"
    """The person complained of is asked to explain, until a deadline."""
    heard = "heard"
    ended = "ended"


class ComplaintOutcome(StrEnum):
    """How one complaint ended."""

    not_accepted = "not_accepted"
    not_upheld = "not_upheld"
    partly_upheld = "partly_upheld"
    upheld = "upheld"


UPHELD = frozenset({ComplaintOutcome.partly_upheld, ComplaintOutcome.upheld})


class ComplaintRef(Data):
    """What a run and its activities need to find one complaint."""

    complaint_id: UUID
    round_id: UUID


class ComplaintMove(Data):
    """Everything a complaint is after one step; `seq` grows by one. `entry_id`: the text that the step rests on."""

    seq: int
    stage: ComplaintStage
    decide_by: AwareDatetime
    application_id: UUID | None = None
    answer_by: AwareDatetime | None = None
    extended: bool = False
    overdue: bool = False
    outcome: ComplaintOutcome | None = None
    disqualify: bool = False
    entry_id: UUID | None = None


# What was found before the decision on a command ----------------------------------------------------------------


class ComplaintPrepared(Data):
    """`open_complaint`: the limit counts from the receipt, in the pack's working days."""

    decide_by: AwareDatetime
    application_id: UUID | None = None


class HearingPrepared(Data):
    answer_by: AwareDatetime


class ExtensionPrepared(Data):
    decide_by: AwareDatetime


# Bodies of commands ---------------------------------------------------------------------------------------------


class OpenComplaint(Input):
    """Publication's own, with the receipt of a complaint."""


class AcceptComplaint(Input):
    """`application_id`: whom it is about, once that is known; None: as it was handed in, or nobody's application."""

    application_id: UUID | None = None


class RestOnEntry(Input):
    """A step whose text was saved first (`POST /complaints/{id}/entries`): a refusal's reason, the allegation as the
    committee puts it to the person, the reason of an extension."""

    entry_id: UUID


class CloseHearing(Input):
    """Publication's own: the person has explained."""


class DecideComplaint(Input):
    """`disqualify`: the person is to lose the qualification; two people decide that (`disqualify`, O2)."""

    outcome: ComplaintOutcome
    entry_id: UUID
    disqualify: bool = False


class Unhold(Input):
    """`reference`: the complaint whose hold is let go; None: the hold that somebody put by hand."""

    reference: UUID | None = None


def complaint_workflow_id(complaint: UUID) -> str:
    return f"complaint:{complaint}"
