"""What every check works on, and how it words its findings."""

from dataclasses import dataclass
from functools import cached_property

from contracts.case import EvidenceItem, Facts, Finding, FindingVerdict, Snapshot, Training, WorkInterval
from contracts.explanation import Explanation
from contracts.rulepack import Check, Level, RulePack
from rules.eligibility import explain

Item = WorkInterval | Training | EvidenceItem


@dataclass(frozen=True)
class Case:
    """One case: pack, level, snapshot, facts; the explanation is made once, when a check asks."""

    pack: RulePack
    level: Level
    snapshot: Snapshot
    facts: Facts

    @cached_property
    def explanation(self) -> Explanation:
        return explain(self.pack, self.snapshot, self.level.id)

    @property
    def items(self) -> tuple[Item, ...]:
        """Everything in B and C with an ID and files."""
        one = self.snapshot
        return (*one.work, *one.trainings, *one.conditions, *one.evidence)

    def ok(self, check: Check, confidence: float = 1.0) -> Finding:
        """Nothing to complain about."""
        return Finding(
            check_id=check.id,
            clause=check.clause,
            verdict=FindingVerdict.ok,
            message=check.ok,
            curable=check.curable,
            reprint=check.reprint,
            confidence=confidence,
        )

    def wrong(
        self,
        check: Check,
        detail: str,
        *,
        item: str | None = None,
        field: str | None = None,
        confidence: float = 1.0,
        reprint: bool | None = None,
    ) -> Finding:
        """Something is wrong: the pack's sentence with what exactly."""
        return Finding(
            check_id=check.id,
            clause=check.clause,
            verdict=FindingVerdict.finding,
            message=f"{check.finding}：{detail}",
            curable=check.curable,
            reprint=check.reprint if reprint is None else reprint,
            item_id=item,
            field=field,
            confidence=confidence,
        )

    def look(
        self,
        check: Check,
        detail: str,
        *,
        item: str | None = None,
        field: str | None = None,
        confidence: float = 0.5,
    ) -> Finding:
        """A person has to look, and at what."""
        return Finding(
            check_id=check.id,
            clause=check.clause,
            verdict=FindingVerdict.person,
            message=f"{check.person}：{detail}",
            curable=check.curable,
            reprint=check.reprint,
            item_id=item,
            field=field,
            confidence=confidence,
        )
