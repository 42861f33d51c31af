"""HTTP of the exam: sittings for the office, the own paper for the candidate. Who may is checked here again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Request

from contracts.commands import PrepareRequest, PrepareResult, Role
from contracts.http.exam import AnswerSaved, Exam, ExtendSitting, OpenSitting, SaveAnswer, Sitting, Sittings
from contracts.http.sittings import (
    AnnounceSitting,
    DecideExcuse,
    DraftCorrection,
    ExamStatistics,
    Excuse,
    FileExcuse,
    KeyCorrection,
    KeyCorrections,
    SittingDetail,
)
from kit.db import Database
from kit.errors import DomainError, Kind
from kit.http import Actor, create_app, current_actor, problems
from kit.settings import Settings
from services.exam.domain import no_exam
from services.exam.service import ExamService

_READS = frozenset({Role.secretariat, Role.operator, Role.supervisor, Role.approver})
_OPENS = frozenset({Role.secretariat})
_JUDGES = frozenset({Role.secretariat, Role.approver, Role.supervisor})
_SYSTEM = frozenset({Role.system})
_DECIDES = frozenset({Role.approver})
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
    return await exams.open_sitting(round_id, level, actor.subject)


@router.post("/rounds/{round_id}/sittings/{level}/extend", responses=problems(403, 409))
async def extend_sitting(
    round_id: UUID, level: str, body: ExtendSitting, actor: CurrentActor, exams: Exams
) -> Sitting:
    """Moves the end of the open sitting, with a reason (X2)."""
    _one_of(actor, _OPENS)
    return await exams.extend_sitting(
        round_id, level, body.minutes, body.closes_at, actor.subject, body.reason
    )


@router.post("/rounds/{round_id}/sittings/{level}/announce", responses=problems(403, 409))
async def announce_sitting(
    round_id: UUID, level: str, body: AnnounceSitting, actor: CurrentActor, exams: Exams
) -> Sitting:
    """Says when the planned sitting is to begin (X3)."""
    _one_of(actor, _OPENS)
    return await exams.announce_sitting(round_id, level, body.starts_at, actor.subject)


@router.get("/rounds/{round_id}/sittings/{sitting_id}/detail", responses=problems(403, 404))
async def read_detail(round_id: UUID, sitting_id: UUID, actor: CurrentActor, exams: Exams) -> SittingDetail:
    """One sitting with its candidates, changes and excuses (X2, X3)."""
    _one_of(actor, _READS)
    return await exams.read_detail(round_id, sitting_id)


@router.get("/rounds/{round_id}/sittings/{level}/statistics", responses=problems(403))
async def read_statistics(round_id: UUID, level: str, actor: CurrentActor, exams: Exams) -> ExamStatistics:
    """How hard the items of a level were and how well they tell candidates apart (X4)."""
    _one_of(actor, _JUDGES)
    return await exams.read_statistics(round_id, level)


@router.post(
    "/rounds/{round_id}/sittings/{sitting_id}/excuses", status_code=201, responses=problems(403, 404, 409)
)
async def file_excuse(
    round_id: UUID, sitting_id: UUID, body: FileExcuse, actor: CurrentActor, exams: Exams
) -> Excuse:
    """Files why a candidate cannot come, with its proof (X3)."""
    _one_of(actor, _OPENS)
    return await exams.file_excuse(round_id, sitting_id, body, actor.subject)


@router.post("/rounds/{round_id}/excuses/{excuse_id}/grant", responses=problems(403, 404, 409))
async def grant_excuse(
    round_id: UUID, excuse_id: UUID, body: DecideExcuse, actor: CurrentActor, exams: Exams
) -> Excuse:
    """A make-up sitting, decided by a second person (X3, O2)."""
    _one_of(actor, _DECIDES)
    return await exams.decide_excuse(
        round_id, excuse_id, granted=True, by=actor.subject, decision=body.decision
    )


@router.post("/rounds/{round_id}/excuses/{excuse_id}/refuse", responses=problems(403, 404, 409))
async def refuse_excuse(
    round_id: UUID, excuse_id: UUID, body: DecideExcuse, actor: CurrentActor, exams: Exams
) -> Excuse:
    """No make-up sitting, decided by a second person (X3, O2)."""
    _one_of(actor, _DECIDES)
    return await exams.decide_excuse(
        round_id, excuse_id, granted=False, by=actor.subject, decision=body.decision
    )


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


@router.get("/rounds/{round_id}/sittings/{level}/corrections", responses=problems(403))
async def list_corrections(round_id: UUID, level: str, actor: CurrentActor, exams: Exams) -> KeyCorrections:
    """Corrected keys of a level (X4)."""
    _one_of(actor, _JUDGES)
    return await exams.list_corrections(round_id, level)


@router.post(
    "/rounds/{round_id}/sittings/{level}/corrections",
    status_code=201,
    responses=problems(403, 404, 409, 422),
)
async def draft_correction(
    round_id: UUID, level: str, body: DraftCorrection, actor: CurrentActor, exams: Exams
) -> KeyCorrection:
    """Drafts another key; `correct_key`, confirmed by two people, puts it in force (X4)."""
    _one_of(actor, _OPENS)
    return await exams.draft_correction(round_id, level, body, actor.subject)


@router.post("/rounds/{round_id}/corrections/{correction_id}/discard", responses=problems(403, 404, 409))
async def discard_correction(
    round_id: UUID, correction_id: UUID, actor: CurrentActor, exams: Exams
) -> KeyCorrection:
    """A draft that was a mistake (X4)."""
    _one_of(actor, _OPENS)
    return await exams.discard_correction(round_id, correction_id)


# For the dispatcher -----------------------------------------------------------------------------------------


@router.post("/internal/prepare", responses=problems(403, 422))
async def prepare(body: PrepareRequest, actor: CurrentActor, exams: Exams) -> PrepareResult:
    """Before `key_corrected` is told to the round; idempotent by command ID."""
    _one_of(actor, _SYSTEM)
    return await exams.prepare(body)


@router.post("/internal/unprepare", responses=problems(403))
async def unprepare(_body: PrepareRequest, actor: CurrentActor) -> PrepareResult:
    """A corrected key stays: scoring has its grades."""
    _one_of(actor, _SYSTEM)
    return PrepareResult()
