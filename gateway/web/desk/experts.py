"""The registry as pages (O3): who is in it, register, change, deactivate with the consequence said before."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.commands import Role
from contracts.http.gateway import Staff
from contracts.http.review import Expert, Experts, RegisteredRole, RegisterExpert
from contracts.http.sheets import Assessments
from gateway.accounts import staff
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.web.desk import asking
from gateway.web.desk.words import REGISTERED
from gateway.web.forms import ThePages, see
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_JUDGES = frozenset({Role.expert, Role.panel_chair})
_HERE = "/staff/experts"


@router.get("/staff/experts")
async def listed(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Everybody in the registry, and accounts that are not in it yet."""
    known = {one.account_id: one for one in (await asking.get(parts, caller, "/experts", Experts)).experts}
    figures = await asking.maybe(parts, caller, "/assessments", Assessments)
    accounts = {one.account_id: one for one in await _accounts(parts)}
    missing = [
        one for one in accounts.values() if one.account_id not in known and not one.disabled and _may_be(one)
    ]
    context = {
        "experts": sorted(known.values(), key=lambda one: (one.role != RegisteredRole.expert, one.number)),
        "accounts": accounts,
        "missing": missing,
        "loads": {one.account_id: one for one in (figures.loads if figures is not None else ())},
        "role_words": REGISTERED,
        "said": request.query_params.get("said"),
    }
    return pages.page(request, "desk/experts.html", context)


@router.get("/staff/experts/{account_id}")
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, account_id: UUID
) -> Response:
    """One person's entry, or the form to register them."""
    return await _page(request, parts, pages, caller, account_id, None, {})


@router.post("/staff/experts/{account_id}")
async def save(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, account_id: UUID
) -> Response:
    """Registers or changes; whether they are active stays as it is."""
    account, entry = await _found(parts, caller, account_id)
    form = await request.form()
    try:
        body = _body(form, account, entry)
        await asking.send(parts, caller, "PUT", f"/experts/{account_id}", Expert, body)
    except DomainError as error:
        given = {name: str(value) for name, value in form.items()}
        return await _page(request, parts, pages, caller, account_id, error, given)
    return see(f"{_HERE}?said=saved")


@router.get("/staff/experts/{account_id}/{step}")
async def ask(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    account_id: UUID,
    step: Literal["activate", "deactivate"],
) -> Response:
    """What will follow; nothing is done yet."""
    account, entry = await _found(parts, caller, account_id)
    if entry is None:
        raise not_found()
    context = {"account": account, "entry": entry, "step": step, "role_words": REGISTERED}
    return pages.page(request, "desk/expert_step.html", context)


@router.post("/staff/experts/{account_id}/{step}")
async def switch(
    parts: TheParts, caller: CurrentCaller, account_id: UUID, step: Literal["activate", "deactivate"]
) -> Response:
    """Active or not; open sheets of who is not go to others, drawn anew."""
    _, entry = await _found(parts, caller, account_id)
    if entry is None:
        raise not_found()
    body = RegisterExpert(
        unit=entry.unit,
        discipline=entry.discipline,
        recommender=entry.recommender,
        role=entry.role,
        active=step == "activate",
    )
    await asking.send(parts, caller, "PUT", f"/experts/{account_id}", Expert, body)
    return see(f"{_HERE}?said={step}d")


async def _page(
    request: Request,
    parts: Parts,
    pages: ThePages,
    caller: Caller,
    account_id: UUID,
    error: DomainError | None,
    given: dict[str, str],
) -> Response:
    account, entry = await _found(parts, caller, account_id)
    values = {
        "unit": entry.unit if entry else account.unit,
        "discipline": entry.discipline if entry else "",
        "recommender": entry.recommender if entry else "",
    }
    context = {
        "account": account,
        "entry": entry,
        "values": values | given,
        "choices": _choices(account),
        "role_words": REGISTERED,
        "error": error,
    }
    return pages.page(request, "desk/expert.html", context, status=error.kind.status if error else 200)


async def _found(parts: Parts, caller: Caller, account_id: UUID) -> tuple[Staff, Expert | None]:
    """The account and its entry. DomainError not_found for who cannot be in the registry."""
    account = next((one for one in await _accounts(parts) if one.account_id == account_id), None)
    known = (await asking.get(parts, caller, "/experts", Experts)).experts
    entry = next((one for one in known if one.account_id == account_id), None)
    if account is None or (entry is None and (account.disabled or not _may_be(account))):
        raise not_found()
    return account, entry


async def _accounts(parts: Parts) -> tuple[Staff, ...]:
    async with parts.db.read() as session:
        return await staff.listed(session)


def _may_be(account: Staff) -> bool:
    return bool(_choices(account))


def _choices(account: Staff) -> list[RegisteredRole]:
    """As what an account can be registered, by its roles."""
    found = []
    if _JUDGES.intersection(account.roles):
        found.append(RegisteredRole.expert)
    if Role.reviewer in account.roles:
        found.append(RegisteredRole.reviewer)
    return found


def _body(form: FormData, account: Staff, entry: Expert | None) -> RegisterExpert:
    """DomainError invalid_input, wrong_role."""
    role = entry.role if entry is not None else None
    if role is None:
        chosen = str(form.get("role") or "")
        role = next((one for one in _choices(account) if one.value == chosen), None)
    if role is None:
        text = "请选择登记为评审专家还是资格审查员；须与该账号的岗位一致。"
        raise DomainError(Kind.invalid, "wrong_role", text, "O3")
    try:
        return RegisterExpert(
            unit=str(form.get("unit") or "").strip(),
            discipline=str(form.get("discipline") or "").strip(),
            recommender=str(form.get("recommender") or "").strip(),
            role=role,
            active=entry.active if entry is not None else True,
        )
    except ValidationError:
        text = "请填写工作单位全称（2–100 字），回避关系由此判断；学科不超过 50 字，推荐单位不超过 100 字。"
        raise DomainError(Kind.invalid, "invalid_input", text, "O3") from None
