"""HTTP of `registration`: rounds, identity, the draft, files, pre-flight, the printed form, prepare for the gateway."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.case import Explanation, Finding, FindingVerdict, ItemUse, Precision, Twin
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
    """身份证、港澳台居民居住证（81、82、83 开头）、港澳居民来往内地通行证、台湾居民来往大陆通行证、护照."""

    id_card = "id_card"
    residence_permit = "residence_permit"
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


# For the gateway's recovery of an account (A1), role `system` -----------------------------------------------


class FindPerson(Input):
    """`POST /internal/people/find`: whose document is this?"""

    name: Annotated[str, Field(max_length=60)]
    id_kind: IdKind
    id_number: Annotated[str, Field(max_length=40)]


class FoundPerson(Data):
    """The person with that document, numbers masked; `name_matches`: the name asked for is theirs."""

    person_id: UUID
    name: str
    name_matches: bool
    id_kind: IdKind
    id_number_masked: str
    phone_masked: str
    unit: str
    district: str


class PersonLookup(Data):
    person: FoundPerson | None = None


class NewPhone(Input):
    """`PUT /internal/people/{person_id}/phone`; the same phone again changes nothing."""

    phone: Annotated[str, Field(pattern=r"^1[3-9]\d{9}$")]


class InspectUpload(Input):
    """`POST /internal/uploads/inspect`: opens what stands under a key of the uploads bucket, in the process with
    limits. A file that is no real JPG, PNG or PDF is said to be so, in words."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9/_-]{1,120}$")]
    media_type: Literal["image/jpeg", "image/png", "application/pdf"]


class Inspected(Data):
    clean: bool
    code: str | None = None
    message: str | None = None


class FullNumber(Data):
    """`GET /applications/{id}/id-number` (secretariat): for the gateway only, which notes who asked and why."""

    name: str
    id_kind: IdKind
    id_number: str
    application_number: str


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


# Bars, and what two applications have in common -------------------------------------------------------------


class NewBar(Input):
    """`POST /rounds/{round_id}/bars` (secretariat): a decision that somebody may not apply (E9), drafted. It is in
    force after the command `bar_person`, which two people confirm. `until` None: this round only."""

    id_kind: IdKind = IdKind.id_card
    id_number: Annotated[str, Field(min_length=4, max_length=40)]
    document_number: Annotated[str, Field(min_length=1, max_length=64)]
    document_key: Annotated[str, Field(pattern=r"^sha256/[0-9a-f]{64}$")]
    """Of the decision, uploaded with `POST /documents`."""
    heard_on: date
    """The day on which the person was heard."""
    decided_on: date
    until: date | None = None


class BarState(StrEnum):
    drafted = "drafted"
    in_force = "in_force"
    lifted = "lifted"


class BarView(Data):
    id: UUID
    id_number_masked: str
    document_number: str
    document_key: str
    heard_on: date
    decided_on: date
    until: date | None
    state: BarState


class Bars(Data):
    """`GET /rounds/{round_id}/bars`: of this round, the newest first. Ended ones are deleted, not kept."""

    bars: tuple[BarView, ...]


class Twins(Data):
    """`GET /applications/{id}/twins` (reviewer, secretariat, supervisor): as it is now, also what was handed in
    after this application's own facts were gathered (E10)."""

    twins: tuple[Twin, ...]


# Files ------------------------------------------------------------------------------------------------------


class Purpose(StrEnum):
    photo = "photo"
    evidence = "evidence"
    scan = "scan"
    correction = "correction"


UPLOAD_MAX_BYTES: Mapping[Purpose, int] = {
    Purpose.photo: 5 * 2**20,
    Purpose.evidence: 20 * 2**20,
    Purpose.scan: 30 * 2**20,
    Purpose.correction: 20 * 2**20,
}
"""How large a file may be, unless the service is set otherwise: pages say it before anything is sent."""


class NewFile(Input):
    """`POST /applications/{id}/files`: what is about to be uploaded."""

    purpose: Purpose
    name: Annotated[str, Field(min_length=1, max_length=1000)]
    media_type: Annotated[str, Field(max_length=100)]
    """As the browser says; empty where it does not know (HEIC on many machines)."""
    bytes: Annotated[int, Field(ge=0)]


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
    """`GET /applications/{id}/files/{file_id}` adds `url`, a link that downloads it for a few minutes.

    `sha256` is of what is stored, `original_sha256` of what was sent. `notes`: what was taken out of it, in words.
    `duplicate_of`: an earlier upload of the very same bytes in this application. `thumb`: a link for `<img>`.
    """

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
    original_sha256: str | None = None
    notes: tuple[str, ...] = ()
    duplicate_of: UUID | None = None
    duplicate_name: str | None = None
    thumb: str | None = None


class Files(Data):
    """Those removed by the applicant are left out."""

    files: tuple[FileView, ...]


class PageView(Data):
    """A picture of one page; `url` works in `<img>` for a few minutes."""

    number: int
    width: int
    height: int
    url: str


class FilePages(Data):
    """`GET /applications/{id}/files/{file_id}/pages`: the first pages as pictures; `total`: how many it has."""

    total: int
    pages: tuple[PageView, ...]


class Crop(Data):
    """A part of a picture in pixels, as it is seen upright."""

    x: Annotated[int, Field(ge=0)]
    y: Annotated[int, Field(ge=0)]
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]


class AcceptPhoto(Input):
    """`POST /applications/{id}/photo`: the certificate's photo is this part of that upload. Idempotent."""

    file_id: UUID
    crop: Crop


class PhotoFinding(Data):
    """What the pack's rule says of a photo (Q2); never a refusal."""

    verdict: FindingVerdict
    message: str


class PhotoSide(Data):
    """One picture with its measures in words; `url` works in `<img>`."""

    file: FileView
    url: str | None
    width: int
    height: int
    findings: tuple[PhotoFinding, ...]


class PhotoView(Data):
    """`GET /applications/{id}/photo`: `chosen` is the form's photo, `source` the upload to be cropped.

    `suggested`: a crop about the face, or about the middle where no face was found.
    """

    aspect: Decimal
    min_width: int
    min_height: int
    locked: bool
    chosen: PhotoSide | None = None
    source: PhotoSide | None = None
    suggested: Crop | None = None
    draft_version: int


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
