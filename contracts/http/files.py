"""HTTP of `registration`: uploads, what became of them, and the photo (A2, Q2, Q7)."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.case import FindingVerdict


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

    `suggested`: a crop about the face, or about the middle where no face was found; always one that the pack's rule
    takes. None when the source is too small for any.
    """

    aspect: Decimal
    min_width: int
    min_height: int
    locked: bool
    chosen: PhotoSide | None = None
    source: PhotoSide | None = None
    suggested: Crop | None = None
    draft_version: int
