"""HTTP of `registration`: what was read on a returned scan (A4)."""

from enum import StrEnum
from uuid import UUID

from contracts.base import Data, Input
from contracts.case import Finding


class ScanSheetKind(StrEnum):
    """What a scanned page is. `alike`: its code cannot be read, but it looks like that page."""

    current = "current"
    alike = "alike"
    older = "older"
    foreign = "foreign"
    unknown = "unknown"


class ZoneView(Data):
    """Signature or seal as the machine sees it; `text` says it in words, `picture` is where to get its picture."""

    found: bool | None
    confidence: float
    text: str
    picture: str | None = None


class ScanSheet(Data):
    """One scanned page: the `position`-th of its file. `number`: of the form's page, if known."""

    file_id: UUID
    file_name: str
    position: int
    kind: ScanSheetKind
    number: int | None
    text: str
    signature: ZoneView | None = None
    seal: ZoneView | None = None
    picture: str | None = None


class ScanPlace(Data):
    """Where to sign or seal, in millimetres from the upper left corner of an A4 page."""

    name: str
    page: int
    x: float
    y: float
    w: float
    h: float


class ScanAdvice(Data):
    """What hinders handing the scan in (`attach_scan`, `resubmit` would refuse it): code, words, clause."""

    code: str
    message: str
    clause: str | None


class ScanReport(Data):
    """`GET /applications/{id}/scan?file_ids=…`: what was read on these files, before they are handed in (A4).

    `form_version`, `pages`, `seal_page`: of the form that is expected back. `missing`, `twice`: its page numbers.
    `unread`: files that could not be read, so that a person will look. `refusal` None: it may be handed in, with
    `findings` that a reviewer sees too. `taken`: the scan that counts now is of exactly these files.
    `correction_page`: these files are the one-page 更正页; `may_amend`: it will do instead of the form (Q10).
    """

    form_version: int
    pages: int
    seal_page: int
    places: tuple[ScanPlace, ...]
    sheets: tuple[ScanSheet, ...]
    missing: tuple[int, ...]
    twice: tuple[int, ...]
    unread: tuple[UUID, ...]
    refusal: ScanAdvice | None
    findings: tuple[Finding, ...]
    taken: bool
    correction_page: bool = False
    may_amend: bool = False


class ScanFiles(Input):
    """Query of `GET /applications/{id}/scan`; none: the scan that was handed in, or every scan file that waits."""

    file_ids: tuple[UUID, ...] = ()
