"""What one application knows of itself, and the pure table of what it accepts at which stage."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.base import Data, Input
from contracts.commands import (
    Accepted,
    AttachScan,
    CloseNotice,
    Command,
    CommandName,
    ConfirmPayment,
    Hold,
    Issue,
    RecordOutsideDecision,
    Refused,
    Resubmit,
    Role,
)
from contracts.complaints import Unhold
from contracts.lifecycle import ActionRequiredBy, CaseRef, Plan, Stage, Status, Transition
from contracts.prepared import (
    CorrectionRevised,
    DecisionPrepared,
    FormPrepared,
    OutsidePrepared,
    QualificationOutcome,
)
from contracts.refusals import refused
from contracts.results import CompleteDefence, CompleteExam, CompletePortfolio, ExamResult, RecordRank

AFTER_FILING = frozenset(Stage) - {Stage.filing, Stage.ended}
BEFORE_NOTICE = AFTER_FILING - {Stage.notice, Stage.certificate}

ANSWERS: dict[CommandName, Stage] = {
    CommandName.decide_qualification: Stage.qualification,
    CommandName.resubmit: Stage.correction,
    CommandName.record_outside_decision: Stage.outside_decision,
    CommandName.complete_exam: Stage.exam,
    CommandName.complete_portfolio: Stage.portfolio,
    CommandName.complete_defence: Stage.defence,
    CommandName.record_rank: Stage.totals,
    CommandName.close_notice: Stage.notice,
    CommandName.issue: Stage.certificate,
}
"""The command that ends each stage after filing; each stage takes one answer."""


DECIDERS = frozenset({Role.reviewer, Role.system})
"""Who may decide on qualification (O2); `system` is a machine of ours, which the log vouches for."""


class FilingTask(StrEnum):
    """What an accepted command of filing leaves for the main coroutine to do."""

    open_order = "open_order"
    tell_taken_back = "tell_taken_back"
    tell_discarded = "tell_discarded"


@dataclass
class LifecycleState:
    """State of one run. Handlers record facts and answers; only the main coroutine writes stage and status."""

    case: CaseRef
    closes_at: datetime
    stage: Stage = Stage.filing
    status: Status = Status.draft
    action_required_by: ActionRequiredBy = ActionRequiredBy.applicant
    seq: int = 1
    # filing: three facts in any order
    form: FormPrepared | None = None
    scan_version: int | None = None
    paid_level: str | None = None
    discarded: bool = False
    filing_tasks: list[FilingTask] = field(default_factory=list)
    # the one answer that ends the present stage, with what a service prepared for it
    answer: Input | None = None
    answer_prepared: Data | None = None
    # what the stages left behind
    corrected: bool = False
    attempt: int = 1
    answers_key: str | None = None
    revisions: list[CorrectionRevised] = field(default_factory=list)
    components: dict[Stage, str] = field(default_factory=dict)
    absent: bool = False
    # across stages
    end: Status | None = None
    closing: bool = False
    holds: list[UUID | None] = field(default_factory=list)
    """What holds the person: complaints by their ID, None for a hold put by hand (N3)."""
    let_go: bool = False
    """The last hold was lifted: what the closing notice says of holds is older."""
    hold_told: bool = False

    @property
    def submitted(self) -> bool:
        return self.form is not None

    @property
    def filed(self) -> bool:
        """Form, scan and fee are all in (A6)."""
        return (
            self.form is not None
            and self.scan_version == self.form.form_version
            and self.paid_level == self.form.plan.level
        )

    @property
    def held(self) -> bool:
        return bool(self.holds)

    @property
    def over(self) -> bool:
        return self.end is not None or self.closing

    @property
    def plan(self) -> Plan:
        assert self.form is not None
        return self.form.plan

    def move(
        self, stage: Stage, status: Status, by: ActionRequiredBy, closes_at: datetime | None = None
    ) -> Transition:
        """The next transition; main coroutine only."""
        self.seq += 1
        if stage is not self.stage:
            self.answer = self.answer_prepared = None
        self.stage, self.status, self.action_required_by = stage, status, by
        return Transition(
            seq=self.seq, stage=stage, status=status, action_required_by=by, closes_at=closes_at
        )

    def key(self) -> str:
        """Key of the effects that belong to the present transition."""
        return f"{self.case.application_id}:{self.seq}"

    def decide(self, command: Command) -> Accepted | Refused:
        """Accept (and record) or refuse one command. Touches neither stage nor status."""
        if self.over or self.stage is Stage.ended:
            return refused("ended")
        if command.name is CommandName.decide_qualification and command.role not in DECIDERS:
            return refused("wrong_role")
        if command.name in ANSWERS:
            return self._take_answer(command)
        return _OTHERS[command.name](self, command)

    def _take_answer(self, command: Command) -> Accepted | Refused:
        if self.stage is not ANSWERS[command.name]:
            if command.name is CommandName.resubmit and self.corrected:
                return refused("correction_used")
            return refused("wrong_stage")
        if self.voided:
            return refused("correction_cancelled")
        if self.answer is not None:
            return refused("correction_used" if command.name is CommandName.resubmit else "already_answered")
        prepared = command.typed_prepared()
        if (
            isinstance(prepared, DecisionPrepared)
            and prepared.outcome is QualificationOutcome.correction
            and self.corrected
        ):
            return refused("correction_used")
        self.answer, self.answer_prepared = command.typed_body(), prepared
        return Accepted()

    @property
    def voided(self) -> bool:
        """The open correction is void, and the main coroutine has not got to it yet."""
        return any(one.left == 0 for one in self.revisions)

    def _cancel_flags(self, command: Command) -> Accepted | Refused:
        """A mistaken flag is cancelled by a second person, and the chance returns (Q10)."""
        if self.stage is not Stage.correction or self.voided:
            return refused("wrong_stage")
        if self.answer is not None:
            return refused("correction_answered")
        prepared = command.typed_prepared()
        assert isinstance(prepared, CorrectionRevised)
        self.revisions.append(prepared)
        return Accepted()

    # commands of filing -----------------------------------------------------------------------------------

    def _submit(self, command: Command) -> Accepted | Refused:
        if self.stage is not Stage.filing:
            return refused("already_filed")
        if self.submitted:
            return refused("already_submitted")
        prepared = command.typed_prepared()
        assert isinstance(prepared, FormPrepared)
        self._take_form(prepared)
        self.filing_tasks.append(FilingTask.open_order)
        return Accepted()

    def _take_form(self, prepared: FormPrepared) -> None:
        self.form, self.scan_version, self.discarded = prepared, None, False
        self.case = self.case.model_copy(
            update={
                "level": prepared.plan.level,
                "route": prepared.plan.route,
                "snapshot_key": prepared.snapshot_key,
                "facts_key": prepared.facts_key,
            }
        )

    def _file_outside(self, command: Command) -> Accepted | Refused:
        """Form and scan are with the outside system (S1); the fee, too, unless it is paid here."""
        if self.stage is not Stage.filing:
            return refused("already_filed")
        if self.submitted:
            return refused("already_submitted")
        prepared = command.typed_prepared()
        assert isinstance(prepared, OutsidePrepared)
        self._take_form(prepared)
        self.scan_version = prepared.form_version
        if prepared.paid:
            self.paid_level = prepared.plan.level
        else:
            self.filing_tasks.append(FilingTask.open_order)
        return Accepted()

    def _attach_scan(self, command: Command) -> Accepted | Refused:
        body = command.typed_body()
        assert isinstance(body, AttachScan)
        if self.stage is not Stage.filing or self.filed:
            return refused("already_filed")
        if self.form is None:
            return refused("not_submitted")
        if body.form_version != self.form.form_version:
            return refused("wrong_version")
        self.scan_version = body.form_version
        prepared = command.prepared or {}
        self.case = self.case.model_copy(update={"facts_key": prepared.get("facts_key", self.case.facts_key)})
        return Accepted()

    def _take_back(self, _: Command) -> Accepted | Refused:
        if self.stage is not Stage.filing or self.filed:
            return refused("already_filed")
        if not self.submitted:
            return refused("not_submitted")
        self.form = self.scan_version = None
        self.filing_tasks.append(FilingTask.tell_taken_back)
        return Accepted()

    def _discard(self, _: Command) -> Accepted | Refused:
        if self.stage is not Stage.filing or self.filed:
            return refused("already_filed")
        if self.discarded:
            return refused("nothing_to_discard")
        self.form = self.scan_version = None
        self.discarded = True
        self.filing_tasks.append(FilingTask.tell_discarded)
        return Accepted()

    def _confirm_payment(self, command: Command) -> Accepted | Refused:
        body = command.typed_body()
        assert isinstance(body, ConfirmPayment)
        if self.stage is not Stage.filing:
            return refused("already_filed")
        self.paid_level = body.level
        return Accepted()

    # commands across stages -------------------------------------------------------------------------------

    def _hold(self, command: Command) -> Accepted | Refused:
        """Each complaint holds by itself; by hand there is one hold, whatever it refers to."""
        body = command.typed_body()
        assert isinstance(body, Hold)
        by = body.reference if command.role is Role.system else None
        if by in self.holds:
            return refused("already_held")
        self.holds.append(by)
        self.let_go = False
        return Accepted()

    def _unhold(self, command: Command) -> Accepted | Refused:
        body = command.typed_body()
        assert isinstance(body, Unhold)
        if body.reference not in self.holds:
            return refused("held_by_complaint" if self.holds and body.reference is None else "not_held")
        self.holds.remove(body.reference)
        self.let_go = not self.holds
        return Accepted()

    def hold_at_close(self) -> None:
        """The notice closed with this person held, unless that was lifted before publication heard of it."""
        if self.held_at_close and not self.holds and not self.let_go:
            self.holds.append(None)

    def _withdraw(self, _: Command) -> Accepted | Refused:
        if self.stage not in AFTER_FILING:
            return refused("withdraw_too_early")
        self.end = Status.withdrawn
        return Accepted()

    def _disqualify(self, _: Command) -> Accepted | Refused:
        if self.stage not in AFTER_FILING:
            return refused("filed_first")
        self.end = Status.disqualified
        return Accepted()

    def _exclude(self, _: Command) -> Accepted | Refused:
        if self.stage is Stage.filing:
            return refused("filed_first")
        if self.stage not in BEFORE_NOTICE:
            return refused("wrong_stage")
        self.end = Status.excluded
        return Accepted()

    # what answers leave behind ----------------------------------------------------------------------------

    def take_component(self, stage: Stage) -> None:
        """Keep the score of the stage that was just answered, or that the candidate was absent (X3)."""
        answer = self.answer
        if isinstance(answer, CompletePortfolio):
            self.components[stage] = answer.score
        elif isinstance(answer, CompleteExam | CompleteDefence):
            if answer.result is ExamResult.absent or answer.score is None:
                self.absent = True
            else:
                self.components[stage] = answer.score

    @property
    def decision(self) -> DecisionPrepared:
        assert isinstance(self.answer_prepared, DecisionPrepared)
        return self.answer_prepared

    def take_correction(self) -> None:
        """The corrected form replaces the first one."""
        prepared = self.answer_prepared
        assert isinstance(prepared, FormPrepared)
        self.case = self.case.model_copy(
            update={"snapshot_key": prepared.snapshot_key, "facts_key": prepared.facts_key}
        )
        assert isinstance(self.answer, Resubmit)
        self.answers_key = self.answer.answers_key

    def cancel_correction(self) -> None:
        """The flags were a mistake: the one correction is there again."""
        self.corrected = False
        self.attempt += 1

    @property
    def accepted_outside(self) -> bool:
        return isinstance(self.answer, RecordOutsideDecision) and self.answer.accepted

    @property
    def in_cut(self) -> bool:
        return isinstance(self.answer, RecordRank) and self.answer.in_cut

    @property
    def held_at_close(self) -> bool:
        return isinstance(self.answer, CloseNotice) and self.answer.held

    @property
    def final_list(self) -> Issue:
        assert isinstance(self.answer, Issue)
        return self.answer


_OTHERS = {
    CommandName.submit: LifecycleState._submit,
    CommandName.attach_scan: LifecycleState._attach_scan,
    CommandName.file_outside: LifecycleState._file_outside,
    CommandName.take_back: LifecycleState._take_back,
    CommandName.discard: LifecycleState._discard,
    CommandName.confirm_payment: LifecycleState._confirm_payment,
    CommandName.cancel_flags: LifecycleState._cancel_flags,
    CommandName.hold: LifecycleState._hold,
    CommandName.unhold: LifecycleState._unhold,
    CommandName.withdraw: LifecycleState._withdraw,
    CommandName.disqualify: LifecycleState._disqualify,
    CommandName.exclude: LifecycleState._exclude,
}
