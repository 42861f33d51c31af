"""Eligibility rules (E1–E10) and the check list (Q1–Q9, Q14) as data; conditions are CEL (design §4)."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.rulepack.base import Id, Model, Span, Text

Collection = Literal["work", "trainings", "conditions", "evidence"]
CheckKind = Literal[
    "fields_complete",
    "photo",
    "b_items",
    "seal_and_signature",
    "full_names",
    "system_form",
    "files_open",
    "within_window",
    "same_name",
    "claimed_twice",
    "eligibility",
]


class Where(Model):
    """A condition tried on each item. If `cel` is false but `doubt` is true, a person decides.

    `window` marks a condition about time (Q8 reads it). Message tokens: {title} {date}
    {as_of}, and {why}: on which side of which day the date lies (2021-03-02 早于 2022-02-28).
    """

    id: Id
    cel: Text
    message: Text
    doubt: str | None = None
    window: bool = False


class Sum(Model):
    """A number shown while filling and in the explanation (E3), with what is needed."""

    id: Id
    label: Text
    cel: Text
    need: Decimal | None = None
    unit: str = ""


class KOf(Model):
    """At least `k` of these rules."""

    k: Annotated[int, Field(ge=1)]
    of: tuple[Id, ...]


class Messages(Model):
    """What a person reads, by verdict. Tokens: {as_of} and the ids of `sums`."""

    passed: Text = Field(alias="pass")
    failed: Text = Field(alias="fail")


class Rule(Model):
    """One eligibility rule: either a condition (`need`, perhaps `over` a collection) or a combination.

    `soft`: failing is a finding that a reviewer accepts with a reason (E6). `declared`: passing means
    declared by the applicant, not proved (E1, E9). `as_of` is always an absolute date. `kinds`: only items
    of these kinds are looked at.
    """

    id: Id
    clause: Id
    name: Text
    message: Messages
    as_of: date | None = None
    over: Collection | None = None
    kinds: tuple[Id, ...] = ()
    where: tuple[Where, ...] = ()
    need: str | None = None
    sums: tuple[Sum, ...] = ()
    all_of: tuple[Id, ...] = Field(default=(), alias="all")
    any_of: tuple[Id, ...] = Field(default=(), alias="any")
    k_of: KOf | None = None
    soft: bool = False
    declared: bool = False

    @model_validator(mode="after")
    def _one_shape(self) -> "Rule":
        shapes = [bool(self.need), bool(self.all_of), bool(self.any_of), self.k_of is not None]
        if sum(shapes) != 1:
            raise ValueError("一条规则须且只须写 need、all、any、k_of 之一")
        if self.where and not self.over:
            raise ValueError("写了 where 就要写 over（对哪一类材料逐项判断）")
        if self.over and not self.need:
            raise ValueError("写了 over 就要写 need")
        return self


class Parameters(Model):
    """Values that rules read as `params.…` (all silent in the notice, except what a clause says)."""

    continuity_gap: Span
    part_time_counts: bool
    hours_per_day: Annotated[int, Field(ge=1, le=24)]
    joint_organisers_count: bool


class PhotoRule(Model):
    """What the certificate's print needs of the photo (Q2)."""

    min_width: int
    min_height: int
    aspect: Decimal
    aspect_tolerance: Decimal
    min_sharpness: Decimal
    max_unevenness: Decimal | None = Decimal("0.35")
    """Of the ground in the upper corners, 0 to 1; above it a person looks. None: not looked at."""


class NameRule(Model):
    """Q5: what a full address or unit name looks like; hits of `suspect` look like an abbreviation."""

    field: Id
    min_chars: int
    must_match: str | None = None
    suspect: str | None = None
    advice: Text


class Check(Model):
    """One line of the check list. `curable`: by the one correction (Q10). `reprint`: form must be redone."""

    id: Id
    clause: Id
    name: Text
    kind: CheckKind
    review: Literal["form", "content"]
    severity: Literal["blocking", "advice"] = "blocking"
    curable: bool = True
    reprint: bool = False
    ok: Text
    finding: Text
    person: Text
    routes: tuple[Literal["regular", "direct"], ...] = ("regular", "direct")
    photo: PhotoRule | None = None
    names: tuple[NameRule, ...] = ()
    placeholder: bool = False
