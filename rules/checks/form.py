"""Checks on the form's fields: complete (Q1, A7), enough B items (Q3), full names and addresses (Q5)."""

import re
from collections.abc import Iterator

from contracts.case import Finding
from contracts.rulepack import Check, FormField, NameRule, RulePack
from rules.checks.case import Case


def fields_complete(case: Case, check: Check) -> Iterator[Finding]:
    """Q1, field by field; a value outside a list of the pack is a question, not a refusal (A7)."""
    for field in case.pack.form.section("A").fields:
        if field.required and not _filled(case, field):
            yield case.wrong(check, f"“{field.label}”未填写", field=field.id)
            continue
        value = case.snapshot.fields.get(field.id, "").strip()
        allowed = _allowed(case.pack, field)
        if value and allowed and value not in allowed:
            yield case.look(check, f"“{field.label}”所填内容不在名单中", field=field.id)
    ticked = set(case.snapshot.declarations)
    for declaration in case.pack.form.declarations:
        if declaration.required and declaration.id not in ticked:
            yield case.wrong(check, f"未勾选声明“{declaration.text}”", field=f"declarations.{declaration.id}")


def _filled(case: Case, field: FormField) -> bool:
    if field.type == "photo":
        return case.snapshot.photo_file_id is not None
    if field.type == "names":
        return True
    if field.type == "files":
        return bool(case.snapshot.field_files.get(field.id))
    if field.private:
        known = case.snapshot.private_fields.get(field.id)
        return known is not None and known.filled
    return bool(case.snapshot.fields.get(field.id, "").strip())


def _allowed(pack: RulePack, field: FormField) -> set[str]:
    if field.options:
        return {value for option in field.options for value in (option.id, option.name)}
    if field.source is None:
        return set()
    rows = getattr(pack, field.source)
    return {value for row in rows for value in (row.id, row.name, *getattr(row, "aliases", ()))}


def b_items(case: Case, check: Check) -> Iterator[Finding]:
    """Q3: at least `Level.b_items` of the level's own list."""
    route = case.snapshot.route.value
    kinds = {
        kind.id
        for kind in case.pack.item_kinds
        if kind.section == "B" and case.level.id in kind.levels and route in kind.routes
    }
    filled = sum(item.kind in kinds for item in case.snapshot.conditions)
    if filled < case.level.b_items:
        yield case.wrong(check, f"须填报 {case.level.b_items} 项以上，现填报 {filled} 项", field="conditions")


def full_names(case: Case, check: Check) -> Iterator[Finding]:
    """Q5 by rule, always for a person: an unusual name can be the full one."""
    for rule in check.names:
        known = case.snapshot.private_fields.get(rule.field)
        if known is not None:
            trouble = known.suspect if known.filled else None
        else:
            trouble = suspect_text(rule, case.snapshot.fields.get(rule.field, ""))
        if trouble:
            yield case.look(check, trouble, field=rule.field, confidence=0.6)


def suspect_text(rule: NameRule, value: str) -> str | None:
    """What looks abbreviated in a value (Q5), as advice in Chinese; None for a full or empty one.

    Registration calls it for private fields when it freezes a snapshot (`PrivateField.suspect`).
    """
    text = value.strip()
    if not text:
        return None
    short = len(text) < rule.min_chars
    lacking = rule.must_match is not None and not re.search(rule.must_match, text)
    abbreviated = rule.suspect is not None and re.search(rule.suspect, text) is not None
    return rule.advice if short or lacking or abbreviated else None
