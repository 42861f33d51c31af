"""The machine checks of one look: the pack's check list on snapshot and facts, and every rule explained."""

from collections.abc import Sequence

from contracts.case import Facts, Finding, Snapshot
from contracts.explanation import Explanation
from rules.checks import checks
from rules.eligibility import explain
from rules.pack import LoadedPack


def examine(loaded: LoadedPack, snapshot: Snapshot, facts: Facts) -> tuple[Sequence[Finding], Explanation]:
    """The same that the applicant saw in pre-flight (Q13): findings and the explanation of eligibility."""
    return checks(loaded.pack, snapshot, facts), explain(loaded.pack, snapshot, snapshot.level)
