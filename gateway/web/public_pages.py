"""Pages for everybody: the round, logging in, public notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.http.gateway import AskCode, OpenSession, WindowView
from contracts.http.publication import FinalList, Notice, Notices
from contracts.http.registration import Rounds, RoundView
from contracts.lifecycle import RoundStage
from gateway import announcing, windowing
from gateway.accounts import sessions
from gateway.api import auth
from gateway.guard import CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.passing.row import ANYONE
from gateway.web import resuming
from gateway.web.console.reading import staged
from gateway.web.forms import ThePages, read, safe_next, see
from gateway.web.render import LANGUAGE_COOKIE, LANGUAGES
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
M = TypeVar("M", bound=BaseModel)
_YEAR = 365 * 24 * 3600
_TOLD = 5
Next = Annotated[str | None, Query(alias="next", max_length=300)]


async def rounds_of(parts: Parts) -> tuple[RoundView, ...]:
    """The rounds as registration tells everybody."""
    answer = await parts.services.request("registration", "GET", "/rounds", actor=ANYONE)
    return Rounds.model_validate_json(answer.content).rounds


async def level_names(parts: Parts) -> dict[str, str]:
    """Names of the rounds' levels by ID, for filters and lists; none while registration cannot answer."""
    try:
        rounds = await rounds_of(parts)
    except DomainError:
        return {}
    return {level.id: level.name for one in rounds for level in one.levels}


@router.get("/")
async def start(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """The present round: levels, fees, windows, what one needs, how it goes."""
    try:
        rounds = await rounds_of(parts)
    except DomainError as error:
        if error.kind is not Kind.unavailable:
            raise
        nothing = {"round": None, "windows": (), "closes_at": None, "away": True}
        return pages.page(request, "start.html", nothing)
    present = rounds[0] if rounds else None
    if present is not None:
        async with parts.db.read() as session:
            present = staged(present, await parts.read_model.funnel(session, present.id))
    windows = (await windowing.listed(parts, [present.id])).windows if present else ()
    told = (await announcing.in_force(parts, present.id, _TOLD)).announcements if present else ()
    context = {
        "round": present,
        "windows": windows,
        "closes_at": ends(present, windows),
        "away": False,
        "announcements": told,
        "published": present is not None and await _has_final_list(parts, present),
    }
    return pages.page(request, "start.html", context)


async def _has_final_list(parts: Parts, present: RoundView) -> bool:
    """Whether the list is out (N4); not while publication cannot answer."""
    if present.stage not in (RoundStage.issuing, RoundStage.closed):
        return False
    try:
        return await _public(parts, f"/public/rounds/{present.id}/final-list", FinalList) is not None
    except DomainError:
        return False


def ends(present: RoundView | None, windows: Sequence[WindowView]) -> datetime | None:
    """End of the round's present stage: the window's, which knows of extensions, before what registration noted."""
    if present is None:
        return None
    own = [one.closes_at for one in windows if one.stage.value == present.stage.value]
    return own[0] if own else present.closes_at


@router.get("/language/{language}")
async def switch_language(language: str, after: Next = None) -> Response:
    """Remembers the language and goes back."""
    response = see(safe_next(after, "/"))
    if language in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, path="/", samesite="lax", httponly=True)
    return response


@router.get("/login")
async def login_page(request: Request, pages: ThePages, after: Next = None) -> Response:
    """Asks for the phone."""
    return pages.page(request, "login.html", {**_door(after), "phone": "", "error": None})


@router.post("/login/code")
async def ask_code(request: Request, parts: TheParts, pages: ThePages, after: Next = None) -> Response:
    """Sends the code and asks for it."""
    form = await request.form()
    context = _door(after, form) | {"phone": str(form.get("phone", "")).strip(), "error": None}
    try:
        asked = await auth.do_ask_code(parts, await read(request, AskCode), auth.address_of(request))
    except DomainError as error:
        return pages.page(request, "login.html", {**context, "error": error}, status=error.kind.status)
    return pages.page(request, "code.html", {**context, "minutes": asked.expires_in // 60})


@router.post("/login")
async def login(request: Request, parts: TheParts, pages: ThePages, after: Next = None) -> Response:
    """Redeems the code."""
    form = await request.form()
    context = _door(after, form) | {
        "phone": str(form.get("phone", "")),
        "minutes": parts.settings.code_seconds // 60,
    }
    try:
        opened = await auth.do_open_session(parts, await read(request, OpenSession), auth.address_of(request))
    except DomainError as error:
        return pages.page(request, "code.html", {**context, "error": error}, status=error.kind.status)
    response = see(context["next"])
    if typed := resuming.opened(context["kept"]):
        # no redirect can post: one more click saves what was typed before the session ended
        async with parts.db.read() as session:
            request.state.known = await sessions.find_session(session, opened.token)
        response = pages.page(request, "resume.html", {"action": typed[0], "fields": typed[1]})
    auth.set_cookie(response, parts, opened)
    return response


def _door(after: str | None, form: FormData | None = None) -> dict[str, Any]:
    """What the pages of logging in hand on: where to go then, and a form that was being filled in."""
    return {"next": safe_next(after, "/my"), "kept": resuming.carried(form) if form else ""}


@router.post("/logout")
async def logout(parts: TheParts, caller: CurrentCaller) -> Response:
    """Ends this session."""
    async with parts.db.unit_of_work() as session:
        await sessions.revoke(session, caller.known.session_id)
    response = see("/")
    response.delete_cookie(parts.settings.cookie, path="/", secure=parts.settings.secure_cookies)
    return response


@router.get("/notices")
async def notices(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """The public notices (N1)."""
    found = await _public(parts, "/public/notices", Notices)
    return pages.page(request, "notices.html", {"notices": found.notices if found else ()})


@router.get("/notices/{notice_id}")
async def notice(request: Request, parts: TheParts, pages: ThePages, notice_id: UUID) -> Response:
    """One public notice with its list and how to object (N3, N5)."""
    found = await _public(parts, f"/public/notices/{notice_id}", Notice)
    if found is None:
        raise not_found()
    return pages.page(request, "notice.html", {"notice": found})


async def _public(parts: Parts, path: str, model: type[M]) -> M | None:
    """What publication shows to everybody; None when there is nothing under that address."""
    try:
        answer = await parts.services.request("publication", "GET", path, actor=ANYONE)
    except DomainError as error:
        if error.kind is not Kind.not_found:
            raise
        return None
    return model.model_validate_json(answer.content)
