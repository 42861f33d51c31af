"""HTTP of the review service, and the decision document that registration reads to unlock a correction (Q10)."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.case import EvidenceItem, Explanation, Finding, Snapshot
from contracts.commands import QualificationOutcome

MAX_DOCUMENT_BYTES = 5 * 2**20

Ref = Annotated[str, Field(min_length=1, max_length=64)]
"""An ID of the pack (check, rule, field) or of the snapshot (item)."""
Note = Annotated[str, Field(max_length=1000)]


# The decision document (content-addressed JSON) ---------------------------------------------------------------


class Flag(Data):
    """One thing that is wrong. About a field, an item, a rule, or the whole of what the check looks at (all None).

    `unlocks` is what a correction may touch because of it: `field:<id>`, `item:<id>` (replace or delete),
    `collection:<work|trainings|conditions|evidence>` (add, replace), `photo`, `scan`, `declarations`.
    """

    check_id: str
    clause: str
    curable: bool
    blocking: bool = True
    reprint: bool = False
    item_id: str | None = None
    field: str | None = None
    rule_id: str | None = None
    note: str = ""
    unlocks: tuple[str, ...] = ()


class RuleJudgement(Data):
    """A person's word on one eligibility rule (Q14). `accepted`: a soft rule failed, and was accepted for `note`."""

    rule_id: str
    clause: str
    met: bool
    accepted: bool = False
    note: str = ""


class Answered(Data):
    """A finding of the machine that the reviewer found to be nothing, with the reason."""

    check_id: str
    item_id: str | None = None
    field: str | None = None
    reason: str


class QualificationDecision(Data):
    """The frozen decision: canonical JSON in the content store, `DecisionPrepared.decision_key`."""

    schema_version: Literal[1] = 1
    application_id: UUID
    round_id: UUID
    look: int
    snapshot_key: str
    facts_key: str
    pack_key: str
    outcome: QualificationOutcome
    flags: tuple[Flag, ...] = ()
    rules: tuple[RuleJudgement, ...] = ()
    answered: tuple[Answered, ...] = ()
    note: str = ""
    first_decision_key: str | None = None
    decided_by: UUID
    decided_at: AwareDatetime

    @property
    def unlocks(self) -> tuple[str, ...]:
        """Everything that the correction may touch, once each, sorted; empty unless the outcome is correction."""
        if self.outcome is not QualificationOutcome.correction:
            return ()
        return tuple(sorted({ref for flag in self.flags if flag.curable for ref in flag.unlocks}))

    @property
    def reprint(self) -> bool:
        """Whether the form must be printed, signed and sealed again."""
        return any(flag.reprint for flag in self.flags)


# Queue, lease ---------------------------------------------------------------------------------------------------


class TaskKind(StrEnum):
    qualification = "qualification"
    outside_decision = "outside_decision"
    portfolio_sheet = "portfolio_sheet"
    defence_sheet = "defence_sheet"


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


class TaskPage(Data):
    tasks: tuple[TaskCard, ...]
    next_cursor: str | None = None


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


class FileLink(Data):
    url: str
    expires_at: datetime


class CheckLine(Data):
    """One line of the pack's check list: the only things that may be flagged (Q15)."""

    check_id: str
    clause: str
    name: str
    ask: str
    """What a person looks at."""
    curable: bool
    reprint: bool
    blocking: bool


class RuleLine(Data):
    """One eligibility rule that a person has to judge (Q14)."""

    rule_id: str
    clause: str
    name: str
    soft: bool


class SavedFlag(Input):
    check_id: Ref
    item_id: Ref | None = None
    field: Ref | None = None
    rule_id: Ref | None = None
    note: Annotated[str, Field(min_length=1, max_length=1000)]


class SavedRule(Input):
    rule_id: Ref
    met: bool
    accepted: bool = False
    note: Note = ""


class SavedAnswer(Input):
    check_id: Ref
    item_id: Ref | None = None
    field: Ref | None = None
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class SaveDecision(Input):
    """`PUT /tasks/{id}/decision`: the whole draft; may be incomplete (`outcome` None) until the command is sent."""

    fence: int
    outcome: QualificationOutcome | None = None
    flags: Annotated[tuple[SavedFlag, ...], Field(max_length=200)] = ()
    rules: Annotated[tuple[SavedRule, ...], Field(max_length=200)] = ()
    answered: Annotated[tuple[SavedAnswer, ...], Field(max_length=200)] = ()
    note: Note = ""


class DecisionSaved(Data):
    """`obstacles`: why the command would be refused now (empty: it can be sent)."""

    version: int
    obstacles: tuple["Obstacle", ...] = ()


class Obstacle(Data):
    code: str
    message: str
    clause: str | None = None


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


class OutsideTask(Data):
    """Worklist entry of the secretariat: enter the outside decision with its document (E5)."""

    kind: Literal[TaskKind.outside_decision] = TaskKind.outside_decision
    task: TaskCard
    snapshot: Snapshot
    files: tuple[TaskFile, ...]


class RubricLineView(Data):
    id: str
    name: str
    third: str
    max: Decimal
    guide: str = ""


class SheetTask(Data):
    """What an expert or panel member sees: evidence without name, unit or phone (P3). Marks are text or numbers."""

    kind: Literal[TaskKind.portfolio_sheet, TaskKind.defence_sheet]
    task: TaskCard
    sheet: int
    lines: tuple[RubricLineView, ...]
    items: tuple[EvidenceItem, ...]
    files: tuple[TaskFile, ...]
    scores: dict[str, Decimal] = Field(default_factory=dict)
    note: str = ""
    submitted: bool = False


TaskMaterial = Annotated[QualificationTask | OutsideTask | SheetTask, Field(discriminator="kind")]


# Sheets -----------------------------------------------------------------------------------------------------------

Mark = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]


class SaveSheet(Input):
    """`PUT /tasks/{id}/sheet`: the whole sheet so far."""

    fence: int
    scores: Annotated[dict[Ref, Mark], Field(max_length=50)]
    note: Note = ""


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
