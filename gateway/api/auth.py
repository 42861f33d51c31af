"""Sessions: by phone code for applicants, by password for staff; the first operator by the set-up link; `GET /me`."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.gateway import (
    AccountKind,
    AskCode,
    Awaiting,
    CodeAsked,
    Me,
    OpenSession,
    OpenStaffSession,
    SessionOpened,
    SetUp,
    Staff,
)
from contracts.http.staff import Join
from gateway import audit
from gateway.accounts import codes, joining, second_factor, sessions, staff
from gateway.accounts.messages import send_code
from gateway.audit import Action
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.policy import API
from kit.http import problems

router = APIRouter(prefix=API, route_class=GuardedRoute, tags=["account"])


@router.post("/auth/code", status_code=202, responses=problems(403, 429, 503))
async def ask_code(request: Request, parts: TheParts, asked: AskCode) -> CodeAsked:
    """Sends a six-digit code; the answer is the same for every phone."""
    return await do_ask_code(parts, asked, address_of(request))


@router.post("/auth/session", responses=problems(401, 403, 429))
async def open_session(
    request: Request, response: Response, parts: TheParts, given: OpenSession
) -> SessionOpened:
    """Opens a session with phone and code (the first time also the account)."""
    opened = await do_open_session(parts, given, address_of(request))
    set_cookie(response, parts, opened)
    return _opened(opened)


@router.post("/auth/staff-session", responses=problems(401, 403, 429))
async def open_staff_session(
    request: Request, response: Response, parts: TheParts, given: OpenStaffSession
) -> SessionOpened:
    """Opens a session with username, password and, where the account has one, the second factor's code."""
    opened = await do_open_staff_session(parts, given, address_of(request))
    set_cookie(response, parts, opened)
    return _opened(opened)


@router.post("/auth/join", responses=problems(403, 429))
async def join(request: Request, parts: TheParts, given: Join) -> Staff:
    """Sets the password of the account that the one-time link is for."""
    return await do_join(parts, given, address_of(request))


@router.delete("/auth/session", status_code=204, responses=problems(401, 403))
async def close_session(parts: TheParts, caller: CurrentCaller) -> Response:
    """Ends this session at once."""
    async with parts.db.unit_of_work() as session:
        await sessions.revoke(session, caller.known.session_id)
    response = Response(status_code=204)
    response.delete_cookie(parts.settings.cookie, path="/", secure=parts.settings.secure_cookies)
    return response


@router.post("/setup", status_code=201, responses=problems(403, 409))
async def set_up(request: Request, parts: TheParts, given: SetUp) -> Staff:
    """Makes the first operator, once."""
    return await do_set_up(parts, given, address_of(request))


@router.get("/me", responses=problems(401))
async def me(parts: TheParts, caller: CurrentCaller) -> Me:
    """Who I am and which roles I hold."""
    known = caller.known
    phone = None
    if known.kind is AccountKind.person:
        async with parts.db.read() as session:
            phone = await codes.phone_of(session, parts.settings, known.account_id)
    return Me(
        account_id=known.account_id,
        kind=known.kind,
        roles=known.roles,
        display_name=known.display_name,
        unit=known.unit,
        phone=codes.masked(phone) if phone else None,
    )


# What pages do as well ------------------------------------------------------------------------------------


async def do_ask_code(parts: Parts, asked: AskCode, address: str) -> CodeAsked:
    """Makes and sends a code. Errors: 429; 503 when it could not be sent."""
    async with parts.db.unit_of_work() as session:
        new = await codes.ask(session, parts.settings, asked.phone, address)
    await send_code(parts.services, new, asked.phone, parts.settings.code_seconds)
    return CodeAsked(expires_in=parts.settings.code_seconds, again_in=parts.settings.code_again_seconds)


async def do_open_session(parts: Parts, given: OpenSession, address: str) -> sessions.Opened:
    """Redeems the code. Errors: 401 `wrong_code`, 429."""
    opened: sessions.Opened | None = None
    async with parts.db.unit_of_work() as session:
        await codes.limit_tries(session, parts.settings, address)
        account = await codes.redeem(session, parts.settings, given.phone, given.code)
        if account is not None:
            lasts = timedelta(days=parts.settings.person_session_days)
            opened = await sessions.open_session(session, account, lasts)
    if opened is None:  # only now: the try must stay counted
        raise codes.wrong_code()
    return opened


async def do_open_staff_session(
    parts: Parts, given: OpenStaffSession, address: str, *, code_later: bool = False
) -> sessions.Opened:
    """Checks password and second factor. `code_later`: without a code the session opens and waits for it.

    Errors: 401 `wrong_password`, `second_factor_needed`, `wrong_second_factor`, 429.
    """
    async with parts.db.unit_of_work() as session:
        await codes.limit_tries(session, parts.settings, address)
        await staff.limit_username(session, parts.settings, given.username)
    async with parts.db.unit_of_work() as session:
        account = await staff.authenticate(session, given.username, given.password)
        awaiting: Awaiting | None = None
        if account.totp_sealed is None:
            awaiting = Awaiting.enrol if parts.settings.second_factor_required else None
        elif given.code is not None:
            await _use_factor(session, parts, account.id, given.code)
        elif code_later:
            awaiting = Awaiting.code
        else:
            raise second_factor.needed()
        return await sessions.open_session(session, account, lasts(parts, awaiting), awaiting=awaiting)


async def do_second_step(parts: Parts, known: sessions.Known, code: str) -> sessions.Opened:
    """A whole session for one that waits for its code. Errors: 401 `wrong_second_factor`, 429."""
    async with parts.db.unit_of_work() as session:
        await second_factor.limit(session, parts.settings, known.account_id)
    async with parts.db.unit_of_work() as session:
        await _use_factor(session, parts, known.account_id, code)
        return await sessions.complete(session, known, lasts(parts, None))


async def _use_factor(session: AsyncSession, parts: Parts, account_id: UUID, code: str) -> None:
    if await second_factor.use(session, parts.settings, account_id, code):
        role = (await sessions.roles_of(session, account_id))[:1]
        audit.note_of(
            session, account_id, role[0].value if role else "", Action.recovery_code_used, account_id
        )


def lasts(parts: Parts, awaiting: Awaiting | None) -> timedelta:
    """The life of a session of staff."""
    if awaiting is not None:
        return timedelta(minutes=parts.settings.half_session_minutes)
    return timedelta(hours=parts.settings.staff_session_hours)


async def do_join(parts: Parts, given: Join, address: str) -> Staff:
    """Sets the password by a one-time link. Errors: 403 `wrong_join_link`, 429."""
    async with parts.db.unit_of_work() as session:
        await codes.limit_tries(session, parts.settings, address)
    hashed = await staff.hash_password(given.password)
    async with parts.db.unit_of_work() as session:
        account = await joining.redeem(session, given.token, hashed)
        member = await staff.read(session, account.id)
        role = member.roles[0].value if member.roles else ""
        audit.note_of(session, account.id, role, Action.password_set, account.id)
        return member


async def do_set_up(parts: Parts, given: SetUp, address: str) -> Staff:
    """Makes the first operator. Errors: 403 `wrong_setup_token`, 409 `already_set_up`, 429."""
    async with parts.db.unit_of_work() as session:
        await codes.limit_tries(session, parts.settings, address)
    hashed = await staff.hash_password(given.password)
    async with parts.db.unit_of_work() as session:
        return await staff.set_up(session, parts.settings, given, hashed=hashed)


def set_cookie(response: Response, parts: Parts, opened: sessions.Opened) -> None:
    """The session as a cookie that scripts cannot read and other sites' forms do not send."""
    response.set_cookie(
        parts.settings.cookie,
        opened.token,
        expires=opened.expires_at,
        path="/",
        secure=parts.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def address_of(request: Request) -> str:
    """The caller's network address; behind a proxy uvicorn puts the real one here (`trusted_proxies`)."""
    return request.client.host if request.client else ""


def _opened(opened: sessions.Opened) -> SessionOpened:
    return SessionOpened(
        token=opened.token,
        account_id=opened.account_id,
        roles=opened.roles,
        expires_at=opened.expires_at,
        awaiting=opened.awaiting,
    )
