"""Every mistake of a pack is found, with its file, line and field (design §4)."""

import shutil
from pathlib import Path

import pytest

from rules.pack import PackError, Problem, check, load
from tests.unit.rules.cases import DEMO, PACKS, REAL

MAIN, RULES, FORM, CHECKS = "rulepack.yaml", "eligibility.yaml", "form.yaml", "checks.yaml"
FIRST = -999  # the file's first line: there is nothing nearer
MARKING, OPEN, CLAUSES = "marking.yaml", "open.yaml", "clauses.yaml"


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    shutil.copytree(PACKS, tmp_path / "rulepacks")
    return tmp_path / "rulepacks"


def change(file: Path, old: str, new: str) -> int:
    """Replace the first `old`; the line on which it stood."""
    text = file.read_text()
    assert old in text, f"{old!r} is not in {file.name}"
    file.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def errors(folder: Path) -> list[Problem]:
    return [problem for problem in check(folder) if problem.severity == "error"]


# pack, file, what stands there, what is written instead, lines further down, field, part of the message
MISTAKES: list[tuple[str, str, str, str, int, str, str]] = [
    # schema
    (REAL, MAIN, "fee: 10000", "fee: 100.5", 0, "levels.junior.fee", "整数"),
    (REAL, MAIN, "fee: 10000", "fee: -1", 0, "levels.junior.fee", "不小于 0"),
    (REAL, MAIN, "fee: 10000", "fees: 10000", 0, "levels.junior.fees", "不认识"),
    (REAL, MAIN, "runs_in: 2025\n", "", FIRST, "runs_in", "缺少"),
    (REAL, MAIN, "timezone: Asia/Shanghai", "timezone: UTC", 0, "timezone", "只能是"),
    (REAL, MAIN, "for: 5 working days }\n\n#", "for: 5 days }\n\n#", 0, "windows.notice.for", "时长"),
    (REAL, MAIN, "opens: 2025-02-14", "opens: 14.2.2025", 0, "windows.filing.opens", "时间应写成"),
    (REAL, MAIN, "closes: 2025-02-28", "closes: 2025-02-13", 0, "windows.filing", "早于"),
    (REAL, MAIN, "after: posted, for", "after: someday, for", 0, "windows.notice.after", "只能是"),
    (REAL, MAIN, "id: junior\n", "id: 初级\n", 0, "levels.初级.id", "字母"),
    (REAL, RULES, "as_of: 2025-02-28", "as_of: 2025-02-30", 0, "rules.no_bar.as_of", "日期"),
    (REAL, RULES, "over: work\n", "over: jobs\n", 0, "rules.junior_practice.over", "只能是"),
    (REAL, RULES, "    over: work\n", "", -5, "rules.junior_practice", "over"),
    (REAL, RULES, "any: [junior_guidance, junior_research]", "soft: true",
     -4, "rules.junior_one_of_two", "之一"),
    (DEMO, MARKING, "id: students, max: 30", "id: students, max: 31",
     -3, "rubrics.junior_portfolio", "100"),
    (REAL, MARKING, "{ id: junior, placeholder: true }", "{ id: junior }",
     0, "exam.blueprints.junior", "蓝图"),
    # names that lead nowhere
    (REAL, MAIN, "clause: E5\n", "clause: E99\n", 0, "levels.junior.direct.clause", "没有条款 E99"),
    (REAL, MAIN, "issuer: chongqing", "issuer: beijing", 0, "notice.issuer", "没有发证"),
    (REAL, MAIN, "decided_by: national", "decided_by: nobody",
     0, "levels.junior.direct.decided_by", "没有发证"),
    (REAL, MAIN, "junior_training, junior_one", "juniortraining, junior_one",
     0, "levels.junior.eligibility.2", "没有规则"),
    (REAL, RULES, "[junior_guidance, junior_research]", "[junior_guidance, x]",
     0, "rules.junior_one_of_two.any.1", "没有规则"),
    (REAL, RULES, "kinds: [activity]", "kinds: [activities]",
     0, "rules.junior_guidance.kinds.0", "材料类别"),
    (REAL, FORM, "levels: [junior]\n", "levels: [juniors]\n",
     0, "item_kinds.activity.levels.0", "没有级别"),
    (REAL, MARKING, "level: junior\n", "level: juniors\n", 0, "rubrics.junior_portfolio.level", "没有级别"),
    (REAL, OPEN, "levels.junior.cut.ratio", "levels.junior.cut.ration",
     0, "decisions.ratio_junior.field", "没有字段"),
    (REAL, OPEN, "interpretation: KJ-01", "interpretation: KJ-99",
     0, "decisions.ratio_junior.interpretation", "没有口径"),
    (REAL, CHECKS, "field: unit\n", "field: school_name\n", 0, "checks.Q5.names.0.field", "没有字段"),
    (DEMO, MAIN, "extends: chongqing-2024", "extends: chongqing-2023", 0, "extends", "找不到上级规则包"),
    (DEMO, MAIN, "extends: chongqing-2024", "extends: demo", 0, "extends", "绕回"),
    (DEMO, MAIN, "open.yaml]", "missing.yaml]", 0, "include", "找不到文件"),
    (REAL, RULES, "as_of: 2025-02-28", "as_of: 2023-02-28", 0, "rules.no_bar.as_of", "忘了改"),
    (REAL, MAIN, "evidence_as_of: 2025", "evidence_as_of: 2026", 0, "levels.junior.evidence_as_of", "忘了改"),
    (REAL, MAIN, "latest: 2025-03-10", "latest: 2025-02-27", 0, "critical_path.exam.latest", "早于申报截止日"),
    (REAL, MAIN, "latest: 2025-03-10", "latest: 2025-02-07", 0, "critical_path.exam.latest", "早于通知"),
    (REAL, MAIN, "templates/certificate.typ", "templates/diploma.typ", 0, "templates.certificate", "找不到模板"),
    # conditions
    (REAL, RULES, "cel: item.certificate,", "cel: 'item.certificate &&',",
     0, "rules.junior_training.where.certificate.cel", "写法有误"),
    (REAL, RULES, "cel: item.certificate,", "cel: items.certificate,",
     0, "rules.junior_training.where.certificate.cel", "不认识的名字：items"),
    (REAL, RULES, "cel: item.certificate,", "cel: approved(item),",
     0, "rules.junior_training.where.certificate.cel", "approved()"),
    (REAL, RULES, "cel: item.certificate,", "cel: item.certificat,",
     0, "rules.junior_training.where.certificate.cel", "字段名或类型"),
    (REAL, RULES, "cel: item.certificate,", "cel: item.title,",
     0, "rules.junior_training.where.certificate.cel", "true 或 false"),
    (REAL, RULES, "cel: hours(counted), need: 30", "cel: hours(counted) > 1, need: 30",
     0, "rules.junior_training.sums.hours.cel", "数字"),
    (REAL, RULES, "need: education_at_least(field(", "need: education_at_least(item(",
     0, "rules.intermediate_degree.need", "item"),
    (REAL, RULES, "declared: true\n    need:", "declared: true\n    need: as_of != '' &&",
     1, "rules.conduct.need", "as_of"),
    # things that must fit
    (REAL, MAIN, "{ portfolio: 50, exam: 50 }", "{ portfolio: 50, exam: 40 }",
     0, "levels.junior.weights", "100"),
    (REAL, MAIN, "exam, portfolio, totals, notice, certificate]", "exam, portfolio, notice, certificate]",
     0, "levels.junior.stages", "totals"),
    (REAL, MAIN, "exam, portfolio, defence, totals", "exam, portfolio, totals",
     1, "levels.intermediate.weights", "defence"),
    (REAL, MAIN, "[filing, outside_decision, notice", "[outside_decision, notice",
     0, "levels.junior.direct.stages", "filing"),
    (REAL, MAIN, "    evidence_window: P3Y\n", "", -8, "levels.junior.evidence_window", "同时"),
    (REAL, MAIN, "  notice: { clause: N2, after: posted, for: 5 working days }\n", "",
     -4, "windows", "缺少窗口 notice"),
    (REAL, MAIN, "name: 缺考, outcome: none }", "name: 缺考, outcome: none, deleted: false }",
     0, "refunds.absent.deleted", "不认识"),
    (REAL, MAIN, "approvers: [秘书长, 副秘书长, 理事]", "approvers: [秘书长]", 0, "approvers", "两名"),
    (REAL, MARKING, "quorum: 3", "quorum: 4", 0, "panel.quorum", "多于"),
    (REAL, FORM, "- { id: district,", "- { id: county,", -17, "form.sections.A.fields", "district"),
    (REAL, CHECKS, 'must_match: "(学校', 'must_match: "((学校', 0, "checks.Q5.names.0.must_match", "正则"),
    (REAL, FORM, "id: c2\n", "id: c1\n", 0, "item_kinds.c1.id", "重复"),
    (REAL, CLAUSES, "quotes: [具体工作由协会秘书处承担。]", "quotes: [具体工作由秘书处承担。]",
     0, "clauses.O2.quotes.0", "逐字"),
    (REAL, CLAUSES, "{ id: F4, name: 发票, silent: true }", "{ id: F4, name: 发票 }",
     0, "clauses.F4", "silent"),
    (REAL, OPEN, "interpretation: KJ-01 }", "interpretation: KJ-01, state: decided }",
     0, "decisions.ratio_junior.state", "没有日期"),
    (DEMO, MARKING, "form: single, count: 6", "form: single, count: 60",
     0, "exam.blueprints.junior.parts.literacy_single.count", "题库只有 12 题"),
    (DEMO, MARKING, "area: literacy, form: single", "area: magic, form: single",
     0, "exam.blueprints.junior.parts.literacy_single.area", "没有领域"),
    (DEMO, MARKING, "exam/theory.yaml]", "exam/history.yaml]", 0, "exam.bank.1", "找不到题库文件"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("pack", "file", "old", "new", "down", "field", "text"),
    MISTAKES,
    ids=[f"{one[5]}:{one[6]}" for one in MISTAKES],
)
def test_mistake(
    copies: Path, pack: str, file: str, old: str, new: str, down: int, field: str, text: str
) -> None:
    stood = change(copies / pack / file, old, new)
    line = 1 if down == FIRST else stood + down
    found = [problem for problem in errors(copies / pack) if problem.field == field]
    assert [(problem.file, problem.line) for problem in found] == [(f"{pack}/{file}", line)]
    assert text in found[0].message


def test_mistakes_in_a_parent_are_shown_in_the_parents_file(copies: Path) -> None:
    line = change(copies / REAL / MAIN, "issuer: chongqing", "issuer: beijing")
    assert [one[:3] for one in errors(copies / DEMO)] == [(f"{REAL}/{MAIN}", line, "notice.issuer")]


def test_mistakes_in_a_bank_are_shown_in_the_bank(copies: Path) -> None:
    line = change(copies / DEMO / "exam" / "theory.yaml", "key: [B]", "key: [Z]")
    assert [(one.file, one.line) for one in errors(copies / DEMO)] == [(f"{DEMO}/exam/theory.yaml", line - 5)]
    assert "答案不在选项中" in errors(copies / DEMO)[0].message


def test_an_item_id_twice_in_two_files(copies: Path) -> None:
    change(copies / DEMO / "exam" / "theory.yaml", "id: T01", "id: L01")
    assert [(one.field, "重复" in one.message) for one in errors(copies / DEMO)] == [("exam.bank", True)]


@pytest.mark.parametrize(
    ("old", "new", "down", "text"),
    [
        ("year: 2024\n", "year: [2024\n", 1, "YAML"),
        ("year: 2024\n", "year: 2024\nyear: 2025\n", 1, "YAML"),
        ("year: 2024\n", "\tyear: 2024\n", 0, "YAML"),
    ],
)
def test_no_yaml(copies: Path, old: str, new: str, down: int, text: str) -> None:
    line = change(copies / REAL / MAIN, old, new) + down
    found = errors(copies / REAL)
    assert [(one.file, one.line) for one in found] == [(f"{REAL}/{MAIN}", line)]
    assert text in found[0].message


def test_rules_in_a_circle(copies: Path) -> None:
    change(copies / REAL / RULES, "any: [junior_guidance, junior_research]", "any: [junior_one_of_two]")
    assert [(one.field, "绕回" in one.message) for one in errors(copies / REAL)] == [
        ("rules.junior_one_of_two.id", True)
    ]


def test_k_of_more_than_there_are(copies: Path) -> None:
    change(
        copies / REAL / RULES,
        "any: [junior_guidance, junior_research]",
        "k_of: { k: 3, of: [junior_guidance, no_bar] }",
    )
    assert [one.field for one in errors(copies / REAL)] == ["rules.junior_one_of_two.k_of.k"]


def test_a_key_in_two_files(copies: Path) -> None:
    (copies / REAL / CHECKS).write_text((copies / REAL / CHECKS).read_text() + "\nparameters: {}\n")
    assert [(one.file, one.field) for one in errors(copies / REAL)] == [(f"{REAL}/{CHECKS}", "parameters")]


def test_an_include_cannot_leave_the_folder(copies: Path) -> None:
    change(copies / DEMO / MAIN, "open.yaml]", "../chongqing-2024/open.yaml]")
    assert [one.field for one in errors(copies / DEMO)] == ["include"]


def test_no_pack_at_all(tmp_path: Path) -> None:
    assert [one[1:4] for one in errors(tmp_path)] == [(1, "", "找不到 rulepack.yaml")]
    with pytest.raises(PackError) as caught:
        load(tmp_path)
    assert len(caught.value.problems) == 1


@pytest.mark.clause("N2", "R1")
def test_an_uncovered_year_is_said_and_can_be_entered(copies: Path) -> None:
    main = copies / REAL / MAIN
    for file in (main, copies / REAL / RULES):
        file.write_text(file.read_text().replace("2025-", "2027-").replace("runs_in: 2025", "runs_in: 2027"))
    assert "2027" in next(one.message for one in check(copies / REAL) if one.field == "calendar")
    change(main, "{ overrides: [] }", "{ covers: [2027], overrides: [] }")
    assert [one for one in check(copies / REAL) if one.field == "calendar"] == []


@pytest.mark.clause("R1")
def test_a_correction_that_ends_too_late_for_the_publication(copies: Path) -> None:
    line = change(copies / REAL / MAIN, "not_after: 2025-03-13", "not_after: 2025-03-14")
    found = [one for one in check(copies / REAL, "open") if one.field == "windows.correction.not_after"]
    assert [(one.line, one.severity) for one in found] == [(line, "error")]


def test_an_unknown_moment(copies: Path) -> None:
    with pytest.raises(ValueError, match="someday"):
        check(copies / REAL, "someday")
