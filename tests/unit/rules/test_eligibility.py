"""Boundaries of every eligibility rule of the Chongqing pack (E0–E10, L2); as-of date 2025-02-28."""

from typing import Any

import pytest

from contracts.explanation import Verdict
from contracts.lifecycle import Route
from rules.eligibility import WrongRoute, explain
from tests.unit.rules.cases import (
    ASSOCIATION,
    DEMO,
    FIELDS,
    REAL,
    condition,
    direct,
    explained,
    find,
    pack,
    snapshot,
    training,
    work,
)

OTHER = ({"name": "某公司", "system": "other"},)


def verdict(level: str, rule: str, **changes: Any) -> Verdict:
    return find(explained(level, **changes), rule).verdict


@pytest.mark.parametrize("name", [REAL, DEMO])
@pytest.mark.parametrize("level", ["junior", "intermediate"])
def test_a_good_case_passes_every_rule(name: str, level: str) -> None:
    explanation = explained(level, name=name)
    assert explanation.verdict == Verdict.passed
    assert {rule.verdict for rule in explanation.rules} == {Verdict.passed, Verdict.declared}


@pytest.mark.clause("E1", "E9")
@pytest.mark.parametrize(
    ("ticked", "conduct", "no_bar"),
    [
        (["conduct", "no_violation", "truthful"], "declared", "declared"),
        (["no_violation", "truthful"], "fail", "declared"),
        (["conduct", "truthful"], "declared", "fail"),
        (["conduct", "no_violation"], "declared", "fail"),
    ],
)
def test_declarations(ticked: list[str], conduct: str, no_bar: str) -> None:
    explanation = explained("junior", declarations=ticked)
    assert find(explanation, "conduct").verdict == conduct
    assert find(explanation, "no_bar").verdict == no_bar


@pytest.mark.clause("E9")
@pytest.mark.parametrize(
    ("until", "expected"),
    [("2025-02-27", "declared"), ("2025-02-28", "fail"), ("2025-03-01", "fail"), (None, "fail")],
)
def test_a_bar_holds_to_its_end_date(until: str | None, expected: str) -> None:
    assert verdict("junior", "no_bar", bars=[{"document": "决定1号", "until": until}]) == expected


# E2, E6: continuous work ---------------------------------------------------------------------------------------


@pytest.mark.clause("E2")
@pytest.mark.parametrize(
    ("intervals", "months"),
    [
        ([work("2024-03-02")], 11),  # one day short
        ([work("2024-03-01")], 12),
        ([work("2024-02-29")], 12),
        ([work("2024-03")], 12),  # month precision: its first day
        ([work("2024")], 14),  # year precision: its first day
        ([work("2023-01-01", "2023-12-31")], 12),  # ended, but it was a year
        ([work("2023-01-01", "2023-12-30")], 11),
        ([work("2024-01-01", "2024-06-30"), work("2024-10-01")], 14),  # gap of exactly three months
        ([work("2024-01-01", "2024-06-30"), work("2024-10-02")], 6),  # one day more
        ([work("2024-03-01", kind="part_time")], 12),  # 含兼职
        (
            [
                work("2023-09-01", "2023-12-31"),
                work("2024-01-01", "2024-09-30", "maternity_leave"),
                work("2024-10-01"),
            ],
            18,
        ),
        ([work("2023-09-01", "2024-02-29"), work("2024-03-01", "2024-12-31", "support_teaching")], 16),
        ([work("2023-09-01", "2025-02-28", "sick_leave")], 0),  # leave alone is no work
        ([work("2024-03-01", kind="practice", school_proof=True)], 12),
        ([work("2024-03-01", kind="practice")], 0),
        ([work("2025-03-01")], 0),  # begins after the as-of date
        ([work("2024-06-01"), work("2024-03-01", "2024-08-31")], 12),  # overlapping, unordered
        ([], 0),
    ],
)
def test_continuous_work_for_junior(intervals: list[dict[str, Any]], months: int) -> None:
    rule = find(explained("junior", work=intervals), "junior_practice")
    assert [one.value for one in rule.sums] == [str(months)]
    assert rule.verdict == (Verdict.passed if months >= 12 else Verdict.failed)


@pytest.mark.clause("E6")
@pytest.mark.parametrize(
    ("start", "kind", "expected"),
    [
        ("2022-03-02", "full_time", "fail"),
        ("2022-03-01", "full_time", "pass"),
        ("2022-02-28", "part_time", "pass"),
    ],
)
def test_three_years_for_intermediate(start: str, kind: str, expected: str) -> None:
    assert verdict("intermediate", "intermediate_practice", work=[work(start, kind=kind)]) == expected


@pytest.mark.clause("E6")
def test_degree_is_a_soft_rule() -> None:
    explanation = explained("intermediate", fields={**FIELDS, "education": "associate"})
    assert find(explanation, "intermediate_degree").verdict == Verdict.soft_fail
    assert explanation.verdict == Verdict.soft_fail
    for education in ("bachelor", "大学本科", "master", "doctor"):
        found = verdict("intermediate", "intermediate_degree", fields={**FIELDS, "education": education})
        assert found == Verdict.passed


# E3, E7: training ----------------------------------------------------------------------------------------------


@pytest.mark.clause("E3")
@pytest.mark.parametrize(
    ("trainings", "hours", "association"),
    [
        ([training(15, organisers=ASSOCIATION), training(14)], "29", "15"),
        ([training(15, organisers=ASSOCIATION), training(15)], "30", "15"),
        ([training(14, organisers=ASSOCIATION), training(16)], "30", "14"),
        (
            [training(14.5, organisers=ASSOCIATION), training(15.5), training(0.5, organisers=ASSOCIATION)],
            "30.5",
            "15",
        ),
        ([training(30, organisers=(*ASSOCIATION, *OTHER))], "30", "30"),  # joint ones count
        ([training(30, organisers=OTHER)], "30", "0"),
        ([training(30, organisers=ASSOCIATION, certificate=False)], "0", "0"),
        ([training(30, "2015", organisers=ASSOCIATION)], "30", "30"),  # no look-back window
        ([training(30, "2025-03-01", organisers=ASSOCIATION)], "0", "0"),  # after the as-of date
        ([training(30, "2025-02", organisers=ASSOCIATION)], "30", "30"),
        ([{**training(0, organisers=ASSOCIATION), "hours": None, "days": "4"}], "32", "32"),  # 8 hours a day
        ([], "0", "0"),
    ],
)
def test_training_for_junior(trainings: list[dict[str, Any]], hours: str, association: str) -> None:
    numbered = [{**one, "id": f"t{i}"} for i, one in enumerate(trainings)]
    rule = find(explained("junior", trainings=numbered), "junior_training")
    assert [one.value for one in rule.sums] == [hours, association]
    enough = float(hours) >= 30 and float(association) >= 15
    assert rule.verdict == (Verdict.passed if enough else Verdict.failed)


@pytest.mark.clause("E7", "E0")
@pytest.mark.parametrize(
    ("date", "tier", "expected"),
    [
        ("2022-02-27", "provincial", "fail"),
        ("2022-02-28", "provincial", "pass"),
        ("2022-03-01", "provincial", "pass"),
        ("2022-02", "provincial", "pass"),  # month precision in the applicant's favour
        ("2022-01", "provincial", "fail"),
        ("2022", "national", "pass"),
        ("2021-2022学年", "provincial", "pass"),
        ("2021-10/2022-02", "provincial", "pass"),
        ("2025-02-28", "international", "pass"),
        ("2025-03-01", "provincial", "fail"),
        ("2024-05", "county", "fail"),
        ("2024-05", "市级", "pass"),  # local label
        ("2024-05", None, "needs_person"),
        ("2024-05", "unheard-of", "fail"),
    ],
)
def test_training_window_and_tier_for_intermediate(date: str, tier: str | None, expected: str) -> None:
    trainings = [training(70, date, tier=tier, organisers=ASSOCIATION)]
    assert verdict("intermediate", "intermediate_training", trainings=trainings) == expected


@pytest.mark.clause("E7")
@pytest.mark.parametrize(
    ("association", "rest", "expected"),
    [(35, 34, "fail"), (35, 35, "pass"), (34, 36, "fail"), (70, 0, "pass")],
)
def test_training_hours_for_intermediate(association: float, rest: float, expected: str) -> None:
    trainings = [training(association, organisers=ASSOCIATION), training(rest, organisers=OTHER, id="rest")]
    assert verdict("intermediate", "intermediate_training", trainings=trainings) == expected


# E4, E8, E10: one of several -----------------------------------------------------------------------------------


@pytest.mark.clause("E4")
@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (condition("activity", date="2022-02-27"), "fail"),
        (condition("activity", date="2022-02-28"), "pass"),
        (condition("activity", date="2022-03-01", tier="school"), "pass"),  # no tier is asked for
        (condition("activity", date="2022-02"), "pass"),
        (condition("activity", role="instructor"), "fail"),
        (condition("activity", date=None), "needs_person"),
        (condition("research_or_course", date="2005", role="participant"), "pass"),  # no window
        (condition("research_or_course", date="2026", role="participant"), "fail"),
        (condition("paper", role="author"), "fail"),  # counts for intermediate only
    ],
)
def test_one_of_two_for_junior(item: dict[str, Any], expected: str) -> None:
    assert verdict("junior", "junior_one_of_two", conditions=[item]) == expected


@pytest.mark.clause("E10")
@pytest.mark.parametrize(
    ("role", "attributes", "expected"),
    [
        ("first_instructor", {}, "pass"),
        ("instructor_unordered", {"order_proof": True}, "pass"),
        ("instructor_unordered", {}, "needs_person"),
        (None, {}, "needs_person"),
        ("instructor", {"order_proof": True}, "fail"),
    ],
)
def test_first_instructor(role: str | None, attributes: dict[str, Any], expected: str) -> None:
    item = condition("competition_award", role=role, attributes=attributes)
    assert verdict("intermediate", "intermediate_students", conditions=[item]) == expected


def test_a_doubt_is_not_worth_a_look_when_something_certain_stands_against_it() -> None:
    item = condition("competition_award", role="instructor_unordered", date="2019-01-01")
    rule = find(explained("intermediate", conditions=[item]), "intermediate_students")
    assert rule.verdict == Verdict.failed
    assert [(one.where, one.doubt, one.window) for one in rule.not_counted] == [
        ("last_five_years", False, True)
    ]


@pytest.mark.clause("E8", "E0")
@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (condition("competition_award", date="2020-02-27"), "fail"),
        (condition("competition_award", date="2020-02-28"), "pass"),
        (condition("competition_award", date="2020-02"), "pass"),
        (condition("competition_award", tier="county"), "fail"),
        (condition("professional_award", role="winner"), "pass"),
        (condition("professional_award", tier="county"), "fail"),
        (condition("commendation", role=None), "pass"),
        (condition("commendation", date="2019-12-31"), "fail"),
        (condition("course_development", role="participant"), "pass"),
        (condition("course_development", role="participant", tier="school"), "fail"),
        (
            condition("research", role="leader", tier="school", attributes={"completed": True}),
            "pass",
        ),  # no level
        (condition("research", role="leader", attributes={"completed": False}), "fail"),
        (condition("research", role="leader"), "fail"),
        (condition("research", role="leader", date="2019", attributes={"completed": True}), "fail"),
        (condition("paper", role="author", date="2020年第1期"), "pass"),
        (condition("paper", role="author", date="2019年第12期"), "fail"),
        (condition("paper", role="author", tier="county"), "fail"),
        (condition("paper", role="participant"), "fail"),
        (condition("activity"), "fail"),  # counts for junior only
    ],
)
def test_one_of_three_for_intermediate(item: dict[str, Any], expected: str) -> None:
    assert verdict("intermediate", "intermediate_one_of_three", conditions=[item]) == expected


@pytest.mark.clause("L2")
def test_intermediate_asks_for_no_junior_certificate() -> None:
    assert explained("intermediate", prior_certificates=[]).verdict == Verdict.passed


# E5: direct route ----------------------------------------------------------------------------------------------


@pytest.mark.clause("E5")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "pass"),
        ({"date": "2018-01-01"}, "pass"),
        ({"date": "2018"}, "pass"),
        ({"date": "2017-12-31"}, "fail"),
        ({"date": None}, "needs_person"),
        ({"attributes": {"competition": "normal_students", "prize": "special"}}, "pass"),
        ({"attributes": {"competition": "normal_students", "prize": "merit"}}, "fail"),
        ({"attributes": {"competition": "other", "prize": "first"}}, "fail"),
        ({"file_ids": []}, "fail"),
    ],
)
def test_direct_route(changes: dict[str, Any], expected: str) -> None:
    award = condition(
        "direct_award",
        **{"date": "2021-11", "attributes": {"competition": "normal_students", "prize": "third"}, **changes},
    )
    explanation = explain(pack(REAL).pack, direct(conditions=[award]), "junior")
    assert (explanation.route, find(explanation, "direct_award").verdict) == (Route.direct, expected)
    assert [rule.rule_id for rule in explanation.rules] == ["conduct", "direct_award", "no_bar"]


@pytest.mark.clause("E5", "E1", "E9")
def test_declarations_hold_on_the_direct_route_too() -> None:
    explanation = explain(pack(REAL).pack, direct(declarations=["conduct"]), "junior")
    assert [rule.verdict for rule in explanation.rules] == ["declared", "pass", "fail"]
    assert explanation.verdict == Verdict.failed


@pytest.mark.clause("E5")
def test_intermediate_has_no_direct_route() -> None:
    with pytest.raises(WrongRoute):
        explain(pack(REAL).pack, snapshot("intermediate", route="direct"), "intermediate")


@pytest.mark.clause("O1")
def test_senior_is_not_offered_here() -> None:
    with pytest.raises(KeyError):
        explain(pack(REAL).pack, snapshot("junior"), "senior")
    senior = pack(REAL).pack.other_levels[0]
    assert (senior.name, senior.handled_by) == ("高级", "national")


# What an explanation says --------------------------------------------------------------------------------------


def test_explanation_names_what_counted_and_what_did_not() -> None:
    trainings = [
        training(40, organisers=ASSOCIATION),
        training(40, "2022-02", id="vague"),
        training(8, "2021-12-31", id="old"),
        training(8, certificate=False, id="bare"),
    ]
    rule = find(explained("intermediate", trainings=trainings), "intermediate_training")
    assert rule.message == "合计 80 学时，其中科协系统 40 学时"
    assert [(one.id, one.note) for one in rule.counted] == [
        ("t-40-2024-07", ""),
        ("vague", "日期只精确到月（2022-02），按对申报人有利的方式计入"),
    ]
    assert [(one.id, one.where, one.message) for one in rule.not_counted] == [
        ("old", "last_three_years", "不在截至 2025-02-28 的近三年内：2021-12-31 早于 2022-02-28"),
        ("bare", "certificate", "没有培训合格证书"),
    ]


def test_an_odd_case_is_for_a_person_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    item = condition("research", role="leader", attributes={"completed": "也许"})
    found = find(
        explained("intermediate", conditions=[item], fields={"name": "李四"}), "intermediate_research"
    )
    assert found.verdict == Verdict.failed
    assert capfd.readouterr() == ("", "")
