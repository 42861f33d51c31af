"""Checks on items: in their window (Q8), in the applicant's name (Q9), enough for the level (Q14)."""

from collections.abc import Iterator

from contracts.case import Finding
from contracts.explanation import NotCounted, Verdict
from contracts.rulepack import Check
from rules.calendar import subtract
from rules.checks.case import Case, Item
from rules.checks.names import normal
from rules.uses import leaves


def within_window(case: Case, check: Check) -> Iterator[Finding]:
    """Q8. B: what no rule counted because of its window. C: the pack's window; old items are just not scored."""
    counted, late = set[str](), dict[str, NotCounted]()
    for rule in leaves(case.explanation.rules):
        counted.update(one.id for one in rule.counted)
        for reason in rule.not_counted:
            if reason.window:
                late.setdefault(reason.id, reason)
    for item_id, reason in late.items():
        if item_id not in counted:
            yield case.wrong(check, reason.message, item=item_id, reprint=True)
    yield from _evidence_window(case, check)


def _evidence_window(case: Case, check: Check) -> Iterator[Finding]:
    level = case.level
    if level.evidence_window is None or level.evidence_as_of is None:
        return
    first, last = subtract(level.evidence_as_of, level.evidence_window), level.evidence_as_of
    for item in case.snapshot.evidence:
        if item.date is None:
            yield case.look(check, f"“{item.title}”没有日期", item=item.id)
        elif item.date.end < first or item.date.start > last:
            detail = f"“{item.title}”不在 {first} 至 {last} 之内，可以替换；不替换只是不计分，不影响资格"
            yield case.wrong(check, detail, item=item.id, reprint=True)


def same_name(case: Case, check: Check) -> Iterator[Finding]:
    """Q9: the name on each item, and in its files' text, is the applicant's or a proven former one."""
    proven = {normal(one.name) for one in case.snapshot.former_names if one.file_ids}
    unproven = {normal(one.name) for one in case.snapshot.former_names if not one.file_ids}
    own = {normal(case.snapshot.name)} | proven
    for item in case.items:
        named = normal(getattr(item, "named_person", ""))
        if named in unproven:
            yield case.wrong(check, f"“{_title(item)}”署的是曾用名，请补曾用名证明", item=item.id)
        elif named and named not in own:
            yield case.wrong(check, f"“{_title(item)}”的署名与申报者不一致", item=item.id)
        else:
            yield from _text(case, check, item, own)


def _text(case: Case, check: Check, item: Item, own: set[str]) -> Iterator[Finding]:
    """Text layer or OCR can confirm a name; that it does not show one is only a reason to look."""
    facts = [case.facts.files[one] for one in item.file_ids if one in case.facts.files]
    if not facts:
        if item.file_ids or hasattr(item, "named_person"):
            yield case.look(check, f"“{_title(item)}”没有可核对署名的附件", item=item.id)
        return
    texts = [one for one in facts if one.text_names is not None]
    if any(normal(name) in own for one in texts for name in one.text_names or ()):
        return
    if not texts:
        yield case.look(check, f"“{_title(item)}”的附件没有文字可读", item=item.id)
        return
    # OCR takes rare characters for common ones, so its silence says less than a text layer's
    confidence = 0.6 if any(one.text_source == "layer" for one in texts) else 0.3
    yield case.look(
        check, f"在“{_title(item)}”的附件里没有读到申报者姓名", item=item.id, confidence=confidence
    )


def _title(item: Item) -> str:
    return str(getattr(item, "title", None) or getattr(item, "unit", "") or item.id)


def eligibility(case: Case, check: Check) -> Iterator[Finding]:
    """Q14: one finding for each rule of the level; a person confirms each."""
    for rule in case.explanation.rules:
        detail = f"{rule.name}（{rule.clause}）：{rule.message}"
        field = f"rules.{rule.rule_id}"
        if rule.verdict == Verdict.failed:
            yield case.wrong(check, detail, field=field)
        elif rule.verdict in (Verdict.soft_fail, Verdict.needs_person):
            yield case.look(check, detail, field=field)
        else:
            yield case.ok(check).model_copy(update={"message": detail, "field": field})
