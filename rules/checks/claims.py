"""Two people claiming one award (E10): a key that is equal when two items look like the same one."""

import hashlib
import json
import re

from contracts.case import EvidenceItem, Role
from rules.checks.names import normal

_SOLE = frozenset({Role.first_instructor, Role.instructor_unordered})


def award_key(item: EvidenceItem) -> str | None:
    """SHA-256 of what names an award: its certificate number, else title, year and organisers.

    None for items that several people may rightly claim: only first instructors exclude each other.
    """
    if item.role not in _SOLE or item.date is None:
        return None
    number = str(item.attributes.get("certificate_number") or "")
    title = re.sub(r"[\W_]+", "", normal(item.title))
    organisers = sorted(normal(one.name) for one in item.organisers)
    parts = [number] if number else [title, str(item.date.end.year), *organisers]
    students = str(item.attributes.get("students") or "")
    text = json.dumps([*parts, normal(students)], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
