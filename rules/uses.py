"""The explanation turned round: of each item, for which rules it counts, for which not and why (E0–E10, Q8)."""

from collections.abc import Iterator

from contracts.case import EvidenceItem, Snapshot, Training, WorkInterval
from contracts.explanation import Explanation, ItemUse, RuleUse, RuleVerdict
from contracts.rulepack import Level, RulePack
from rules.calendar import subtract
from rules.context import PRECISIONS


def uses(pack: RulePack, snapshot: Snapshot, explanation: Explanation) -> tuple[ItemUse, ...]:
    """Every item of B and C in the order of the form. `explanation` is that of the same snapshot.

    Items of C are for the experts, whatever their date: an old one is just not scored (Q8).
    """
    level = pack.level(explanation.level)
    found: dict[str, list[RuleUse]] = {}
    for rule in leaves(explanation.rules):
        for one in rule.counted:
            found.setdefault(one.id, []).append(_use(rule, True, one.note))
        for left in rule.not_counted:
            found.setdefault(left.id, []).append(_use(rule, None if left.doubt else False, left.message))
    b_items: list[WorkInterval | Training | EvidenceItem] = [
        *snapshot.work,
        *snapshot.trainings,
        *snapshot.conditions,
    ]
    return (
        *(
            ItemUse(
                id=item.id,
                title=item.unit if isinstance(item, WorkInterval) else item.title,
                rules=tuple(found.get(item.id, ())),
                note="" if item.id in found else "本级别的报名条件没有用到这一类材料",
            )
            for item in b_items
        ),
        *(
            ItemUse(
                id=item.id,
                title=item.title,
                rules=tuple(found.get(item.id, ())),
                note=_for_experts(level, item),
            )
            for item in snapshot.evidence
        ),
    )


def leaves(rules: tuple[RuleVerdict, ...]) -> Iterator[RuleVerdict]:
    """Rules that look at items, each once although several combinations may name it."""
    seen: set[str] = set()
    waiting = list(reversed(rules))
    while waiting:
        rule = waiting.pop()
        if rule.rule_id in seen:
            continue
        seen.add(rule.rule_id)
        if rule.parts:
            waiting.extend(reversed(rule.parts))
        else:
            yield rule


def _use(rule: RuleVerdict, counts: bool | None, message: str) -> RuleUse:
    return RuleUse(rule_id=rule.rule_id, clause=rule.clause, name=rule.name, counts=counts, message=message)


def _for_experts(level: Level, item: EvidenceItem) -> str:
    experts = "供专家评审，不用来判断报名条件"
    if level.evidence_window is None or level.evidence_as_of is None:
        return experts
    first, last = subtract(level.evidence_as_of, level.evidence_window), level.evidence_as_of
    if item.date is None:
        return f"{experts}；没有填写日期，无法判断是否在 {first} 至 {last} 之内"
    if item.date.end < first:
        return f"{experts}；{_text(item)} 早于 {first}，不计分，可以替换，不影响资格"
    if item.date.start > last:
        return f"{experts}；{_text(item)} 晚于 {last}，不计分，可以替换，不影响资格"
    if item.date.start < first or item.date.end > last:
        precision = PRECISIONS.get(item.date.precision, item.date.precision)
        return f"{experts}；日期只精确到{precision}（{_text(item)}），按对申报人有利的方式计入"
    return experts


def _text(item: EvidenceItem) -> str:
    assert item.date is not None
    return item.date.text or item.date.start.isoformat()
