"""Sealed histories: of one application, of a round itself, and the public sheets that fix them."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from contracts.commands import TargetKind
from contracts.http.history import History, Sheets, SheetView
from gateway import histories
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import TheParts
from gateway.policy import API
from kit.http import problems

router = APIRouter(prefix=API, route_class=GuardedRoute, tags=["history"])
TEXT = "text/plain; charset=utf-8"


@router.get("/applications/{application_id}/history", responses=problems(401, 403, 404))
async def application_history(parts: TheParts, caller: CurrentCaller, application_id: UUID) -> History:
    """What was decided about an application, sealed record by record; to keep and to check."""
    return await histories.of(parts, caller, TargetKind.application, application_id)


@router.get("/rounds/{round_id}/history", responses=problems(401, 403, 404))
async def round_history(parts: TheParts, caller: CurrentCaller, round_id: UUID) -> History:
    """What was decided about the round itself: opened, extended, ranked, released, published."""
    return await histories.of(parts, caller, TargetKind.round, round_id)


@router.post("/rounds/{round_id}/history-sheets", status_code=201, responses=problems(401, 403, 404))
async def fix_histories(parts: TheParts, round_id: UUID) -> SheetView:
    """Fixes all histories of the round as they are now, before something is announced."""
    return await histories.fix(parts, round_id)


@router.get("/public/rounds/{round_id}/history-sheets", responses=problems(404))
async def history_sheets(parts: TheParts, round_id: UUID) -> Sheets:
    """Digests of all histories of the round, day by day."""
    return await histories.sheets(parts, round_id)


@router.get(
    "/public/history-sheets/{sheet_id}",
    response_class=Response,
    responses={**problems(404), 200: {"content": {TEXT: {"schema": {"type": "string"}}}}},
)
async def history_sheet(parts: TheParts, sheet_id: UUID) -> Response:
    """The file itself: one line for each history; it does not say whose."""
    return Response(await histories.sheet_file(parts, sheet_id), media_type=TEXT)
