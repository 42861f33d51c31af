"""HTTP of publication: public notices, final lists. Certificates are in `certificates`."""

from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime

from contracts.base import Data


class NoticeState(StrEnum):
    """`made`: waits for the proof of posting; `running`: the clock runs; `closed`."""

    made = "made"
    running = "running"
    closed = "closed"


class ListedPerson(Data):
    """A line of a public list: full name, unit, level (N5); no ID digits, no phone."""

    application_number: str
    name: str
    unit: str


class ListSection(Data):
    """One heading of a list: a level, or the direct route of a level (E5)."""

    level: str
    heading: str
    people: tuple[ListedPerson, ...]


class NoticeTargetView(Data):
    """Where the list has to stand; only binding ones must be proved (N1)."""

    id: str
    name: str
    url: str
    binding: bool


class NoticeSummary(Data):
    notice_id: UUID
    round_id: UUID
    title: str
    state: NoticeState
    people: int
    posted_at: AwareDatetime | None
    closes_at: AwareDatetime | None


class Notice(NoticeSummary):
    """A public notice with its list; `digest` is the SHA-256 over the list as posted."""

    digest: str
    objection: str
    targets: tuple[NoticeTargetView, ...]
    sections: tuple[ListSection, ...]


class Notices(Data):
    notices: tuple[NoticeSummary, ...]


class FinalList(Data):
    """公布认证名单 (N4). `added`: certified after it was published, when what held them had ended (N3)."""

    final_list_id: UUID
    round_id: UUID
    document_number: str
    published_at: AwareDatetime
    sections: tuple[ListSection, ...]
    added: tuple[ListSection, ...] = ()


class CredentialStatus(StrEnum):
    valid = "valid"
    revoked = "revoked"
