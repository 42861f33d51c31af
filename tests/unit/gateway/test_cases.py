"""The merged case: the newest of read model, services and log; what the applicant is told to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.commands import Accepted, CommandName, CommandState, Refused, Role
from contracts.http.exam import Exam, ExamStatus
from contracts.http.gateway import CaseView, KnownCase, TimelineEntry, ToDo
from contracts.http.panels import Appointment, DefenceForm, DefenceState
from contracts.http.registration import FormState, RegistrationView, ScanView
from contracts.lifecycle import ActionRequiredBy, Phase, Route, Stage, Status
from contracts.refusals import refused
from gateway import words
from gateway.cases import merge
from gateway.facts import Facts, begun
from gateway.intake.models import CommandRow, WindowRow
from gateway.models import Application

APPLICATION, ROUND, PERSON = uuid4(), uuid4(), uuid4()


def at(hour: int) -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hour)


def known(**changes: Any) -> KnownCase:
    values: dict[str, Any] = {
        "application_id": APPLICATION,
        "round_id": ROUND,
        "application_number": "A-1",
        "level": "junior",
        "seq": 1,
        "stage": Stage.filing,
        "status": Status.draft,
        "action_required_by": ActionRequiredBy.applicant,
        "since": at(0),
        "updated_at": at(0),
    }
    return KnownCase.model_validate(values | changes)


def registration(**changes: Any) -> RegistrationView:
    values: dict[str, Any] = {
        "application_id": APPLICATION,
        "round_id": ROUND,
        "person_id": PERSON,
        "application_number": "A-1",
        "level": "junior",
        "level_name": "初级",
        "route": Route.regular,
        "state": FormState.draft,
        "phase": Phase.open,
        "status": None,
        "seq": 1,
        "draft_version": 3,
        "form_version": 0,
        "form_code": None,
        "form_pages": None,
        "submitted_at": None,
        "scan": None,
        "correction_closes_at": None,
        "snapshot_key": None,
        "facts_key": None,
    }
    return RegistrationView.model_validate(values | changes)


def command(
    name: CommandName, hour: int, outcome: Accepted | Refused | None, role: Role = Role.applicant
) -> CommandRow:
    state = CommandState.received
    if outcome is not None:
        state = CommandState.answered if isinstance(outcome, Accepted) else CommandState.refused
    return CommandRow(
        id=uuid4(),
        target_kind="application",
        target_id=APPLICATION,
        round_id=ROUND,
        name=name.value,
        role=role.value,
        body={},
        received_at=at(hour),
        answered_at=at(hour) if outcome else None,
        state=state.value,
        outcome=outcome.model_dump(mode="json") if outcome else None,
    )


def facts(**changes: Any) -> Facts:
    values: dict[str, Any] = {
        "application": Application(id=APPLICATION, round_id=ROUND, person_id=PERSON),
        "known": None,
        "events": [],
        "commands": [],
        "windows": [],
    }
    return Facts(**(values | changes))


def codes(case: CaseView, *, required: bool = True) -> list[str]:
    return [step.code for step in case.to_do if step.required is required]


def test_a_new_draft_is_there_before_any_event() -> None:
    found = facts(commands=[command(CommandName.apply, 1, Accepted())])
    case = merge(found, for_applicant=True)
    assert begun(found)
    assert (case.stage, case.status, case.stage_name, case.status_name) == (
        Stage.filing,
        Status.draft,
        "填报·缴费",
        "草稿",
    )
    assert [entry.text for entry in case.timeline] == ["开始申报：已受理"]
    assert (codes(case), codes(case, required=False)) == (["fill_and_submit"], ["discard"])


def test_nothing_begins_with_a_refused_apply() -> None:
    assert not begun(facts(commands=[command(CommandName.apply, 1, refused("window_closed"))]))


def test_what_was_just_submitted_shows_before_its_event() -> None:
    found = facts(known=known(), registration=registration(state=FormState.locked, form_version=1))
    case = merge(found, for_applicant=True)
    assert case.status is Status.submitted
    assert codes(case) == ["return_scan", "pay"]
    assert codes(case, required=False) == ["take_back"]


@pytest.mark.clause("L1")
def test_after_a_discard_the_level_is_free_again() -> None:
    found = facts(known=known(), registration=registration(state=FormState.discarded))
    case = merge(found, for_applicant=True)
    assert (codes(case), codes(case, required=False)) == (["choose_level"], [])
    assert case.to_do[0].href == f"/my/apply/{ROUND}"


@pytest.mark.clause("Q6")
def test_a_scan_of_an_older_form_does_not_count() -> None:
    def steps(scanned: int) -> list[str]:
        scan = ScanView(form_version=scanned, file_ids=(uuid4(),), received_at=at(2))
        view = registration(state=FormState.locked, form_version=2, scan=scan)
        return codes(
            merge(facts(known=known(status=Status.submitted), registration=view), for_applicant=True)
        )

    assert (steps(1), steps(2)) == (["return_scan", "pay"], ["pay"])


def test_a_higher_seq_of_registration_wins_at_the_end_only() -> None:
    ended = registration(seq=9, phase=Phase.ended, status=Status.withdrawn, state=FormState.ended)
    case = merge(
        facts(known=known(seq=8, stage=Stage.exam, status=Status.awaiting_exam), registration=ended),
        for_applicant=True,
    )
    assert (case.stage, case.status, case.seq, case.to_do) == (Stage.ended, Status.withdrawn, 9, ())
    later = known(
        seq=12, stage=Stage.notice, status=Status.awaiting_notice, action_required_by=ActionRequiredBy.nobody
    )
    case = merge(
        facts(known=later, registration=registration(seq=5, state=FormState.locked)), for_applicant=True
    )
    assert (case.stage, case.status, case.seq) == (Stage.notice, Status.awaiting_notice, 12)


def test_the_own_window_counts_before_the_round_s_and_extensions_at_once() -> None:
    def window(target: UUID, hour: int) -> WindowRow:
        return WindowRow(
            target_kind="round",
            target_id=target,
            stage="correction",
            round_id=ROUND,
            opens_at=at(0),
            closes_at=at(hour),
        )

    stage = known(stage=Stage.correction, status=Status.awaiting_correction, closes_at=at(10))
    case = merge(facts(known=stage, windows=[window(ROUND, 20), window(APPLICATION, 30)]), for_applicant=True)
    assert case.closes_at == at(30)
    assert [(step.code, step.deadline, step.clause) for step in case.to_do if step.required] == [
        ("correct", at(30), "Q10")
    ]
    assert merge(facts(known=stage), for_applicant=True).closes_at == at(10)


def test_refusals_and_pending_commands_are_told_and_only_the_newest_refusal_on_top() -> None:
    no = command(CommandName.withdraw, 3, refused("withdraw_too_early"))
    machine = command(CommandName.complete_exam, 2, refused("wrong_stage"), Role.system)
    waiting = command(CommandName.submit, 4, None)
    case = merge(facts(known=known(), commands=[waiting, no, machine]), for_applicant=True)
    assert [one.name for one in case.pending] == [CommandName.submit]
    assert case.last_refusal is not None
    assert case.last_refusal.code == "withdraw_too_early"
    assert [(entry.code, entry.refused) for entry in case.timeline] == [
        ("submit", False),
        ("withdraw_too_early", True),
    ]
    after = [command(CommandName.submit, 5, Accepted()), no]
    assert merge(facts(known=known(), commands=after), for_applicant=True).last_refusal is None


def test_the_applicant_is_not_told_what_staff_tried() -> None:
    rows = [
        command(CommandName.decide_qualification, 5, None, Role.reviewer),
        command(CommandName.hold, 4, Accepted(), Role.supervisor),
        command(CommandName.exclude, 3, refused("wrong_stage"), Role.secretariat),
    ]
    own = merge(facts(known=known(), commands=rows), for_applicant=True)
    assert (own.pending, own.last_refusal, own.timeline) == ((), None, ())
    read = merge(facts(known=known(), commands=rows), for_applicant=False)
    assert [entry.code for entry in read.timeline] == ["decide_qualification", "hold", "wrong_stage"]


def test_a_command_that_its_event_tells_is_not_told_twice() -> None:
    event = TimelineEntry(at=at(6), code="FormSubmitted", text="申报书已提交")
    rows = [command(CommandName.submit, 5, Accepted())]
    case = merge(facts(known=known(), events=[event], commands=rows), for_applicant=True)
    assert [entry.text for entry in case.timeline] == ["申报书已提交"]


@pytest.mark.clause("X2", "X3")
def test_the_exam_s_way_in_appears_when_it_is_open() -> None:
    def step(status: ExamStatus) -> list[str]:
        exam = Exam(application_id=APPLICATION, level="junior", status=status, now=at(1), closes_at=at(3))
        stage = known(stage=Stage.exam, status=Status.awaiting_exam)
        case = merge(facts(known=stage, exam=exam), for_applicant=True)
        return [one.code for one in case.to_do if one.code != "withdraw"]

    got = [
        step(status)
        for status in (ExamStatus.waiting, ExamStatus.ready, ExamStatus.started, ExamStatus.finished)
    ]
    assert got == [["await_exam"], ["sit_exam"], ["sit_exam"], []]


@pytest.mark.clause("D1")
def test_a_candidate_is_told_when_and_where_as_soon_as_it_is_set() -> None:
    told = known(stage=Stage.defence, status=Status.awaiting_defence, seq=8)

    def of(defence: Appointment | None) -> ToDo:
        return merge(facts(known=told, defence=defence), for_applicant=True).to_do[0]

    open_, later = (
        Appointment(state=DefenceState.unscheduled),
        Appointment(state=DefenceState.unscheduled, postponed=True),
    )
    assert [of(one).code for one in (None, open_, later)] == ["await_defence"] * 3
    assert (of(open_).title, of(later).title) == ("等待答辩安排", "答辩改期，等待新的时间")
    start = datetime(2026, 3, 8, 1, tzinfo=UTC)
    set_ = Appointment(
        state=DefenceState.scheduled,
        form=DefenceForm.on_site,
        place="会展中心 301",
        starts_at=start,
        ends_at=start + timedelta(minutes=15),
    )
    step = of(set_)
    assert (step.code, step.required) == ("attend_defence", True)
    assert step.facts == (("时间", "2026-03-08 09:00–09:15"), ("形式", "现场"), ("地点", "会展中心 301"))
    online = of(set_.model_copy(update={"form": DefenceForm.online, "place": "https://meeting.example/1"}))
    assert online.facts[1:] == (("形式", "线上"), ("会议链接", "https://meeting.example/1"))


def test_readers_are_not_told_what_to_do() -> None:
    assert merge(facts(known=known()), for_applicant=False).to_do == ()


def test_every_stage_status_command_and_role_has_its_words() -> None:
    for mapping, enum in (
        (words.STAGE, Stage),
        (words.STATUS, Status),
        (words.COMMAND, CommandName),
        (words.ROLE, Role),
        (words.ACTION_BY, ActionRequiredBy),
    ):
        assert set(mapping) == set(enum)
