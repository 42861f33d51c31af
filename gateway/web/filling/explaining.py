"""The explanation of the rules as the pages show it: a line for phones, rules in order, what each item counts for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from contracts.case import Explanation, RuleVerdict, Verdict

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
    counts: bool
    doubt: bool
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


def counting(explanation: Explanation) -> dict[str, list[CountsFor]]:
    """By item: what it counts for, then why it does not count elsewhere."""
    found: dict[str, list[CountsFor]] = {}
    for rule in flat(explanation):
        for one in rule.counted:
            line = CountsFor(clause=rule.clause, rule=rule.name, counts=True, doubt=False, note=one.note)
            found.setdefault(one.id, []).append(line)
        for other in rule.not_counted:
            line = CountsFor(
                clause=rule.clause, rule=rule.name, counts=False, doubt=other.doubt, note=other.message
            )
            found.setdefault(other.id, []).append(line)
    return {item: sorted(lines, key=lambda line: not line.counts) for item, lines in found.items()}
