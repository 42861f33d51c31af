"""HTTP of complaints (N3, O4): handing one in, its progress, the committee's desk, the person complained of."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, field_validator

from contracts.base import Data, Input
from contracts.complaints import ComplaintOutcome, ComplaintStage

MAX_FILES = 5
MAX_FILE_BYTES = 8 * 2**20
TEXT_MOST = 4000
ENTRIES_MOST = 40
"""What a complainant may add to one complaint, in pieces."""

Text = Annotated[str, Field(min_length=2, max_length=TEXT_MOST)]
Number = Annotated[str, Field(min_length=6, max_length=24)]
Code = Annotated[str, Field(min_length=6, max_length=32)]


class ComplaintSubject(StrEnum):
    """What it is about."""

    listed = "listed"
    """Somebody on the public list."""
    applicant = "applicant"
    staff = "staff"
    process = "process"


class ComplaintChannel(StrEnum):
    """How it came in; what the office enters is `phone` or `letter`."""

    web = "web"
    phone = "phone"
    letter = "letter"


class Complainant(Input):
    """Who complains, if they say so."""

    name: Annotated[str, Field(min_length=2, max_length=60)]
    phone: Annotated[str, Field(pattern=r"^[0-9+][0-9\- ]{5,19}$")]


class EvidenceFile(Input):
    """A file that the gateway has put into the uploads bucket, really opened, under this complaint's own prefix."""

    key: Annotated[str, Field(pattern=r"^complaint/[0-9a-f-]{36}/[0-9a-f]{64}$")]
    media_type: Annotated[str, Field(pattern=r"^(image/jpeg|image/png|application/pdf)$")]
    bytes: Annotated[int, Field(gt=0, le=MAX_FILE_BYTES)]


class PublicComplaint(Input):
    """`POST /public/complaints`. `round_id` None: the present round. `complainant` None: anonymous."""

    subject: ComplaintSubject
    round_id: UUID | None = None
    application_number: Annotated[str, Field(max_length=32)] = ""
    about: Annotated[str, Field(max_length=200)] = ""
    facts: Annotated[str, Field(min_length=10, max_length=TEXT_MOST)]
    complainant: Complainant | None = None


class FileComplaint(Input):
    """Gateway → publication. `complaint_id` follows from the form's own key, so a second click is the same complaint.

    `complainant` None: anonymous. `application_number`: of somebody on the list, or as far as it is known.
    """

    complaint_id: UUID
    round_id: UUID
    pack_key: str
    subject: ComplaintSubject
    channel: ComplaintChannel = ComplaintChannel.web
    application_number: Annotated[str, Field(max_length=32)] = ""
    about: Annotated[str, Field(max_length=200)] = ""
    facts: Annotated[str, Field(min_length=10, max_length=TEXT_MOST)]
    complainant: Complainant | None = None
    files: Annotated[tuple[EvidenceFile, ...], Field(max_length=MAX_FILES)] = ()


class ComplaintFiled(Data):
    """The receipt. `code` None: handed in through the office, which must not be able to follow it (O2)."""

    number: str
    code: str | None
    received_at: AwareDatetime
    decide_by: AwareDatetime


class LookUp(Input):
    """Number and code of a receipt, however they were typed."""

    number: Number
    code: Code

    @field_validator("number", "code")
    @classmethod
    def _tidy(cls, value: str) -> str:
        return value.strip().upper().replace(" ", "")


class Reply(LookUp):
    """What a complainant adds, or answers to a question."""

    text: Text


class ProgressEntry(Data):
    """`kind`: question, reply, reason, extension, answer."""

    kind: str
    text: str
    at: AwareDatetime


class Progress(Data):
    """What whoever holds number and code may know."""

    number: str
    received_at: AwareDatetime
    stage: ComplaintStage
    outcome: ComplaintOutcome | None
    decide_by: AwareDatetime
    extended: bool
    files: int
    entries: tuple[ProgressEntry, ...]


# The committee's desk -------------------------------------------------------------------------------------------


class EntryKind(StrEnum):
    """Texts of one complaint."""

    note = "note"
    reason = "reason"
    """Why it is not accepted; the complainant reads it."""
    summary = "summary"
    """The allegation in the committee's own words, for the person complained of."""
    statement = "statement"
    question = "question"
    reply = "reply"
    extension = "extension"
    decision = "decision"
    """The decision with its document, for the person complained of."""
    answer = "answer"
    """What the complainant is told of the decision."""


class NewEntry(Input):
    """`POST /complaints/{id}/entries`. Notes and questions stand at once; all else with the step that rests on it."""

    kind: EntryKind
    text: Text
    answer: Annotated[str, Field(max_length=TEXT_MOST)] = ""
    """With a decision: what the complainant is told."""
    document_key: Annotated[str, Field(pattern=r"^sha256/[0-9a-f]{64}$")] | None = None


class EntrySaved(Data):
    id: UUID


class EntryView(Data):
    id: UUID
    kind: EntryKind
    text: str
    document_key: str | None
    author: UUID | None
    at: AwareDatetime


class ComplaintState(StrEnum):
    """What a list may be narrowed to."""

    open = "open"
    overdue = "overdue"
    soon = "soon"
    ended = "ended"
    all = "all"


class ComplaintLine(Data):
    """A line of the committee's list. `soon`: its limit is near. `holds`: it stops that person's certificate."""

    id: UUID
    number: str
    round_id: UUID
    stage: ComplaintStage
    outcome: ComplaintOutcome | None
    subject: ComplaintSubject
    channel: ComplaintChannel
    anonymous: bool
    application_id: UUID | None
    application_number: str
    received_at: AwareDatetime
    decide_by: AwareDatetime
    extended: bool
    overdue: bool
    soon: bool
    after_close: bool
    """Received after the public notice had ended: it may lead to a revocation, it holds nothing (F29)."""
    holds: bool


class ComplaintPage(Data):
    complaints: tuple[ComplaintLine, ...]
    page: int
    pages: int
    open: int
    overdue: int


class FileView(Data):
    place: int
    media_type: str
    bytes: int


class ComplaintView(ComplaintLine):
    """One complaint, whole: for the supervisory committee alone (O4)."""

    about: str
    facts: str
    complainant: Complainant | None
    forwarded_by: UUID | None
    answer_by: AwareDatetime | None
    disqualify: bool
    ended_at: AwareDatetime | None
    issued: bool
    """The person has the certificate: what is upheld now goes the way of revocation."""
    files: tuple[FileView, ...]
    entries: tuple[EntryView, ...]


# The person complained of ---------------------------------------------------------------------------------------


class AccusedView(Data):
    """The allegation in the committee's own words; nothing of who complained, nor of what they wrote."""

    complaint_id: UUID
    summary: str
    told_at: AwareDatetime
    answer_by: AwareDatetime | None
    statement: str | None
    stated_at: AwareDatetime | None
    outcome: ComplaintOutcome | None
    decision: str | None
    document_key: str | None


class AccusedViews(Data):
    complaints: tuple[AccusedView, ...]


class Statement(Input):
    """`PUT /applications/{id}/complaints/{id}/statement`."""

    text: Text


# Messages -------------------------------------------------------------------------------------------------------


class Outgoing(Data):
    """A message for the gateway to hand to notification: to a phone, or to the holder of an application."""

    id: UUID
    kind: str
    phone: str | None
    application_id: UUID | None
    params: dict[str, str]


class OutgoingPage(Data):
    messages: tuple[Outgoing, ...]


class Told(Input):
    """Those that were handed over."""

    ids: Annotated[tuple[UUID, ...], Field(max_length=200)]
