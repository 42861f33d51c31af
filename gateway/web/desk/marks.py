"""Marks of a score sheet between form and service; pure. What is no mark is said beside its line, the rest is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from contracts.http.review import RubricLineView, SaveSheet, SheetTask

THIRDS: Mapping[str, str] = {
    "ethics": "师德修养与专业情感",
    "theory": "理论水平与科技素养",
    "practice": "业务能力和实践能力",
}
"""The notice's three thirds (P0), in its order."""
_NOTE = 1000


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A form as it came: marks that can be saved, texts as typed, and what is wrong with which line."""

    scores: Mapping[str, Decimal]
    texts: Mapping[str, str]
    wrong: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def body(self, fence: int, version: int | None) -> SaveSheet:
        return SaveSheet(fence=fence, version=version, scores=dict(self.scores), note=self.note)


def typed(task: SheetTask, form: Mapping[str, str]) -> Typed:
    """Reads `m.{line}` of every line, and the note."""
    scores: dict[str, Decimal] = {}
    texts: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for line in task.lines:
        text = form.get(f"m.{line.id}", "").strip()
        texts[line.id] = text
        if text:
            mark = _mark(line, text)
            if isinstance(mark, str):
                wrong[line.id] = mark
            else:
                scores[line.id] = mark
    return Typed(scores=scores, texts=texts, wrong=wrong, note=form.get("note", "").strip()[:_NOTE])


def as_saved(task: SheetTask) -> Typed:
    """The sheet as the service has it."""
    texts = {line: points(mark) for line, mark in task.scores.items()}
    return Typed(scores=task.scores, texts=texts, note=task.note)


def _mark(line: RubricLineView, text: str) -> Decimal | str:
    try:
        mark = Decimal(text)
    except InvalidOperation:
        return f"“{line.name}”应填数字。"
    if not mark.is_finite() or not 0 <= mark <= line.max:
        return f"“{line.name}”应在 0 到 {points(line.max)} 分之间。"
    exponent = mark.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -2:
        return f"“{line.name}”最多两位小数。"
    return mark


def grouped(task: SheetTask) -> list[tuple[str, list[RubricLineView]]]:
    """Lines under the three thirds; a third without a line is left out."""
    return [
        (name, lines)
        for third, name in THIRDS.items()
        if (lines := [one for one in task.lines if one.third == third])
    ]


def points(mark: Decimal) -> str:
    """7.50 → 7.5, 30 → 30"""
    return f"{mark.normalize():f}"


def total_of(scores: Mapping[str, Decimal]) -> str:
    return points(sum(scores.values(), Decimal(0)))


def exact(total: str | None) -> str:
    """An exact total "n/d" as people read it; it has two decimals at most."""
    if total is None:
        return "—"
    value = Fraction(total)
    return points((Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.01")))


def summary(task: SheetTask, now: Typed) -> dict[str, Any]:
    """What templates show of the sheet."""
    return {
        "groups": grouped(task),
        "texts": now.texts,
        "wrong": now.wrong,
        "note": now.note,
        "missing": [one for one in task.lines if one.id not in now.scores],
        "sum": total_of(now.scores),
        "most": points(sum((one.max for one in task.lines), Decimal(0))),
        "points": points,
    }
