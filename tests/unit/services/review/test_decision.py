"""The table of decisions: which outcome is allowed when (Q10, Q11, Q12, Q14, Q15)."""

from typing import Any
from uuid import UUID

import pytest

from contracts.http.review import QualificationDecision, SaveDecision
from contracts.prepared import QualificationOutcome
from contracts.rulepack import FlagCode
from services.review.domain.decision import Judged, judge
from services.review.domain.desk import Desk
from tests.unit.services.review.packs import ROOTS, explanation, finding, pack, snapshot

MET = [{"rule_id": one, "met": True} for one in ROOTS]
TITLE = {"check_id": "Q9", "item_id": "c1", "note": "署名不是本人"}
NEVER = {"check_id": "QX", "item_id": "c1", "note": "冒名"}
OLD = {"check_id": "Q8", "item_id": "c1", "note": "早于年限"}


def desk(*findings: Any, **more: Any) -> Desk:
    return Desk(
        pack=more.pop("pack", pack()),
        snapshot=more.pop("snapshot", snapshot()),
        explanation=explanation(),
        all_findings=findings,
        **more,
    )


def draft(outcome: str | None, *flags: dict[str, Any], rules: Any = MET, **more: Any) -> SaveDecision:
    """Every line of the check list that is not flagged is accepted, unless the test says otherwise."""
    flagged = {one["check_id"] for one in flags}
    lines = [one.id for one in pack().checks if one.kind != "eligibility" and one.id not in flagged]
    return SaveDecision.model_validate(
        {"fence": 1, "outcome": outcome, "flags": flags, "rules": rules, "accepted": lines, **more}
    )


def codes(judged: Judged) -> list[str]:
    return [one.code for one in judged.obstacles]


def first_decision(*flags: dict[str, Any], rules: Any = MET) -> QualificationDecision:
    judged = judge(desk(), draft("correction", *flags, rules=rules))
    assert codes(judged) == []
    return QualificationDecision.model_validate(
        {
            "application_id": UUID(int=1),
            "round_id": UUID(int=2),
            "look": 1,
            "snapshot_key": "s",
            "facts_key": "f",
            "pack_key": "p",
            "outcome": "correction",
            "flags": [one.model_dump() for one in judged.flags],
            "rules": [one.model_dump() for one in judged.rules],
            "decided_by": UUID(int=3),
            "decided_at": "2025-03-01T00:00:00Z",
        }
    )


@pytest.mark.clause("Q10", "Q11", "Q12")
@pytest.mark.parametrize(
    ("look", "outcome", "flags", "expected"),
    [
        (1, "passed", [], []),
        (1, "passed", [TITLE], ["flags_stand"]),
        (1, "passed", [NEVER], ["flags_stand"]),
        (1, "passed", [OLD], []),  # an old C item is just not scored (Q8)
        (1, "correction", [TITLE], []),
        (1, "correction", [], ["nothing_to_correct"]),
        (1, "correction", [OLD], ["nothing_to_correct"]),
        (1, "correction", [NEVER], ["incurable_stands"]),
        (1, "correction", [TITLE, NEVER], ["incurable_stands"]),
        (1, "not_qualified", [NEVER], []),
        (1, "not_qualified", [], ["nothing_wrong"]),
        (1, "not_qualified", [TITLE], ["correction_first"]),
        (1, None, [], ["outcome_missing"]),
        (2, "passed", [], []),
        (2, "passed", [TITLE], ["flags_stand"]),
        (2, "correction", [TITLE], ["correction_used"]),
        (2, "not_qualified", [TITLE], []),
        (2, "not_qualified", [], ["nothing_wrong"]),
        (2, None, [], ["outcome_missing"]),
    ],
)
def test_outcomes(look: int, outcome: str | None, flags: list[dict[str, Any]], expected: list[str]) -> None:
    first = first_decision(TITLE) if look == 2 else None
    at = desk(look=look, first=first, before=snapshot() if first else None)
    assert codes(judge(at, draft(outcome, *flags, rules=[] if first else MET))) == expected


@pytest.mark.clause("Q14")
def test_every_rule_is_confirmed_by_a_person() -> None:
    judged = judge(desk(), draft("passed", rules=MET[1:]))
    assert [(one.code, one.clause) for one in judged.obstacles] == [("rule_unconfirmed", "Q14")]
    assert "条件 conduct" in judged.obstacles[0].message


@pytest.mark.clause("E6")
def test_a_soft_rule_is_accepted_only_with_a_reason() -> None:
    def judged(**said: Any) -> list[str]:
        return codes(judge(desk(), draft("passed", rules=[*MET[:3], {"rule_id": "degree", **said}])))

    assert judged(met=False, accepted=True, note="二十年一线经验") == []
    assert judged(met=False, accepted=True) == ["reason_missing"]
    assert judged(met=False) == ["rule_unmet_unflagged"]
    hard = [{"rule_id": "conduct", "met": False, "accepted": True, "note": "好人"}, *MET[1:]]
    assert codes(judge(desk(), draft("passed", rules=hard))) == ["rule_not_soft"]


@pytest.mark.clause("Q14", "Q10")
def test_an_unmet_rule_is_flagged_and_unlocks_the_collections_it_looks_at() -> None:
    unmet = [
        *MET[:1],
        {"rule_id": "training", "met": False},
        {"rule_id": "one_of_two", "met": False},
        MET[3],
    ]
    flags = [
        {"check_id": "Q14", "rule_id": "training", "note": "差 5 学时"},
        {"check_id": "Q14", "field": "rules.one_of_two", "note": "两项都没有"},  # a finding's own spelling
    ]
    judged = judge(desk(), draft("correction", *flags, rules=unmet))
    assert codes(judged) == []
    assert [(one.rule_id, one.clause, one.unlocks) for one in judged.flags] == [
        ("training", "E3", ("collection:trainings",)),
        ("one_of_two", "E4", ("collection:conditions",)),
    ]
    assert codes(judge(desk(), draft("correction", *flags, rules=MET))) == ["rule_contradicted"] * 2


@pytest.mark.clause("Q15")
@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ({"check_id": "merit"}, "not_on_list"),
        ({"check_id": "Q9", "item_id": "c9"}, "unknown_item"),
        ({"check_id": "Q1", "field": "hobby"}, "unknown_field"),
        ({"check_id": "Q1", "field": "unit", "item_id": "c1"}, "flag_ambiguous"),
        ({"check_id": "Q9"}, "flag_needs_item"),
        ({"check_id": "Q1"}, "flag_needs_field"),
        ({"check_id": "Q14"}, "flag_needs_rule"),
        ({"check_id": "Q9", "item_id": "c1", "rule_id": None, "field": None}, None),
        ({"check_id": "Q14", "rule_id": "guidance"}, "rule_settled"),
    ],
)
def test_only_what_is_on_the_list_and_there_can_be_flagged(
    flag: dict[str, Any], expected: str | None
) -> None:
    found = codes(judge(desk(), draft("correction", {**flag, "note": "有问题"})))
    assert found[:1] == ([expected] if expected else [])


@pytest.mark.clause("Q10")
def test_the_decision_says_what_unlocks_and_whether_to_print_again() -> None:
    decision = first_decision(
        {"check_id": "Q1", "field": "unit", "note": "简称"},
        {"check_id": "Q2", "note": "模糊"},
        {"check_id": "Q9", "item_id": "t1", "note": "署名不符"},
    )
    assert decision.unlocks == ("field:unit", "item:t1", "photo", "scan")
    assert decision.reprint is True
    only = first_decision({"check_id": "Q9", "item_id": "t1", "note": "署名不符"})
    assert (only.unlocks, only.reprint) == (("item:t1",), False)
    ended = decision.model_copy(update={"outcome": QualificationOutcome.not_qualified})
    assert ended.unlocks == ()


@pytest.mark.clause("Q4", "Q5")
def test_what_the_machine_found_is_answered_by_a_person() -> None:
    at = desk(finding("Q4", "person", field="scan.seal"), finding("Q1", field="unit"), finding("Q2", "ok"))
    assert codes(judge(at, draft("passed"))) == ["finding_unanswered", "finding_unanswered"]
    seen = [
        {"check_id": "Q4", "field": "scan.seal", "reason": "公章清晰"},
        {"check_id": "Q1", "field": "unit", "reason": "公章即此名"},
    ]
    assert codes(judge(at, draft("passed", answered=seen))) == []
    flagged = draft("correction", {"check_id": "Q1", "field": "unit", "note": "漏填"}, answered=seen[:1])
    assert codes(judge(at, flagged)) == []
    assert codes(judge(desk(), draft("passed", answered=seen))) == ["answer_without_finding"]


@pytest.mark.clause("Q10")
def test_the_second_look_judges_only_what_was_flagged() -> None:
    first = first_decision(TITLE)
    at = desk(finding("Q1", field="unit"), look=2, first=first, before=snapshot())
    other = {"check_id": "Q9", "item_id": "b1", "note": "新问题"}
    assert codes(judge(at, draft("not_qualified", other, rules=[])))[0] == "not_flagged_before"
    assert codes(
        judge(at, draft("not_qualified", {"check_id": "Q1", "field": "unit", "note": "新"}, rules=[]))
    )[0] == ("not_flagged_before")
    # the machine's complaint about what was not flagged needs no answer, and settled rules are settled
    assert codes(judge(at, draft("passed", rules=[]))) == []
    assert codes(judge(at, draft("passed"))) == ["rules_not_as_asked"]


@pytest.mark.clause("Q10")
def test_what_was_changed_under_an_unlocked_collection_may_be_judged() -> None:
    unmet = [MET[0], {"rule_id": "training", "met": False}, *MET[2:]]
    first = first_decision({"check_id": "Q14", "rule_id": "training", "note": "差 5 学时"}, rules=unmet)
    old = snapshot()
    added = old.trainings[0].model_copy(update={"id": "t2"})
    at = desk(look=2, first=first, before=old, snapshot=snapshot(trainings=(*old.trainings, added)))
    met = [{"rule_id": "training", "met": True}]
    assert codes(judge(at, draft("passed", rules=met))) == []
    wrong = {"check_id": "Q9", "item_id": "t2", "note": "新证书不是本人"}
    assert codes(judge(at, draft("not_qualified", wrong, rules=met))) == []
    untouched = {**wrong, "item_id": "t1"}
    assert codes(judge(at, draft("not_qualified", untouched, rules=met)))[0] == "not_flagged_before"
    assert codes(judge(at, draft("passed", rules=[]))) == ["rule_unconfirmed"]


@pytest.mark.clause("Q15")
def test_each_line_of_the_check_list_is_accepted_or_flagged_form_check_first() -> None:
    judged = judge(desk(), draft("passed", accepted=[]))
    assert set(codes(judged)) == {"check_unconfirmed"}
    steps = [one.step for one in judged.obstacles]
    assert steps == sorted(steps, key=lambda one: one == "content")
    assert [one.check_id for one in judged.obstacles] == [
        one.check_id for one in desk().check_lines() if not one.per_rule
    ]
    both = draft("correction", TITLE, accepted=[one.id for one in pack().checks])
    assert codes(judge(desk(), both)) == ["check_contradicted"]
    unlisted = draft("passed", accepted=[*(one.id for one in pack().checks), "MERIT"])
    assert codes(judge(desk(), unlisted)) == ["not_on_list"]


@pytest.mark.clause("Q10", "Q15")
def test_codes_come_from_the_pack_and_say_what_can_be_cured() -> None:
    plan = pack().model_copy(
        update={
            "flag_codes": (
                FlagCode(id="forged_name", check="Q9", text="冒用他人", curable=False),
                FlagCode(id="elsewhere", check="Q5", text="别处"),
            )
        }
    )
    at = desk(pack=plan)
    judged = judge(at, draft("not_qualified", {**TITLE, "code": "forged_name"}))
    assert codes(judged) == []
    assert [(one.code, one.curable) for one in judged.flags] == [("forged_name", False)]
    for code in ("elsewhere", "nowhere"):
        assert codes(judge(at, draft("correction", {**TITLE, "code": code})))[0] == "unknown_code"


def test_nothing_is_decided_while_a_colleague_has_not_answered() -> None:
    judged = judge(desk(), draft("passed"), ["Q9"])
    assert [(one.code, one.check_id) for one in judged.obstacles] == [("question_open", "Q9")]
