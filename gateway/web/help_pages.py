"""Pages of help at the counter (A9): the helper begins it with the person's code, either of them ends it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.http.gateway import AskCode, OpenSession
from gateway import assistance
from gateway.api import auth
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.forms import ThePages, read, see
from gateway.web.render import Renderer
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/staff/help")
async def help_page(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Asks for the person's phone."""
    return _page(request, parts, pages, "phone")


@router.post("/staff/help/code")
async def send_code(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Sends the consent code to the person."""
    phone = str((await request.form()).get("phone", "")).strip()
    try:
        await assistance.ask(parts, await read(request, AskCode), auth.address_of(request))
    except DomainError as error:
        return _page(request, parts, pages, "phone", error, phone=phone)
    return _page(request, parts, pages, "code", phone=phone)


@router.post("/staff/help")
async def begin(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """The person has read out the code: the browser acts for them from now on, and no longer as staff."""
    phone = str((await request.form()).get("phone", "")).strip()
    try:
        given = await read(request, OpenSession)
        opened = await assistance.begin(parts, caller, given, auth.address_of(request))
    except DomainError as error:
        return _page(request, parts, pages, "code", error, phone=phone)
    response = see("/my")
    auth.set_cookie(response, parts, opened)
    return response


@router.get("/my/help")
async def my_help(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Who helped me, and what is open."""
    async with parts.db.read() as session:
        helps = await assistance.listed(session, caller.account_id)
    return pages.page(request, "my_help.html", {"helps": helps})


@router.post("/my/help/end")
async def end(parts: TheParts, caller: CurrentCaller) -> Response:
    """Ends it at once; a helper goes back to the staff's login."""
    await assistance.end(parts, caller)
    return see("/my/help" if caller.known.assisted_by is None else "/staff/login")


def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    step: str,
    error: DomainError | None = None,
    **given: Any,
) -> Response:
    context = {
        "step": step,
        "error": error,
        "phone": "",
        "minutes": parts.settings.help_minutes,
        "consent": assistance.CONSENT,
        **given,
    }
    return pages.page(request, "help.html", context, status=error.kind.status if error else 200)
