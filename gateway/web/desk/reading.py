"""From the split view's form to the draft that is saved; pure. Without scripts and with them it is the same form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.case import Finding, FindingVerdict
from contracts.http.review import (
    CheckLine,
    QualificationTask,
    SavedAnswer,
    SaveDecision,
    SavedFlag,
    SavedRule,
)
from contracts.prepared import QualificationOutcome

LOOKED_AT = "已人工核对，没有问题"
"""What accepting a line says to a finding that only asked to look; where the machine found something wrong, the
reviewer writes the reason."""
SPARE = 1
"""Empty places for one more flag under each line."""


@dataclass(frozen=True, kw_only=True)
class FlagRow:
    """One place for a flag in the form: its number, and what stands in it."""

    number: int
    check_id: str
    flag: SavedFlag | None

    @property
    def place(self) -> str:
        """item:…, field:…, or empty for the whole."""
        if self.flag is None:
            return ""
        return f"item:{self.flag.item_id}" if self.flag.item_id else f"field:{self.flag.field or ''}"


def flag_rows(task: QualificationTask) -> dict[str, list[FlagRow]]:
    """Places for flags by check line, numbered through."""
    given = task.draft.flags if task.draft is not None else ()
    found: dict[str, list[FlagRow]] = {}
    number = 0
    for line in task.checks:
        if line.per_rule:
            continue
        mine = [one for one in given if one.check_id == line.check_id]
        rows: list[SavedFlag | None] = [*mine, *([None] * SPARE)]
        found[line.check_id] = []
        for flag in rows:
            found[line.check_id].append(FlagRow(number=number, check_id=line.check_id, flag=flag))
            number += 1
    return found


def findings_of(task: QualificationTask, line: CheckLine) -> list[tuple[int, Finding]]:
    """The machine's findings under a line with their numbers in the form; those that are in order are left out."""
    return [
        (number, one)
        for number, one in enumerate(task.findings)
        if one.check_id == line.check_id and one.verdict is not FindingVerdict.ok
    ]


def read(task: QualificationTask, form: Mapping[str, str], fence: int) -> SaveDecision:
    """The draft as the form has it now. Values are cut to what the service takes."""
    said = {line.check_id: form.get(f"c{n}", "") for n, line in enumerate(task.checks)}
    flags = [*_flags(task, form, said), *_rule_flags(task, form)]
    outcome = form.get("outcome", "")
    return SaveDecision(
        fence=fence,
        outcome=QualificationOutcome(outcome) if outcome in set(QualificationOutcome) else None,
        flags=tuple(flags[:200]),
        rules=tuple(_rules(task, form)),
        answered=tuple(_answered(task, form, said, flags)),
        accepted=tuple(line.check_id for line in task.checks if said[line.check_id] == "accept"),
        note=form.get("note", "").strip()[:1000],
    )


def _flags(task: QualificationTask, form: Mapping[str, str], said: Mapping[str, str]) -> list[SavedFlag]:
    found = []
    for rows in flag_rows(task).values():
        for row in rows:
            note, code = form.get(f"f{row.number}.note", "").strip(), form.get(f"f{row.number}.code", "")
            if said.get(row.check_id) != "flag" or not (note or code):
                continue
            line = next(one for one in task.checks if one.check_id == row.check_id)
            words = next((one.text for one in line.codes if one.id == code), line.name)
            kind, _, place = form.get(f"f{row.number}.place", "").partition(":")
            found.append(
                SavedFlag(
                    check_id=row.check_id,
                    code=code or None,
                    item_id=place if kind == "item" and place else None,
                    field=place if kind == "field" and place else None,
                    note=(note or words)[:1000],
                )
            )
    return found


def _rules(task: QualificationTask, form: Mapping[str, str]) -> list[SavedRule]:
    found = []
    for n, rule in enumerate(task.rules):
        said, note = form.get(f"r{n}", ""), form.get(f"r{n}.note", "").strip()[:1000]
        if said in ("met", "accepted", "unmet"):
            accepted = said == "accepted"
            found.append(
                SavedRule(
                    rule_id=rule.rule_id, met=said == "met", accepted=accepted, note=note if accepted else ""
                )
            )
    return found


def _rule_flags(task: QualificationTask, form: Mapping[str, str]) -> list[SavedFlag]:
    line = next((one for one in task.checks if one.per_rule), None)
    if line is None:
        return []
    found = []
    for n, rule in enumerate(task.rules):
        if form.get(f"r{n}", "") != "unmet":
            continue
        code, note = form.get(f"r{n}.code", ""), form.get(f"r{n}.note", "").strip()
        words = next((one.text for one in line.codes if one.id == code), "")
        if note or words:
            found.append(
                SavedFlag(
                    check_id=line.check_id,
                    code=code or None,
                    rule_id=rule.rule_id,
                    note=(note or words)[:1000],
                )
            )
    return found


def _answered(
    task: QualificationTask, form: Mapping[str, str], said: Mapping[str, str], flags: list[SavedFlag]
) -> list[SavedAnswer]:
    flagged = {(one.check_id, one.item_id, one.field) for one in flags}
    found = []
    for number, one in enumerate(task.findings):
        reason = form.get(f"a{number}", "").strip()
        looked = one.verdict is FindingVerdict.person and said.get(one.check_id) == "accept"
        if one.verdict is FindingVerdict.ok or (one.check_id, one.item_id, one.field) in flagged:
            continue
        if reason or looked:
            found.append(
                SavedAnswer(
                    check_id=one.check_id,
                    item_id=one.item_id,
                    field=one.field,
                    reason=(reason or LOOKED_AT)[:1000],
                )
            )
    return found
