"""HTTP of the review desk beside the decision itself: next, reassign, questions, precedents, second looks, answers
of the applicant, hearings, figures."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.commands import Role
from contracts.http.review import ApplicantDecision, FlagAnswer, Ref, TaskKind
from contracts.prepared import QualificationOutcome
from contracts.rulings import Code

Text = Annotated[str, Field(min_length=2, max_length=2000)]
Reason = Annotated[str, Field(min_length=2, max_length=200)]


# Queue ------------------------------------------------------------------------------------------------------------


class TakeNext(Input):
    """`POST /tasks/next`: the most urgent task that the caller may take, claimed in the same breath."""

    kind: TaskKind | None = None


class Reassign(Input):
    """`POST /desk/reassign`: these tasks, or all that one account holds; `to` None: back to the queue."""

    task_ids: Annotated[tuple[UUID, ...], Field(max_length=500)] = ()
    from_account: UUID | None = None
    to: UUID | None = None
    reason: Reason


class NotMoved(Data):
    task_id: UUID
    code: str
    message: str


class Reassigned(Data):
    moved: int
    refused: tuple[NotMoved, ...] = ()


class DeskNoticeKind(StrEnum):
    reminder = "reminder"
    """Due soon."""
    overdue = "overdue"
    """Escalated: overdue for as long as the pack allows."""
    sample_disagrees = "sample_disagrees"
    question_answered = "question_answered"
    hearing_opened = "hearing_opened"


class DeskNotice(Data):
    """Something that a person or a role should look at."""

    id: UUID
    kind: DeskNoticeKind
    task_id: UUID | None
    application_id: UUID
    application_number: str
    at: AwareDatetime


class DeskNotices(Data):
    notices: tuple[DeskNotice, ...]


class DeskEntry(Data):
    """What was done to tasks: who, when, what, why."""

    at: AwareDatetime
    actor: UUID
    action: str
    task_id: UUID | None
    application_id: UUID | None
    reason: str
    old: str
    new: str


class DeskLog(Data):
    entries: tuple[DeskEntry, ...]


# Figures ----------------------------------------------------------------------------------------------------------


class QueueLine(Data):
    kind: TaskKind
    role: str
    open: int
    overdue: int
    oldest: AwareDatetime
    ages: dict[str, int] = Field(default_factory=dict)
    """Tasks by age in working days: `0-1`, `2-3`, `4-5`, `6+`."""


class WorkLine(Data):
    """One person's work: in hand now, done ever, overdue in hand, median minutes from claim to done."""

    account_id: UUID
    unit: str
    held: int
    overdue: int
    done: int
    median_minutes: float | None = None


class CodeCount(Data):
    """How often something was flagged, by check and code; `sunk`: in decisions of not qualified."""

    check_id: str
    code: str | None
    clause: str
    text: str
    count: int
    sunk: int


class SampleFigures(Data):
    drawn: int
    checked: int
    disagreed: int


class Overview(Data):
    """`GET /desk/overview`: how the review stands."""

    queues: tuple[QueueLine, ...]
    people: tuple[WorkLine, ...]
    outcomes: dict[QualificationOutcome, int]
    codes: tuple[CodeCount, ...]
    samples: SampleFigures


# Questions, precedents, second looks ------------------------------------------------------------------------------


class Ask(Input):
    """`POST /tasks/{id}/questions`: a colleague is asked; until the answer is there nothing can be decided."""

    fence: int
    check_id: Ref
    item_id: Ref | None = None
    rule_id: Ref | None = None
    text: Text


class AnswerQuestion(Input):
    """`POST /tasks/{id}/answer`."""

    fence: int
    text: Text


class SecondLook(Input):
    """`POST /tasks/{id}/second-look`: whether the decision that was drawn is right; why, if it is not."""

    fence: int
    agrees: bool
    note: Annotated[str, Field(max_length=1000)] = ""


class LikeCase(Data):
    """How something like it was judged before; no name, no number."""

    kind: str
    """flag, answered, accepted_rule, question."""
    clause: str
    title: str
    text: str
    decided_at: AwareDatetime
    same_title: bool = False


class KnownInterpretation(Data):
    """From the interpretation log 口径 (I1)."""

    id: str
    clause: str
    text: str
    decided_on: date | None


class Precedents(Data):
    interpretations: tuple[KnownInterpretation, ...]
    cases: tuple[LikeCase, ...]


# The applicant's answer -------------------------------------------------------------------------------------------


class SayToFlag(Input):
    place: Annotated[int, Field(ge=0, le=200)]
    nothing_wrong: bool = False
    text: Annotated[str, Field(max_length=1000)] = ""


class SaveAnswers(Input):
    """`PUT /applications/{id}/correction`: the whole of it, autosaved."""

    decision_key: Annotated[str, Field(max_length=80)]
    answers: Annotated[tuple[SayToFlag, ...], Field(max_length=200)] = ()


class CorrectionAnswers(Data):
    """Frozen answers (canonical JSON in the content store), named by `Resubmit.answers_key`."""

    application_id: UUID
    decision_key: str
    answers: tuple[FlagAnswer, ...]


class AnswersSaved(Data):
    """`answers_key` goes into `resubmit`. `unanswered`: places of flags without a word yet."""

    answers_key: str
    answers: tuple[FlagAnswer, ...]
    unanswered: tuple[int, ...]


class DecisionHistory(Data):
    """`GET /applications/{id}/decisions`, the newest first."""

    decisions: tuple[ApplicantDecision, ...]


# Hearings (E9) ----------------------------------------------------------------------------------------------------


class OpenHearing(Input):
    """`POST /applications/{id}/hearings`: something in the case looks false; the applicant is heard first."""

    ground: Text
    item_id: Ref | None = None
    reason: Code = "false_material"


class Statement(Input):
    """`PUT /applications/{id}/hearing/statement`."""

    text: Text


class DismissHearing(Input):
    reason: Text


class HearingState(StrEnum):
    open = "open"
    upheld = "upheld"
    dismissed = "dismissed"


class Hearing(Data):
    """`heard`: the applicant has answered, or had time to. `until` None: this round only."""

    id: UUID
    application_id: UUID
    state: HearingState
    ground: str
    item_id: str | None
    opened_at: AwareDatetime
    answer_by: AwareDatetime | None
    statement: str | None
    stated_at: AwareDatetime | None
    heard: bool
    until: date | None = None
    closed_at: AwareDatetime | None = None
    outcome: str = ""


class Hearings(Data):
    hearings: tuple[Hearing, ...]


class Released(Data):
    """`POST /internal/accounts/{id}/release`: tasks that went back to their queues."""

    tasks: int


STAFF_WITH_FIGURES = (Role.secretariat, Role.approver, Role.supervisor)
