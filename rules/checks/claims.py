"""One thing claimed twice (E10): an award by two only instructors, a file by two applicants or for two items.

What two applications have in common is found by registration, which keeps each frozen form's `Claim`s; here is
what makes a claim, and what is said of it. An applicant's own check knows nothing of others.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from contracts.case import EvidenceItem, Finding, Role, Snapshot
from contracts.rulepack import Check
from rules.checks.case import Case
from rules.checks.names import normal

_SOLE = frozenset({Role.first_instructor, Role.instructor_unordered})
NUMBER, WORK = "certificate_number", "work_title"
"""Attributes that tell two awards of one competition apart, where a kind of item asks for them."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What somebody alone can claim. Equal `key`s are the same thing, unless `number` or `work` are given by both
    and differ. All are SHA-256, so that nothing can be read in them."""

    kind: Literal["award", "file"]
    item_id: str
    key: str
    number: str | None = None
    work: str | None = None


def claims(snapshot: Snapshot, sha256: Mapping[str, str]) -> tuple[Claim, ...]:
    """Of a frozen form. `sha256`: of its files by ID; the photo is no claim."""
    found = [
        Claim(
            kind="award",
            item_id=item.id,
            key=key,
            number=_hash(normal(str(item.attributes.get(NUMBER) or ""))),
            work=_hash(normal(str(item.attributes.get(WORK) or ""))),
        )
        for item in (*snapshot.conditions, *snapshot.evidence)
        if (key := award_key(item, snapshot.unit)) is not None
    ]
    groups = (snapshot.work, snapshot.trainings, snapshot.conditions, snapshot.evidence)
    for item_id, file_id in ((item.id, one) for group in groups for item in group for one in item.file_ids):
        if file_id in sha256:
            found.append(Claim(kind="file", item_id=item_id, key=sha256[file_id]))
    return tuple(dict.fromkeys(found))


def award_key(item: EvidenceItem, unit: str = "") -> str | None:
    """SHA-256 of what names an award: title, year, organisers and the school, since every school has its own.

    None for items that several people may rightly claim: only first instructors exclude each other.
    """
    if item.role not in _SOLE or item.date is None:
        return None
    title = re.sub(r"[\W_]+", "", normal(item.title))
    organisers = sorted(normal(one.name) for one in item.organisers)
    return _hash(json.dumps([title, str(item.date.end.year), normal(unit), *organisers], ensure_ascii=False))


def _hash(text: str) -> str | None:
    return hashlib.sha256(text.encode()).hexdigest() if text else None


def claimed_twice(case: Case, check: Check) -> Iterator[Finding]:
    """E10. Own files used for several items of one kind; for reviewers also what other applications show."""
    yield from _own_files(case, check)
    titles = {item.id: str(getattr(item, "title", "") or getattr(item, "unit", "")) for item in case.items}
    for twin in case.facts.twins:
        what = f"“{titles.get(twin.item_id, twin.item_id)}”"
        other = f"申报 {twin.application_number} "
        if twin.kind == "file":
            yield case.look(check, f"{what}的附件与{other}的附件是同一个文件", item=twin.item_id)
        elif twin.sure:
            yield case.wrong(
                check, f"{what}的证书编号与{other}相同，两人都申报为第一指导教师", item=twin.item_id
            )
        else:
            detail = f"{what}与{other}的名称、年份和单位相同，两人都申报为第一指导教师"
            yield case.look(check, detail, item=twin.item_id, confidence=0.6)


def _own_files(case: Case, check: Check) -> Iterator[Finding]:
    """One certificate may prove a condition of B and an achievement of C; two trainings have two certificates."""
    snapshot = case.snapshot
    for group in (snapshot.trainings, snapshot.conditions, snapshot.evidence):
        first: dict[str, str] = {}
        for item in group:
            for file_id in item.file_ids:
                known = case.facts.files.get(file_id)
                content = known.sha256 if known and known.sha256 else file_id
                earlier = first.setdefault(content, item.id)
                if earlier != item.id:
                    title = next(one.title for one in group if one.id == earlier)
                    detail = f"“{item.title}”和“{title}”附了同一个文件，请确认没有重复填报"
                    yield case.look(check, detail, item=item.id)
                    break
