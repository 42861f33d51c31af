"""The table of what a complaint accepts at which stage, and how holds are counted: pure, no server (N3)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.commands import COMMANDS, Accepted, Command, CommandName, Refused, Role, TargetKind
from contracts.complaints import ComplaintMove, ComplaintOutcome, ComplaintStage
from contracts.lifecycle import CaseRef
from workflows.complaint_state import ComplaintState
from workflows.state import LifecycleState

AT = datetime(2025, 3, 24, 2, tzinfo=UTC)
LIMIT, ANSWER = AT + timedelta(days=20), AT + timedelta(days=3)
PERSON, ENTRY = UUID(int=2), UUID(int=3)
FIRST, SECOND = UUID(int=11), UUID(int=12)
PREPARED: dict[CommandName, dict[str, Any]] = {
    CommandName.hear_accused: {"answer_by": ANSWER.isoformat()},
    CommandName.extend_complaint: {"decide_by": (LIMIT + timedelta(days=20)).isoformat()},
}
BODIES: dict[CommandName, dict[str, Any]] = {
    CommandName.refuse_complaint: {"entry_id": str(ENTRY)},
    CommandName.hear_accused: {"entry_id": str(ENTRY)},
    CommandName.extend_complaint: {"entry_id": str(ENTRY)},
    CommandName.decide_complaint: {"entry_id": str(ENTRY), "outcome": "not_upheld"},
}
NAMES = [
    name
    for name, spec in COMMANDS.items()
    if spec.target is TargetKind.complaint and name is not CommandName.open_complaint
]
STAGES = list(ComplaintStage)
TAKEN: dict[ComplaintStage, set[CommandName]] = {
    ComplaintStage.received: {
        CommandName.accept_complaint,
        CommandName.refuse_complaint,
        CommandName.extend_complaint,
    },
    ComplaintStage.accepted: {
        CommandName.hear_accused,
        CommandName.extend_complaint,
        CommandName.decide_complaint,
    },
    ComplaintStage.hearing: {CommandName.close_hearing, CommandName.extend_complaint},
    ComplaintStage.heard: {
        CommandName.hear_accused,
        CommandName.extend_complaint,
        CommandName.decide_complaint,
    },
    ComplaintStage.ended: set(),
}


def command(name: CommandName, role: Role = Role.supervisor, **body: Any) -> Command:
    return Command(
        id=uuid4(),
        name=name,
        role=role,
        body={**BODIES.get(name, {}), **body},
        prepared=PREPARED.get(name, {}),
        received_at=AT,
    )


def at(stage: ComplaintStage, person: UUID | None = PERSON, **more: Any) -> ComplaintState:
    outcome = ComplaintOutcome.not_upheld if stage is ComplaintStage.ended else None
    move = ComplaintMove(
        seq=4, stage=stage, decide_by=LIMIT, application_id=person, outcome=outcome, answer_by=ANSWER
    )
    return ComplaintState(now=move.model_copy(update=more))


def code(outcome: Accepted | Refused) -> str:
    return outcome.code if isinstance(outcome, Refused) else "accepted"


@pytest.mark.clause("N3")
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_taken_at_which_stage(stage: ComplaintStage, name: CommandName) -> None:
    state = at(stage)
    taken = isinstance(state.decide(command(name)), Accepted)
    assert taken is (name in TAKEN[stage])
    assert len(state.pending) == taken
    if taken:
        assert state.take().seq == 5


@pytest.mark.clause("N3")
def test_nothing_is_upheld_against_somebody_who_was_not_heard() -> None:
    upheld = command(CommandName.decide_complaint, outcome="upheld", disqualify=True)
    assert code(at(ComplaintStage.accepted).decide(upheld)) == "not_heard"
    assert code(at(ComplaintStage.hearing).decide(upheld)) == "hearing_open"
    heard = at(ComplaintStage.heard)
    assert heard.decide(upheld) == Accepted()
    end = heard.take()
    assert (end.stage, end.outcome, end.disqualify, end.entry_id) == (
        ComplaintStage.ended,
        ComplaintOutcome.upheld,
        True,
        ENTRY,
    )


def test_a_matter_without_an_application_has_nobody_to_hear_or_to_disqualify() -> None:
    state = at(ComplaintStage.accepted, None)
    assert code(state.decide(command(CommandName.hear_accused))) == "nobody_to_hear"
    lost = command(CommandName.decide_complaint, outcome="upheld", disqualify=True)
    assert code(state.decide(lost)) == "nothing_to_disqualify"
    assert state.decide(command(CommandName.decide_complaint, outcome="upheld")) == Accepted()


def test_a_complaint_that_is_not_upheld_disqualifies_nobody() -> None:
    asked = command(CommandName.decide_complaint, outcome="not_upheld", disqualify=True)
    assert code(at(ComplaintStage.heard).decide(asked)) == "nothing_to_disqualify"
    asked = command(CommandName.decide_complaint, outcome="not_accepted")
    assert code(at(ComplaintStage.heard).decide(asked)) == "not_examined"


def test_whom_it_is_about_is_known_with_the_acceptance_at_the_latest() -> None:
    state = at(ComplaintStage.received, None)
    assert state.decide(command(CommandName.accept_complaint, application_id=str(PERSON))) == Accepted()
    assert state.take().application_id == PERSON
    kept = at(ComplaintStage.received)
    kept.decide(command(CommandName.accept_complaint))
    assert kept.take().application_id == PERSON


@pytest.mark.clause("N3")
def test_the_limit_is_extended_once_and_only_before_it_has_passed() -> None:
    state = at(ComplaintStage.accepted)
    assert state.decide(command(CommandName.extend_complaint)) == Accepted()
    assert state.take().decide_by == LIMIT + timedelta(days=20)
    assert code(state.decide(command(CommandName.extend_complaint))) == "already_extended"
    late = at(ComplaintStage.accepted, overdue=True)
    assert code(late.decide(command(CommandName.extend_complaint))) == "limit_passed"


def test_deadlines_come_one_after_the_other_and_once() -> None:
    state = at(ComplaintStage.hearing)
    assert state.next_deadline() == ANSWER
    state.passed(ANSWER - timedelta(seconds=1))
    assert state.pending == []
    state.passed(ANSWER)
    assert state.take().stage is ComplaintStage.heard
    assert state.next_deadline() == LIMIT
    state.passed(LIMIT)
    late = state.take()
    assert (late.stage, late.overdue) == (ComplaintStage.heard, True)
    assert state.next_deadline() is None
    state.passed(LIMIT + timedelta(days=9))
    assert state.pending == []


def test_what_came_with_a_deadline_is_done_first() -> None:
    state = at(ComplaintStage.heard)
    state.decide(command(CommandName.decide_complaint))
    state.passed(LIMIT)
    assert [one.stage for one in state.pending] == [ComplaintStage.ended]


# holds of a person ----------------------------------------------------------------------------------------------


def case() -> LifecycleState:
    ref = CaseRef(
        application_id=PERSON,
        round_id=UUID(int=1),
        application_number="2024-I-00001",
        level="junior",
        pack_key="sha256/" + "0" * 64,
    )
    return LifecycleState(case=ref, closes_at=AT)


def hold(by: UUID | None, role: Role = Role.system) -> Command:
    body = {"reason": "complaint", "reference": None if by is None else str(by)}
    return command(CommandName.hold, role, **body)


def unhold(by: UUID | None, role: Role = Role.system) -> Command:
    return command(CommandName.unhold, role, reference=None if by is None else str(by))


@pytest.mark.clause("N3", "C1")
def test_each_complaint_holds_by_itself() -> None:
    state = case()
    assert state.decide(hold(FIRST)) == Accepted()
    assert code(state.decide(hold(FIRST))) == "already_held"
    assert state.decide(hold(SECOND)) == Accepted()
    assert state.decide(unhold(FIRST)) == Accepted()
    assert state.held
    assert code(state.decide(unhold(FIRST))) == "not_held"
    assert state.decide(unhold(SECOND)) == Accepted()
    assert not state.held


def test_a_hold_by_hand_is_another_one() -> None:
    state = case()
    assert state.decide(hold(FIRST, Role.supervisor)) == Accepted()  # whatever it refers to
    assert code(state.decide(hold(SECOND, Role.supervisor))) == "already_held"
    assert state.decide(hold(FIRST)) == Accepted()
    assert state.decide(unhold(None, Role.supervisor)) == Accepted()
    assert state.held
    assert code(state.decide(unhold(None, Role.supervisor))) == "held_by_complaint"
    assert state.decide(unhold(FIRST, Role.supervisor)) == Accepted()
    assert code(state.decide(unhold(None, Role.supervisor))) == "not_held"


@pytest.mark.parametrize(
    ("held", "let_go", "expected"), [(True, False, [None]), (True, True, []), (False, False, [])]
)
def test_a_notice_that_closed_before_it_heard_of_the_end_of_a_hold_holds_nobody(
    held: bool, let_go: bool, expected: list[UUID | None]
) -> None:
    state = case()
    if let_go:
        state.decide(hold(FIRST))
        state.decide(unhold(FIRST))
    state.answer = command(
        CommandName.close_notice, Role.system, notice_id=str(UUID(int=5)), held=held
    ).typed_body()
    state.hold_at_close()
    assert state.holds == expected
