"""HTTP of the exam: sittings for the office, the own paper for the candidate. Who may is checked here again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Request

from contracts.commands import Role
from contracts.http.exam import AnswerSaved, Exam, ExtendSitting, OpenSitting, SaveAnswer, Sitting, Sittings
from kit.db import Database
from kit.errors import DomainError, Kind
from kit.http import Actor, create_app, current_actor, problems
from kit.settings import Settings
from services.exam.domain import no_exam
from services.exam.service import ExamService

_READS = frozenset({Role.secretariat, Role.operator, Role.supervisor, Role.approver})
_OPENS = frozenset({Role.secretariat})
router = APIRouter()
CurrentActor = Annotated[Actor, Depends(current_actor("exam"))]


def _service(request: Request) -> ExamService:
    found = request.app.state.service
    if not isinstance(found, ExamService):
        raise TypeError("the application has no exam service")
    return found


Exams = Annotated[ExamService, Depends(_service)]


def make_app(settings: Settings, db: Database, service: ExamService) -> FastAPI:
    """The application of this service's API process."""
    app = create_app("fudao exam", settings, db=db)
    app.state.service = service
    app.include_router(router)
    return app


def _one_of(actor: Actor, roles: frozenset[Role]) -> None:
    if actor.role not in roles:
        raise DomainError(Kind.forbidden, "forbidden", "您没有权限进行这项操作，请由秘书处办理。", "X3")


def _candidate(actor: Actor, application_id: UUID) -> UUID:
    """The person that asks, in the role and for the application that the token names; the service knows whose
    application it is. A foreign one is answered as an absent one is."""
    if actor.role != Role.applicant or actor.application_id not in (None, application_id):
        raise no_exam()
    return actor.subject


@router.get("/rounds/{round_id}/sittings", responses=problems(403))
async def list_sittings(round_id: UUID, actor: CurrentActor, exams: Exams) -> Sittings:
    """All sittings of a round with how many wait, sit, have finished or were absent (X3)."""
    _one_of(actor, _READS)
    return await exams.list_sittings(round_id)


@router.post("/rounds/{round_id}/sittings/{level}/open", responses=problems(403, 409))
async def open_sitting(
    round_id: UUID, level: str, actor: CurrentActor, exams: Exams, _body: OpenSitting | None = None
) -> Sitting:
    """Opens the level's sitting now, for the pack's duration (X2, X3)."""
    _one_of(actor, _OPENS)
    return await exams.open_sitting(round_id, level)


@router.post("/rounds/{round_id}/sittings/{level}/extend", responses=problems(403, 409))
async def extend_sitting(
    round_id: UUID, level: str, body: ExtendSitting, actor: CurrentActor, exams: Exams
) -> Sitting:
    """Moves the end of the open sitting (X2)."""
    _one_of(actor, _OPENS)
    return await exams.extend_sitting(round_id, level, body.minutes, body.closes_at)


@router.get("/applications/{application_id}/exam", responses=problems(404))
async def read_exam(application_id: UUID, actor: CurrentActor, exams: Exams) -> Exam:
    """Where the own exam stands; once started, the paper and what is saved (X2: reconnect, other device)."""
    return await exams.read_exam(application_id, _candidate(actor, application_id))


@router.post("/applications/{application_id}/exam/start", responses=problems(404, 409))
async def start(application_id: UUID, actor: CurrentActor, exams: Exams) -> Exam:
    """Starts the own exam, or goes on with it (X2)."""
    return await exams.start(application_id, _candidate(actor, application_id))


@router.put("/applications/{application_id}/exam/answers/{item_id}", responses=problems(404, 409))
async def save_answer(
    application_id: UUID, item_id: str, body: SaveAnswer, actor: CurrentActor, exams: Exams
) -> AnswerSaved:
    """Saves one answer (X2)."""
    return await exams.save_answer(application_id, _candidate(actor, application_id), item_id, body)


@router.post("/applications/{application_id}/exam/finish", responses=problems(404, 409))
async def finish(application_id: UUID, actor: CurrentActor, exams: Exams) -> Exam:
    """Hands the paper in (X2)."""
    return await exams.finish(application_id, _candidate(actor, application_id))
