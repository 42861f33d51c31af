"""What a service found or froze before the decision on a command; it goes with the command to the workflow."""

from enum import StrEnum

from pydantic import AwareDatetime

from contracts.base import Data
from contracts.lifecycle import Plan, Route


class ApplicationPrepared(Data):
    application_number: str
    level: str
    route: Route
    pack_key: str
    filing_closes_at: AwareDatetime
    round_seed: str = ""


class FormPrepared(Data):
    """`submit` and `resubmit`: the form is locked, its content frozen under `snapshot_key`."""

    form_version: int
    snapshot_key: str
    facts_key: str
    plan: Plan


class OutsidePrepared(FormPrepared):
    """`file_outside`: what the outside system says, frozen; `paid`: the fee was paid there, too."""

    paid: bool


class ScanPrepared(Data):
    form_version: int
    facts_key: str


class QualificationOutcome(StrEnum):
    passed = "passed"
    correction = "correction"
    not_qualified = "not_qualified"


class DecisionPrepared(Data):
    outcome: QualificationOutcome
    decision_key: str
    """Content key of the decision: each item, each finding, which items the correction unlocks."""


class RoundPrepared(Data):
    pack_key: str
    seed: str


class CorrectionRevised(Data):
    """`cancel_flags`: the decision without the flags that were a mistake. `left`: flags that a correction can cure;
    0: the whole correction is void and the chance returns (Q10)."""

    decision_key: str
    left: int
