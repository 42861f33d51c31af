"""The review desk of a pack: codes under which something is flagged, when who is reminded, second looks, hearings."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.rulepack.base import Id, Model, Span, Text


class FlagCode(Model):
    """A reason under one line of the check list, in words for the applicant. `curable`, `reprint`: None, as the
    line itself says."""

    id: Id
    check: Id
    text: Text
    to_do: str = ""
    curable: bool | None = None
    reprint: bool | None = None


class Escalation(Model):
    """A task that is overdue for `after` is put before this role."""

    after: Span
    to: Literal["secretariat", "approver"]


class DeskPlan(Model):
    """`remind_before`: `N working days` is 9:00 of the Nth working day from the end, the day of the limit being the
    first. `sampling`: share of decisions that are looked at a second time. `hearing`: how long the applicant may
    answer before a decision on false material (E9)."""

    remind_before: Span = "1 working days"
    escalate: tuple[Escalation, ...] = (
        Escalation(after="1 working days", to="secretariat"),
        Escalation(after="3 working days", to="approver"),
    )
    sampling: Annotated[float, Field(ge=0, le=1)] = 0.05
    hearing: Span = "3 working days"
