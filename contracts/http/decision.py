"""A qualification decision: the frozen document, which registration reads to unlock a correction (Q10), the draft
that a reviewer saves, the lines of the check list it is made along."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.prepared import QualificationOutcome

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
    code: str | None = None
    """Of the pack's `flag_codes`; None: none of them fits."""
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
    accepted: tuple[str, ...] = ()
    """Lines of the check list that the reviewer found in order."""
    attempt: int = 1
    cancelled: tuple[Flag, ...] = ()
    """Flags that were a mistake, taken back by a second person (Q10)."""
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


# The desk


class Step(StrEnum):
    """Form check 形式审查, then content check 内容审查."""

    form = "form"
    content = "content"


class CodeLine(Data):
    """A code under which something may be flagged, in the pack's words."""

    id: str
    text: str
    curable: bool
    reprint: bool


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
    step: Step = Step.content
    per_rule: bool = False
    """Judged rule by rule (Q14)."""
    codes: tuple[CodeLine, ...] = ()


class RuleLine(Data):
    """One eligibility rule that a person has to judge (Q14)."""

    rule_id: str
    clause: str
    name: str
    soft: bool


class SavedFlag(Input):
    check_id: Ref
    code: Ref | None = None
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
    accepted: Annotated[tuple[Ref, ...], Field(max_length=60)] = ()
    """Lines of the check list that are in order."""
    note: Note = ""


class DecisionSaved(Data):
    """`obstacles`: why the command would be refused now (empty: it can be sent), those of the form check first."""

    version: int
    obstacles: tuple["Obstacle", ...] = ()


class Obstacle(Data):
    code: str
    message: str
    clause: str | None = None
    step: Step | None = None
    check_id: str | None = None


class FlagAnswer(Data):
    """What the applicant says to one flag (`place` in the decision, from 0): `fixed`, or why nothing is wrong."""

    place: int
    nothing_wrong: bool = False
    text: str = ""


class FormLine(Data):
    """One line of the application as a reviewer reads it. `ref`: `field:unit`, `item:c1`, `photo`, `declarations`;
    `files` belong to it."""

    ref: str
    group: str
    label: str
    value: str
    files: tuple[str, ...] = ()


class Change(Data):
    """One thing that the correction changed: `ref` as in `Flag.unlocks`; texts of old and new, empty for none."""

    ref: str
    label: str
    before: str
    after: str


class QuestionView(Data):
    """A question to a colleague about one check item, and the answer."""

    task_id: UUID
    check_id: str
    item_id: str | None = None
    rule_id: str | None = None
    text: str
    asked_at: AwareDatetime
    answer: str | None = None
    answered_at: AwareDatetime | None = None
