"""HTTP of announcements 通知 (R2): posted texts with the address and the time of the post that binds.

A correction is a new version of the same announcement; nothing is deleted.
"""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input, WebAddress
from contracts.http.gateway import Reason

Title = Annotated[str, Field(min_length=2, max_length=120)]
Body = Annotated[str, Field(min_length=2, max_length=4000)]


class PostAnnouncement(Input):
    """POST /rounds/{round_id}/announcements (secretariat), `Idempotency-Key`. 422 `posted_in_future`.

    `url`, `posted_at`: the post on the association's platform, which binds.
    """

    title: Title
    text: Body
    url: WebAddress
    posted_at: AwareDatetime


class CorrectAnnouncement(PostAnnouncement):
    """POST /rounds/{round_id}/announcements/{announcement_id}/versions. `seen`: the version that is corrected.

    Errors: 404; 409 `announcement_changed`; 422 `posted_in_future`.
    """

    seen: Annotated[int, Field(ge=1)]
    reason: Reason


class AnnouncementView(Data):
    """One version. `noted_at`: when it was entered here; `reason`: of a correction, empty for the first version."""

    id: UUID
    version: int
    round_id: UUID
    title: str
    text: str
    url: str
    posted_at: AwareDatetime
    noted_at: AwareDatetime
    reason: str = ""


class AnnouncementHistory(Data):
    """GET /public/rounds/{round_id}/announcements/{announcement_id}: its versions, the newest first."""

    versions: tuple[AnnouncementView, ...]


class Announcements(Data):
    """GET /public/rounds/{round_id}/announcements: the version in force of each, the newest post first."""

    announcements: tuple[AnnouncementView, ...]
