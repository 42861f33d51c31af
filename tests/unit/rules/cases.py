"""Snapshots and facts that pass under the packs of this repository, to be changed one thing at a time."""

from functools import cache
from pathlib import Path
from typing import Any

from contracts.case import (
    EvidenceItem,
    Facts,
    FileFacts,
    PhotoFacts,
    PrivateField,
    ScanFacts,
    ScanPage,
    Snapshot,
    Zone,
)
from contracts.explanation import Explanation, RuleVerdict
from rules.eligibility import explain
from rules.pack import LoadedPack, load

PACKS = Path(__file__).parents[3] / "rulepacks"
REAL, DEMO = "chongqing-2024", "demo"
ASSOCIATION = ({"name": "市科协", "system": "association", "lead": True},)
FIELDS = {
    "name": "陈晓明",
    "gender": "female",
    "birth_date": "1990-05-01",
    "ethnicity": "汉族",
    "education": "bachelor",
    "degree": "学士",
    "school": "某师范大学物理学",
    "kind": "teacher",
    "unit": "重庆市渝中区某某实验小学",
    "unit_address": "重庆市渝中区某某路1号",
    "district": "500103",
    "position": "无",
    "title": "一级教师",
    "teaching_subject": "科学",
}
PRIVATE = ("id_number", "phone", "email", "postal_address", "postcode")


@cache
def pack(name: str = DEMO) -> LoadedPack:
    return load(PACKS / name)


def work(start: str, end: str | None = None, kind: str = "full_time", **more: Any) -> dict[str, Any]:
    return {"id": f"w-{start}", "start": start, "end": end, "kind": kind, "unit": FIELDS["unit"], **more}


def training(hours: float, date: str = "2024-07", **more: Any) -> dict[str, Any]:
    base = {"id": f"t-{hours}-{date}", "title": "科技辅导员培训", "date": date, "hours": str(hours)}
    given = {"certificate": True, "tier": "provincial", "named_person": FIELDS["name"], "file_ids": ["f1"]}
    return {**base, **given, **more}


def condition(kind: str, **more: Any) -> dict[str, Any]:
    base = {
        "id": f"b-{kind}",
        "section": "B",
        "kind": kind,
        "title": "青少年科技创新大赛",
        "date": "2024-05-01",
    }
    given = {
        "tier": "provincial",
        "role": "first_instructor",
        "named_person": FIELDS["name"],
        "file_ids": ["f1"],
    }
    return {**base, **given, **more}


def evidence(kind: str = "c1", **more: Any) -> EvidenceItem:
    return EvidenceItem.model_validate({**condition(kind), "id": f"c-{kind}", "section": "C", **more})


def snapshot(level: str, **changes: Any) -> Snapshot:
    """A snapshot of a level that passes every rule; `changes` replace whole fields."""
    junior: dict[str, Any] = {
        "work": [work("2022-09")],
        "trainings": [training(16, organisers=ASSOCIATION), training(16, "2023-05", file_ids=["f2"])],
        "conditions": [condition("activity", tier="school")],
    }
    intermediate: dict[str, Any] = {
        "work": [work("2019-09")],
        "trainings": [training(40, organisers=ASSOCIATION), training(40, "2023-05", file_ids=["f2"])],
        "conditions": [condition("competition_award", attributes={"prize": "second"})],
    }
    base: dict[str, Any] = {
        "application_number": "CQ2024-000001",
        "level": level,
        "fields": FIELDS,
        "private_fields": {name: PrivateField(filled=True) for name in PRIVATE},
        "photo_file_id": "photo",
        "declarations": ["conduct", "no_violation", "truthful", "voluntary", "refund", "publicity"],
        "unit_confirmed": ["conduct", "no_violation", "truthful"],
        "evidence": [evidence()],
    }
    return Snapshot.model_validate({**base, **(junior if level == "junior" else intermediate), **changes})


def direct(**changes: Any) -> Snapshot:
    """A junior by the direct route (E5)."""
    award = condition(
        "direct_award",
        date="2021-11",
        role=None,
        attributes={"competition": "normal_students", "prize": "third"},
    )
    base = {"route": "direct", "work": [], "trainings": [], "evidence": [], "conditions": [award]}
    return snapshot("junior", **{**base, **changes})


def facts(**changes: Any) -> Facts:
    """Facts that give no finding for the snapshots above (f1, f2 and the photo, a good scan)."""
    good = FileFacts(
        opens=True,
        media_type="application/pdf",
        bytes=1000,
        sha256="0" * 64,
        pages=1,
        text_names=(FIELDS["name"],),
        text_source="layer",
    )
    seen = Zone(found=True, confidence=0.95)
    pages = tuple(ScanPage(number=n, version=1, code_ok=True, signature=seen, seal=seen) for n in (1, 2))
    base: dict[str, Any] = {
        "files": {"f1": good, "f2": good.model_copy(update={"sha256": "1" * 64}), "photo": good},
        "photo": PhotoFacts(width=600, height=841, faces=1, centred=True, sharpness=300.0),
        "scan": ScanFacts(file_ids=("s1",), expected_pages=2, expected_version=1, seal_page=2, pages=pages),
    }
    return Facts.model_validate({**base, **changes})


def explained(level: str, *, name: str = REAL, **changes: Any) -> Explanation:
    return explain(pack(name).pack, snapshot(level, **changes), level)


def find(explanation: Explanation, rule_id: str) -> RuleVerdict:
    """The rule of that ID, however deep."""
    waiting = list(explanation.rules)
    while waiting:
        rule = waiting.pop()
        if rule.rule_id == rule_id:
            return rule
        waiting.extend(rule.parts)
    raise KeyError(rule_id)
