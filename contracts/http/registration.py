"""HTTP of `registration`: rounds, identity, the draft, files, pre-flight, the printed form, prepare for the gateway."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.case import Finding, Precision
from contracts.explanation import Explanation, ItemUse
from contracts.lifecycle import Phase, RoundStage, Route, Stage, Status

ITEM_ID = r"^[a-z0-9][a-z0-9-]{0,39}$"


# Rounds -----------------------------------------------------------------------------------------------------


class LevelOffer(Data):
    """A level on offer, fee in fen for the regular route; `direct` when the level has a direct route (E5)."""

    id: str
    name: str
    fee_fen: int
    stages: tuple[Stage, ...]
    direct: str | None = None


class OtherLevelView(Data):
    """A level that somebody else handles, with whom and how (O1)."""

    id: str
    name: str
    message: str


class RoundView(Data):
    """`GET /rounds/{round_id}`. `closes_at`: the end of the round's present stage, if it has one."""

    id: UUID
    title: str
    pack_name: str
    pack_key: str
    pack_hash: str
    year: int
    runs_in: int
    stage: RoundStage
    opened_at: AwareDatetime
    closes_at: AwareDatetime | None
    levels: tuple[LevelOffer, ...]
    other_levels: tuple[OtherLevelView, ...]


class Rounds(Data):
    """`GET /rounds`, the newest first."""

    rounds: tuple[RoundView, ...]


# The draft --------------------------------------------------------------------------------------------------


class FormState(StrEnum):
    """Whether something may be typed: `correction` = only what was flagged (Q10)."""

    draft = "draft"
    locked = "locked"
    correction = "correction"
    discarded = "discarded"
    ended = "ended"


class Choice(Data):
    id: str
    name: str


class FieldView(Data):
    """One field as the pack defines it; `path` is its key in a PATCH (`fields.unit`).

    Values are text. `bool`: true or false · `number`: see `min`, `max`, `decimals`, `unit` · `date`: as precise as
    one of `precisions` (empty: any) · `interval`: `2023-09/2024-01`, or `2023-09/` for something that goes on; a
    PATCH also takes {start, end} · `files`: IDs of clean files with commas between, at most `max_files`; a PATCH
    also takes a list · `choice`: the ID of an option, or its name.
    """

    path: str
    id: str
    label: str
    type: str
    required: bool
    private: bool
    help: str
    options: tuple[Choice, ...]
    free_choice: bool
    """Something else than the options may be typed: it becomes a question to the reviewer (A7)."""
    max_chars: int
    placeholder: bool
    locked: bool
    example: str = ""
    clause: str | None = None
    pattern: str | None = None
    """A regular expression for the whole value; `pattern_message` is what to say when it does not fit."""
    pattern_message: str | None = None
    min: str | None = None
    max: str | None = None
    decimals: int | None = None
    unit: str = ""
    precisions: tuple[Precision, ...] = ()
    earliest: date | None = None
    latest: date | None = None
    max_files: int | None = None


class ItemKindView(Data):
    """A kind of item in B or C: which standard parts it asks for, and its own attributes."""

    id: str
    section: Literal["B", "C"]
    label: str
    clause: str
    help: str
    uses: tuple[str, ...]
    fields: tuple[FieldView, ...]
    """`path` is relative to the item (`attributes.issue`)."""
    precisions: tuple[Precision, ...] = ()
    """How precise the item's date may be; empty: as its certificate shows it."""


class SectionView(Data):
    id: str
    name: str
    clause: str
    help: str
    placeholder: bool
    fields: tuple[FieldView, ...]
    item_kinds: tuple[ItemKindView, ...]


class DeclarationView(Data):
    """`path` is `declarations.{id}`, its value true or false."""

    path: str
    id: str
    clause: str
    text: str
    unit: bool
    required: bool
    checked: bool
    locked: bool


class Missing(Data):
    """Something that a section still lacks, in words."""

    path: str
    label: str
    message: str


class Completeness(Data):
    complete: bool
    missing: tuple[Missing, ...]


class FormValues(Data):
    """The draft's content. Items are plain objects with `id`, their parts named as in `contracts.case`."""

    fields: dict[str, str]
    work: tuple[dict[str, Any], ...] = ()
    trainings: tuple[dict[str, Any], ...] = ()
    conditions: tuple[dict[str, Any], ...] = ()
    evidence: tuple[dict[str, Any], ...] = ()
    former_names: tuple[dict[str, Any], ...] = ()
    prior_certificates: tuple[dict[str, Any], ...] = ()
    declarations: tuple[str, ...] = ()


class FormView(Data):
    """`GET /applications/{id}/form`. `open_paths`: in a correction, the prefixes of paths that may be changed."""

    application_id: UUID
    application_number: str
    level: str
    level_name: str
    route: Route
    title: str
    state: FormState
    version: int
    form_version: int
    """The version last submitted, 0 before; it stands on every printed page."""
    sections: tuple[SectionView, ...]
    declarations: tuple[DeclarationView, ...]
    values: FormValues
    completeness: dict[str, Completeness]
    """By section: A, B, C."""
    locked_fields: tuple[str, ...]
    open_paths: tuple[str, ...] | None
    reprint: bool
    """In a correction: the form must be printed, signed and sealed again."""
    tiers: tuple[Choice, ...] = ()
    """What an item's `tier` may be, from low to high (E0)."""
    prior_levels: tuple[Choice, ...] = ()
    """What `level` of a certificate held already may be."""
    clauses: dict[str, str] = Field(default_factory=dict)
    """Of each clause that the form, its rules or its checks name: what it says, with the notice's own words."""


class ChangeForm(Input):
    """`PATCH /applications/{id}/form`.

    Paths: `fields.{id}` → text or null; `declarations.{id}` → bool; `{collection}.{item_id}` → an object with all
    parts, or null to delete; `{collection}.{item_id}.{part}` → one part; `…attributes.{id}` → one attribute.
    Collections: work, trainings, conditions (B), evidence (C), former_names, prior_certificates.
    """

    version: int
    changes: Annotated[dict[str, Any], Field(min_length=1, max_length=1000)]


class FormSaved(Data):
    """The draft's new version, and what is still missing."""

    version: int
    completeness: dict[str, Completeness]


class DraftExplanation(Data):
    """`GET /applications/{id}/explanation`: every rule and every item of the draft as it is, cheap enough to be
    asked after each autosave. `unfinished`: items that no rule can look at yet, with what they lack."""

    version: int
    explanation: Explanation
    items: tuple[ItemUse, ...]
    unfinished: tuple[Missing, ...] = ()


class FieldConflict(Data):
    """Both values of one path, when somebody (another tab) saved in between."""

    path: str
    yours: Any
    current: Any


class FieldError(Data):
    path: str
    message: str


# Pre-flight and own facts -----------------------------------------------------------------------------------


class Preflight(Data):
    """`GET /applications/{id}/preflight`: the reviewer's own checks on the draft as it is (Q13)."""

    version: int
    complete: bool
    missing: tuple[Missing, ...]
    explanation: Explanation
    findings: tuple[Finding, ...]


class ScanView(Data):
    form_version: int
    file_ids: tuple[UUID, ...]
    received_at: AwareDatetime


class RegistrationView(Data):
    """`GET /applications/{id}/registration`: what registration knows of the own case."""

    application_id: UUID
    round_id: UUID
    person_id: UUID
    application_number: str
    level: str
    level_name: str
    route: Route
    state: FormState
    phase: Phase
    status: Status | None
    seq: int
    draft_version: int
    form_version: int
    form_code: str | None
    form_pages: int | None
    submitted_at: AwareDatetime | None
    scan: ScanView | None
    correction_closes_at: AwareDatetime | None
    snapshot_key: str | None
    facts_key: str | None
