"""What a round waits for, how far a two-person step is, and where a list has to stand: the pure parts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.commands import (
    Accepted,
    CommandName,
    CommandState,
    Outcome,
    Receipt,
    Role,
    TargetKind,
)
from contracts.http.gateway import FunnelLine, Proposal, ProposalState
from contracts.lifecycle import RoundStage, Stage, Status
from contracts.refusals import refused
from gateway import stuck
from gateway.intake.models import CommandRow
from gateway.web.console import waiting
from gateway.web.console.cases import age
from gateway.web.console.steps import Step, newest
from tests.browser.site import NOW


def line(stage: Stage, status: Status, count: int) -> FunnelLine:
    return FunnelLine(level="junior", stage=stage, status=status, count=count)


MIXED = [
    line(Stage.qualification, Status.under_review, 2),
    line(Stage.qualification, Status.under_second_review, 1),
    line(Stage.exam, Status.awaiting_exam, 4),
    line(Stage.totals, Status.absent, 5),
    line(Stage.notice, Status.held, 1),
    line(Stage.certificate, Status.awaiting_certificate, 6),
    line(Stage.ended, Status.not_qualified, 7),
]


@pytest.mark.parametrize(
    ("stage", "lines", "left", "said"),
    [
        (RoundStage.filing, [line(Stage.filing, Status.draft, 9)], None, [("filing", 9, None)]),
        (RoundStage.assessment, MIXED, None, [("cases", 3, "qualification"), ("cases", 4, "exam")]),
        (RoundStage.assessment, [line(Stage.totals, Status.absent, 5)], None, [("ranking", 0, None)]),
        (RoundStage.ranked, MIXED, None, [("release", 0, None)]),
        (RoundStage.released, MIXED, None, [("told", 5, "totals")]),
        (RoundStage.notice, MIXED, 2, [("targets", 2, None)]),
        (RoundStage.notice, MIXED, 0, [("clock", 0, None)]),
        (RoundStage.notice, MIXED, None, [("notice", 0, None)]),
        (RoundStage.final_list, MIXED, None, [("final_list", 0, None)]),
        (RoundStage.issuing, MIXED, None, [("certificates", 6, "certificate"), ("held", 1, "notice")]),
        (RoundStage.issuing, [], None, [("closing", 0, None)]),
        (RoundStage.closed, MIXED, None, []),
    ],
)
def test_what_a_round_waits_for(
    stage: RoundStage, lines: list[FunnelLine], left: int | None, said: list[Any]
) -> None:
    found = waiting.waits(stage, lines, targets_left=left)
    assert [(one.kind, one.n, one.stage) for one in found] == said


def test_the_bar_shows_where_a_round_is() -> None:
    assert [state for _, state in waiting.bar(RoundStage.ranked)] == ["done"] * 2 + ["now"] + [""] * 5
    assert [state for _, state in waiting.bar(RoundStage.closed)] == ["done"] * 8


def proposal(state: ProposalState, outcome: Outcome | None = None, **changes: Any) -> Proposal:
    command = changes.pop("command", None)
    receipt = None
    if state is ProposalState.approved:
        receipt = Receipt(
            id=uuid4(),
            name=CommandName.confirm_posted,
            target_id=uuid4(),
            state=command or CommandState.received,
            received_at=NOW,
            outcome=outcome,
        )
    values: dict[str, Any] = {
        "id": uuid4(),
        "target_kind": TargetKind.notice,
        "target_id": uuid4(),
        "round_id": uuid4(),
        "name": CommandName.confirm_posted,
        "title": "确认公示已发布",
        "body": {"target": "platform"},
        "state": state,
        "proposed_by": uuid4(),
        "proposed_by_name": "张三",
        "proposed_at": NOW,
        "receipt": receipt,
    }
    return Proposal.model_validate(values | changes)


@pytest.mark.clause("O2")
@pytest.mark.parametrize(
    ("made", "state", "why"),
    [
        (None, "none", None),
        (proposal(ProposalState.open), "waits", None),
        (proposal(ProposalState.rejected, reason="没有截图"), "failed", "没有截图"),
        (proposal(ProposalState.approved), "under_way", None),
        (proposal(ProposalState.approved, command=CommandState.quarantined), "stuck", None),
        (proposal(ProposalState.approved, Accepted()), "done", None),
        (
            proposal(ProposalState.approved, refused("ranking_changed")),
            "failed",
            refused("ranking_changed").message,
        ),
    ],
)
def test_how_far_a_two_person_step_is(made: Proposal | None, state: str, why: str | None) -> None:
    step = Step(proposal=made)
    assert (step.state, step.why, step.may_propose) == (state, why, state in ("none", "failed"))


def test_the_newest_proposal_on_one_target_counts() -> None:
    first, other = proposal(ProposalState.rejected), proposal(ProposalState.open, body={"target": "site"})
    again = proposal(ProposalState.open)
    assert newest([again, other, first], target="platform").proposal is again
    assert newest([again, other, first], target="nowhere").proposal is None


@pytest.mark.parametrize(
    ("name", "role", "prepared", "may"),
    [
        (CommandName.submit, Role.applicant, None, True),
        (CommandName.submit, Role.applicant, {"form_version": 1}, False),
        (CommandName.take_back, Role.applicant, None, False),
        (CommandName.confirm_payment, Role.system, None, False),
        (CommandName.file_outside, Role.system, None, False),
        (CommandName.release_ranking, Role.secretariat, None, False),
    ],
)
def test_only_what_no_workflow_can_have_seen_is_set_aside(
    name: CommandName, role: Role, prepared: dict[str, Any] | None, may: bool
) -> None:
    row = CommandRow(name=name.value, role=role.value, prepared=prepared)
    assert stuck.can_be_set_aside(row) is may


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, "还没有轮到"),
        ("Malformed", "是系统的问题"),
        ("KeyError", "KeyError"),
        ("DomainError scan_needed", refused("scan_needed").message),
    ],
)
def test_errors_in_plain_words(error: str | None, said: str) -> None:
    assert said in stuck.why(error)


def test_ages() -> None:
    spans = (timedelta(days=3, hours=5), timedelta(hours=5), timedelta(minutes=61), timedelta(seconds=50))
    assert [age(NOW, NOW - one) for one in spans] == [(3, "days"), (5, "hours"), (1, "hours"), (0, "minutes")]
    assert age(NOW, NOW + timedelta(hours=1)) == (0, "minutes")
