"""The explanation of the rules as the pages show it: a line for phones, rules in order, what each item counts for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from contracts.explanation import Explanation, ItemUse, RuleVerdict, Verdict
from contracts.http.registration import DraftExplanation

GOOD = frozenset({Verdict.passed, Verdict.declared})
VERDICT: Mapping[Verdict, str] = {
    Verdict.passed: "已达到",
    Verdict.declared: "已声明",
    Verdict.failed: "还没达到",
    Verdict.soft_fail: "一般要求，由审查人员核定",
    Verdict.needs_person: "由审查人员核对",
}
TONE: Mapping[Verdict, str] = {
    Verdict.passed: "good",
    Verdict.declared: "good",
    Verdict.failed: "bad",
    Verdict.soft_fail: "look",
    Verdict.needs_person: "look",
}


@dataclass(frozen=True, kw_only=True)
class CountsFor:
    """One line beside an item: for which rule it counts, or why it does not."""

    clause: str
    rule: str
    counts: bool | None
    """None: a person decides."""
    note: str


def flat(explanation: Explanation) -> Iterator[RuleVerdict]:
    """Every rule with a verdict of its own, parts after what they make up."""
    stack = list(reversed(explanation.rules))
    while stack:
        rule = stack.pop()
        yield rule
        stack.extend(reversed(rule.parts))


@dataclass(frozen=True, kw_only=True)
class Brief:
    """How many rules hold, and sums that are still short (「合计学时 18/30 学时」)."""

    good: int
    total: int
    short: tuple[str, ...]


def in_brief(explanation: Explanation) -> Brief:
    """One line for a phone."""
    short = [
        f"{one.label} {one.value}/{one.need} {one.unit}".strip()
        for rule in flat(explanation)
        if rule.verdict is Verdict.failed
        for one in rule.sums
        if one.need is not None and Decimal(one.value) < Decimal(one.need)
    ]
    good = sum(rule.verdict in GOOD for rule in explanation.rules)
    return Brief(good=good, total=len(explanation.rules), short=tuple(short[:2]))


@dataclass(frozen=True, kw_only=True)
class Use:
    """What is said beside an item. `note`: where no rule looks at it; `lacks`: what keeps rules from looking."""

    lines: tuple[CountsFor, ...] = ()
    note: str = ""
    lacks: tuple[str, ...] = ()


NOTHING = Use()


def counting(explained: DraftExplanation | None) -> dict[str, Use]:
    """By item: what it counts for, then where a person decides, then why it does not count elsewhere."""
    if explained is None:
        return {}
    found = {one.id: Use(lines=_lines(one), note=one.note) for one in explained.items}
    lacks: dict[str, list[str]] = {}
    for one in explained.unfinished:
        lacks.setdefault(one.path.split(".")[1], []).append(one.label)
    return found | {item: Use(lacks=tuple(labels)) for item, labels in lacks.items()}


def _lines(item: ItemUse) -> tuple[CountsFor, ...]:
    order = (True, None, False)
    return tuple(
        CountsFor(clause=one.clause, rule=one.name, counts=one.counts, note=one.message)
        for one in sorted(item.rules, key=lambda rule: order.index(rule.counts))
    )
