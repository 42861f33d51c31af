"""What is known of one case: snapshot, private part, facts about its files, findings, explanation.

The snapshot is canonical JSON in the content store and alone carries content from service to service.
It holds names (they stand on certificates and evidence) but no ID number, phone or address: those are
in `PrivatePart`, a second object that few roles may read.
"""

import json
import re
from calendar import monthrange
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, Field, model_validator

from contracts.base import Data
from contracts.lifecycle import Route

Precision = Literal["day", "month", "year", "period", "school_year", "issue"]
Attribute = str | int | bool | None


def canonical(model: BaseModel) -> bytes:
    """Canonical JSON: keys sorted, no blanks, UTF-8. Its SHA-256 is the key in the content store."""
    tree = model.model_dump(mode="json")
    return json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _bounds(text: str) -> tuple[Precision, date, date]:
    if match := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text):
        day = date.fromisoformat(text)
        return "day", day, day
    if match := re.fullmatch(r"(\d{4})-(\d{2})", text):
        year, month = int(match[1]), int(match[2])
        return "month", date(year, month, 1), date(year, month, monthrange(year, month)[1])
    if match := re.fullmatch(r"(\d{4})", text):
        return "year", date(int(text), 1, 1), date(int(text), 12, 31)
    if match := re.fullmatch(r"(\d{4})-(\d{4})学年", text):
        if int(match[2]) != int(match[1]) + 1:
            raise ValueError("学年应是相连的两年")
        return "school_year", date(int(match[1]), 9, 1), date(int(match[2]), 8, 31)
    if match := re.fullmatch(r"(\d{4})年第(\d{1,2})期", text):
        return "issue", date(int(match[1]), 1, 1), date(int(match[1]), 12, 31)
    first, slash, last = text.partition("/")
    if slash:
        return "period", _bounds(first)[1], _bounds(last)[2]
    raise ValueError("日期应写成 2024-05-01、2024-05、2024、2023-09/2024-01、2023-2024学年 或 2024年第3期")


class PreciseDate(Data):
    """A date as precise as the certificate shows it: `start` and `end` are its earliest and latest day.

    Also read from text: `2024-05-01`, `2024-05`, `2024`, `2023-09/2024-01` (period), `2023-2024学年`,
    `2024年第3期` (issue of a journal: any day of that year).
    """

    precision: Precision
    start: date
    end: date
    text: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, date):
            value = value.isoformat()
        if isinstance(value, str):
            precision, start, end = _bounds(value.strip())
            return {"precision": precision, "start": start, "end": end, "text": value.strip()}
        return value

    @model_validator(mode="after")
    def _ordered(self) -> "PreciseDate":
        if self.start > self.end:
            raise ValueError("日期的开始晚于结束")
        return self

    @classmethod
    def parse(cls, text: str) -> "PreciseDate":
        """From one of the forms above. Errors: pydantic's ValidationError, a ValueError."""
        return cls.model_validate(text)


class FormerName(Data):
    """曾用名 with the files that prove it (Q9)."""

    name: str
    file_ids: tuple[str, ...] = ()


class Organiser(Data):
    """Who held it. `system`: association = 科协系统 (E3, E7), education, other."""

    name: str
    system: Literal["association", "education", "other"] = "other"
    tier: str | None = None
    lead: bool = False


class WorkKind(StrEnum):
    """Kinds of work intervals (E2). Leave, secondment and support teaching bridge, they are no gap."""

    full_time = "full_time"
    part_time = "part_time"
    practice = "practice"
    maternity_leave = "maternity_leave"
    sick_leave = "sick_leave"
    support_teaching = "support_teaching"
    secondment = "secondment"


class WorkInterval(Data):
    """Work as a science instructor from `start` to `end` (None: still)."""

    id: str
    kind: WorkKind = WorkKind.full_time
    start: PreciseDate
    end: PreciseDate | None = None
    unit: str = ""
    school_proof: bool = False
    file_ids: tuple[str, ...] = ()


class Training(Data):
    """One training (E3, E7). Give `hours` (学时), or `days`, which the pack turns into hours."""

    id: str
    title: str
    date: PreciseDate
    hours: Decimal | None = Field(default=None, ge=0)
    days: Decimal | None = Field(default=None, ge=0)
    organisers: tuple[Organiser, ...] = ()
    tier: str | None = None
    certificate: bool = False
    certificate_number: str = ""
    named_person: str = ""
    file_ids: tuple[str, ...] = ()


class Role(StrEnum):
    """The applicant's part in it; `instructor_unordered`: named with others without order (E10)."""

    first_instructor = "first_instructor"
    instructor_unordered = "instructor_unordered"
    instructor = "instructor"
    leader = "leader"
    participant = "participant"
    author = "author"
    winner = "winner"


class EvidenceItem(Data):
    """An item of section B (a condition) or C (an achievement); `kind` is one of the pack's `item_kinds`."""

    id: str
    section: Literal["B", "C"]
    kind: str
    title: str
    date: PreciseDate | None = None
    tier: str | None = None
    role: Role | None = None
    organisers: tuple[Organiser, ...] = ()
    named_person: str = ""
    file_ids: tuple[str, ...] = ()
    attributes: dict[str, Attribute] = Field(default_factory=dict)


class PriorCertificate(Data):
    """A certificate of this profession that the person already holds."""

    level: str
    number: str = ""
    issued_on: date
    valid: bool = True


class Bar(Data):
    """A bar by a decision with hearing and document (E9); in force up to and with `until`."""

    document: str
    until: date | None = None


class PrivateField(Data):
    """What the snapshot knows of a private field: whether it is filled, and what looks wrong (Q5)."""

    filled: bool
    suspect: str | None = None


class PrivatePart(Data):
    """Private fields of section A by field ID (`FormField.private`): ID number, phone, addresses, e-mail."""

    fields: dict[str, str] = Field(default_factory=dict)


class Snapshot(Data):
    """One frozen version of an application (canonical JSON in the content store).

    `fields` are section A's fields that are not private, by ID; `declarations` are ticked by the
    applicant, `unit_confirmed` those that stand under the unit's seal. It is also the case file of
    `fudao rulepack explain`.
    """

    schema_version: Literal[1] = 1
    application_number: str = ""
    level: str = ""
    route: Route = Route.regular
    version: int = 1
    fields: dict[str, str] = Field(default_factory=dict)
    private_fields: dict[str, PrivateField] = Field(default_factory=dict)
    former_names: tuple[FormerName, ...] = ()
    photo_file_id: str | None = None
    declarations: tuple[str, ...] = ()
    unit_confirmed: tuple[str, ...] = ()
    work: tuple[WorkInterval, ...] = ()
    trainings: tuple[Training, ...] = ()
    conditions: tuple[EvidenceItem, ...] = ()
    evidence: tuple[EvidenceItem, ...] = ()
    prior_certificates: tuple[PriorCertificate, ...] = ()
    bars: tuple[Bar, ...] = ()
    field_files: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Files of section A's fields of kind `files`, by field ID."""

    @property
    def name(self) -> str:
        """The applicant's name as on the ID card."""
        return self.fields.get("name", "")

    @property
    def unit(self) -> str:
        return self.fields.get("unit", "")

    @property
    def district(self) -> str:
        return self.fields.get("district", "")

    def file_ids(self) -> tuple[str, ...]:
        """Every file that an item, a proof or the photo names, once each, in order of appearance."""
        found: dict[str, None] = {}
        for group in (self.work, self.trainings, self.conditions, self.evidence, self.former_names):
            for item in group:
                found.update(dict.fromkeys(item.file_ids))
        for ids in self.field_files.values():
            found.update(dict.fromkeys(ids))
        if self.photo_file_id:
            found[self.photo_file_id] = None
        return tuple(found)


class FileFacts(Data):
    """What was found out about one file. `text_names`: names of this case (applicant, former names,
    named person) that its text shows; None when there was no text to read. `text_source` says from where."""

    opens: bool
    media_type: str
    bytes: int
    sha256: str
    pages: int | None = None
    text_names: tuple[str, ...] | None = None
    text_source: Literal["layer", "ocr"] | None = None
    problem: str = ""
    previews: tuple[str, ...] = ()
    """Keys of pictures (JPEG) of its first pages in the content store."""
    removed: tuple[str, ...] = ()
    """What was taken out of it: `javascript`, `embedded_files`, `metadata`, …"""


class PhotoFacts(Data):
    """Measures of the photo (Q2); None = not measured here, so a person looks."""

    width: int
    height: int
    faces: int | None = None
    centred: bool | None = None
    sharpness: float | None = None
    face: tuple[int, int, int, int] | None = None
    """x, y, width, height of the largest face, in pixels of the picture."""
    background: float | None = None
    """How uneven the upper corners are, 0 to 1: a hint."""


class Zone(Data):
    """Something looked for on a page: found or not (None: cannot tell), how sure (0 to 1). `picture`: content key."""

    found: bool | None
    confidence: float = 0.0
    picture: str | None = None


class ScanPage(Data):
    """One page of the returned scan: its printed page number and version, signature and seal zones.

    `code_ok`: True: its code is ours and of the expected version; False: ours, but of another version or form;
    None: no code could be read (`number` then says what it looks like). `kind`: grey ones have lost a seal's red;
    electronic: no scan at all. `picture`: content key of the whole page, where it is not known which page it is.
    """

    number: int | None
    version: int | None = None
    code_ok: bool | None = None
    signature: Zone = Zone(found=None)
    seal: Zone = Zone(found=None)
    kind: Literal["colour", "grey", "electronic"] | None = None
    picture: str | None = None


class ScanFacts(Data):
    """The returned scan (A4): which pages were expected, and what each scanned page shows.

    `correction_page`: it is the one-page 更正页 of a correction (Q10); the scan before it still shows the rest.
    """

    file_ids: tuple[str, ...] = ()
    expected_pages: int
    expected_version: int
    seal_page: int
    pages: tuple[ScanPage, ...] = ()
    correction_page: bool = False


class Twin(Data):
    """Another application of the round shows the same thing: it claims the same award as its only first
    instructor, or a file with the same bytes (E10). For reviewers: an applicant is never told."""

    kind: Literal["award", "file"]
    item_id: str
    application_number: str
    other_item_id: str
    sure: bool = True
    """Of an award: the same certificate number; else only title, year, organisers and school agree."""


class Facts(Data):
    """Everything machines found out about a case's files (content-addressed JSON in the content store).

    `twins` are those known when the facts were gathered; registration always knows the latest.
    """

    files: dict[str, FileFacts] = Field(default_factory=dict)
    photo: PhotoFacts | None = None
    scan: ScanFacts | None = None
    twins: tuple[Twin, ...] = ()


class FindingVerdict(StrEnum):
    """`finding`: something is wrong; `person`: a person has to look; never a refusal by machine."""

    ok = "ok"
    finding = "finding"
    person = "person"


class Finding(Data):
    """One result of the check list, about a field, an item, or the whole (both None)."""

    check_id: str
    clause: str
    verdict: FindingVerdict
    message: str
    curable: bool = True
    reprint: bool = False
    item_id: str | None = None
    field: str | None = None
    confidence: float = 1.0
