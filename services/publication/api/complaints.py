"""HTTP of complaints: handed in by the gateway, followed by number and code, read by the committee alone (O4)."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request

from contracts.commands import Role
from contracts.http import complaints as http
from contracts.registration import Done
from kit.errors import DomainError, Kind
from kit.http import Actor, current_actor, problems
from services.publication.service import ComplaintMoves, ComplaintReading, Complaints
from services.publication.service.complaints import not_found

CurrentActor = Annotated[Actor, Depends(current_actor("publication"))]
Place = Annotated[int, Path(ge=1, le=http.MAX_FILES)]
_FORWARD = frozenset({Role.secretariat, Role.supervisor})
router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The halves of the complaints' part of the service."""

    complaints: Complaints
    moves: ComplaintMoves
    reading: ComplaintReading


def _desk(request: Request) -> Desk:
    found = request.app.state.desk
    assert isinstance(found, Desk)
    return found


TheDesk = Annotated[Desk, Depends(_desk)]


def _committee(actor: Actor) -> None:
    """Nobody else learns so much as whether there is one."""
    if actor.role != Role.supervisor:
        raise not_found()


def _accused(actor: Actor, application_id: UUID) -> None:
    if actor.role != Role.applicant or actor.application_id != application_id:
        raise not_found()


def _system(actor: Actor) -> None:
    if actor.role != Role.system:
        raise DomainError(Kind.forbidden, "forbidden", "只有系统可以进行这项操作。")


@router.post("/public/complaints", status_code=201, responses=problems(401, 403, 409, 422))
async def file(body: http.FileComplaint, actor: CurrentActor, desk: TheDesk) -> http.ComplaintFiled:
    """From anybody; through the office with a channel, and then blind (O2)."""
    by_office = body.channel is not http.ComplaintChannel.web
    if by_office is (actor.role == "public") or (by_office and actor.role not in _FORWARD):
        raise DomainError(Kind.forbidden, "forbidden", "您不能以这种方式登记投诉。", "N3")
    return await desk.complaints.file(actor, body)


@router.post("/public/complaints/progress", responses=problems(401, 404, 422))
async def progress(body: http.LookUp, _: CurrentActor, desk: TheDesk) -> http.Progress:
    """How far it is, for whoever holds number and code."""
    return await desk.complaints.progress(body)


@router.post("/public/complaints/reply", responses=problems(401, 404, 409, 422))
async def reply(body: http.Reply, _: CurrentActor, desk: TheDesk) -> http.Progress:
    """What a complainant adds."""
    return await desk.complaints.reply(body)


@router.get("/complaints", responses=problems(401, 404))
async def listed(
    actor: CurrentActor,
    desk: TheDesk,
    state: http.ComplaintState = http.ComplaintState.open,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> http.ComplaintPage:
    """The committee's list."""
    _committee(actor)
    return await desk.reading.page(state, page)


@router.get("/complaints/{complaint_id}", responses=problems(401, 404))
async def view(complaint_id: UUID, actor: CurrentActor, desk: TheDesk) -> http.ComplaintView:
    """One complaint, whole."""
    _committee(actor)
    return await desk.reading.view(complaint_id)


@router.get("/complaints/{complaint_id}/files/{place}", responses=problems(401, 404))
async def evidence(complaint_id: UUID, place: Place, actor: CurrentActor, desk: TheDesk) -> http.EvidenceFile:
    """Where a file is, for the gateway."""
    _committee(actor)
    return await desk.reading.file(complaint_id, place)


@router.post("/complaints/{complaint_id}/entries", status_code=201, responses=problems(401, 404, 409, 422))
async def add_entry(
    complaint_id: UUID, body: http.NewEntry, actor: CurrentActor, desk: TheDesk
) -> http.EntrySaved:
    """A text of the committee: a note, a question, or what the next step rests on."""
    _committee(actor)
    return await desk.complaints.add_entry(actor, complaint_id, body)


@router.get("/applications/{application_id}/complaints", responses=problems(401, 404))
async def against(application_id: UUID, actor: CurrentActor, desk: TheDesk) -> http.AccusedViews:
    """What the holder was asked to explain."""
    _accused(actor, application_id)
    return await desk.reading.against(application_id)


@router.put(
    "/applications/{application_id}/complaints/{complaint_id}/statement",
    responses=problems(401, 404, 409, 422),
)
async def state(
    application_id: UUID, complaint_id: UUID, body: http.Statement, actor: CurrentActor, desk: TheDesk
) -> http.AccusedViews:
    """The holder explains."""
    _accused(actor, application_id)
    await desk.complaints.state(application_id, complaint_id, body)
    return await desk.reading.against(application_id)


# for the gateway itself -----------------------------------------------------------------------------------------


@router.get("/internal/complaint-messages", responses=problems(401, 403))
async def untold(actor: CurrentActor, desk: TheDesk) -> http.OutgoingPage:
    """Messages to be handed to notification."""
    _system(actor)
    return await desk.reading.untold()


@router.post("/internal/complaint-messages/told", responses=problems(401, 403, 422))
async def told(body: http.Told, actor: CurrentActor, desk: TheDesk) -> Done:
    """These were handed over."""
    _system(actor)
    await desk.reading.told(body)
    return Done()
