"""Hand-written examples of everything in the contracts; `test_golden.py` compares them with the committed JSON.

A key is the model's name, with `.variant` behind it where one example does not show all of it.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from contracts import (
    bars,
    certificates,
    commands,
    events,
    exam,
    gateway,
    keys,
    lifecycle,
    payment,
    prepared,
    publication,
    registration,
    results,
    review,
    rulings,
    scoring,
)
from contracts.commands import CommandName, Role, TargetKind
from contracts.events import EventType
from contracts.lifecycle import ActionRequiredBy, Phase, RoundStage, Route, Stage, Status
from tests.contracts.complaint_examples import move_complaint, of_complaints

Examples = dict[str, BaseModel]

ROUND = UUID("01948c00-0000-7000-8000-000000000001")
APPLICATION = UUID("2f6f3c53-8a43-5c0b-9d0e-5f4b0c7a1d02")
PERSON = UUID("01948c00-0000-7000-8000-000000000003")
NOTICE = UUID("01948c00-0000-7000-8000-000000000004")
RANKING = UUID("01948c00-0000-7000-8000-000000000005")
FINAL_LIST = UUID("01948c00-0000-7000-8000-000000000006")
ORDER = UUID("01948c00-0000-7000-8000-000000000007")
TASK = UUID("01948c00-0000-7000-8000-000000000008")
FILE = UUID("01948c00-0000-7000-8000-000000000009")
COMMAND = UUID("01948c00-0000-7000-8000-00000000000a")
PACK = "sha256/" + "a" * 64
SNAPSHOT = "sha256/" + "b" * 64
FACTS = "sha256/" + "c" * 64
DECISION = "sha256/" + "d" * 64
DIGEST = "e" * 64
AT = datetime(2025, 2, 20, 2, 30, tzinfo=UTC)
CLOSES = datetime(2025, 2, 28, 16, 0, tzinfo=UTC)
KEY = f"{APPLICATION}:7"
ROUND_KEY = f"{ROUND}:3"

PLAN = lifecycle.Plan(
    level="intermediate",
    route=Route.regular,
    stages=(Stage.filing, Stage.qualification, Stage.exam, Stage.portfolio, Stage.defence, Stage.totals),
)
CASE = lifecycle.CaseRef(
    application_id=APPLICATION,
    round_id=ROUND,
    application_number="2024-I-00001",
    level="intermediate",
    pack_key=PACK,
    snapshot_key=SNAPSHOT,
    facts_key=FACTS,
)
ROUND_REF = lifecycle.RoundRef(round_id=ROUND, pack_key=PACK)
MOVE = lifecycle.Transition(
    seq=7,
    stage=Stage.correction,
    status=Status.awaiting_correction,
    action_required_by=ActionRequiredBy.applicant,
    closes_at=CLOSES,
)
ROUND_MOVE = lifecycle.RoundTransition(seq=3, stage=RoundStage.ranked)


def of_lifecycle() -> Examples:
    return {
        "Plan": PLAN,
        "CaseRef": CASE,
        "CaseRef.started": CASE.model_copy(update={"snapshot_key": None, "facts_key": None}),
        "RoundRef": ROUND_REF,
        "Transition": MOVE,
        "RoundTransition": ROUND_MOVE,
    }


def of_prepared() -> Examples:
    form = prepared.FormPrepared(form_version=2, snapshot_key=SNAPSHOT, facts_key=FACTS, plan=PLAN)
    return {
        "ApplicationPrepared": prepared.ApplicationPrepared(
            application_number=CASE.application_number,
            level="intermediate",
            route=Route.regular,
            pack_key=PACK,
            filing_closes_at=CLOSES,
        ),
        "FormPrepared": form,
        "OutsidePrepared": prepared.OutsidePrepared(**form.model_dump(), paid=True),
        "ScanPrepared": prepared.ScanPrepared(form_version=2, facts_key=FACTS),
        "DecisionPrepared": prepared.DecisionPrepared(
            outcome=prepared.QualificationOutcome.correction, decision_key=DECISION
        ),
        "RoundPrepared": prepared.RoundPrepared(pack_key=PACK, seed="f" * 64),
        "CorrectionRevised": prepared.CorrectionRevised(decision_key=DECISION, left=1),
    }


def of_rulings() -> Examples:
    return {
        "CancelFlags": rulings.CancelFlags(decision_key=DECISION, flags=(0, 2), reason="mistaken_flag"),
        "Disqualify": rulings.Disqualify(reason="complaint_upheld", document_key=DECISION),
        "Disqualify.false_material": rulings.Disqualify(
            reason="false_material", document_key=DECISION, hearing_id=TASK, until=AT.date()
        ),
    }


def of_commands() -> Examples:
    refused = commands.Refused(
        code="window_closed", message="本环节已于截止时间关闭，逾期提交不再受理。", clause="A5"
    )
    form = prepared.FormPrepared(form_version=2, snapshot_key=SNAPSHOT, facts_key=FACTS, plan=PLAN)
    return {
        **_bodies(),
        "Accepted": commands.Accepted(),
        "Refused": refused,
        "Command": commands.Command(
            id=COMMAND,
            name=CommandName.submit,
            role=Role.applicant,
            body={"draft_version": 12},
            prepared=form.model_dump(mode="json"),
            received_at=AT,
        ),
        "PrepareRequest": commands.PrepareRequest(
            command_id=COMMAND,
            name=CommandName.submit,
            target_id=APPLICATION,
            round_id=ROUND,
            subject=PERSON,
            role=Role.applicant,
            body={"draft_version": 12},
            received_at=AT,
            closes_at=CLOSES,
        ),
        "PrepareResult": commands.PrepareResult(data=form.model_dump(mode="json")),
        "PrepareResult.refused": commands.PrepareResult(refused=refused),
        "ServiceCommand": commands.ServiceCommand(
            id=COMMAND,
            target_kind=TargetKind.application,
            target_id=APPLICATION,
            round_id=ROUND,
            name=CommandName.confirm_payment,
            body={"order_id": str(ORDER), "level": "intermediate", "amount_fen": 30000},
            effective_at=AT,
        ),
        "Receipt": commands.Receipt(
            id=COMMAND,
            name=CommandName.submit,
            target_id=APPLICATION,
            state=commands.CommandState.refused,
            received_at=AT,
            outcome=refused,
        ),
        "Receipt.under_way": commands.Receipt(
            id=COMMAND,
            name=CommandName.submit,
            target_id=APPLICATION,
            state=commands.CommandState.received,
            received_at=AT,
        ),
    }


def _bodies() -> Examples:
    """What people and machines say, one body a command."""
    return {
        "Nothing": commands.Nothing(),
        "Apply": commands.Apply(level="intermediate", route=Route.regular),
        "Submit": commands.Submit(draft_version=12),
        "AttachScan": commands.AttachScan(form_version=2, file_ids=(FILE,)),
        "FileOutside": commands.FileOutside(import_id=FILE, row=2),
        "ConfirmPayment": commands.ConfirmPayment(order_id=ORDER, level="intermediate", amount_fen=30000),
        "DecideQualification": commands.DecideQualification(task_id=TASK, fence=3),
        "Resubmit": commands.Resubmit(draft_version=15, scan_file_ids=(FILE,)),
        "RecordOutsideDecision": commands.RecordOutsideDecision(accepted=True, document_key=DECISION),
        "CloseNotice": commands.CloseNotice(notice_id=NOTICE, held=False),
        "Hold": commands.Hold(reason="complaint", reference=TASK),
        "Exclude": commands.Exclude(reason="contradictory_records"),
        "Issue": commands.Issue(final_list_id=FINAL_LIST),
        "OpenRound": commands.OpenRound(
            pack_name="chongqing-2024", pack_key=PACK, pack_hash="a" * 64, seed="f" * 64
        ),
        "ReleaseRanking": commands.ReleaseRanking(digest=DIGEST),
        "PublishFinalList": commands.PublishFinalList(document_number="渝青科教文〔2025〕9号"),
        "ConfirmPosted": commands.ConfirmPosted(
            target="platform", url="https://notice.example/2024", proof_key=DECISION
        ),
    }


def of_results() -> Examples:
    """What stages after qualification end with."""
    return {
        "CompleteExam": results.CompleteExam(result=results.ExamResult.graded, score="85/1"),
        "CompleteExam.absent": results.CompleteExam(result=results.ExamResult.absent),
        "CompletePortfolio": results.CompletePortfolio(score="161/2", sheets=2),
        "CompleteDefence": results.CompleteDefence(result=results.ExamResult.graded, score="250/3"),
        "RecordRank": results.RecordRank(ranking_id=RANKING, in_cut=True, rank=1),
    }


def of_gateway() -> Examples:
    return {
        "OpenWindow": gateway.OpenWindow(
            key=f"{KEY}:correction",
            target_kind=TargetKind.application,
            target_id=APPLICATION,
            round_id=ROUND,
            stage=Stage.correction,
            pack_key=PACK,
        ),
        "OpenWindow.notice": gateway.OpenWindow(
            key=str(NOTICE),
            target_kind=TargetKind.notice,
            target_id=NOTICE,
            round_id=ROUND,
            stage=Stage.notice,
            pack_key=PACK,
            opens_at=AT,
        ),
        "WindowOpened": gateway.WindowOpened(opens_at=AT, closes_at=CLOSES),
        "CloseWindow": gateway.CloseWindow(
            target_kind=TargetKind.application,
            target_id=APPLICATION,
            round_id=ROUND,
            stage=Stage.filing,
            deadline=CLOSES,
        ),
        "Closed": gateway.Closed(),
        "Extended": gateway.Extended(closes_at=CLOSES),
        "WindowEnded": gateway.WindowEnded(end=gateway.Closed()),
        "WindowEnded.extended": gateway.WindowEnded(end=gateway.Extended(closes_at=CLOSES)),
    }


def of_registration() -> Examples:
    return {
        "UnlockForm": registration.UnlockForm(key=KEY, case=CASE, transition=MOVE, discard=False),
        "OpenCorrection": registration.OpenCorrection(
            key=KEY, case=CASE, transition=MOVE, decision_key=DECISION, closes_at=CLOSES
        ),
        "CloseCorrection": registration.CloseCorrection(key=f"{KEY}:cancelled", case=CASE),
        "SetPhase": registration.SetPhase(key=KEY, case=CASE, phase=Phase.ready),
        "SetPhase.ended": registration.SetPhase(
            key=KEY, case=CASE, phase=Phase.ended, status=Status.lapsed, transition=MOVE
        ),
        "AwaitPhase": registration.AwaitPhase(round=ROUND_REF, phase=Phase.ready),
        "PhaseCounts": registration.PhaseCounts(
            phases={"junior": {Phase.ready: 3, Phase.ended: 1}}, filed={"junior": 3}
        ),
        "MoveRound": registration.MoveRound(key=ROUND_KEY, round=ROUND_REF, transition=ROUND_MOVE),
        "Done": registration.Done(),
    }


def of_payment() -> Examples:
    return {
        "OpenOrder": payment.OpenOrder(key=KEY, case=CASE, transition=MOVE),
        "OrderOpened": payment.OrderOpened(order_id=ORDER, amount_fen=30000, paid=False),
        "Settle": payment.Settle(case=CASE, deadline=CLOSES),
        "Settled": payment.Settled(state=payment.SettleState.waiting, until=CLOSES),
        "Settled.unpaid": payment.Settled(state=payment.SettleState.unpaid),
    }


def of_review() -> Examples:
    return {
        "OpenQualification": review.OpenQualification(key=KEY, case=CASE, transition=MOVE, look=1),
        "OpenQualification.second": review.OpenQualification(
            key=KEY, case=CASE, transition=MOVE, look=2, decision_key=DECISION
        ),
        "OpenQualification.answered": review.OpenQualification(
            key=KEY, case=CASE, transition=MOVE, look=2, decision_key=DECISION, attempt=2, answers_key=FACTS
        ),
        "OpenOutsideDecision": review.OpenOutsideDecision(key=KEY, case=CASE, transition=MOVE),
        "OpenPortfolio": review.OpenPortfolio(key=KEY, case=CASE, transition=MOVE),
        "OpenDefence": review.OpenDefence(key=KEY, case=CASE, transition=MOVE),
        "CancelTasks": review.CancelTasks(key=f"{KEY}:end", case=CASE),
    }


def of_exam() -> Examples:
    return {
        "Enrol": exam.Enrol(key=KEY, case=CASE, transition=MOVE),
        "CancelAttempt": exam.CancelAttempt(key=f"{KEY}:end", case=CASE),
    }


def of_scoring() -> Examples:
    return {
        "ReceiveComponents": scoring.ReceiveComponents(
            key=KEY,
            case=CASE,
            transition=MOVE,
            components={Stage.exam: "85/1", Stage.portfolio: "161/2", Stage.defence: "250/3"},
            absent=False,
        ),
        "DropCandidate": scoring.DropCandidate(key=f"{APPLICATION}:9:end", case=CASE),
        "MakeRanking": scoring.MakeRanking(
            key=ROUND_KEY, round=ROUND_REF, transition=ROUND_MOVE, filed={"intermediate": 40, "junior": 60}
        ),
        "RankingMade": scoring.RankingMade(ranking_id=RANKING, digest=DIGEST),
        "ReleaseRanking": scoring.ReleaseRanking(
            key=ROUND_KEY, round=ROUND_REF, transition=ROUND_MOVE, ranking_id=RANKING
        ),
    }


def of_publication() -> Examples:
    return {
        "Enlist": publication.Enlist(key=KEY, case=CASE, transition=MOVE),
        "PostNotice": publication.PostNotice(key=ROUND_KEY, round=ROUND_REF, transition=ROUND_MOVE),
        "NoticePosted": publication.NoticePosted(notice_id=NOTICE, targets=("national_system", "platform")),
        "NoticePosted.nobody": publication.NoticePosted(notice_id=None),
        "StartClock": publication.StartClock(
            key=f"{NOTICE}:1", round=ROUND_REF, notice_id=NOTICE, posted_at=AT, closes_at=CLOSES
        ),
        "CloseNotice": publication.CloseNotice(key=f"{NOTICE}:close", round=ROUND_REF, notice_id=NOTICE),
        "SetHold": publication.SetHold(key=KEY, case=CASE, transition=MOVE, held=True),
        "AwaitCertificate": publication.AwaitCertificate(key=KEY, case=CASE, transition=MOVE),
        "PublishFinalList": publication.PublishFinalList(
            key=ROUND_KEY, round=ROUND_REF, transition=ROUND_MOVE, document_number="渝青科教文〔2025〕9号"
        ),
        "FinalListPublished": publication.FinalListPublished(final_list_id=FINAL_LIST),
        "IssueCertificate": publication.IssueCertificate(
            key=KEY, case=CASE, transition=MOVE, final_list_id=FINAL_LIST
        ),
        "Delist": publication.Delist(key=f"{KEY}:end", case=CASE),
        "MoveComplaint": move_complaint(),
    }


def of_events() -> Examples:
    """One envelope for each event type, with the data that its service gives it, and the sealed profile."""
    cases = {f"Event.{type_}": _case_event(type_, data) for type_, data in CASE_DATA.items()}
    rounds = {
        f"Event.{type_}": events.round_event(
            type_,
            ROUND,
            effect_key=f"{ROUND_KEY}/{type_}",
            occurred_at=AT,
            transition=ROUND_MOVE if moves else None,
            **data,
        )
        for type_, (moves, data) in ROUND_DATA.items()
    }
    person = events.Event(
        id=events.derived_id(f"profile/{PERSON}/1"),
        type=EventType.profile_changed,
        topic=events.Topic.people,
        target_id=PERSON,
        occurred_at=AT,
        data={"sealed": "AQJrMQ=="},
    )
    profile = events.Profile(
        person_id=PERSON, name="张三", unit="重庆市第一中学", district="渝中区", phone="13800000000"
    )
    return {**cases, **rounds, f"Event.{EventType.profile_changed}": person, "Profile": profile}


RULED = {
    "number": "CQ2024-2-00001",
    "certificate_id": str(UUID(int=32)),
    "ruling_id": str(UUID(int=33)),
    "version": 1,
    "drafted_by": str(UUID(int=34)),
    "proposed_by": str(UUID(int=34)),
}
CASE_DATA: dict[EventType, dict[str, Any]] = {
    EventType.application_started: {"person_id": str(PERSON)},
    EventType.form_submitted: {"amount_fen": 30000, "paid": False},
    EventType.form_taken_back: {},
    EventType.draft_discarded: {},
    EventType.scan_received: {"form_version": 2},
    EventType.payment_received: {"received_fen": 30000, "covered": True},
    EventType.qualification_opened: {"look": 1, "findings": 2, "eligibility": "needs_person"},
    EventType.qualification_decided: {
        "look": 1,
        "outcome": "correction",
        "checks": ["Q2"],
        "reprint": False,
        "reversed": False,
    },
    EventType.correction_opened: {},
    EventType.correction_submitted: {"form_version": 3},
    EventType.hearing_opened: {"answer_by": CLOSES.isoformat()},
    EventType.hearing_closed: {"outcome": "dismissed"},
    EventType.defence_scheduled: {"starts_at": AT.isoformat(), "ends_at": CLOSES.isoformat()},
    EventType.defence_postponed: {},
    EventType.outside_decision_awaited: {},
    EventType.exam_enrolled: {"sitting_id": str(TASK), "sitting": 1},
    EventType.exam_graded: {"result": "graded", "finished_by": "candidate"},
    EventType.portfolio_opened: {"sheets": 2},
    EventType.portfolio_completed: {"sheets": 3, "third": True, "absent": False},
    EventType.defence_opened: {"sheets": 3},
    EventType.defence_completed: {"sheets": 3, "third": False, "absent": False},
    EventType.components_received: {"absent": False},
    EventType.notice_listed: {},
    EventType.hold_changed: {"held": True},
    EventType.certificate_awaited: {},
    EventType.certificate_issued: {"number": "CQ2024-2-00001"},
    EventType.application_ended: {},
    EventType.certificate_hearing_opened: {
        "answer_by": CLOSES.isoformat(),
        **RULED,
        "status": "valid",
        "reason": "false_material",
    },
    EventType.certificate_revoked: {**RULED, "status": "revoked", "reason": "false_material"},
    EventType.certificate_reissued: {**RULED, "version": 2, "status": "valid", "reason": "name_changed"},
}
WITHOUT_MOVE = {
    EventType.scan_received,
    EventType.payment_received,
    EventType.qualification_decided,
    EventType.correction_submitted,
    EventType.hearing_opened,
    EventType.hearing_closed,
    EventType.defence_scheduled,
    EventType.defence_postponed,
    EventType.exam_graded,
    EventType.portfolio_completed,
    EventType.defence_completed,
    EventType.certificate_hearing_opened,
    EventType.certificate_revoked,
    EventType.certificate_reissued,
}
"""Events that tell what came in; the move that follows from it is told by the stage that it opens."""
ROUND_DATA: dict[EventType, tuple[bool, dict[str, Any]]] = {
    EventType.round_moved: (True, {}),
    EventType.ranking_made: (
        True,
        {
            "ranking_id": str(RANKING),
            "version": 1,
            "digest": DIGEST,
            "levels": {"junior": {"filed": 60, "ranked": 52, "in_cut": 36}},
        },
    ),
    EventType.notice_posted: (
        False,
        {"notice_id": str(NOTICE), "digest": DIGEST, "closes_at": CLOSES.isoformat()},
    ),
    EventType.notice_closed: (False, {"notice_id": str(NOTICE), "held": 1}),
    EventType.final_list_published: (True, {"people": 36}),
}


def _case_event(type_: EventType, data: dict[str, Any]) -> events.Event:
    return events.case_event(
        type_,
        CASE,
        effect_key=f"{KEY}/{type_}",
        occurred_at=AT,
        transition=None if type_ in WITHOUT_MOVE else MOVE,
        **data,
    )


EXAMPLES: dict[str, Examples] = {
    "results": of_results(),
    "bars": {"BarDecision": bars.BarDecision(bar_id=UUID(int=31))},
    "certificates": {"CertificateRuling": certificates.CertificateRuling(ruling_id=UUID(int=33))},
    "commands": of_commands(),
    "complaints": of_complaints(),
    "events": of_events(),
    "exam": of_exam(),
    "gateway": of_gateway(),
    "keys": {
        "CorrectKey": keys.CorrectKey(
            correction_id=UUID(int=33), level="junior", item_id="L07", changed=1, grades_key=SNAPSHOT
        ),
        "NewGrade": keys.NewGrade(application_id=APPLICATION, old="95/1", new="100/1"),
        "KeyCorrected": keys.KeyCorrected(correction_id=UUID(int=33)),
        "Regraded": keys.Regraded(
            correction_id=UUID(int=33),
            round_id=ROUND,
            level="junior",
            item_id="L07",
            key=("B",),
            grades=(keys.NewGrade(application_id=APPLICATION, old="95/1", new="100/1"),),
        ),
    },
    "lifecycle": of_lifecycle(),
    "payment": of_payment(),
    "prepared": of_prepared(),
    "publication": of_publication(),
    "registration": of_registration(),
    "review": of_review(),
    "rulings": of_rulings(),
    "scoring": of_scoring(),
}
