"""A reviewer's opinion follows from what the API shows; a surprise is an error, never another outcome."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from cli.demo.board import Board, DemoFailed
from cli.demo.client import Http
from cli.demo.desks import Desks
from cli.demo.script import Fault, Kind, Persona, cast
from contracts.case import Finding, FindingVerdict, Snapshot
from contracts.explanation import Explanation, RuleVerdict, Verdict
from contracts.http.review import QualificationTask, RuleLine, TaskCard, TaskKind
from contracts.lifecycle import Route
from contracts.prepared import QualificationOutcome as Outcome
from contracts.rulepack import RulePack


class Quiet:
    """Progress that nobody sees."""

    def begin(self, title: str, total: int) -> None: ...
    def step(self, title: str) -> None: ...
    def end(self, title: str) -> None: ...


@pytest.fixture
def desks(pack: RulePack) -> Desks:
    return Desks(Board(seed="7", pack=pack, bank={}, http=Http("http://127.0.0.1:1"), show=Quiet()))


def persona(pack: RulePack, kind: Kind, fault: Fault | None = None) -> Persona:
    return next(one for one in cast("7", 60, pack) if (one.kind, one.fault) == (kind, fault))


def finding(check_id: str, verdict: FindingVerdict, **place: str) -> Finding:
    return Finding(check_id=check_id, clause=check_id, verdict=verdict, message="说明", **place)


def task(
    *findings: Finding, look: int = 1, rule: Verdict = Verdict.passed, soft: bool = False
) -> QualificationTask:
    card = TaskCard(
        id=uuid4(),
        kind=TaskKind.qualification,
        application_id=uuid4(),
        application_number="2024-J-00001",
        level="junior",
        look=look,
        mine=True,
        fence=1,
        lease_until=datetime(2025, 2, 20, tzinfo=UTC),
    )
    verdict = RuleVerdict(rule_id="junior_training", clause="E3", name="培训", verdict=rule, message="不足")
    return QualificationTask(
        task=card,
        look=look,
        snapshot=Snapshot(level="junior"),
        findings=findings,
        explanation=Explanation(
            pack_id="demo", level="junior", route=Route.regular, verdict=rule, rules=(verdict,)
        ),
        checks=(),
        rules=(RuleLine(rule_id="junior_training", clause="E3", name="培训", soft=soft),),
        files=(),
        may_correct=look == 1,
    )


def test_nothing_wrong_passes_and_looks_are_answered(desks: Desks, pack: RulePack) -> None:
    shown = task(finding("Q2", FindingVerdict.person, field="photo"), finding("Q7", FindingVerdict.ok))
    said = desks._opinion(shown, persona(pack, Kind.straight), 1)
    assert (said.outcome, said.flags) == (Outcome.passed, ())
    assert [(one.check_id, one.field) for one in said.answered] == [("Q2", "photo")]
    assert [(one.rule_id, one.met) for one in said.rules] == [("junior_training", True)]


def test_a_finding_is_flagged_where_it_was_found(desks: Desks, pack: RulePack) -> None:
    shown = task(finding("Q9", FindingVerdict.finding, item_id="b1"))
    said = desks._opinion(shown, persona(pack, Kind.corrects_well, Fault.other_name), 1)
    assert said.outcome is Outcome.correction
    assert [(one.check_id, one.item_id) for one in said.flags] == [("Q9", "b1")]


def test_advice_sinks_nobody(desks: Desks, pack: RulePack) -> None:
    shown = task(finding("Q8", FindingVerdict.finding, item_id="c1"))
    assert desks._opinion(shown, persona(pack, Kind.straight), 1).outcome is Outcome.passed


def test_a_failed_rule_is_unmet_and_flagged_under_the_eligibility_check(desks: Desks, pack: RulePack) -> None:
    said = desks._opinion(task(rule=Verdict.failed), persona(pack, Kind.corrects_well, Fault.few_hours), 1)
    assert [(one.check_id, one.rule_id) for one in said.flags] == [("Q14", "junior_training")]
    assert [(one.met, one.accepted) for one in said.rules] == [(False, False)]


def test_a_soft_rule_is_accepted_with_a_reason(desks: Desks, pack: RulePack) -> None:
    said = desks._opinion(task(rule=Verdict.soft_fail, soft=True), persona(pack, Kind.straight), 1)
    assert said.outcome is Outcome.passed
    assert [(one.met, one.accepted, bool(one.note)) for one in said.rules] == [(False, True, True)]


@pytest.mark.parametrize(
    ("kind", "look", "outcome"),
    [
        (Kind.corrects_well, 1, Outcome.correction),
        (Kind.corrects_badly, 2, Outcome.not_qualified),
    ],
)
def test_a_missing_signature_is_what_the_machine_found(
    desks: Desks, pack: RulePack, kind: Kind, look: int, outcome: Outcome
) -> None:
    unsigned = finding("Q4", FindingVerdict.finding, field="scan.signature")
    said = desks._opinion(task(unsigned, look=look), persona(pack, kind, Fault.signature), 1)
    assert said.outcome is outcome
    assert [(one.check_id, one.field) for one in said.flags] == [("Q4", "scan.signature")]
    with pytest.raises(DemoFailed, match="应为"):
        desks._opinion(task(look=look), persona(pack, kind, Fault.signature), 1)


@pytest.mark.parametrize(
    ("kind", "fault", "verdict"),
    [
        (Kind.straight, None, FindingVerdict.finding),
        (Kind.corrects_well, Fault.other_name, FindingVerdict.ok),
    ],
)
def test_a_surprise_fails_the_demo(
    desks: Desks, pack: RulePack, kind: Kind, fault: Fault | None, verdict: FindingVerdict
) -> None:
    with pytest.raises(DemoFailed, match="应为"):
        desks._opinion(task(finding("Q9", verdict, item_id="b1")), persona(pack, kind, fault), 1)
