"""The office's panels and slots (D1): who sits where, which candidate comes when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.commands import Role
from contracts.http.gateway import Staff
from contracts.http.panels import (
    Defences,
    DefenceState,
    NotSeated,
    Panel,
    Panels,
    PanelSaved,
    SavePanel,
    SetSlots,
    SlotsSet,
)
from contracts.http.registration import RoundView
from contracts.http.review import Expert, Experts, RegisteredRole
from contracts.lifecycle import RoundStage
from gateway.accounts import staff
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.web.desk import asking
from gateway.web.desk.defences import OVER, names_of, words
from gateway.web.forms import ThePages, see
from gateway.web.public_pages import rounds_of
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_ZONE = ZoneInfo("Asia/Shanghai")


@router.get("/staff/panels")
async def listed(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: str = ""
) -> Response:
    """Panels, who has no time yet, and the order of each panel."""
    return await _list(request, parts, pages, caller, round_id, None, ())


@router.post("/staff/panels/slots")
async def set_slots(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """The ticked candidates one after the other; each that cannot come then says why."""
    form = await request.form()
    round_id = str(form.get("round_id") or "")
    try:
        panel_id = _uuid(form.get("panel_id"))
        if panel_id is None:
            raise DomainError(Kind.invalid, "no_panel", "请选择答辩组。", "D1")
        body = _slots(form)
        path = f"/panels/{panel_id}/slots"
        done = await asking.send(parts, caller, "POST", path, SlotsSet, body)
    except DomainError as error:
        return await _list(request, parts, pages, caller, round_id, error, ())
    if done.refused:
        return await _list(request, parts, pages, caller, round_id, None, done.refused, seated=done.seated)
    return see(f"/staff/panels?said=seated&round_id={round_id}")


@router.get("/staff/panels/new")
async def new(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: str = ""
) -> Response:
    """The form of a new panel."""
    found = await _round(parts, round_id)
    if found is None:
        raise not_found()
    return await _form(request, parts, pages, caller, found.id, None, None, {})


@router.post("/staff/panels")
async def make(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Makes it."""
    form = await request.form()
    round_id = _uuid(form.get("round_id"))
    if round_id is None:
        raise not_found()
    try:
        body = _panel(form, round_id)
        await asking.send(parts, caller, "POST", "/panels", PanelSaved, body)
    except DomainError as error:
        return await _form(request, parts, pages, caller, round_id, None, error, _given(form))
    return see(f"/staff/panels?said=saved&round_id={round_id}")


@router.get("/staff/panels/{panel_id}")
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, panel_id: UUID
) -> Response:
    """The form of a panel that is there."""
    panel = await _one(parts, caller, panel_id)
    return await _form(request, parts, pages, caller, panel.round_id, panel, None, {})


@router.post("/staff/panels/{panel_id}")
async def change(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, panel_id: UUID
) -> Response:
    """Changes it; defences that keep their members are named."""
    panel = await _one(parts, caller, panel_id)
    form = await request.form()
    try:
        body = _panel(form, panel.round_id)
        saved = await asking.send(parts, caller, "PUT", f"/panels/{panel_id}", PanelSaved, body)
    except DomainError as error:
        return await _form(request, parts, pages, caller, panel.round_id, panel, error, _given(form))
    if saved.refused:
        return await _list(request, parts, pages, caller, str(panel.round_id), None, saved.refused)
    return see(f"/staff/panels?said=saved&round_id={panel.round_id}")


# Pages ------------------------------------------------------------------------------------------------------------


async def _list(
    request: Request,
    parts: Parts,
    pages: ThePages,
    caller: Caller,
    round_id: str,
    error: DomainError | None,
    refused: Sequence[NotSeated],
    *,
    seated: int | None = None,
) -> Response:
    chosen = await _round(parts, round_id)
    wanted = chosen.id if chosen is not None else None
    panels = (await asking.get(parts, caller, "/panels", Panels, round_id=wanted)).panels
    found = (await asking.get(parts, caller, "/defences", Defences, round_id=wanted)).defences
    waiting = [one for one in found if one.starts_at is None and one.state not in OVER]
    placed = [one for one in found if one.starts_at is not None or one.state in OVER]
    order: list[tuple[Panel | None, list[Any]]] = [
        (panel, [one for one in placed if one.panel_id == panel.id]) for panel in panels
    ]
    order.append((None, [one for one in placed if one.panel_id is None]))
    context = {
        "rounds": await _rounds(parts),
        "chosen": chosen,
        "panels": panels,
        "waiting": waiting,
        "order": [(panel, lines) for panel, lines in order if lines],
        "names": await names_of(parts),
        "error": error,
        "refused": refused,
        "seated": seated,
        "said": request.query_params.get("said"),
        "may_change": caller.role is Role.secretariat,
        "marking": DefenceState.marking,
        "over": OVER,
        **words(),
    }
    status = error.kind.status if error else 409 if refused and not seated else 200
    return pages.page(request, "desk/panels.html", context, status=status)


async def _form(
    request: Request,
    parts: Parts,
    pages: ThePages,
    caller: Caller,
    round_id: UUID,
    panel: Panel | None,
    error: DomainError | None,
    given: dict[str, Any],
) -> Response:
    experts = (await asking.get(parts, caller, "/experts", Experts)).experts
    async with parts.db.read() as session:
        accounts = {one.account_id: one for one in await staff.listed(session)}
    values = {
        "name": panel.name if panel else "",
        "form": panel.form.value if panel else "",
        "place": panel.place if panel else "",
        "members": [str(one) for one in panel.members] if panel else [],
        "chair": str(panel.chair) if panel else "",
    }
    context = {
        "round_id": round_id,
        "panel": panel,
        "values": values | given,
        "people": _people(experts, accounts),
        "error": error,
        **words(),
    }
    return pages.page(request, "desk/panel.html", context, status=error.kind.status if error else 200)


def _people(experts: Sequence[Expert], accounts: dict[UUID, Staff]) -> list[tuple[Expert, str, bool]]:
    """Who may sit on a panel, with name, and whether they may chair it."""
    return [
        (one, accounts[one.account_id].display_name, Role.panel_chair in accounts[one.account_id].roles)
        for one in experts
        if one.role is RegisteredRole.expert and one.active and one.account_id in accounts
    ]


def _panel(form: FormData, round_id: UUID) -> SavePanel:
    """DomainError invalid_input."""
    try:
        return SavePanel(
            round_id=round_id,
            name=str(form.get("name") or "").strip(),
            form=str(form.get("form") or ""),  # pydantic says what is none
            place=str(form.get("place") or "").strip(),
            members=tuple(UUID(str(one)) for one in form.getlist("member")),
            chair=UUID(str(form.get("chair") or "")),
        )
    except (ValidationError, ValueError):
        text = "请填写名称、形式和地点（或会议链接），勾选评委，并从有“组长”岗位的评委中选一位组长。"
        raise DomainError(Kind.invalid, "invalid_input", text, "D1") from None


def _given(form: FormData) -> dict[str, Any]:
    plain = {name: str(form.get(name) or "") for name in ("name", "form", "place", "chair")}
    return {**plain, "members": [str(one) for one in form.getlist("member")]}


def _slots(form: FormData) -> SetSlots:
    """DomainError invalid_input."""
    try:
        local = datetime.fromisoformat(str(form.get("starts_at") or ""))
        chosen = tuple(UUID(str(one)) for one in form.getlist("application"))
        return SetSlots(starts_at=local.replace(tzinfo=_ZONE), applications=chosen)
    except (ValidationError, ValueError):
        text = "请勾选申报（一次最多 100 份），并填写第一位开始的日期和时间。"
        raise DomainError(Kind.invalid, "invalid_input", text, "D1") from None


def _uuid(given: object) -> UUID | None:
    try:
        return UUID(str(given or ""))
    except ValueError:
        return None


async def _one(parts: Parts, caller: Caller, panel_id: UUID) -> Panel:
    found = (await asking.get(parts, caller, "/panels", Panels)).panels
    one = next((one for one in found if one.id == panel_id), None)
    if one is None:
        raise not_found()
    return one


async def _rounds(parts: Parts) -> Sequence[RoundView]:
    try:
        return await rounds_of(parts)
    except DomainError:
        return ()


async def _round(parts: Parts, round_id: str) -> RoundView | None:
    """The chosen one, else the one that is being assessed, else the first."""
    rounds = await _rounds(parts)
    chosen = next((one for one in rounds if str(one.id) == round_id), None)
    assessed = next((one for one in rounds if one.stage is RoundStage.assessment), None)
    return chosen or assessed or (rounds[0] if rounds else None)
