"""HTTP of the review service, and the decision document that registration reads to unlock a correction (Q10)."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.case import EvidenceItem, Finding, ScanFacts, Snapshot, Twin
from contracts.explanation import Explanation
from contracts.http.decision import (
    Answered,
    Change,
    CheckLine,
    CodeLine,
    DecisionSaved,
    Flag,
    FlagAnswer,
    FormLine,
    Note,
    Obstacle,
    QualificationDecision,
    QuestionView,
    Ref,
    RuleJudgement,
    RuleLine,
    SavedAnswer,
    SaveDecision,
    SavedFlag,
    SavedRule,
    Step,
)
from contracts.prepared import QualificationOutcome

__all__ = [  # read here by everybody; the rest is defined below
    "Answered",
    "Change",
    "CheckLine",
    "CodeLine",
    "DecisionSaved",
    "Flag",
    "FlagAnswer",
    "FormLine",
    "Note",
    "Obstacle",
    "QualificationDecision",
    "QuestionView",
    "Ref",
    "RuleJudgement",
    "RuleLine",
    "SaveDecision",
    "SavedAnswer",
    "SavedFlag",
    "SavedRule",
    "Step",
]

MAX_DOCUMENT_BYTES = 5 * 2**20

# Queue, lease ---------------------------------------------------------------------------------------------------


class TaskKind(StrEnum):
    qualification = "qualification"
    outside_decision = "outside_decision"
    portfolio_sheet = "portfolio_sheet"
    defence_sheet = "defence_sheet"
    question = "question"
    """A colleague asks about one check item."""
    sample = "sample"
    """A decision is looked at a second time."""


class TaskCard(Data):
    """A line of somebody's queue. `mine`: the caller holds the lease; `sheet` is the number of the sheet (from 1)."""

    id: UUID
    kind: TaskKind
    application_id: UUID
    application_number: str
    level: str
    look: int | None = None
    sheet: int | None = None
    mine: bool
    fence: int
    lease_until: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    overdue: bool = False
    priority: int = 0
    state: str = "open"
    created_at: AwareDatetime | None = None
    working_days: int = 0
    """Its age: working days since it was opened."""
    owner: UUID | None = None
    assigned_to: UUID | None = None


class TaskPage(Data):
    """`total`: how many there are, at most 1,000 are counted."""

    tasks: tuple[TaskCard, ...]
    next_cursor: str | None = None
    total: int = 0


class Lease(Data):
    """`fence` goes into every later write; whoever writes with an older one is refused."""

    task_id: UUID
    fence: int
    lease_until: AwareDatetime


class Fence(Input):
    """Body of renew, release and submit."""

    fence: int


class Recuse(Input):
    """An expert declares a conflict of interest (O3); the sheet goes to another."""

    reason: Annotated[str, Field(min_length=2, max_length=200)]


# What a task shows ------------------------------------------------------------------------------------------------


class TaskFile(Data):
    """A file of the case; its link comes from `GET /tasks/{id}/files/{file_id}`."""

    file_id: str
    media_type: str
    bytes: int
    opens: bool
    pages: int | None = None
    problem: str = ""
    pictures: tuple[str, ...] = ()
    """Of its first pages: `GET /tasks/{id}/pictures/{picture}`."""
    preview_only: bool = False
    """Pupils appear in it: experts see its pictures and get no link to the file (P2)."""


class FileLink(Data):
    url: str
    expires_at: datetime


class QualificationTask(Data):
    """What a reviewer sees (names, but no ID number, phone or address).

    On look 2 `flagged` are the flags of the first decision: only they may be judged; `findings`, `checks` and
    `rules` are cut down to them.
    """

    kind: Literal[TaskKind.qualification] = TaskKind.qualification
    task: TaskCard
    look: int
    snapshot: Snapshot
    findings: tuple[Finding, ...]
    explanation: Explanation
    checks: tuple[CheckLine, ...]
    rules: tuple[RuleLine, ...]
    files: tuple[TaskFile, ...]
    scan_file_ids: tuple[str, ...] = ()
    flagged: tuple[Flag, ...] = ()
    may_correct: bool
    draft: SaveDecision | None = None
    scan: ScanFacts | None = None
    attempt: int = 1
    cancelled: tuple[Flag, ...] = ()
    answers: tuple[FlagAnswer, ...] = ()
    changes: tuple[Change, ...] = ()
    questions: tuple[QuestionView, ...] = ()
    form: tuple[FormLine, ...] = ()
    level_name: str = ""
    twins: tuple[Twin, ...] = ()
    """Those that the findings know; registration tells which there are now (E10)."""


class ColleagueTask(Data):
    """A colleague's question, or a decision drawn for a second look: the case as its reviewer saw it."""

    kind: Literal[TaskKind.question, TaskKind.sample]
    task: TaskCard
    shown: QualificationTask
    question: QuestionView | None = None
    decision: QualificationDecision | None = None


class OutsideTask(Data):
    """Worklist entry of the secretariat: enter the outside decision with its document (E5)."""

    kind: Literal[TaskKind.outside_decision] = TaskKind.outside_decision
    task: TaskCard
    snapshot: Snapshot
    files: tuple[TaskFile, ...]


class RubricLineView(Data):
    """One line. `max` 0: the standard is not decided yet, nothing can be marked. `evidence_kinds`: what it rests on."""

    id: str
    name: str
    third: str
    max: Decimal
    guide: str = ""
    evidence_kinds: tuple[str, ...] = ()


class ShownPair(Data):
    label: str
    value: str


class ShownItem(Data):
    """An item of section C in the candidate's own words, labelled by the pack, without name and unit (P3)."""

    item_id: str
    kind: str
    kind_name: str
    title: str
    pairs: tuple[ShownPair, ...] = ()
    file_ids: tuple[str, ...] = ()


class SheetTask(Data):
    """What an expert or panel member sees: evidence without name, unit or phone (P3). Marks are text or numbers.

    `total` is exact ("n/d") once the sheet is submitted; `version` grows with each saving.
    """

    kind: Literal[TaskKind.portfolio_sheet, TaskKind.defence_sheet]
    task: TaskCard
    sheet: int
    lines: tuple[RubricLineView, ...]
    items: tuple[EvidenceItem, ...]
    files: tuple[TaskFile, ...]
    scores: dict[str, Decimal] = Field(default_factory=dict)
    note: str = ""
    submitted: bool = False
    evidence: tuple[ShownItem, ...] = ()
    level_name: str = ""
    rubric_name: str = ""
    clause: str = ""
    version: int = 0
    total: str | None = None
    submitted_at: AwareDatetime | None = None


TaskMaterial = Annotated[
    QualificationTask | OutsideTask | SheetTask | ColleagueTask, Field(discriminator="kind")
]


# Sheets -----------------------------------------------------------------------------------------------------------

Mark = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]


class SaveSheet(Input):
    """`PUT /tasks/{id}/sheet`: the whole sheet so far. `version`: the one it was made from; if it has changed since
    (another window), nothing is overwritten."""

    fence: int
    version: Annotated[int, Field(ge=0)] | None = None
    scores: Annotated[dict[Ref, Mark], Field(max_length=50)]
    note: Note = ""


class HandIn(Fence):
    """`POST /tasks/{id}/submit`: `version` is the one that was looked at; what has changed since is not fixed."""

    version: Annotated[int, Field(ge=0)] | None = None


class SheetSaved(Data):
    """`missing`: lines without a mark."""

    version: int
    missing: tuple[str, ...] = ()


class SheetSubmitted(Data):
    """`total` is exact ("n/d"). What other sheets say is not told (P3)."""

    task_id: UUID
    total: str
    submitted_at: AwareDatetime


class MarkAbsent(Input):
    """`POST /applications/{id}/defence/absent` by the secretariat or a member of the panel in the chair."""

    reason: Annotated[str, Field(max_length=200)] = ""


class DefenceAbsent(Data):
    application_id: UUID
    absent: bool = True


# Applicant --------------------------------------------------------------------------------------------------------


class FoundItem(Data):
    """One flag in plain words: what was found, on which clause, what to do."""

    clause: str
    check: str
    where: str
    found: str
    to_do: str
    curable: bool
    reprint: bool
    item_id: str | None = None
    field: str | None = None
    rule_id: str | None = None
    place: int = 0
    """Its number in the decision, from 0: answers name it."""


class ApplicantDecision(Data):
    """`GET /applications/{id}/decision`: the latest decision. The deadline stands on the case page."""

    look: int
    outcome: QualificationOutcome
    heading: str
    text: str
    items: tuple[FoundItem, ...]
    reprint: bool
    note: str = ""
    decided_at: AwareDatetime
    attempt: int = 1
    cancelled: tuple[FoundItem, ...] = ()
    correction_page: bool = False
    """A signed one-page 更正页 will do where the form must be printed again (Q10)."""
    decision_key: str = ""


# Registry, documents ----------------------------------------------------------------------------------------------


class RegisteredRole(StrEnum):
    """Who is in the registry: experts (also panel members), and reviewers, whose unit decides conflicts."""

    expert = "expert"
    reviewer = "reviewer"


class RegisterExpert(Input):
    """`PUT /experts/{account_id}`. `active` False releases the open tasks and draws replacements."""

    unit: Annotated[str, Field(min_length=2, max_length=100)]
    discipline: Annotated[str, Field(max_length=50)] = ""
    recommender: Annotated[str, Field(max_length=100)] = ""
    role: RegisteredRole = RegisteredRole.expert
    active: bool = True


class Expert(Data):
    """`open_tasks`: sheets assigned and not yet submitted."""

    account_id: UUID
    role: RegisteredRole
    number: int
    unit: str
    discipline: str
    recommender: str
    active: bool
    open_tasks: int


class Experts(Data):
    experts: tuple[Expert, ...]


class DocumentStored(Data):
    """`key` goes into commands as `document_key`."""

    key: str
    bytes: int
    media_type: str
