"""How staff get in: name and password, the second factor, a one-time link, the first operator's set-up link."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.http.gateway import Awaiting, OpenStaffSession, SetUp
from contracts.http.staff import Join, ProveFactor
from gateway.accounts import joining, staff
from gateway.accounts.sessions import Known, Opened
from gateway.api import auth
from gateway.guard import GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.forms import ThePages, read, safe_next, see, two_passwords
from gateway.web.public_pages import Next
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
CODE = "/staff/login/code"


@router.get("/staff/login")
async def login_page(request: Request, pages: ThePages, after: Next = None) -> Response:
    """Asks for username and password."""
    context = {"next": safe_next(after, "/staff"), "username": "", "error": None}
    return pages.page(request, "staff_login.html", context)


@router.post("/staff/login")
async def login(request: Request, parts: TheParts, pages: ThePages, after: Next = None) -> Response:
    """Checks them; what is still missing is asked for next."""
    form = await request.form()
    context = {"next": safe_next(after, "/staff"), "username": str(form.get("username", ""))}
    try:
        given = await read(request, OpenStaffSession)
        opened = await auth.do_open_staff_session(parts, given, auth.address_of(request), code_later=True)
    except DomainError as error:
        return pages.page(request, "staff_login.html", {**context, "error": error}, status=error.kind.status)
    return _inside(parts, opened, context["next"])


@router.get(CODE)
async def code_page(request: Request, pages: ThePages, after: Next = None) -> Response:
    """Asks for the second factor's code."""
    target = safe_next(after, "/staff")
    if _waiting(request) is None:
        return see(f"/staff/login?next={quote(target)}")
    return pages.page(request, "staff_code.html", {"next": target, "error": None})


@router.post(CODE)
async def code(request: Request, parts: TheParts, pages: ThePages, after: Next = None) -> Response:
    """Checks it."""
    target = safe_next(after, "/staff")
    known = _waiting(request)
    if known is None:
        return see(f"/staff/login?next={quote(target)}")
    try:
        given = await read(request, ProveFactor)
        opened = await auth.do_second_step(parts, known, given.code)
    except DomainError as error:
        context = {"next": target, "error": error}
        return pages.page(request, "staff_code.html", context, status=error.kind.status)
    return _inside(parts, opened, target)


def _waiting(request: Request) -> Known | None:
    """The session that waits for its code."""
    known: Known | None = request.state.known
    return known if known is not None and known.awaiting is Awaiting.code else None


def _inside(parts: Parts, opened: Opened, target: str) -> Response:
    """On to what was asked for, or to what the session still waits for."""
    doors = {Awaiting.code: f"{CODE}?next={quote(target)}", Awaiting.enrol: "/staff/account/factor"}
    response = see(doors[opened.awaiting] if opened.awaiting else target)
    auth.set_cookie(response, parts, opened)
    return response


@router.get(joining.PATH)
async def join_page(request: Request, parts: TheParts, pages: ThePages, token: str = "") -> Response:
    """The one-time link: asks for a password."""
    async with parts.db.read() as session:
        invited = await joining.find(session, token)
    context = {"token": token, "invited": invited, "error": None}
    return pages.page(request, "staff_join.html", context, status=200 if invited else 403)


@router.post(joining.PATH)
async def join(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Sets it and lets them in as far as the second factor."""
    form = await request.form()
    token = str(form.get("token", ""))
    try:
        if form.get("password") != form.get("again"):
            raise two_passwords()
        wanted = await read(request, Join)
        member = await auth.do_join(parts, wanted, auth.address_of(request))
        given = OpenStaffSession(username=member.username, password=wanted.password)
        opened = await auth.do_open_staff_session(parts, given, auth.address_of(request), code_later=True)
    except DomainError as error:
        async with parts.db.read() as session:
            invited = await joining.find(session, token)
        context = {"token": token, "invited": invited, "error": error if invited else None}
        return pages.page(request, "staff_join.html", context, status=error.kind.status)
    return _inside(parts, opened, "/staff")


@router.get("/setup")
async def setup_page(request: Request, parts: TheParts, pages: ThePages, token: str = "") -> Response:
    """The one-time link: who is the first operator."""
    async with parts.db.read() as session:
        done = await staff.is_set_up(session)
    context = {"token": token, "done": done, "error": None, "username": "", "display_name": ""}
    return pages.page(request, "setup.html", context, status=409 if done else 200)


@router.post("/setup")
async def setup(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Makes the operator and logs them in."""
    form = await request.form()
    shown = {name: str(form.get(name, "")) for name in ("token", "username", "display_name")}
    try:
        wanted = await read(request, SetUp)
        await auth.do_set_up(parts, wanted, auth.address_of(request))
        given = OpenStaffSession(username=wanted.username, password=wanted.password)
        opened = await auth.do_open_staff_session(parts, given, auth.address_of(request), code_later=True)
    except DomainError as error:
        done = error.code == "already_set_up"
        context = {**shown, "done": done, "error": error}
        return pages.page(request, "setup.html", context, status=error.kind.status)
    return _inside(parts, opened, "/staff")
