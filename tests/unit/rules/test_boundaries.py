"""Show 3: one table of what is just inside and just outside of every eligibility rule (E0–E10, L2), as-of 2025-02-28.

Each line: clause, level, what is special about the case, what is changed in a case that passes, the rule that it is
about, its verdict, and words that the explanation must say.
"""

# ruff: noqa: E501 - one case is one line
from collections.abc import Iterator
from typing import Any

import pytest

from contracts.explanation import RuleVerdict
from rules.eligibility import explain
from tests.unit.rules.cases import (
    ASSOCIATION,
    FIELDS,
    REAL,
    condition,
    direct,
    find,
    pack,
    snapshot,
    training,
    work,
)

J, M, D = "junior", "intermediate", "direct"
YES, NO, SAID, SOFT, ASK = "pass", "fail", "declared", "soft_fail", "needs_person"
OTHER = ({"name": "某公司", "system": "other"},)
TICKED = ["conduct", "no_violation", "truthful"]


def jobs(*intervals: dict[str, Any]) -> dict[str, Any]:
    return {"work": list(intervals)}


def hours(association: float, rest: float = 0, date: str = "2024-07", **more: Any) -> dict[str, Any]:
    both = [training(association, date, id="t1", organisers=ASSOCIATION, **more)]
    return {"trainings": [*both, training(rest, date, id="t2", organisers=OTHER, **more)] if rest else both}


def b(kind: str, **more: Any) -> dict[str, Any]:
    return {"conditions": [condition(kind, **more)]}


def prize(**more: Any) -> dict[str, Any]:
    return b(
        "direct_award",
        role=None,
        **{"date": "2021-11", "attributes": {"competition": "normal_students", "prize": "third"}, **more},
    )


def award(**more: Any) -> dict[str, Any]:
    return b("competition_award", **more)


def barred(until: str | None) -> dict[str, Any]:
    return {"bars": [{"document": "〔2024〕3号", "until": until}]}


DONE = {"completed": True}
BEFORE = "早于 2022-02-28"
# fmt: off
TABLE: list[tuple[str, str, str, dict[str, Any], str, str, str]] = [
    # E0 级别：市级即省级
    ("E0", M, "市级就是省级",                award(tier="市级"), "intermediate_students", YES, ""),
    ("E0", M, "省级",                        award(tier="省级"), "intermediate_students", YES, ""),
    ("E0", M, "国家级高于省级",              award(tier="national"), "intermediate_students", YES, ""),
    ("E0", M, "国际",                        award(tier="international"), "intermediate_students", YES, ""),
    ("E0", M, "区县级不够",                  award(tier="county"), "intermediate_students", NO, "不是省级以上"),
    ("E0", M, "校级不够",                    award(tier="school"), "intermediate_students", NO, "不是省级以上"),
    ("E0", M, "没有写级别，问人",            award(tier=None), "intermediate_students", ASK, "不是省级以上"),
    # E1 E9 声明与决定
    ("E1", J, "没有声明",                    {"declarations": TICKED[1:]}, "conduct", NO, "尚未声明"),
    ("E1", J, "声明了",                      {"declarations": TICKED}, "conduct", SAID, "单位审核意见"),
    ("E9", J, "决定在截止日前一天到期",      barred("2025-02-27"), "no_bar", SAID, ""),
    ("E9", J, "决定在截止日当天到期",        barred("2025-02-28"), "no_bar", NO, "生效的不得申报决定"),
    ("E9", J, "决定在截止日后一天到期",      barred("2025-03-01"), "no_bar", NO, ""),
    ("E9", J, "决定没有写期限：本年度",      barred(None), "no_bar", NO, ""),
    ("E9", J, "没有声明材料真实",            {"declarations": TICKED[:2]}, "no_bar", NO, "尚未声明"),
    # E2 初级：连续 1 年
    ("E2", J, "差一天满一年",                jobs(work("2024-03-02")), "junior_practice", NO, "11 个月，不足 12"),
    ("E2", J, "正好一年",                    jobs(work("2024-03-01")), "junior_practice", YES, "12 个月"),
    ("E2", J, "多一天，且是 2 月 29 日",     jobs(work("2024-02-29")), "junior_practice", YES, "12 个月"),
    ("E2", J, "只写到月，按 1 日算",         jobs(work("2024-03")), "junior_practice", YES, "对申报人有利的 2024-03-01"),
    ("E2", J, "只写到年，按 1 月 1 日算",    jobs(work("2024")), "junior_practice", YES, "对申报人有利的 2024-01-01"),
    ("E2", J, "截止日才开始",                jobs(work("2025-02-28")), "junior_practice", NO, "0 个月"),
    ("E2", J, "截止日后才开始",              jobs(work("2025-03-01")), "junior_practice", NO, "晚于 2025-02-28"),
    ("E2", J, "间断正好三个月",              jobs(work("2023-10-01", "2024-03-31"), work("2024-07-01")),
        "junior_practice", YES, "从 2023-10-01 到 2025-02-28"),
    ("E2", J, "间断三个月零一天",            jobs(work("2023-10-01", "2024-03-31"), work("2024-07-02")),
        "junior_practice", NO, "间断超过 3 个月"),
    ("E2", J, "产假不算间断",                jobs(work("2024-01-01", "2024-03-31"), work("2024-04-01", "2024-11-30",
        "maternity_leave"), work("2024-12-01")), "junior_practice", YES, "产假（2024-04-01 至 2024-11-30）不算间断"),
    ("E2", J, "病假不算间断",                jobs(work("2024-01-01", "2024-03-31"), work("2024-04-01", "2024-11-30",
        "sick_leave"), work("2024-12-01")), "junior_practice", YES, "病假"),
    ("E2", J, "支教不算间断",                jobs(work("2024-01-01", "2024-06-30"), work("2024-07-01", None,
        "support_teaching")), "junior_practice", YES, "支教"),
    ("E2", J, "借调不算间断",                jobs(work("2024-01-01", "2024-06-30"), work("2024-07-01", None,
        "secondment")), "junior_practice", YES, "借调"),
    ("E2", J, "只有产假没有工作",            jobs(work("2023-01-01", None, "maternity_leave")), "junior_practice", NO, "0 个月"),
    ("E2", J, "两段重叠",                    jobs(work("2024-03-01", "2024-09-30"), work("2024-06-01")),
        "junior_practice", YES, "12 个月"),
    ("E2", J, "换学校，首尾相接",            jobs(work("2024-03-01", "2024-08-31"), work("2024-09-01")),
        "junior_practice", YES, ""),
    ("E2", J, "兼职算",                      jobs(work("2024-03-01", kind="part_time")), "junior_practice", YES, ""),
    ("E2", J, "实习有学校证明",              jobs(work("2024-03-01", kind="practice", school_proof=True)),
        "junior_practice", YES, ""),
    ("E2", J, "实习没有学校证明",            jobs(work("2024-03-01", kind="practice")), "junior_practice", NO, "须附学校证明"),
    ("E2", J, "早已离开，但做过一年",        jobs(work("2020-01-01", "2020-12-31")), "junior_practice", YES, ""),
    # E3 初级：30 学时，科协 15
    ("E3", J, "29 学时",                     hours(15, 14), "junior_training", NO, "29 学时（须 30）"),
    ("E3", J, "29.5 学时",                   hours(15, 14.5), "junior_training", NO, "29.5 学时"),
    ("E3", J, "30 学时",                     hours(15, 15), "junior_training", YES, "30 学时"),
    ("E3", J, "科协 14 学时",                hours(14, 30), "junior_training", NO, "科协系统 14 学时（须 15）"),
    ("E3", J, "科协 15 学时",                hours(15, 30), "junior_training", YES, ""),
    ("E3", J, "联合主办算科协",              {"trainings": [training(30, organisers=(*OTHER, *ASSOCIATION))]},
        "junior_training", YES, "科协系统 30"),
    ("E3", J, "没有证书",                    hours(30, certificate=False), "junior_training", NO, "没有培训合格证书"),
    ("E3", J, "不限年限",                    hours(30, date="2009"), "junior_training", YES, ""),
    ("E3", J, "截止日当天",                  hours(30, date="2025-02-28"), "junior_training", YES, ""),
    ("E3", J, "截止日后一天",                hours(30, date="2025-03-01"), "junior_training", NO, "晚于 2025-02-28"),
    ("E3", J, "只写天数：4 天 32 学时",      {"trainings": [{**training(0, organisers=ASSOCIATION), "hours": None,
        "days": "4"}]}, "junior_training", YES, "32 学时"),
    ("E3", J, "只写天数：3 天 24 学时",      {"trainings": [{**training(0, organisers=ASSOCIATION), "hours": None,
        "days": "3"}]}, "junior_training", NO, "24 学时"),
    # E4 E10 初级：2 项任 1
    ("E4", J, "三年前的前一天",              b("activity", date="2022-02-27"), "junior_guidance", NO, BEFORE),
    ("E4", J, "三年前的当天",                b("activity", date="2022-02-28"), "junior_guidance", YES, ""),
    ("E4", J, "三年前的后一天",              b("activity", date="2022-03-01"), "junior_guidance", YES, ""),
    ("E4", J, "只写到月，当月算",            b("activity", date="2022-02"), "junior_guidance", YES, "只精确到月"),
    ("E4", J, "只写到月，早一个月",          b("activity", date="2022-01"), "junior_guidance", NO, "2022-01 早于 2022-02-28"),
    ("E4", J, "只写到年",                    b("activity", date="2022"), "junior_guidance", YES, "只精确到年"),
    ("E4", J, "学年",                        b("activity", date="2021-2022学年"), "junior_guidance", YES, "只精确到学年"),
    ("E4", J, "上一个学年",                  b("activity", date="2020-2021学年"), "junior_guidance", NO, "2020-2021学年 早于"),
    ("E4", J, "课题没有年限",                b("research_or_course", date="2001", role="participant"),
        "junior_one_of_two", YES, "至少符合 1 项"),
    ("E4", J, "两项都没有",                  {"conditions": []}, "junior_one_of_two", NO, "2 项都不符合"),
    ("E4", J, "一项不符合，另一项符合",      {"conditions": [condition("activity", date="2019"),
        condition("research_or_course", role="participant")]}, "junior_one_of_two", YES, ""),
    ("E10", J, "第一指导教师",               b("activity", role="first_instructor"), "junior_guidance", YES, ""),
    ("E10", J, "第二指导教师",               b("activity", role="instructor"), "junior_guidance", NO, "不是第一指导教师"),
    ("E10", J, "不分先后，没有证明：问人",   b("activity", role="instructor_unordered"), "junior_guidance", ASK, "需要审查人员核对"),
    ("E10", J, "不分先后，有证明",           b("activity", role="instructor_unordered", attributes={"order_proof": True}),
        "junior_guidance", YES, ""),
    # E5 破格
    ("E5", D, "2018 年 1 月 1 日",           prize(date="2018-01-01"), "direct_award", YES, ""),
    ("E5", D, "2017 年最后一天",             prize(date="2017-12-31"), "direct_award", NO, "早于 2018-01-01"),
    ("E5", D, "只写 2018 年",                prize(date="2018"), "direct_award", YES, ""),
    ("E5", D, "三等奖",                      prize(), "direct_award", YES, ""),
    ("E5", D, "优秀奖",                      prize(attributes={"competition": "normal_students", "prize": "merit"}),
        "direct_award", NO, "低于三等奖"),
    ("E5", D, "别的比赛",                    prize(attributes={"competition": "other", "prize": "first"}),
        "direct_award", NO, "不是全国"),
    ("E5", D, "没有附证书",                  prize(file_ids=[]), "direct_award", NO, "没有上传"),
    # E6 中级：本科（一般），3 年
    ("E6", M, "专科：弹性条件",              {"fields": {**FIELDS, "education": "associate"}}, "intermediate_degree", SOFT, "弹性"),
    ("E6", M, "本科",                        {"fields": {**FIELDS, "education": "大学本科"}}, "intermediate_degree", YES, ""),
    ("E6", M, "差一天满三年",                jobs(work("2022-03-02")), "intermediate_practice", NO, "35 个月"),
    ("E6", M, "正好三年",                    jobs(work("2022-03-01")), "intermediate_practice", YES, "36 个月"),
    ("E6", M, "兼职也算",                    jobs(work("2022-03-01", kind="part_time")), "intermediate_practice", YES, ""),
    # E7 中级：近三年 70 学时，科协 35
    ("E7", M, "69 学时",                     hours(35, 34), "intermediate_training", NO, "69 学时（须 70）"),
    ("E7", M, "70 学时",                     hours(35, 35), "intermediate_training", YES, ""),
    ("E7", M, "科协 34 学时",                hours(34, 40), "intermediate_training", NO, "34 学时（须 35）"),
    ("E7", M, "三年前的前一天",              hours(70, date="2022-02-27"), "intermediate_training", NO, BEFORE),
    ("E7", M, "三年前的当天",                hours(70, date="2022-02-28"), "intermediate_training", YES, ""),
    ("E7", M, "三年前的后一天",              hours(70, date="2022-03-01"), "intermediate_training", YES, ""),
    ("E7", M, "截止日后一天",                hours(70, date="2025-03-01"), "intermediate_training", NO, "晚于 2025-02-28"),
    ("E7", M, "区县级培训",                  hours(70, tier="county"), "intermediate_training", NO, "不是省级以上的培训"),
    # E8 中级：3 项任 1，近五年
    ("E8", M, "五年前的前一天",              award(date="2020-02-27"), "intermediate_students", NO, "早于 2020-02-28"),
    ("E8", M, "五年前的当天",                award(date="2020-02-28"), "intermediate_students", YES, ""),
    ("E8", M, "五年前的后一天",              award(date="2020-02-29"), "intermediate_students", YES, ""),
    ("E8", M, "优秀科技辅导员表彰",          b("commendation", role=None), "intermediate_one_of_three", YES, ""),
    ("E8", M, "课题已结题，不限级别",        b("research", role="leader", tier="school", attributes=DONE),
        "intermediate_one_of_three", YES, ""),
    ("E8", M, "课题没有结题",                b("research", role="leader", attributes={"completed": False}),
        "intermediate_one_of_three", NO, "没有结题"),
    ("E8", M, "期刊某期，当年算",            b("paper", role="author", date="2020年第1期"), "intermediate_paper", YES, "只精确到期次"),
    ("E8", M, "期刊前一年",                  b("paper", role="author", date="2019年第12期"), "intermediate_paper", NO, "2019年第12期 早于"),
    ("E8", M, "三项都没有",                  b("activity"), "intermediate_one_of_three", NO, "3 项都不符合"),
    # L2 跨级
    ("L2", M, "没有初级证书也可以报中级",    {"prior_certificates": []}, "intermediate_one_of_three", YES, ""),
]
# fmt: on


def words(rule: RuleVerdict) -> Iterator[str]:
    """Everything that is said of a rule and the rules it is made of."""
    yield rule.message
    yield from rule.notes
    yield from (one.note for one in rule.counted)
    yield from (one.message for one in rule.not_counted)
    for part in rule.parts:
        yield from words(part)


@pytest.mark.clause("E0", "E1", "E2", "E3", "E4", "E5", "E6", "E7", "E8", "E9", "E10", "L2")
@pytest.mark.parametrize(
    ("clause", "level", "what", "changes", "rule_id", "expected", "says"),
    TABLE,
    ids=[f"{clause}-{what}" for clause, _, what, *_ in TABLE],
)
def test_boundary(
    clause: str, level: str, what: str, changes: dict[str, Any], rule_id: str, expected: str, says: str
) -> None:
    case = direct(**changes) if level == D else snapshot(level, **changes)
    explanation = explain(pack(REAL).pack, case, J if level == D else level)
    rule = find(explanation, rule_id)
    assert (rule.verdict, says in "；".join(words(rule))) == (expected, True), list(words(rule))


def test_the_table_reaches_every_clause() -> None:
    assert {line[0] for line in TABLE} == {*(f"E{n}" for n in range(11)), "L2"}
    assert len({(line[0], line[2]) for line in TABLE}) == len(TABLE) >= 40
