"""HTTP of review: the desk, drafts of decisions and sheets, the registry. Who may is checked here again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, FastAPI, Query, Request

from contracts.commands import PrepareRequest, PrepareResult, Role
from contracts.http import review as http
from contracts.registration import Done
from kit.db import Database
from kit.http import create_app, problems
from kit.settings import Settings
from services.review.api import desk, panels, sheets
from services.review.api.guards import CurrentActor, FileId, Reviews, one_of, own_or_reader
from services.review.service import ReviewService

router = APIRouter()


def make_app(settings: Settings, db: Database, service: ReviewService) -> FastAPI:
    """The application of this service's API process."""
    app = create_app("fudao review", settings, db=db, body_limits={"/documents": http.MAX_DOCUMENT_BYTES})
    app.state.service = service
    app.include_router(router)
    app.include_router(desk.router)
    app.include_router(sheets.router)
    app.include_router(panels.router)
    return app


# The desk ---------------------------------------------------------------------------------------------------------


@router.get("/tasks", responses=problems(403, 422))
async def list_tasks(
    actor: CurrentActor,
    reviews: Reviews,
    kind: http.TaskKind | None = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int | None, Query(ge=1, le=200)] = None,
    look: Annotated[int | None, Query(ge=1, le=2)] = None,
    level: Annotated[str | None, Query(max_length=32)] = None,
    overdue: bool = False,
    mine: bool = False,
) -> http.TaskPage:
    """My queue: what I hold or may take, most urgent first; experts see only what was given to them (O3)."""
    return await reviews.workdesk.queue(
        actor, kind, cursor, limit or 20, look=look, level=level, overdue=overdue, mine=mine
    )


@router.post("/tasks/{task_id}/claim", responses=problems(403, 404, 409))
async def claim(task_id: UUID, actor: CurrentActor, reviews: Reviews) -> http.Lease:
    """Take a task (领取); conflict of interest is checked now and again when it is submitted."""
    return await reviews.workdesk.claim(actor, task_id)


@router.post("/tasks/{task_id}/renew", responses=problems(403, 404, 409))
async def renew(task_id: UUID, given: http.Fence, actor: CurrentActor, reviews: Reviews) -> http.Lease:
    """A longer lease for who holds the task."""
    return await reviews.workdesk.renew(actor, task_id, given.fence)


@router.post("/tasks/{task_id}/release", status_code=204, responses=problems(403, 404, 409))
async def release(task_id: UUID, given: http.Fence, actor: CurrentActor, reviews: Reviews) -> None:
    """Give the task back to the queue."""
    await reviews.workdesk.release(actor, task_id, given.fence)


@router.post("/tasks/{task_id}/recuse", status_code=204, responses=problems(403, 404, 409))
async def recuse(task_id: UUID, given: http.Recuse, actor: CurrentActor, reviews: Reviews) -> None:
    """An expert declares a conflict (O3); another one is drawn."""
    one_of(actor, Role.expert, Role.panel_chair)
    await reviews.assessments.recuse(actor, task_id, given)


@router.get("/tasks/{task_id}", responses=problems(403, 404, 409))
async def read_task(task_id: UUID, actor: CurrentActor, reviews: Reviews) -> http.TaskMaterial:
    """What the task is about; for experts without name, unit and phone (P3)."""
    return await reviews.workdesk.material(actor, task_id)


@router.get("/tasks/{task_id}/files/{file_id}", responses=problems(403, 404, 409))
async def read_file(task_id: UUID, file_id: FileId, actor: CurrentActor, reviews: Reviews) -> http.FileLink:
    """A short-lived link to a file that the task shows."""
    return await reviews.workdesk.file(actor, task_id, file_id)


@router.put("/tasks/{task_id}/decision", responses=problems(403, 404, 409, 422))
async def save_decision(
    task_id: UUID, given: http.SaveDecision, actor: CurrentActor, reviews: Reviews
) -> http.DecisionSaved:
    """Save the whole draft; the answer says what still stands in the way. Then send `decide_qualification`."""
    one_of(actor, Role.reviewer, clause="O2")
    return await reviews.qualifications.save(actor, task_id, given)


@router.put("/tasks/{task_id}/sheet", responses=problems(403, 404, 409, 422))
async def save_sheet(
    task_id: UUID, given: http.SaveSheet, actor: CurrentActor, reviews: Reviews
) -> http.SheetSaved:
    """Autosave of a score sheet."""
    one_of(actor, Role.expert, Role.panel_chair)
    return await reviews.assessments.save(actor, task_id, given)


@router.post("/tasks/{task_id}/submit", responses=problems(403, 404, 409))
async def submit_sheet(
    task_id: UUID, given: http.HandIn, actor: CurrentActor, reviews: Reviews
) -> http.SheetSubmitted:
    """Fix the sheet (P3)."""
    one_of(actor, Role.expert, Role.panel_chair)
    return await reviews.assessments.submit(actor, task_id, given)


# Applications -----------------------------------------------------------------------------------------------------


@router.get("/applications/{application_id}/decision", responses=problems(404))
async def read_decision(
    application_id: UUID, actor: CurrentActor, reviews: Reviews
) -> http.ApplicantDecision:
    """What was found, on which clause, what to do (Q10); the applicant's own, or for the office."""
    own_or_reader(actor, application_id)
    return await reviews.qualifications.applicant_decision(application_id)


@router.post("/applications/{application_id}/defence/absent", responses=problems(403, 404, 409))
async def mark_absent(
    application_id: UUID, given: http.MarkAbsent, actor: CurrentActor, reviews: Reviews
) -> http.DefenceAbsent:
    """The candidate did not come to the defence (D1)."""
    one_of(actor, Role.secretariat, Role.panel_chair)
    return await reviews.assessments.absent(actor, application_id, given)


# Registry, documents ----------------------------------------------------------------------------------------------


@router.put("/experts/{account_id}", responses=problems(403, 409, 422))
async def register_expert(
    account_id: UUID, given: http.RegisterExpert, actor: CurrentActor, reviews: Reviews
) -> http.Expert:
    """Register an expert or reviewer with unit and recommender (O3); `active` false releases their tasks."""
    one_of(actor, Role.secretariat)
    return await reviews.registry.register(actor, account_id, given)


@router.get("/experts", responses=problems(403))
async def list_experts(actor: CurrentActor, reviews: Reviews) -> http.Experts:
    """The registry in the order of registration."""
    one_of(actor, Role.secretariat)
    return await reviews.registry.members()


@router.post(
    "/documents", status_code=201, responses=problems(403, 413, 422), max_body_size=http.MAX_DOCUMENT_BYTES
)
async def add_document(request: Request, actor: CurrentActor, reviews: Reviews) -> http.DocumentStored:
    """A decision document (raw body: PDF, JPG or PNG, ≤ 5 MB); its key goes into commands."""
    one_of(actor, Role.secretariat, Role.supervisor)
    return await reviews.content.put_document(await request.body())


# Gateway ----------------------------------------------------------------------------------------------------------


@router.post("/internal/prepare", include_in_schema=False)
async def prepare(given: PrepareRequest, actor: CurrentActor, reviews: Reviews) -> PrepareResult:
    """Before `decide_qualification`, `cancel_flags` or `disqualify` goes to the workflow."""
    one_of(actor, Role.system)
    return await reviews.prepare(given)


@router.post("/internal/unprepare", include_in_schema=False)
async def unprepare(given: PrepareRequest, actor: CurrentActor, reviews: Reviews) -> Done:
    """After a refusal by the workflow."""
    one_of(actor, Role.system)
    return await reviews.unprepare(given)
