"""HTTP of registration for our own processes: recovery of an account (A1), prepare and unprepare for the dispatcher."""

from uuid import UUID

from fastapi import APIRouter

from contracts.commands import PrepareRequest, PrepareResult
from contracts.http.persons import (
    FindPerson,
    Inspected,
    InspectUpload,
    NewPhone,
    PersonLookup,
    PersonView,
)
from kit.http import problems
from services.registration.api.guards import CurrentActor, Service, system

router = APIRouter()


# For recovery of an account (A1) ----------------------------------------------------------------------------


@router.post("/internal/people/find", responses=problems(403, 422))
async def find_person(body: FindPerson, actor: CurrentActor, service: Service) -> PersonLookup:
    """Whose document it is; for staff's eyes only, never told to whoever asks for recovery."""
    system(actor)
    return await service.people.find(body)


@router.get("/internal/people/{person_id}", responses=problems(403, 404))
async def read_any_person(person_id: UUID, actor: CurrentActor, service: Service) -> PersonView:
    """Whether an account has a person; 404 `identity_needed` otherwise."""
    system(actor)
    return await service.people.me(person_id)


@router.put("/internal/people/{person_id}/phone", responses=problems(403, 404))
async def set_phone(person_id: UUID, body: NewPhone, actor: CurrentActor, service: Service) -> PersonView:
    """The account's new phone, once two people have approved it."""
    system(actor)
    return await service.people.set_phone(person_id, body.phone)


@router.post("/internal/uploads/inspect", responses=problems(403, 404, 422))
async def inspect_upload(body: InspectUpload, actor: CurrentActor, service: Service) -> Inspected:
    """Opens an upload that belongs to no application, where it can do no harm."""
    system(actor)
    return await service.people.inspect(body)


# For the dispatcher -----------------------------------------------------------------------------------------


@router.post("/internal/prepare", responses=problems(403, 422))
async def prepare(body: PrepareRequest, actor: CurrentActor, service: Service) -> PrepareResult:
    """Freeze or check something before the workflow decides; idempotent by command ID."""
    system(actor)
    return await service.prepare(body)


@router.post("/internal/unprepare", responses=problems(403))
async def unprepare(body: PrepareRequest, actor: CurrentActor, service: Service) -> PrepareResult:
    """The workflow refused: put it back; idempotent by command ID."""
    system(actor)
    return await service.unprepare(body)
