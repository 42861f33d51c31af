"""Pages of the operator: who works here, in which roles, how they get in."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.commands import Role
from contracts.http.gateway import CreateStaff, SetRoles, Staff
from contracts.http.staff import GiveReason, JoinLink
from gateway import members
from gateway.accounts import staff
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.policy import STAFF
from gateway.web.forms import ThePages, read, said_of, see
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
PAGE = "/staff/people"
M = TypeVar("M", CreateStaff, SetRoles)
_FIELDS = ("username", "display_name", "unit", "district")


@router.get(PAGE)
async def people(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    text: Annotated[str, Query(max_length=40)] = "",
    role: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """All staff, found by name, unit or role."""
    return await _list(request, parts, pages, caller, text=text.strip(), role=role)


@router.post(PAGE)
async def create(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """A new account, and the link by which its person sets a password."""
    form = await request.form()
    try:
        made = await members.create(parts, caller, _wanted(form))
        link = await members.link(parts, caller, made.account_id)
    except DomainError as error:
        given = {name: str(form.get(name, "")) for name in _FIELDS} | {"roles": form.getlist("roles")}
        return await _list(request, parts, pages, caller, error=error, given=given)
    return await _one(request, parts, pages, caller, made.account_id, link=link)


@router.get(f"{PAGE}/{{account_id}}")
async def person(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    account_id: UUID,
    done: Literal["roles", "disable", "enable", "factor"] | None = None,
) -> Response:
    """One account and what can be done with it."""
    return await _one(request, parts, pages, caller, account_id, done=done)


@router.post(f"{PAGE}/{{account_id}}/link")
async def link(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, account_id: UUID
) -> Response:
    """A new one-time link, shown this one time."""
    try:
        made = await members.link(parts, caller, account_id)
    except DomainError as error:
        return await _one(request, parts, pages, caller, account_id, error=error)
    return await _one(request, parts, pages, caller, account_id, link=made)


@router.post(f"{PAGE}/{{account_id}}/roles")
async def set_roles(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, account_id: UUID
) -> Response:
    """Exactly the ticked roles."""
    form = await request.form()
    try:
        wanted = _model(SetRoles, {"roles": form.getlist("roles"), "reason": str(form.get("reason", ""))})
        await members.set_roles(parts, caller, account_id, wanted)
    except DomainError as error:
        return await _one(request, parts, pages, caller, account_id, error=error)
    return see(PAGE if account_id == caller.account_id else f"{PAGE}/{account_id}?done=roles")


@router.post(f"{PAGE}/{{account_id}}/{{step}}")
async def step(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    account_id: UUID,
    step: Literal["disable", "enable", "factor"],
) -> Response:
    """Ends the account, lets it in again, or takes its lost second factor away; each for a reason."""
    does = {"disable": members.disable, "enable": members.enable, "factor": members.reset_factor}
    try:
        reason = (await read(request, GiveReason)).reason
        await does[step](parts, caller, account_id, reason)
    except DomainError as error:
        return await _one(request, parts, pages, caller, account_id, error=error)
    return see(f"{PAGE}/{account_id}?done={step}")


def _wanted(form: FormData) -> CreateStaff:
    given: dict[str, Any] = {name: str(form.get(name, "")).strip() for name in _FIELDS}
    given["district"] = given["district"] or None
    return _model(CreateStaff, {**given, "roles": form.getlist("roles")})


def _model(model: type[M], given: dict[str, Any]) -> M:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise DomainError(Kind.invalid, "invalid_input", said_of(error)) from None


async def _list(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    *,
    text: str = "",
    role: str = "",
    error: DomainError | None = None,
    given: dict[str, Any] | None = None,
) -> Response:
    async with parts.db.read() as session:
        everybody = await staff.listed(session)
    shown = [one for one in everybody if _matches(one, text, role)]
    context = {
        "people": shown,
        "all": len(everybody),
        "text": text,
        "role": role,
        "roles": STAFF,
        "may": caller.role is Role.operator,
        "error": error,
        "given": given,
    }
    return pages.page(request, "staff_people.html", context, status=error.kind.status if error else 200)


def _matches(one: Staff, text: str, role: str) -> bool:
    found = text.lower() in f"{one.username}\n{one.display_name}\n{one.unit}\n{one.district or ''}".lower()
    return found and (not role or role in {held.value for held in one.roles})


async def _one(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    account_id: UUID,
    *,
    link: JoinLink | None = None,
    error: DomainError | None = None,
    done: str | None = None,
) -> Response:
    async with parts.db.read() as session:
        member = await staff.read(session, account_id)
    context = {
        "member": member,
        "own": account_id == caller.account_id,
        "may": caller.role is Role.operator,
        "roles": STAFF,
        "link": f"{str(request.base_url).rstrip('/')}{link.path}" if link else None,
        "until": link.expires_at if link else None,
        "error": error,
        "done": done,
    }
    response = pages.page(request, "staff_person.html", context, status=error.kind.status if error else 200)
    if link:
        response.headers["cache-control"] = "no-store"
    return response
