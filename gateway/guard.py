"""Stands before every route: who asks, in which role, may they, is it theirs. Also the defence against CSRF."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import uuid_utils.compat as uuids
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import Role, TargetKind
from contracts.http.gateway import Awaiting
from contracts.refusals import refused
from gateway.accounts import second_factor, sessions
from gateway.accounts.sessions import Known
from gateway.intake import log
from gateway.models import Application, Audit, Round
from gateway.policy import READERS, Access, Owner, Policy, Rule
from gateway.settings import GatewaySettings
from kit.db import Database
from kit.errors import DomainError, Kind
from kit.tokens import Actor

ROLE_HEADER = "x-fudao-role"
"""Somebody with several roles may say in which one they act; otherwise the first that the route allows."""
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks, acting in exactly one role that the route allows."""

    known: Known
    role: Role
    application_id: UUID | None = None

    @property
    def account_id(self) -> UUID:
        return self.known.account_id

    def actor(self) -> Actor:
        """What a service is told of the caller."""
        return Actor(
            subject=self.known.account_id,
            role=self.role.value,
            application_id=self.application_id,
            district=self.known.district,
        )


def not_found() -> DomainError:
    """The one answer for what is absent and for what is somebody else's."""
    return DomainError(Kind.not_found, "not_found", "没有找到您要的内容，它可能不存在，或者不属于您。")


def forbidden() -> DomainError:
    return DomainError(Kind.forbidden, "forbidden", "您的角色不能进行这项操作。")


def unauthenticated() -> DomainError:
    return DomainError(Kind.unauthenticated, "unauthenticated", "请先登录。")


def waits(awaiting: Awaiting) -> DomainError:
    """The refusal of a session that has no second factor yet: 401 to give its code, 403 to set one up."""
    return second_factor.needed() if awaiting is Awaiting.code else second_factor.to_set_up()


class GuardedRoute(APIRoute):
    """A route that does nothing before its rule in the policy table is satisfied."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            await admit(request, self.path)
            await _note_help(request, self.path)
            return await handler(request)

        return guarded


async def admit(request: Request, path: str) -> None:
    """Applies the rule of this route; `request.state.caller` and `.known` are set afterwards.

    Errors: 401, 403 (`forbidden`, `cross_site`), 404 for what is not theirs, 413 `body_too_large`.
    """
    policy: Policy = request.app.state.policy
    rule = policy.of(request.method, path)
    if rule is None:
        raise forbidden()
    request.state.caller = None
    request.state.known = None
    if rule.access is Access.service:
        return
    token, by_cookie = token_of(request)
    if request.method in UNSAFE and rule.access is not Access.codec:
        check_same_site(request, required=by_cookie and rule.access is Access.roles)
    database: Database = request.app.state.db
    async with database.read() as session:
        known = await sessions.find_session(session, token) if token else None
        if known is not None and known.awaiting is not None and known.awaiting not in rule.awaiting:
            if rule.access is Access.roles:
                raise waits(known.awaiting)
            known = None
        request.state.known = known
        if rule.access is Access.roles:
            request.state.caller = await _caller(session, request, rule, known)
    if rule.max_body is not None:
        await _check_size(request, rule.max_body)


async def _note_help(request: Request, path: str) -> None:
    """Whatever is written with a helper's hands is noted before it is done (A9): which route, of which application."""
    caller = request.state.caller
    if not isinstance(caller, Caller) or caller.known.assisted_by is None or request.method not in UNSAFE:
        return
    database: Database = request.app.state.db
    async with database.unit_of_work() as session:
        session.add(
            Audit(
                id=uuids.uuid7(),
                account_id=caller.known.assisted_by,
                role=Role.secretariat.value,
                action="helped",
                subject_id=caller.application_id or caller.account_id,
                details={
                    "route": f"{request.method} {path}",
                    "assistance_id": str(caller.known.assistance_id),
                    "person_id": str(caller.account_id),
                },
            )
        )


def token_of(request: Request) -> tuple[str | None, bool]:
    """The session token and whether it came as a cookie; a bearer token wins."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials:
        return credentials.strip(), False
    settings: GatewaySettings = request.app.state.settings
    cookie = request.cookies.get(settings.cookie)
    return cookie, cookie is not None


def check_same_site(request: Request, *, required: bool) -> None:
    """403 `cross_site` for a write that another site's page caused; `required`: one that proves nothing, too."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        good = site in ("same-origin", "none")
    elif origin is not None:
        good = origin in _own_origins(request)
    else:
        good = not required
    if not good:
        raise DomainError(
            Kind.forbidden, "cross_site", "这个请求来自其他网站，已被拒绝；请在本系统页面上重新操作。"
        )


def _own_origins(request: Request) -> set[str]:
    settings: GatewaySettings = request.app.state.settings
    own = {f"{request.url.scheme}://{request.headers.get('host', '')}"}
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        own.add(f"{parts.scheme}://{parts.netloc}")
    return own


async def _caller(session: AsyncSession, request: Request, rule: Rule, known: Known | None) -> Caller:
    if known is None:
        raise unauthenticated()
    allowed = [role for role in rule.roles if role in known.roles]
    wanted = request.headers.get(ROLE_HEADER)
    if wanted is not None:
        allowed = [role for role in allowed if role.value == wanted]
    if not allowed:
        # who may not act on it must not learn whether it exists
        raise forbidden()
    caller = Caller(known=known, role=allowed[0])
    return await _owned(session, request, rule, caller)


async def _owned(session: AsyncSession, request: Request, rule: Rule, caller: Caller) -> Caller:
    match rule.owner:
        case Owner.application:
            application_id = path_uuid(request, "application_id")
            await _own_application(session, application_id, caller)
            return Caller(known=caller.known, role=caller.role, application_id=application_id)
        case Owner.round:
            if await session.get(Round, path_uuid(request, "round_id")) is None:
                unknown = refused("unknown_round")
                raise DomainError(Kind.not_found, unknown.code, unknown.message, unknown.clause)
        case Owner.command:
            await _own_command(session, path_uuid(request, "command_id"), caller)
        case Owner.nobody:
            pass
    return caller


async def _own_application(session: AsyncSession, application_id: UUID, caller: Caller) -> None:
    query = select(Application.person_id).where(Application.id == application_id)
    owner = (await session.execute(query)).scalar_one_or_none()
    if owner is None or (caller.role is Role.applicant and owner != caller.account_id):
        raise not_found()


async def _own_command(session: AsyncSession, command_id: UUID, caller: Caller) -> None:
    row = await log.find(session, command_id)
    if row is None:
        raise not_found()
    readers = READERS if row.target_kind != TargetKind.complaint else (Role.supervisor,)  # O4
    if row.subject == caller.account_id or any(role in readers for role in caller.known.roles):
        return
    if caller.role is not Role.applicant:
        raise not_found()
    await _own_application(session, row.target_id, caller)


def path_uuid(request: Request, name: str) -> UUID:
    """A path parameter as UUID; what is none is not found either."""
    try:
        return UUID(str(request.path_params[name]))
    except ValueError:
        raise not_found() from None


async def _check_size(request: Request, limit: int) -> None:
    declared = request.headers.get("content-length", "")
    if (declared.isdigit() and int(declared) > limit) or len(await request.body()) > limit:
        raise DomainError(
            Kind.too_large,
            "body_too_large",
            f"请求内容超过 {limit} 字节的上限；文字和附件请先单独保存。",
        )


def _current(request: Request) -> Caller:
    caller = request.state.caller
    if not isinstance(caller, Caller):
        raise unauthenticated()
    return caller


CurrentCaller = Annotated[Caller, Depends(_current)]
"""For endpoints: the caller that the guard has admitted."""
