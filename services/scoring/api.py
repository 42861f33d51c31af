"""HTTP of scoring: the ranking for the office, the own scores for the candidate. Who may is checked here again."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response

from contracts.commands import PrepareRequest, PrepareResult, Role
from contracts.http.scoring import OwnScores, Ranking
from kit.db import Database
from kit.errors import DomainError, Kind
from kit.http import Actor, create_app, current_actor, problems
from kit.settings import Settings
from kit.storage import attachment
from services.scoring.adapters import MEDIA_TYPE, workbook
from services.scoring.service import ScoringService, no_scores

_READS = frozenset({Role.secretariat, Role.approver, Role.supervisor})
router = APIRouter()
CurrentActor = Annotated[Actor, Depends(current_actor("scoring"))]
Cursor = Annotated[int, Query(ge=-1)]
Limit = Annotated[int, Query(ge=1, le=1000)]


def _service(request: Request) -> ScoringService:
    found = request.app.state.service
    if not isinstance(found, ScoringService):
        raise TypeError("the application has no scoring service")
    return found


Scores = Annotated[ScoringService, Depends(_service)]


def make_app(settings: Settings, db: Database, service: ScoringService) -> FastAPI:
    """The application of this service's API process."""
    app = create_app("fudao scoring", settings, db=db)
    app.state.service = service
    app.include_router(router)
    return app


def _may_read(actor: Actor) -> None:
    if actor.role not in _READS:
        raise DomainError(Kind.forbidden, "forbidden", "您没有权限查看排名。", "T3")


def _system(actor: Actor) -> None:
    if actor.role != Role.system:
        raise DomainError(Kind.forbidden, "forbidden", "只有系统可以准备这项命令。", "X4")


@router.get("/rounds/{round_id}/ranking", responses=problems(403, 404))
async def read_ranking(
    round_id: UUID,
    actor: CurrentActor,
    scores: Scores,
    level: str | None = None,
    cursor: Cursor = -1,
    limit: Limit = 100,
) -> Ranking:
    """The frozen ranking, page by page (T2, T3)."""
    _may_read(actor)
    return await scores.read_ranking(round_id, level=level, after=cursor, limit=limit)


@router.get(
    "/rounds/{round_id}/ranking.xlsx",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {}}}, **problems(403, 404)},
)
async def export_ranking(round_id: UUID, actor: CurrentActor, scores: Scores) -> Response:
    """The whole ranking as a workbook (T3)."""
    _may_read(actor)
    ranking, pack = await scores.whole_ranking(round_id)
    data = await asyncio.to_thread(workbook, ranking, pack)
    name = f"总成绩-{pack.name}-v{ranking.version}.xlsx"
    headers = {"content-disposition": attachment(name), "x-content-type-options": "nosniff"}
    return Response(data, media_type=MEDIA_TYPE, headers=headers)


@router.get("/applications/{application_id}/scores", responses=problems(404))
async def read_own(application_id: UUID, actor: CurrentActor, scores: Scores) -> OwnScores:
    """The own scores, after the release (T3)."""
    if actor.role != Role.applicant or actor.application_id not in (None, application_id):
        raise no_scores()
    return await scores.read_own(application_id, actor.subject)


# For the dispatcher -----------------------------------------------------------------------------------------


@router.post("/internal/prepare", responses=problems(403, 422))
async def prepare(body: PrepareRequest, actor: CurrentActor, scores: Scores) -> PrepareResult:
    """Before `correct_key` is told to the round (X4); idempotent by command ID."""
    _system(actor)
    return await scores.prepare(body)


@router.post("/internal/unprepare", responses=problems(403))
async def unprepare(body: PrepareRequest, actor: CurrentActor, scores: Scores) -> PrepareResult:
    """The round refused: what was prepared is undone."""
    _system(actor)
    return await scores.unprepare(body)
