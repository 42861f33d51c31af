"""Applications: my own ones, the case page's data, the windows of one application."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from contracts.commands import TargetKind
from contracts.http.gateway import ApplicationList, CaseView, ExtendWindow, Windows, WindowView
from contracts.lifecycle import Stage
from gateway import cases, commands, windowing
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import TheParts
from gateway.policy import API
from kit.http import problems

router = APIRouter(prefix=API, route_class=GuardedRoute, tags=["applications"])


@router.get("/applications", responses=problems(401, 403))
async def my_applications(parts: TheParts, caller: CurrentCaller) -> ApplicationList:
    """The caller's applications, newest first."""
    return await cases.mine(parts, caller)


@router.get("/applications/{application_id}", responses=problems(401, 403, 404))
async def get_case(parts: TheParts, caller: CurrentCaller, application_id: UUID) -> CaseView:
    """Where it stands, what happened, what to do now."""
    return await cases.view(parts, caller, application_id)


@router.get("/applications/{application_id}/windows", responses=problems(401, 403, 404))
async def application_windows(parts: TheParts, caller: CurrentCaller, application_id: UUID) -> Windows:
    """Windows of this application and of its round."""
    round_id = await commands.round_of(parts, TargetKind.application, application_id, caller)
    return await windowing.listed(parts, [application_id, round_id])


@router.post("/applications/{application_id}/windows/{stage}/extend", responses=problems(401, 403, 404, 409))
async def extend_application_window(
    parts: TheParts, caller: CurrentCaller, application_id: UUID, stage: Stage, wanted: ExtendWindow
) -> WindowView:
    """Moves the end of one application's window (a correction) to later, while it is open, with a reason."""
    round_id = await commands.round_of(parts, TargetKind.application, application_id, caller)
    return await windowing.extend(
        parts,
        caller,
        TargetKind.application,
        target_id=application_id,
        round_id=round_id,
        stage=stage,
        wanted=wanted,
    )
