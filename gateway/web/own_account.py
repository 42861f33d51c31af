"""Pages of one's own staff account: password, second factor, open sessions."""

from __future__ import annotations

from typing import Any, Literal

import segno
from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.http.staff import ChangePassword, ProveFactor
from gateway import members
from gateway.accounts import second_factor, sessions, staff
from gateway.api.auth import set_cookie
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.forms import ThePages, read, see, two_passwords
from gateway.web.render import Renderer
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
PAGE = "/staff/account"
FACTOR = f"{PAGE}/factor"


@router.get(PAGE)
async def account(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    done: Literal["password", "sessions"] | None = None,
) -> Response:
    """Who I am here, how I get in."""
    return await _page(request, parts, pages, caller, done=done)


@router.post(f"{PAGE}/password")
async def password(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Another password."""
    form = await request.form()
    try:
        if form.get("password") != form.get("again"):
            raise two_passwords()
        await members.change_password(parts, caller, await read(request, ChangePassword))
    except DomainError as error:
        return await _page(request, parts, pages, caller, error=error, at="password")
    return see(f"{PAGE}?done=password")


@router.post(f"{PAGE}/sessions")
async def end_sessions(parts: TheParts, caller: CurrentCaller) -> Response:
    """All others end."""
    await members.end_other_sessions(parts, caller)
    return see(f"{PAGE}?done=sessions")


@router.get(FACTOR)
async def factor(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """The key as QR code and as text."""
    return await _factor_page(request, parts, pages, caller, None)


@router.post(FACTOR)
async def confirm(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Confirms it with a code; the recovery codes are shown this one time."""
    try:
        made, opened = await members.confirm_factor(parts, caller, (await read(request, ProveFactor)).code)
    except DomainError as error:
        if error.code == "no_second_factor":  # confirmed meanwhile, or this page was sent twice
            return see(PAGE)
        return await _factor_page(request, parts, pages, caller, error)
    response = pages.page(request, "staff_codes.html", {"codes": made.codes})
    if opened is not None:
        set_cookie(response, parts, opened)
    return _not_kept(response)


@router.post(f"{FACTOR}/codes")
async def codes(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """New recovery codes."""
    try:
        made = await members.new_codes(parts, caller, (await read(request, ProveFactor)).code)
    except DomainError as error:
        return await _page(request, parts, pages, caller, error=error, at="codes")
    return _not_kept(pages.page(request, "staff_codes.html", {"codes": made.codes}))


@router.post(f"{FACTOR}/remove")
async def remove(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """No factor any more: to set it up on another phone, or to do without where that is allowed."""
    try:
        await members.remove_factor(parts, caller, (await read(request, ProveFactor)).code)
    except DomainError as error:
        return await _page(request, parts, pages, caller, error=error, at="remove")
    return see(FACTOR if parts.settings.second_factor_required else PAGE)


async def _factor_page(
    request: Request, parts: Parts, pages: Renderer, caller: Caller, error: DomainError | None
) -> Response:
    try:
        wanted = await members.begin_factor(parts, caller)
    except DomainError as refused:
        if refused.code == "second_factor_set":
            return see(PAGE)
        raise
    context = {
        "secret": " ".join(wanted.secret[at : at + 4] for at in range(0, len(wanted.secret), 4)),
        "uri": wanted.uri,
        "qr": segno.make(wanted.uri, error="m").svg_data_uri(scale=5, border=3),
        "required": parts.settings.second_factor_required,
        "error": error,
    }
    status = error.kind.status if error else 200
    return _not_kept(pages.page(request, "staff_factor.html", context, status=status))


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    *,
    error: DomainError | None = None,
    at: str = "",
    done: str | None = None,
) -> Response:
    """`at`: the form that the error belongs to."""
    async with parts.db.read() as session:
        context: dict[str, Any] = {
            "member": await staff.read(session, caller.account_id),
            "codes_left": await second_factor.codes_left(session, caller.account_id),
            "open_sessions": await sessions.listed(session, caller.account_id),
        }
    context |= {
        "this": caller.known.session_id,
        "required": parts.settings.second_factor_required,
        "error": error,
        "at": at,
        "done": done,
    }
    return pages.page(request, "staff_account.html", context, status=error.kind.status if error else 200)


def _not_kept(response: Response) -> Response:
    """Secrets are in it: no cache keeps it."""
    response.headers["cache-control"] = "no-store"
    return response
