"""Defences as panel members and the chair see them: today in order, who has handed in, absent, postponed (D1, D2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.commands import Role
from contracts.http.panels import Defence, Defences, DefenceState, Postpone
from contracts.http.review import DefenceAbsent, MarkAbsent
from gateway.accounts import staff
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.web.desk import asking
from gateway.web.desk.words import DEFENCE, FORM, SHEET
from gateway.web.documents import local_day
from gateway.web.forms import ThePages, see
from kit.db import now
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
OVER = (DefenceState.complete, DefenceState.absent)


@router.get("/staff/defences")
async def listed(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Mine: what is today, what is to come, what has no time yet, what is over."""
    found = (await asking.get(parts, caller, "/defences", Defences)).defences
    async with parts.db.read() as session:
        moment = await now(session)
    context = {
        "groups": by_day(found, local_day(moment)),
        "names": await names_of(parts),
        "said": request.query_params.get("said"),
        "me": caller.account_id,
        "moment_now": moment,
        **words(),
    }
    return pages.page(request, "desk/defences.html", context)


@router.get("/staff/defences/{application_id}/absent")
async def ask_absent(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """What noting it means; nothing is done yet."""
    return await _confirm(request, parts, pages, caller, application_id, "absent", None)


@router.post("/staff/defences/{application_id}/absent")
async def absent(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """The candidate did not come."""
    form = await request.form()
    body = MarkAbsent(reason=str(form.get("reason") or "").strip()[:200])
    try:
        if form.get("confirmed") != "1":
            text = "请先确认已在规定时间内等候，并按登记的电话联系过申报人。"
            raise DomainError(Kind.invalid, "not_confirmed", text, "D1")
        path = f"/applications/{application_id}/defence/absent"
        await asking.send(parts, caller, "POST", path, DefenceAbsent, body)
    except DomainError as error:
        return await _confirm(request, parts, pages, caller, application_id, "absent", error)
    return see(f"{back(caller)}?said=absent")


@router.get("/staff/defences/{application_id}/postpone")
async def ask_postpone(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """What postponing means; nothing is done yet."""
    return await _confirm(request, parts, pages, caller, application_id, "postpone", None)


@router.post("/staff/defences/{application_id}/postpone")
async def postpone(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """The time is open again; the candidate is told."""
    reason = str((await request.form()).get("reason") or "").strip()
    try:
        if not 2 <= len(reason) <= 200:
            raise DomainError(Kind.invalid, "reason_missing", "请写明改期的理由（2–200 字）。", "D1")
        path = f"/applications/{application_id}/defence/postpone"
        await asking.tell(parts, caller, "POST", path, Postpone(reason=reason))
    except DomainError as error:
        return await _confirm(request, parts, pages, caller, application_id, "postpone", error)
    return see(f"{back(caller)}?said=postponed")


async def _confirm(
    request: Request,
    parts: Parts,
    pages: ThePages,
    caller: Caller,
    application_id: UUID,
    what: str,
    error: DomainError | None,
) -> Response:
    found = (await asking.get(parts, caller, "/defences", Defences)).defences
    one = next((one for one in found if one.application_id == application_id), None)
    if one is None or (caller.role is Role.panel_chair and not one.chairs):
        raise not_found()
    context = {"one": one, "what": what, "back": back(caller), "error": error, **words()}
    return pages.page(request, "desk/defence_step.html", context, status=error.kind.status if error else 200)


def back(caller: Caller) -> str:
    """Where who acted came from."""
    return "/staff/panels" if caller.role is Role.secretariat else "/staff/defences"


def words() -> Mapping[str, Any]:
    return {"states": DEFENCE, "forms": FORM, "sheet_words": SHEET}


def by_day(found: Sequence[Defence], today: date) -> list[tuple[str, list[Defence]]]:
    """Today first, then what comes, what is late, what has no time; over ones last."""
    groups: dict[str, list[Defence]] = {
        "今天": [],
        "以后": [],
        "时间已过、还没有结束": [],
        "时间未定": [],
        "已结束": [],
    }
    for one in found:
        day = local_day(one.starts_at) if one.starts_at is not None else None
        if one.state in OVER:
            groups["已结束"].append(one)
        elif day is None:
            groups["时间未定"].append(one)
        elif day == today:
            groups["今天"].append(one)
        else:
            groups["以后" if day > today else "时间已过、还没有结束"].append(one)
    return [(name, lines) for name, lines in groups.items() if lines]


async def names_of(parts: Parts) -> Mapping[UUID, str]:
    """Names of staff by account."""
    async with parts.db.read() as session:
        return {one.account_id: one.display_name for one in await staff.listed(session)}
