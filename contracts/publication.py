"""Queue `publication`: public notices and their clock, final list, certificates, complaints."""

from uuid import UUID

from pydantic import AwareDatetime
from temporalio import activity

from contracts.base import Data
from contracts.complaints import ComplaintMove, ComplaintRef
from contracts.lifecycle import CaseRef, RoundRef, RoundTransition, Transition
from contracts.registration import Done

TASK_QUEUE = "publication"


class Enlist(Data):
    """The case enters the public notice; direct-route cases under a heading of their own (E5)."""

    key: str
    case: CaseRef
    transition: Transition


class PostNotice(Data):
    """Makes the public list of the round from all that are enlisted."""

    key: str
    round: RoundRef
    transition: RoundTransition


class NoticePosted(Data):
    """`notice_id` is None when nobody is on the list; `targets` are those whose posting must be proved (N1)."""

    notice_id: UUID | None
    targets: tuple[str, ...] = ()


class StartClock(Data):
    """All binding targets bear the list since `posted_at`; the window `notice` ends at `closes_at` (N2)."""

    key: str
    round: RoundRef
    notice_id: UUID
    posted_at: AwareDatetime
    closes_at: AwareDatetime


class CloseNotice(Data):
    """Fixes `held` per person in one transaction and writes a `close_notice` command for each."""

    key: str
    round: RoundRef
    notice_id: UUID


class SetHold(Data):
    """`transition` tells who must act now."""

    key: str
    case: CaseRef
    transition: Transition
    held: bool


class AwaitCertificate(Data):
    """The case may be issued: at once when the final list is out, else with it."""

    key: str
    case: CaseRef
    transition: Transition


class PublishFinalList(Data):
    key: str
    round: RoundRef
    transition: RoundTransition
    document_number: str


class FinalListPublished(Data):
    final_list_id: UUID


class IssueCertificate(Data):
    """Allots the number once, renders the PDF, stores it (C1)."""

    key: str
    case: CaseRef
    transition: Transition
    final_list_id: UUID


class Delist(Data):
    """The case left the public notice (withdrawn, disqualified): its line is struck, both versions are kept."""

    key: str
    case: CaseRef


class MoveComplaint(Data):
    """A complaint is at this now: texts become valid, persons are held or let go, those concerned are told (N3)."""

    key: str
    complaint: ComplaintRef
    move: ComplaintMove


@activity.defn(name="publication.enlist")
async def enlist(request: Enlist) -> Done:
    raise NotImplementedError


@activity.defn(name="publication.post_notice")
async def post_notice(request: PostNotice) -> NoticePosted:
    raise NotImplementedError


@activity.defn(name="publication.start_clock")
async def start_clock(request: StartClock) -> Done:
    raise NotImplementedError


@activity.defn(name="publication.close_notice")
async def close_notice(request: CloseNotice) -> Done:
    raise NotImplementedError


@activity.defn(name="publication.set_hold")
async def set_hold(request: SetHold) -> Done:
    raise NotImplementedError


@activity.defn(name="publication.await_certificate")
async def await_certificate(request: AwaitCertificate) -> Done:
    raise NotImplementedError


@activity.defn(name="publication.publish_final_list")
async def publish_final_list(request: PublishFinalList) -> FinalListPublished:
    raise NotImplementedError


@activity.defn(name="publication.issue_certificate")
async def issue_certificate(request: IssueCertificate) -> Done:
    raise NotImplementedError


@activity.defn(name="publication.delist")
async def delist(request: Delist) -> Done:
    raise NotImplementedError


@activity.defn(name="publication.move_complaint")
async def move_complaint(request: MoveComplaint) -> Done:
    raise NotImplementedError


STUBS = [
    enlist,
    post_notice,
    start_clock,
    close_notice,
    set_hold,
    await_certificate,
    publish_final_list,
    issue_certificate,
    delist,
    move_complaint,
]
