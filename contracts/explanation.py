"""Eligibility explained (E1–E10, Q14): every rule with what counts and why not, and every item with its rules."""

from datetime import date
from enum import StrEnum

from contracts.base import Data
from contracts.lifecycle import Route


class Verdict(StrEnum):
    """Of a rule. `passed` is written `pass`; `declared`: stated by the applicant, not proved."""

    passed = "pass"
    failed = "fail"
    soft_fail = "soft_fail"
    declared = "declared"
    needs_person = "needs_person"


class Counted(Data):
    """An item that counts; `note` says when it was judged in the applicant's favour."""

    id: str
    title: str
    note: str = ""


class NotCounted(Data):
    """An item that does not count: the first `where` that failed. `doubt`: a person may let it count."""

    id: str
    title: str
    where: str
    message: str
    doubt: bool = False
    window: bool = False


class RuleSum(Data):
    """A number of a rule, exact as text, and what is needed."""

    id: str
    label: str
    value: str
    need: str | None = None
    unit: str = ""
    missing: str | None = None
    """How much is still lacking; None when enough, or when nothing is needed."""


class RuleVerdict(Data):
    """One rule explained: what counted, what did not and why, and the rules it is made of.

    `notes` say how the number came about: which leave was no gap, where a gap broke the run.
    """

    rule_id: str
    clause: str
    name: str
    verdict: Verdict
    message: str
    as_of: date | None = None
    counted: tuple[Counted, ...] = ()
    not_counted: tuple[NotCounted, ...] = ()
    sums: tuple[RuleSum, ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple["RuleVerdict", ...] = ()


class Explanation(Data):
    """All rules of a level and route. `verdict` is the worst: fail, needs_person, soft_fail, pass."""

    pack_id: str
    level: str
    route: Route
    verdict: Verdict
    rules: tuple[RuleVerdict, ...]


class RuleUse(Data):
    """What one rule makes of one item. `counts` None: a person decides."""

    rule_id: str
    clause: str
    name: str
    counts: bool | None
    message: str = ""
    """Why it does not count, or that it was judged in the applicant's favour."""


class ItemUse(Data):
    """For which rules an item counts and why not (E0, E10); `note` where no rule looks at it."""

    id: str
    title: str
    rules: tuple[RuleUse, ...] = ()
    note: str = ""
