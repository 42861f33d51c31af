"""HTTP of defence panels: panels and slots by the office, the day for members, the appointment for the candidate."""

from uuid import UUID

from fastapi import APIRouter

from contracts.commands import Role
from contracts.http import panels as http
from contracts.http.desk import STAFF_WITH_FIGURES
from kit.http import problems
from services.review.api.guards import CurrentActor, Reviews, one_of, own_or_reader

router = APIRouter()


@router.get("/panels", responses=problems(403, 422))
async def list_panels(actor: CurrentActor, reviews: Reviews, round_id: UUID | None = None) -> http.Panels:
    """Panels in the order they were made."""
    one_of(actor, *STAFF_WITH_FIGURES)
    return await reviews.panels.all(round_id)


@router.post("/panels", status_code=201, responses=problems(403, 409, 422))
async def make_panel(given: http.SavePanel, actor: CurrentActor, reviews: Reviews) -> http.PanelSaved:
    """A panel with members, chair and place (D1)."""
    one_of(actor, Role.secretariat)
    return await reviews.panels.save(actor, None, given)


@router.put("/panels/{panel_id}", responses=problems(403, 404, 409, 422))
async def change_panel(
    panel_id: UUID, given: http.SavePanel, actor: CurrentActor, reviews: Reviews
) -> http.PanelSaved:
    """Other members sit at what is still before the panel; candidates are told of another place."""
    one_of(actor, Role.secretariat)
    return await reviews.panels.save(actor, panel_id, given)


@router.post("/panels/{panel_id}/slots", responses=problems(403, 404, 422))
async def set_slots(
    panel_id: UUID, given: http.SetSlots, actor: CurrentActor, reviews: Reviews
) -> http.SlotsSet:
    """Candidates one after the other; each is told."""
    one_of(actor, Role.secretariat)
    return await reviews.panels.set_slots(actor, panel_id, given)


@router.get("/defences", responses=problems(403, 422))
async def list_defences(actor: CurrentActor, reviews: Reviews, round_id: UUID | None = None) -> http.Defences:
    """By time: of members their own, of the office all."""
    one_of(actor, Role.expert, Role.panel_chair, *STAFF_WITH_FIGURES)
    return await reviews.panels.defences(actor, round_id)


@router.get("/applications/{application_id}/defence", responses=problems(404))
async def read_appointment(application_id: UUID, actor: CurrentActor, reviews: Reviews) -> http.Appointment:
    """When and where I defend (D1)."""
    own_or_reader(actor, application_id)
    return await reviews.panels.appointment(application_id)


@router.post(
    "/applications/{application_id}/defence/postpone", status_code=204, responses=problems(403, 404, 409)
)
async def postpone(application_id: UUID, given: http.Postpone, actor: CurrentActor, reviews: Reviews) -> None:
    """Below the quorum, or something came between: the time is open again (D1)."""
    one_of(actor, Role.secretariat, Role.panel_chair)
    await reviews.panels.postpone(actor, application_id, given)
