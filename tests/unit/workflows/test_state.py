"""The table of what an application accepts at which stage: pure, no server."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.commands import COMMANDS, Accepted, Command, CommandName, Refused, Role, TargetKind
from contracts.lifecycle import ActionRequiredBy, CaseRef, Plan, Route, Stage, Status
from contracts.prepared import (
    CorrectionRevised,
    DecisionPrepared,
    FormPrepared,
    OutsidePrepared,
    QualificationOutcome,
)
from workflows.state import ANSWERS, FilingTask, LifecycleState

ROUND, APPLICATION = UUID(int=1), UUID(int=2)
AT = datetime(2025, 2, 20, tzinfo=UTC)
KEY = "sha256/" + "0" * 64
STAGES = (
    Stage.filing,
    Stage.qualification,
    Stage.exam,
    Stage.portfolio,
    Stage.defence,
    Stage.totals,
    Stage.notice,
    Stage.certificate,
)


def form(version: int = 1, level: str = "intermediate") -> FormPrepared:
    plan = Plan(level=level, route=Route.regular, stages=STAGES)
    return FormPrepared(form_version=version, snapshot_key=KEY, facts_key=KEY, plan=plan)


def outside(*, paid: bool = True) -> OutsidePrepared:
    return OutsidePrepared(**form().model_dump(), paid=paid)


def decision(outcome: QualificationOutcome) -> DecisionPrepared:
    return DecisionPrepared(outcome=outcome, decision_key=KEY)


BODIES: dict[CommandName, dict[str, Any]] = {
    CommandName.submit: {"draft_version": 3},
    CommandName.attach_scan: {"form_version": 1, "file_ids": [str(UUID(int=9))]},
    CommandName.file_outside: {"import_id": str(UUID(int=10)), "row": 2},
    CommandName.confirm_payment: {"order_id": str(UUID(int=8)), "level": "intermediate", "amount_fen": 30000},
    CommandName.decide_qualification: {"task_id": str(UUID(int=7)), "fence": 1},
    CommandName.resubmit: {"draft_version": 4},
    CommandName.cancel_flags: {"decision_key": KEY, "flags": [0], "reason": "mistaken_flag"},
    CommandName.record_outside_decision: {"accepted": True, "document_key": KEY},
    CommandName.complete_exam: {"result": "graded", "score": "85/1"},
    CommandName.complete_portfolio: {"score": "161/2", "sheets": 2},
    CommandName.complete_defence: {"result": "graded", "score": "250/3"},
    CommandName.record_rank: {"ranking_id": str(UUID(int=6)), "in_cut": True, "rank": 1},
    CommandName.close_notice: {"notice_id": str(UUID(int=5)), "held": False},
    CommandName.hold: {"reason": "complaint"},
    CommandName.disqualify: {"reason": "false_material", "document_key": KEY},
    CommandName.exclude: {"reason": "lost_case"},
    CommandName.issue: {"final_list_id": str(UUID(int=4))},
}


def command(name: CommandName, prepared: Any = None, **body: Any) -> Command:
    if prepared is None and name in (CommandName.submit, CommandName.resubmit):
        prepared = form()
    if prepared is None and name is CommandName.file_outside:
        prepared = outside()
    if prepared is None and name is CommandName.decide_qualification:
        prepared = decision(QualificationOutcome.passed)
    if prepared is None and name is CommandName.cancel_flags:
        prepared = CorrectionRevised(decision_key=KEY, left=0)
    if prepared is None and name is CommandName.attach_scan:
        prepared_data: dict[str, Any] | None = {"form_version": 1, "facts_key": KEY}
    else:
        prepared_data = None if prepared is None else prepared.model_dump(mode="json")
    return Command(
        id=uuid4(),
        name=name,
        role=Role.reviewer if name is CommandName.decide_qualification else Role.applicant,
        body={**BODIES.get(name, {}), **body},
        prepared=prepared_data,
        received_at=AT,
    )


def at(stage: Stage) -> LifecycleState:
    """An application that has got to this stage by the front door."""
    case = CaseRef(
        application_id=APPLICATION,
        round_id=ROUND,
        application_number="2024-I-00001",
        level="intermediate",
        pack_key=KEY,
    )
    state = LifecycleState(case=case, closes_at=AT)
    if stage is not Stage.filing:
        for name in (CommandName.submit, CommandName.attach_scan, CommandName.confirm_payment):
            assert state.decide(command(name)) == Accepted()
        state.filing_tasks.clear()
        state.move(stage, Status.under_review, ActionRequiredBy.nobody)
    return state


APPLICATION_COMMANDS = [
    name
    for name, spec in COMMANDS.items()
    if spec.target is TargetKind.application and name is not CommandName.apply and not spec.after_end
]
AFTER = {
    Stage.qualification,
    Stage.correction,
    Stage.outside_decision,
    Stage.exam,
    Stage.portfolio,
    Stage.defence,
    Stage.totals,
    Stage.notice,
    Stage.certificate,
}
ALLOWED: dict[CommandName, set[Stage]] = {
    **{name: {stage} for name, stage in ANSWERS.items()},
    CommandName.submit: {Stage.filing},
    CommandName.file_outside: {Stage.filing},
    CommandName.discard: {Stage.filing},
    CommandName.confirm_payment: {Stage.filing},
    CommandName.attach_scan: set(),  # needs a submitted form, see the tests of filing
    CommandName.take_back: set(),
    CommandName.cancel_flags: {Stage.correction},
    CommandName.withdraw: AFTER,
    CommandName.disqualify: AFTER,
    CommandName.exclude: AFTER - {Stage.notice, Stage.certificate},
    CommandName.hold: AFTER | {Stage.filing},
    CommandName.unhold: set(),
}


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.ended])
@pytest.mark.parametrize("name", APPLICATION_COMMANDS)
def test_table_of_stages_and_commands(stage: Stage, name: CommandName) -> None:
    outcome = at(stage).decide(command(name))
    assert (outcome.kind == "accepted") == (stage in ALLOWED[name]), outcome


@pytest.mark.parametrize("name", APPLICATION_COMMANDS)
def test_nothing_is_accepted_after_the_end(name: CommandName) -> None:
    state = at(Stage.notice)
    assert state.decide(command(CommandName.withdraw)) == Accepted()
    outcome = state.decide(command(name))
    assert isinstance(outcome, Refused)
    assert outcome.code == "ended"


@pytest.mark.clause("A6")
@pytest.mark.parametrize(
    "order",
    [
        (CommandName.submit, CommandName.attach_scan, CommandName.confirm_payment),
        (CommandName.submit, CommandName.confirm_payment, CommandName.attach_scan),
        (CommandName.confirm_payment, CommandName.submit, CommandName.attach_scan),
    ],
)
def test_filed_is_form_scan_and_fee_in_any_order(order: tuple[CommandName, ...]) -> None:
    state = at(Stage.filing)
    for name in order:
        assert not state.filed
        assert state.decide(command(name)) == Accepted()
    assert state.filed


def test_scan_of_an_older_version_is_refused_with_its_clause() -> None:
    state = at(Stage.filing)
    state.decide(command(CommandName.submit, form(2)))
    outcome = state.decide(command(CommandName.attach_scan))
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.clause) == ("wrong_version", "Q6")


def test_scan_before_submitting_is_refused() -> None:
    outcome = at(Stage.filing).decide(command(CommandName.attach_scan))
    assert isinstance(outcome, Refused)
    assert outcome.code == "not_submitted"


@pytest.mark.clause("L1")
def test_take_back_clears_form_and_scan_but_never_money() -> None:
    state = at(Stage.filing)
    for name in (CommandName.confirm_payment, CommandName.submit, CommandName.take_back):
        assert state.decide(command(name)) == Accepted()
    assert (state.form, state.scan_version, state.paid_level) == (None, None, "intermediate")
    assert state.filing_tasks == [FilingTask.open_order, FilingTask.tell_taken_back]


@pytest.mark.clause("L1", "F1")
def test_after_a_level_change_the_old_fee_does_not_count() -> None:
    state = at(Stage.filing)
    for name in (CommandName.submit, CommandName.confirm_payment, CommandName.take_back):
        state.decide(command(name))
    assert state.decide(command(CommandName.submit, form(2, "junior"))) == Accepted()
    state.decide(command(CommandName.attach_scan, form_version=2))
    assert state.case.level == "junior"
    assert not state.filed
    state.decide(command(CommandName.confirm_payment, level="junior", amount_fen=10000))
    assert state.filed


@pytest.mark.clause("L1")
def test_once_filed_nothing_can_be_taken_back() -> None:
    state = at(Stage.filing)
    for name in (CommandName.submit, CommandName.attach_scan, CommandName.confirm_payment):
        state.decide(command(name))
    for name in (CommandName.take_back, CommandName.discard):
        outcome = state.decide(command(name))
        assert isinstance(outcome, Refused)
        assert (outcome.code, outcome.clause) == ("already_filed", "A6")


@pytest.mark.clause("Q10")
def test_there_is_no_second_correction() -> None:
    state = at(Stage.qualification)
    state.corrected = True
    outcome = state.decide(
        command(CommandName.decide_qualification, decision(QualificationOutcome.correction))
    )
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.clause) == ("correction_used", "Q10")
    state.move(Stage.exam, Status.awaiting_exam, ActionRequiredBy.applicant)
    outcome = state.decide(command(CommandName.resubmit))
    assert isinstance(outcome, Refused)
    assert outcome.code == "correction_used"


@pytest.mark.clause("O2")
def test_only_a_reviewer_decides_on_qualification() -> None:
    wrong = command(CommandName.decide_qualification)
    for role in (Role.secretariat, Role.expert, Role.approver, Role.applicant):
        outcome = at(Stage.qualification).decide(wrong.model_copy(update={"role": role}))
        assert isinstance(outcome, Refused)
        assert (outcome.code, outcome.clause) == ("wrong_role", "O2")


@pytest.mark.clause("Q10")
def test_a_void_correction_is_not_answered_and_an_answered_one_is_not_void() -> None:
    state = at(Stage.correction)
    assert state.decide(command(CommandName.cancel_flags)) == Accepted()
    outcome = state.decide(command(CommandName.resubmit))
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.clause) == ("correction_cancelled", "Q10")
    state = at(Stage.correction)
    assert state.decide(command(CommandName.resubmit)) == Accepted()
    outcome = state.decide(command(CommandName.cancel_flags))
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.clause) == ("correction_answered", "Q10")


@pytest.mark.parametrize("name", list(ANSWERS))
def test_each_stage_takes_one_answer(name: CommandName) -> None:
    state = at(ANSWERS[name])
    assert state.decide(command(name)) == Accepted()
    outcome = state.decide(command(name))
    assert isinstance(outcome, Refused)
    assert outcome.code == ("correction_used" if name is CommandName.resubmit else "already_answered")


@pytest.mark.clause("X3")
def test_absence_leaves_no_component() -> None:
    state = at(Stage.exam)
    state.decide(command(CommandName.complete_exam, result="absent", score=None))
    state.take_component(Stage.exam)
    assert (state.components, state.absent) == ({}, True)


@pytest.mark.clause("T1")
def test_components_stay_exact_fractions() -> None:
    state = at(Stage.exam)
    state.decide(command(CommandName.complete_exam))
    state.take_component(Stage.exam)
    state.move(Stage.portfolio, Status.under_evaluation, ActionRequiredBy.expert)
    state.decide(command(CommandName.complete_portfolio))
    state.take_component(Stage.portfolio)
    assert state.components == {Stage.exam: "85/1", Stage.portfolio: "161/2"}


def test_hold_and_unhold_alternate() -> None:
    state = at(Stage.notice)
    assert state.decide(command(CommandName.hold)) == Accepted()
    again = state.decide(command(CommandName.hold))
    assert isinstance(again, Refused)
    assert again.code == "already_held"
    assert state.decide(command(CommandName.unhold)) == Accepted()


def test_sequence_grows_by_one_with_each_move() -> None:
    state = at(Stage.filing)
    moves = [state.move(stage, Status.draft, ActionRequiredBy.nobody) for stage in STAGES]
    assert [move.seq for move in moves] == list(range(2, 2 + len(STAGES)))


@pytest.mark.clause("S1", "A6")
def test_what_was_filed_outside_is_filed_here_unless_the_fee_is_paid_here() -> None:
    state = at(Stage.filing)
    assert state.decide(command(CommandName.file_outside)) == Accepted()
    assert (state.filed, state.filing_tasks) == (True, [])
    again = state.decide(command(CommandName.file_outside))
    assert isinstance(again, Refused)
    assert again.code == "already_submitted"
    here = at(Stage.filing)
    assert here.decide(command(CommandName.file_outside, outside(paid=False))) == Accepted()
    assert (here.filed, here.filing_tasks) == (False, [FilingTask.open_order])
    assert here.decide(command(CommandName.confirm_payment)) == Accepted()
    assert here.filed
