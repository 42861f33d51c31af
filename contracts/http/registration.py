"""HTTP of `registration`: rounds, identity, the draft, files, pre-flight, the printed form, prepare for the gateway."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.case import Explanation, Finding
from contracts.lifecycle import Phase, RoundStage, Route, Stage, Status

ITEM_ID = r"^[a-z0-9][a-z0-9-]{0,39}$"
PHONE_HEADER = "X-Actor-Phone"
"""Put in by the gateway on `PUT /me/identity`: the account's verified phone number."""


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


# Identity ---------------------------------------------------------------------------------------------------


class IdKind(StrEnum):
    """身份证、港澳居民来往内地通行证、台湾居民来往大陆通行证、护照."""

    id_card = "id_card"
    hk_macao_permit = "hk_macao_permit"
    taiwan_permit = "taiwan_permit"
    passport = "passport"


class Identity(Input):
    """`PUT /me/identity`. Fixed once set: the same values again are answered alike, others refused."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    id_kind: IdKind = IdKind.id_card
    id_number: Annotated[str, Field(min_length=4, max_length=40)]


class PersonView(Data):
    """`GET /me/person` and the answer of `PUT /me/identity`: numbers masked."""

    person_id: UUID
    name: str
    id_kind: IdKind
    id_number_masked: str
    phone_masked: str


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
    """One field as the pack defines it; `path` is its key in a PATCH (`fields.unit`)."""

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


class ChangeForm(Input):
    """`PATCH /applications/{id}/form`.

    Paths: `fields.{id}` → text or null; `declarations.{id}` → bool; `{collection}.{item_id}` → an object with all
    parts, or null to delete; `{collection}.{item_id}.{part}` → one part; `…attributes.{id}` → one attribute.
    Collections: work, trainings, conditions (B), evidence (C), former_names, prior_certificates.
    """

    version: int
    changes: Annotated[dict[str, Any], Field(min_length=1, max_length=200)]


class FormSaved(Data):
    """The draft's new version, and what is still missing."""

    version: int
    completeness: dict[str, Completeness]


class FieldConflict(Data):
    """Both values of one path, when somebody (another tab) saved in between."""

    path: str
    yours: Any
    current: Any


class FieldError(Data):
    path: str
    message: str


# Files ------------------------------------------------------------------------------------------------------


class Purpose(StrEnum):
    photo = "photo"
    evidence = "evidence"
    scan = "scan"
    correction = "correction"


class NewFile(Input):
    """`POST /applications/{id}/files`: what is about to be uploaded."""

    purpose: Purpose
    name: Annotated[str, Field(min_length=1, max_length=200)]
    media_type: Annotated[str, Field(max_length=100)]
    bytes: Annotated[int, Field(gt=0)]


class Upload(Data):
    """Where the browser sends the file: multipart form, `fields` first, the file last under the name `file`."""

    file_id: UUID
    url: str
    fields: dict[str, str]
    expires_at: AwareDatetime


class FileState(StrEnum):
    pending = "pending"
    clean = "clean"
    refused = "refused"


class FileView(Data):
    """`GET /applications/{id}/files/{file_id}` adds `url`, a link that downloads it for a few minutes."""

    id: UUID
    purpose: Purpose
    name: str
    media_type: str
    bytes: int
    state: FileState
    reason_code: str | None = None
    reason: str | None = None
    pages: int | None = None
    sha256: str | None = None
    created_at: AwareDatetime
    url: str | None = None


class Files(Data):
    files: tuple[FileView, ...]


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
