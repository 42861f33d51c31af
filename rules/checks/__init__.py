"""The check list Q1–Q9, Q14 on snapshot and facts alone: findings for a person, never a refusal.

Registration runs it before paying (Q13), review when qualification opens, on the same keys.
"""

from collections.abc import Callable, Iterable

from contracts.case import Facts, Finding, ScanFacts, Snapshot
from contracts.rulepack import Check, CheckKind, RulePack
from rules.checks import claims, files, form, items
from rules.checks.case import Case
from rules.checks.files import SURE
from rules.checks.form import suspect_text

__all__ = ["SURE", "checks", "scan_checks", "suspect_text"]

_CHECKERS: dict[CheckKind, Callable[[Case, Check], Iterable[Finding]]] = {
    "fields_complete": form.fields_complete,
    "photo": files.photo,
    "b_items": form.b_items,
    "seal_and_signature": files.seal_and_signature,
    "full_names": form.full_names,
    "system_form": files.system_form,
    "files_open": files.files_open,
    "within_window": items.within_window,
    "same_name": items.same_name,
    "claimed_twice": claims.claimed_twice,
    "eligibility": items.eligibility,
}
_NEEDS_SCAN = frozenset({"seal_and_signature", "system_form"})


def checks(pack: RulePack, snapshot: Snapshot, facts: Facts, *, scan_expected: bool = True) -> list[Finding]:
    """Findings in the pack's order; a check without any complaint gives one finding `ok`.

    `scan_expected=False` leaves out what only the returned scan can show (pre-flight before printing).
    Errors: KeyError when the snapshot's level is not on offer.
    """
    case = Case(pack, pack.level(snapshot.level), snapshot, facts)
    found: list[Finding] = []
    for check in pack.checks:
        if snapshot.route.value not in check.routes:
            continue
        if check.kind in _NEEDS_SCAN and not scan_expected:
            continue
        mine = list(_CHECKERS[check.kind](case, check))
        found.extend(mine or [case.ok(check)])
    return found


def scan_checks(pack: RulePack, snapshot: Snapshot, scan: ScanFacts) -> list[Finding]:
    """What the check list says of a returned scan alone, before it is handed in (A4, Q13). Errors: as `checks`."""
    case = Case(pack, pack.level(snapshot.level), snapshot, Facts(scan=scan))
    mine = [one for one in pack.checks if one.kind in _NEEDS_SCAN and snapshot.route.value in one.routes]
    return [
        finding for check in mine for finding in list(_CHECKERS[check.kind](case, check)) or [case.ok(check)]
    ]
