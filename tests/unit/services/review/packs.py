"""A small pack and a small case for the tests of review's domain."""

from decimal import Decimal
from typing import Any

from contracts.case import EvidenceItem, Finding, FindingVerdict, PreciseDate, Snapshot, Training
from contracts.explanation import Explanation, RuleVerdict, Verdict
from contracts.lifecycle import Route
from contracts.rulepack import (
    Check,
    Correction,
    Declaration,
    Experts,
    Form,
    FormField,
    Panel,
    Rubric,
    RubricLine,
    Rule,
    RulePack,
    Section,
)


def check(id_: str, kind: str, **more: Any) -> Check:
    words = {"ok": "好", "finding": "有问题", "person": "请看"}
    return Check.model_validate(
        {"id": id_, "clause": id_, "name": f"{id_} 项", "kind": kind, "review": "form", **words, **more}
    )


def rule(id_: str, clause: str, **more: Any) -> Rule:
    shape = more if {"all", "any"} & set(more) else {"need": "true", **more}
    return Rule.model_validate(
        {
            "id": id_,
            "clause": clause,
            "name": f"条件 {id_}",
            "message": {"pass": "符合", "fail": "不符合"},
            **shape,
        }
    )


CHECKS = (
    check("Q1", "fields_complete", reprint=True),
    check("Q2", "photo"),
    check("Q3", "b_items", reprint=True),
    check("Q4", "seal_and_signature", reprint=True),
    check("Q7", "files_open"),
    check("Q8", "within_window"),
    check("Q9", "same_name"),
    check("QX", "same_name", curable=False),
    check("Q14", "eligibility"),
)
RULES = (
    rule("conduct", "E1", declared=True),
    rule("training", "E3", over="trainings"),
    rule("guidance", "E4", over="conditions"),
    rule("research", "E4", over="conditions"),
    rule("one_of_two", "E4", any=("guidance", "research")),
    rule("degree", "E6", soft=True),
)
ROOTS = ("conduct", "training", "one_of_two", "degree")


def pack(**changes: Any) -> RulePack:
    """Only what review reads; nothing is validated that is not given."""
    fields: dict[str, Any] = {
        "checks": CHECKS,
        "rules": RULES,
        "form": Form(
            title="申报书",
            sections=(
                Section(
                    id="A",
                    name="基本情况",
                    clause="Q1",
                    fields=(
                        FormField(id="unit", label="工作单位"),
                        FormField(id="photo", label="照片", type="photo"),
                    ),
                ),
            ),
            declarations=(Declaration(id="truthful", clause="E9", text="材料真实"),),
            unit_statement="同意",
        ),
        "item_kinds": (),
        "correction": Correction(times=1, unlocks="flagged_only", correction_page=True),
        "experts": experts(),
        "panel": Panel(members=3, quorum=3, minutes=15, form="on_site"),
        "rubrics": (rubric(),),
    }
    return RulePack.model_construct(**{**fields, **changes})


def experts(**changes: Any) -> Experts:
    fields: dict[str, Any] = {
        "sheets": 2,
        "divergence": Decimal(15),
        "combine": "closest",
        "max_load": 10,
        "blind": True,
        "recusal": ("same_unit", "recommender"),
    }
    return Experts(**{**fields, **changes})


def rubric() -> Rubric:
    return Rubric(
        id="junior-portfolio",
        name="业绩成果",
        level="junior",
        stage="portfolio",
        clause="P1",
        lines=(
            RubricLine(id="guidance", name="指导能力", third="practice", max=Decimal(60)),
            RubricLine(id="research", name="研究能力", third="theory", max=Decimal(40)),
        ),
    )


def snapshot(**changes: Any) -> Snapshot:
    fields: dict[str, Any] = {
        "application_number": "2024-00001",
        "level": "junior",
        "fields": {"name": "测甲", "unit": "测试小学"},
        "trainings": (Training(id="t1", title="培训", date=PreciseDate.parse("2024-05"), file_ids=("f1",)),),
        "conditions": (EvidenceItem(id="b1", section="B", kind="activity", title="活动"),),
        "evidence": (
            EvidenceItem(
                id="c1", section="C", kind="award", title="测甲获奖", named_person="测甲", file_ids=("f2",)
            ),
        ),
    }
    return Snapshot(**{**fields, **changes})


def explanation() -> Explanation:
    verdicts = tuple(
        RuleVerdict(rule_id=one, clause="E", name=one, verdict=Verdict.passed, message="符合")
        for one in ROOTS
    )
    return Explanation(
        pack_id="test", level="junior", route=Route.regular, verdict=Verdict.passed, rules=verdicts
    )


def finding(check_id: str, verdict: str = "finding", **more: Any) -> Finding:
    return Finding(
        check_id=check_id, clause=check_id, verdict=FindingVerdict(verdict), message="有问题", **more
    )


__all__ = ["CHECKS", "ROOTS", "experts", "explanation", "finding", "pack", "rubric", "snapshot"]
