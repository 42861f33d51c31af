"""Commands that stand still, why in plain words, and the two levers: again, or set aside (O2)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from contracts.commands import CommandName, Role, TargetKind
from contracts.http.gateway import SetAside
from gateway import stuck
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.intake.delivery import WORKFLOW_IDS
from gateway.parts import Parts, TheParts
from gateway.web.console import reading, steps
from gateway.web.forms import ThePages, read, see
from gateway.web.render import Renderer
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
Lever = Literal["retry", "refuse"]


@router.get("/staff/rounds/{round_id}/stuck")
async def listed(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """All of a round."""
    context = await reading.head(parts, caller, round_id, "stuck")
    async with parts.db.read() as session:
        found = await stuck.listed(session, round_id)
        numbers = {one.row.id: await _number(parts, session, one) for one in found}
    context |= {
        "found": found,
        "numbers": numbers,
        "flows": {one.row.id: _flow(parts, caller, one) for one in found},
        "may_free": bool({Role.secretariat, Role.operator}.intersection(caller.known.roles)),
        "done": request.query_params.get("done", ""),
    }
    return pages.page(request, "console/stuck.html", context)


@router.get("/staff/rounds/{round_id}/stuck/{command_id}/{lever}")
async def ask(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    command_id: UUID,
    lever: Lever,
) -> Response:
    """What follows from it."""
    return await _page(request, parts, pages, caller, round_id, command_id, lever, None)


@router.post("/staff/rounds/{round_id}/stuck/{command_id}/{lever}")
async def pull(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    command_id: UUID,
    lever: Lever,
) -> Response:
    """Does it."""
    async with parts.db.read() as session:
        one = await stuck.find(session, round_id, command_id)  # of this round only
    # a round that is only being opened has no pages yet, but its own
    opens = one.name is CommandName.open_round
    try:
        if lever == "retry":
            await stuck.retry(parts, caller, command_id)
        else:
            wanted = await read(request, SetAside)
            steps.confirmed(await request.form(), "再撤下")
            await stuck.refuse(parts, caller, command_id, wanted.reason)
    except DomainError as error:
        if opens:
            raise
        return await _page(request, parts, pages, caller, round_id, command_id, lever, error)
    return see(f"/staff/rounds/{round_id}" + ("" if opens else f"/stuck?done={lever}"))


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    round_id: UUID,
    command_id: UUID,
    lever: Lever,
    error: DomainError | None,
) -> Response:
    context = await reading.head(parts, caller, round_id, "stuck")
    async with parts.db.read() as session:
        one = await stuck.find(session, round_id, command_id)
        number = await _number(parts, session, one)
    if error is None and (not one.quarantined or (lever == "refuse" and not one.may_refuse)):
        raise not_found()
    context |= {"one": one, "number": number, "lever": lever, "error": error}
    return pages.page(request, "console/lever.html", context, status=error.kind.status if error else 200)


async def _number(parts: Parts, session: AsyncSession, one: stuck.Stuck) -> str | None:
    if one.row.target_kind != TargetKind.application.value:
        return None
    known = await parts.read_model.case(session, one.row.target_id)
    return known.application_number if known else str(one.row.target_id)


def _flow(parts: Parts, caller: Caller, one: stuck.Stuck) -> str | None:
    workflow_id = WORKFLOW_IDS[TargetKind(one.row.target_kind)](one.row.target_id)
    return reading.flow_link(parts.settings, caller, workflow_id)
