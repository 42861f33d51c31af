"""Rounds: opening one, applying in one, its windows, its cases and its funnel."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse

from contracts.commands import Apply, Receipt, Role, TargetKind
from contracts.http.district import DistrictFilters, DistrictProgress
from contracts.http.gateway import (
    Applied,
    CaseFilters,
    CasePage,
    CreateRound,
    ExtendWindow,
    Funnel,
    RoundCreated,
    Windows,
    WindowView,
)
from contracts.lifecycle import Stage
from gateway import calls, commands, opening, windowing
from gateway import district as districts
from gateway.commands import IdempotencyKey
from gateway.guard import CurrentCaller, GuardedRoute, forbidden
from gateway.parts import TheParts
from gateway.policy import API
from kit.http import problems

router = APIRouter(prefix=API, route_class=GuardedRoute, tags=["rounds"])


class CaseQuery(CaseFilters):
    """Filters and page of a case list."""

    cursor: str | None = None
    limit: int = 50


@router.post(
    "/rounds",
    status_code=201,
    responses={**problems(401, 403, 404, 409, 503), 202: {"model": RoundCreated, "description": "正在处理"}},
)
async def create_round(
    parts: TheParts, caller: CurrentCaller, wanted: CreateRound, key: IdempotencyKey
) -> Response:
    """Opens a round from a rule pack; a pack with mistakes or open decisions is refused with the whole list."""
    made = await opening.open_round(parts, caller, wanted, key)
    return _made(made, made.receipt)


@router.post(
    "/rounds/{round_id}/applications",
    status_code=201,
    responses={**problems(401, 403, 404, 409, 413, 503), 202: {"model": Applied, "description": "正在处理"}},
)
async def apply(
    parts: TheParts, caller: CurrentCaller, round_id: UUID, wanted: Apply, key: IdempotencyKey
) -> Response:
    """Starts the caller's application in this round (one a person and round, L1)."""
    made = await opening.apply(parts, caller, round_id, wanted, key)
    return _made(made, made.receipt)


@router.get("/rounds/{round_id}/windows", responses=problems(401, 403, 404))
async def round_windows(parts: TheParts, _caller: CurrentCaller, round_id: UUID) -> Windows:
    """When the stages of this round are open."""
    return await windowing.listed(parts, [round_id])


@router.post("/rounds/{round_id}/windows/{stage}/extend", responses=problems(401, 403, 404, 409))
async def extend_round_window(
    parts: TheParts, caller: CurrentCaller, round_id: UUID, stage: Stage, wanted: ExtendWindow
) -> WindowView:
    """Moves the end of a window to later, while it is open, with a reason."""
    return await windowing.extend(
        parts, caller, TargetKind.round, target_id=round_id, round_id=round_id, stage=stage, wanted=wanted
    )


@router.get("/rounds/{round_id}/cases", responses=problems(401, 403, 404))
async def round_cases(
    parts: TheParts, caller: CurrentCaller, round_id: UUID, query: Annotated[CaseQuery, Query()]
) -> CasePage:
    """The cases of a round; a district sees its own only (O7)."""
    filters = CaseFilters(**query.model_dump(exclude={"cursor", "limit"}))
    if caller.role is Role.district:
        if caller.known.district is None:
            raise forbidden()
        filters = filters.model_copy(update={"district": caller.known.district, "held": None})
    async with parts.db.read() as session:
        page = await parts.read_model.cases(
            session, round_id, filters, query.cursor, max(1, min(query.limit, 200))
        )
    return districts.without_holds(page) if caller.role is Role.district else page


@router.get("/rounds/{round_id}/districts/{district}", responses=problems(401, 403, 404))
async def district_progress(
    parts: TheParts,
    caller: CurrentCaller,
    round_id: UUID,
    district: Annotated[str, Path(max_length=40)],
    query: Annotated[DistrictFilters, Query()],
) -> DistrictProgress:
    """Who still has to do what in one district (O7); for role `district` only its own, any other is absent."""
    return await districts.progress(parts, caller, round_id, district, query)


@router.get("/rounds/{round_id}/call-list", responses=problems(401, 403, 404))
async def get_call_list(parts: TheParts, caller: CurrentCaller, round_id: UUID) -> calls.CallList:
    """Open corrections with the phones to call, the most urgent first (Q11)."""
    return await calls.call_list(parts, caller, round_id)


@router.get("/rounds/{round_id}/funnel", responses=problems(401, 403, 404))
async def round_funnel(parts: TheParts, _caller: CurrentCaller, round_id: UUID) -> Funnel:
    """How many applications are where."""
    async with parts.db.read() as session:
        return await parts.read_model.funnel(session, round_id)


def _made(made: RoundCreated | Applied, receipt: Receipt) -> Response:
    commands.refuse_if_refused(receipt)
    status = 202 if receipt.outcome is None else 201
    return JSONResponse(made.model_dump(mode="json"), status, headers=commands.location(receipt))
