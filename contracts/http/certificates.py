"""HTTP of the register of certificates (C1–C4): verification, history, rulings, credentials."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.http.publication import CredentialStatus
from contracts.rulings import ContentKey

MAX_PDF_BYTES = 5 * 2**20
"""Of a file that somebody wants checked; a certificate of ours has 100 KB."""
REGISTER_PAGE = 50


class Standing(StrEnum):
    """What a document of ours is worth now: `replaced` by a later version of the same number."""

    valid = "valid"
    replaced = "replaced"
    revoked = "revoked"


class RulingKind(StrEnum):
    revoke = "revoke"
    reissue = "reissue"


class RulingReason(StrEnum):
    """Reason classes (C4); a revocation has one of the first four, a reissue one of the others."""

    complaint_upheld = "complaint_upheld"
    false_material = "false_material"
    issued_by_mistake = "issued_by_mistake"
    holder_request = "holder_request"
    name_changed = "name_changed"
    misprint = "misprint"
    photo = "photo"


REASONS: dict[RulingKind, tuple[RulingReason, ...]] = {
    RulingKind.revoke: (
        RulingReason.complaint_upheld,
        RulingReason.false_material,
        RulingReason.issued_by_mistake,
        RulingReason.holder_request,
    ),
    RulingKind.reissue: (RulingReason.name_changed, RulingReason.misprint, RulingReason.photo),
}
UNHEARD = frozenset(
    {RulingReason.holder_request, RulingReason.name_changed, RulingReason.misprint, RulingReason.photo}
)
"""Reasons for which nobody has to be heard first: the holder asks, or nothing is taken from them."""


class RulingState(StrEnum):
    """`drafted`: not yet effective; `effective`; `dropped`: given up before."""

    drafted = "drafted"
    effective = "effective"
    dropped = "dropped"


# What anybody may see ---------------------------------------------------------------------------------------


class VerifyQuery(Input):
    """`code` stands on the certificate; `name`: the holder's, for who has no code. Without either, half a name."""

    code: Annotated[str, Field(max_length=24)] = ""
    name: Annotated[str, Field(max_length=64)] = ""


class Verification(Data):
    """What anybody may check by number (C2). `name` is whole only for who proves that they hold the document."""

    number: str
    name: str
    proven: bool
    """By the code on the certificate or the holder's name; else `name` is its first character."""
    level: str
    level_name: str
    issued_on: date
    issuers: tuple[str, ...]
    document_number: str
    status: CredentialStatus
    standing: Standing
    """Of the version that the code names; without a code, of the present one."""
    version: int
    of_version: int | None = None
    """The version that the code belongs to."""
    changed_on: date | None = None
    """When it was revoked or replaced."""
    reason: RulingReason | None = None
    specimen: bool
    demo_keys: bool
    """Signed with demo keys, which are no 电子印章."""


class SignatureView(Data):
    """One signature in a PDF."""

    signer: str
    signed_at: AwareDatetime | None
    intact: bool
    """Nothing that it covers was changed."""
    trusted: bool
    """Made with a key of one of our issuers."""
    whole: bool
    """Covers the whole file, but for signatures that came after it in the same way."""
    demo: bool
    timestamped: bool = False


class Verdict(StrEnum):
    """Of a PDF: `changed` after signing, `incomplete` (a signature is missing), `foreign` (signed by others)."""

    genuine = "genuine"
    replaced = "replaced"
    revoked = "revoked"
    changed = "changed"
    incomplete = "incomplete"
    foreign = "foreign"
    unsigned = "unsigned"
    unreadable = "unreadable"
    unknown = "unknown"
    """The signatures hold, and the register does not have this document."""


class CheckedPdf(Data):
    """What a PDF that somebody has sent in turned out to be; nothing of it is kept."""

    verdict: Verdict
    problems: tuple[str, ...] = ()
    """What is wrong, in words."""
    signatures: tuple[SignatureView, ...] = ()
    certificate: Verification | None = None
    """As the register has it now; only for a document that is exactly one of ours."""


class IssuerKeys(Data):
    """Public keys for credentials and status lists: a JWK set and a DID document (did:web)."""

    jwks: dict[str, Any]
    did: dict[str, Any]


# The holder -------------------------------------------------------------------------------------------------


class OwnRuling(Data):
    """As the holder sees it."""

    id: UUID
    kind: RulingKind
    reason: RulingReason
    state: RulingState
    explanation: str
    answer_by: AwareDatetime | None
    statement: str | None
    stated_at: AwareDatetime | None
    done_at: AwareDatetime | None
    open: bool
    """Whether the holder can still say something."""


class OwnCertificate(Verification):
    """The holder's page (C3)."""

    code: str
    verify_url: str
    rulings: tuple[OwnRuling, ...] = ()


class HolderStatement(Input):
    """The holder's own words (C4)."""

    text: Annotated[str, Field(min_length=2, max_length=2000)]


# The office -------------------------------------------------------------------------------------------------


class RegisterQuery(Input):
    """Filters of the register; `text`: number or name."""

    text: Annotated[str, Field(max_length=64)] = ""
    level: Annotated[str, Field(max_length=32)] = ""
    year: Annotated[int, Field(ge=1990, le=2200)] | None = None
    status: CredentialStatus | None = None
    application_id: UUID | None = None
    page: Annotated[int, Field(ge=1, le=9999)] = 1


class RegisterLine(Data):
    """The permanent register: name, number, level, date, status (C4), and where more is to be found."""

    certificate_id: UUID
    application_id: UUID
    number: str
    name: str
    level: str
    level_name: str
    issued_on: date
    status: CredentialStatus
    version: int


class RegisterPage(Data):
    """By number; `levels` and `years` are those that the whole register has."""

    lines: tuple[RegisterLine, ...]
    found: int
    levels: tuple[tuple[str, str], ...]
    years: tuple[int, ...]


class VersionView(Data):
    """One document under a number."""

    version: int
    name: str
    made_on: date
    issuers: tuple[str, ...]
    standing: Standing
    demo_keys: bool
    digest: str | None
    """SHA-256 of the PDF."""
    reason: RulingReason | None


class RulingView(Data):
    """A ruling as the office sees it; `name` as it was when it was drafted.

    What rests on a complaint is for the supervisory committee and approvers (O2): `explanation`, `statement` and
    `document_key` are None for the secretariat.
    """

    id: UUID
    certificate_id: UUID
    application_id: UUID
    number: str
    name: str
    kind: RulingKind
    reason: RulingReason
    state: RulingState
    new_name: str | None
    photo_key: str | None
    explanation: str | None
    document_key: str | None
    answer_by: AwareDatetime | None
    statement: str | None
    stated_at: AwareDatetime | None
    stated_to: UUID | None
    """Who wrote the statement down; None: the holder did."""
    heard: bool
    """Nobody has to be heard, or the holder has spoken, or had the time for it."""
    drafted_by: UUID
    drafted_at: AwareDatetime
    done_at: AwareDatetime | None
    proposed_by: UUID | None


class CertificateHistory(RegisterLine):
    """One certificate with every document and every ruling, the newest first."""

    round_id: UUID
    document_number: str
    specimen: bool
    versions: tuple[VersionView, ...]
    rulings: tuple[RulingView, ...]


class NewRuling(Input):
    """`new_name`: with `name_changed` and where a misprint is in the name; `photo_key`: a new photo (JPG, PNG)."""

    kind: RulingKind
    reason: RulingReason
    explanation: Annotated[str, Field(min_length=2, max_length=2000)]
    document_key: ContentKey
    new_name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    photo_key: ContentKey | None = None


class TakenStatement(Input):
    """What the holder said by telephone, letter or at the counter, as the office wrote it down."""

    text: Annotated[str, Field(min_length=2, max_length=2000)]


class Rulings(Data):
    """The newest rulings, for whoever decides on a proposal."""

    rulings: tuple[RulingView, ...]
