"""Pages of unmasking an ID number, and of everything that staff looked at or changed outside the command log."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway import audit, unmasking
from gateway.audit import Action
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import TheParts
from gateway.unmasking import AskNumber
from gateway.web.applicant import ID_KINDS
from gateway.web.forms import ThePages, read, see
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/staff/unmask")
async def unmask_page(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Asks whose number and why."""
    minutes = parts.settings.unmask_seconds // 60
    return pages.page(request, "unmask.html", {"error": None, "given": {}, "minutes": minutes})


@router.post("/staff/unmask")
async def unmask(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Notes it and shows it."""
    form = await request.form()
    try:
        entry = await unmasking.ask(parts, caller, await read(request, AskNumber))
    except DomainError as error:
        given = {name: str(form.get(name, "")) for name in ("application_number", "reason")}
        context = {"error": error, "given": given, "minutes": parts.settings.unmask_seconds // 60}
        return pages.page(request, "unmask.html", context, status=error.kind.status)
    return see(f"/staff/unmask/{entry}")


@router.get("/staff/unmask/{entry_id}")
async def unmasked(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, entry_id: UUID
) -> Response:
    """The number; the page leaves by itself when its time is over."""
    number, until = await unmasking.shown(parts, caller, entry_id)
    context = {"number": number, "until": until, "kinds": ID_KINDS}
    response = pages.page(request, "unmasked.html", context)
    response.headers["refresh"] = f"{parts.settings.unmask_seconds}; url=/staff/unmask"
    return response


@router.get("/staff/audit")
async def audit_page(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    action: Annotated[str, Query(max_length=40)] = "",
    before: UUID | None = None,
) -> Response:
    """Newest first, by kind."""
    wanted = Action(action) if action in set(Action) else None
    async with parts.db.read() as session:
        lines = await audit.listed(session, action=wanted, before=before)
    shown = lines[: audit.SHOWN]
    context = {
        "lines": shown,
        "actions": list(Action),
        "action": wanted,
        "more": shown[-1].id if len(lines) > audit.SHOWN else None,
    }
    return pages.page(request, "audit.html", context)
