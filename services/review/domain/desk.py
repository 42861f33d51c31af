"""What one look at one application is about: check list, rules, findings, and what may be judged (Q10, Q15)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from contracts.case import EvidenceItem, Finding, FindingVerdict, Snapshot, Training, WorkInterval
from contracts.explanation import Explanation
from contracts.http.review import CheckLine, CodeLine, QualificationDecision, RuleLine, Step
from contracts.rulepack import Check, FlagCode, Rule, RulePack

SCAN_KINDS = frozenset({"system_form", "seal_and_signature"})
ITEM_KINDS = frozenset({"files_open", "within_window", "same_name"})
PLACES = frozenset({"photo", "scan", "scan.signature", "scan.seal", "conditions"})
"""Places that findings name although they are no fields of the form."""
RULES = "rules."
"""A finding on a rule names it as field `rules.<id>`; a flag has `rule_id`."""
COLLECTIONS = ("work", "trainings", "conditions", "evidence")

Item = WorkInterval | Training | EvidenceItem
Place = tuple[str | None, str | None, str | None]
"""Item, field and rule; all None: the whole of what a check looks at."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything that is needed to judge. `first` and `before` (decision and snapshot of look 1) on look 2 only."""

    pack: RulePack
    snapshot: Snapshot
    explanation: Explanation
    all_findings: tuple[Finding, ...] = field(default=())
    look: int = 1
    first: QualificationDecision | None = None
    before: Snapshot | None = None

    @cached_property
    def items(self) -> dict[str, tuple[str, Item]]:
        """Every item by ID, with the collection it is in."""
        return items_of(self.snapshot)

    @cached_property
    def field_ids(self) -> frozenset[str]:
        return frozenset(one.id for section in self.pack.form.sections for one in section.fields)

    @cached_property
    def checks(self) -> dict[str, Check]:
        """The check list of this route by ID."""
        return {check.id: check for check in self.pack.checks if self.snapshot.route.value in check.routes}

    @cached_property
    def codes(self) -> dict[str, FlagCode]:
        """Codes of the pack by ID."""
        return {code.id: code for code in self.pack.flag_codes}

    def step_of(self, check_id: str) -> Step:
        """Form check or content check."""
        return Step(self.checks[check_id].review) if check_id in self.checks else Step.content

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Rules that a person has to judge now: those of level and route; on look 2 those that had failed."""
        roots = {one.rule_id: self.pack.rule(one.rule_id) for one in self.explanation.rules}
        if self.first is None:
            return roots
        settled = {one.rule_id for one in self.first.rules if one.met or one.accepted}
        return {rule_id: rule for rule_id, rule in roots.items() if rule_id not in settled}

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The machine's findings on what may be judged at this look."""
        return tuple(
            one
            for one in self.all_findings
            if one.check_id in self.checks and self.may_judge(one.check_id, (one.item_id, one.field, None))
        )

    @cached_property
    def to_answer(self) -> tuple[Finding, ...]:
        """Findings that a person must flag or find to be nothing; eligibility is answered rule by rule."""
        return tuple(
            one
            for one in self.findings
            if one.verdict is not FindingVerdict.ok
            and self.checks[one.check_id].severity == "blocking"
            and self.checks[one.check_id].kind != "eligibility"
        )

    @property
    def may_correct(self) -> bool:
        """Whether the one correction is still there (Q10)."""
        return self.look == 1 and self.pack.correction.times > 0

    def knows_field(self, name: str) -> bool:
        """Whether a flag may point at this place: a field of the form, or one of the places that findings name."""
        if name in self.field_ids or name in PLACES:
            return True
        kind, _, rest = name.partition(".")
        return kind == "declarations" and rest in {one.id for one in self.pack.form.declarations}

    def may_judge(self, check_id: str, place: Place) -> bool:
        """Look 1: everything. Look 2: what the first decision unlocked, as far as the correction touched it (Q10)."""
        if self.first is None:
            return True
        item_id, name, rule_id = place
        kind = self.checks[check_id].kind if check_id in self.checks else None
        if kind == "eligibility":
            return (rule_id or (name or "").removeprefix(RULES)) in self.rules
        if item_id is not None:
            return f"item:{item_id}" in self._unlocked or self._changed(item_id)
        if kind in SCAN_KINDS:
            return "scan" in self._unlocked
        if kind == "photo" or name == "photo":
            return "photo" in self._unlocked
        if kind == "b_items":
            return "collection:conditions" in self._unlocked or self._touched("conditions")
        if name is not None and name.startswith("declarations."):
            return "declarations" in self._unlocked
        return name is not None and f"field:{name}" in self._unlocked

    @cached_property
    def _unlocked(self) -> frozenset[str]:
        return frozenset(self.first.unlocks if self.first is not None else ())

    def _touched(self, collection: str) -> bool:
        """Whether an item of the collection could be replaced or deleted."""
        old = items_of(self.before) if self.before is not None else {}
        return any(
            f"item:{item_id}" in self._unlocked for item_id, (name, _) in old.items() if name == collection
        )

    def check_lines(self) -> tuple[CheckLine, ...]:
        """The check list as shown: on look 2 only lines under which something may be judged."""
        return tuple(
            CheckLine(
                check_id=check.id,
                clause=check.clause,
                name=check.name,
                ask=check.person,
                curable=check.curable,
                reprint=check.reprint,
                blocking=check.severity == "blocking",
                step=Step(check.review),
                per_rule=check.kind == "eligibility",
                codes=tuple(
                    self._code_line(check, one) for one in self.pack.flag_codes if one.check == check.id
                ),
            )
            for check in sorted(self.checks.values(), key=lambda one: one.review != Step.form)
            if self.judgeable(check)
        )

    def _code_line(self, check: Check, code: FlagCode) -> CodeLine:
        return CodeLine(
            id=code.id,
            text=code.text,
            curable=check.curable if code.curable is None else code.curable,
            reprint=check.reprint if code.reprint is None else code.reprint,
        )

    def judgeable(self, check: Check) -> bool:
        """Whether anything may be said under this line: on look 2 only where the correction was allowed (Q10)."""
        if self.first is None:
            return True
        if check.kind == "eligibility":
            return bool(self.rules)
        if check.kind in ITEM_KINDS:
            return any(self.may_judge(check.id, (item_id, None, None)) for item_id in self.items)
        if check.kind in ("fields_complete", "full_names"):
            opened = {one.partition(":")[0] for one in self._unlocked}
            return any(
                flag.check_id == check.id and (flag.field is None or f"field:{flag.field}" in self._unlocked)
                for flag in self.first.flags
            ) or (check.kind == "fields_complete" and "declarations" in opened)
        return self.may_judge(check.id, (None, "photo" if check.kind == "photo" else None, None))

    def rule_lines(self) -> tuple[RuleLine, ...]:
        return tuple(
            RuleLine(rule_id=rule.id, clause=rule.clause, name=rule.name, soft=rule.soft)
            for rule in self.rules.values()
        )

    def collections_of(self, rule: Rule) -> tuple[str, ...]:
        """The collections that a rule and its parts look at, in the form's order."""
        found = set(self._collections(rule))
        return tuple(name for name in COLLECTIONS if name in found)

    def _collections(self, rule: Rule) -> Iterable[str]:
        if rule.over is not None:
            yield rule.over
        parts = (*rule.all_of, *rule.any_of, *(rule.k_of.of if rule.k_of else ()))
        for part in parts:
            yield from self._collections(self.pack.rule(part))

    def _changed(self, item_id: str) -> bool:
        """Whether an item stands in an unlocked collection and is not as it was on look 1."""
        if item_id not in self.items or self.first is None:
            return False
        collection, item = self.items[item_id]
        if f"collection:{collection}" not in self._unlocked:
            return False
        old = items_of(self.before).get(item_id) if self.before is not None else None
        return old is None or old[1] != item


def items_of(snapshot: Snapshot) -> dict[str, tuple[str, Item]]:
    """Every item of a snapshot by ID, with its collection."""
    found: dict[str, tuple[str, Item]] = {}
    for collection in COLLECTIONS:
        for item in getattr(snapshot, collection):
            found[item.id] = (collection, item)
    return found
