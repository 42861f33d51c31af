"""Levels, windows, the critical path, money, ranking, public notice, certificate, retention."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.lifecycle import Route, Stage
from contracts.rulepack.base import Id, LocalMoment, Model, Ratio, Span, Text

Component = Literal["portfolio", "exam", "defence"]
COMPONENTS: tuple[Component, ...] = ("portfolio", "exam", "defence")
Mode = Literal["here", "external"]


class Cut(Model):
    """T2. `ratio` may be open until `decisions` says; count = rounding(ratio × filed), at least `minimum`."""

    ratio: Ratio | None = None
    rounding: Literal["floor", "ceil", "half_up"] = "floor"
    minimum: Annotated[int, Field(ge=0)] = 1
    ties: Literal["all_with_cutoff", "none_of_tied"] = "all_with_cutoff"
    base: Literal["filed"] = "filed"


class DirectRoute(Model):
    """破格 (E5): own plan and rules; decided outside, not in base or ranking, own heading in the notice."""

    clause: Id
    name: Text
    stages: tuple[Stage, ...]
    eligibility: tuple[Id, ...]
    fee: Annotated[int, Field(ge=0)]
    decided_by: Id
    heading: Text


class Level(Model):
    """A level on offer: fee in fen, plan, weights in percent, root rules, window of C items (Q8), cut."""

    id: Id
    name: Text
    clause: Id
    fee: Annotated[int, Field(ge=0)]
    stages: tuple[Stage, ...]
    weights: dict[Component, Annotated[int, Field(gt=0)]]
    eligibility: tuple[Id, ...]
    b_items: Annotated[int, Field(ge=0)]
    evidence_window: Span | None = None
    evidence_as_of: date | None = None
    cut: Cut
    direct: DirectRoute | None = None

    def plan(self, route: Route | str = Route.regular) -> tuple[Stage, ...]:
        """Stages of a route; KeyError for a route this level does not have."""
        if route == Route.regular:
            return self.stages
        if route == Route.direct and self.direct:
            return self.direct.stages
        raise KeyError(route)

    def fee_for(self, route: Route | str = Route.regular) -> int:
        """Fee in fen (F1; the direct route pays none here, E5)."""
        return self.direct.fee if route == Route.direct and self.direct else self.fee

    @property
    def components(self) -> tuple[Component, ...]:
        """Score components in the one order that rows and digests use."""
        return tuple(name for name in COMPONENTS if name in self.weights)


class OtherLevel(Model):
    """A level that somebody else handles (O1)."""

    id: Id
    name: Text
    clause: Id
    handled_by: Id
    message: Text


class Window(Model):
    """Absolute (`opens`, `closes`) or relative (`after` an anchor, `for` a span), at most to `not_after`."""

    clause: Id
    opens: LocalMoment | None = None
    closes: LocalMoment | None = None
    after: Literal["open", "decision", "posted", "released"] | None = None
    span: Span | None = Field(default=None, alias="for")
    not_after: date | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Window":
        absolute = self.opens is not None and self.closes is not None
        relative = self.after is not None and self.span is not None
        stray = (self.opens or self.closes) if relative else (self.after or self.span)
        if absolute == relative or stray:
            raise ValueError("窗口写 opens 和 closes，或者写 after 和 for，二者只取其一")
        if self.opens and self.closes and self.opens > self.closes:
            raise ValueError("窗口的 closes 早于 opens")
        return self


class Step(Model):
    """One step of the critical path (R1): how long it takes, and the day the notice promises, if it does."""

    id: Id
    name: Text
    clause: Id
    span: Span | None = Field(default=None, alias="for")
    latest: date | None = None
    promise: str = ""


class Fees(Model):
    """F1–F4, F6: what the fee is for, to which account, late unit transfers, odd money."""

    purpose: Text
    account: str | None = None
    payee: Id
    remark: Text
    late_transfer: Span
    odd_money: dict[
        Literal["duplicate", "partial", "over", "late", "unknown"],
        Literal["refund", "refund_excess", "ask_for_rest", "suspense", "by_late_transfer"],
    ]
    placeholder: bool = False


class Refund(Model):
    """F5: what a payer gets back by exit."""

    id: Literal[
        "before_filed",
        "duplicate",
        "outage",
        "cancelled_round",
        "wrong_level",
        "not_qualified",
        "absent",
        "excused_absence",
        "not_in_cut",
        "upheld_complaint",
        "withdrawn_after_filing",
    ]
    name: Text
    outcome: Literal["full", "none", "carried_over"]


class Correction(Model):
    """Q10: how often, and what is unlocked."""

    times: Annotated[int, Field(ge=0, le=1)]
    unlocks: Literal["flagged_only"]
    correction_page: bool


class Complaints(Model):
    """N3: limit of a decision and its one extension; whether the next in rank moves up."""

    decide_within: Span
    extend_by: Span
    anonymous: bool
    next_moves_up: bool


class NoticeTarget(Model):
    """Where the public list is posted (N1); all `binding` ones must bear it. No `url`: the notice has none."""

    id: Id
    name: Text
    url: str = ""
    binding: bool
    clause: Id


class PublicNotice(Model):
    """N1, N2, N5."""

    targets: tuple[NoticeTarget, ...]
    outage_limit: Span
    shows: tuple[Literal["name", "unit", "level", "district"], ...]
    objection: Text


class Certificate(Model):
    """C1, C2: title, issuers, how numbers come, and whether it says that it is a specimen."""

    title: Text
    issuers: tuple[Id, ...]
    numbering: Literal["here", "imported"]
    number_format: Text
    specimen: bool
    issuer_names_confirmed: bool


class Retention(Model):
    """How long things are kept; `permanent` registers have no span."""

    drafts: Span
    evidence: Span
    pupil_images: Span
    ledger: Span
    bank_statements: Span
    certificate_register: Literal["permanent"]


class Announcement(Model):
    """A text to post (R2). Tokens in braces are filled by whoever posts it."""

    id: Id
    title: Text
    text: Text
    clause: Id


class Limits(Model):
    """Numbers that fit nowhere else, each silent in the notice."""

    review: Span
    absence: Literal["not_ranked"]
    total_places: Literal[2]


class Bars(Model):
    """E9: a bar exists only by a decision; how long one lasts unless it says otherwise."""

    default: Literal["this_round"]
    max_span: Span | None = None
