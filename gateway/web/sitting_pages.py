"""Sittings for the office (X2, X3): announce, open after a look at who would miss it, extend, calls, excuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.commands import Role
from contracts.http.exam import ExtendSitting, Sitting, Sittings, SittingState
from contracts.http.registration import RoundView
from contracts.http.sittings import (
    AnnounceSitting,
    DecideExcuse,
    Excuse,
    FileExcuse,
    SittingDetail,
)
from contracts.lifecycle import Stage
from gateway import sittings
from gateway.accounts import staff
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.policy import Owner, rule
from gateway.web import documents, item_pages
from gateway.web.forms import ThePages, see
from gateway.web.public_pages import rounds_of
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

M = TypeVar("M", bound=BaseModel)
router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_ALL = "/staff/sittings"
_LEVEL = "/staff/sittings/{round_id}/levels/{level}"
_ONE = "/staff/sittings/{round_id}/{sitting_id}"
_EXCUSE = "/staff/sittings/{round_id}/excuses/{excuse_id}"
_READS = (Role.secretariat, Role.operator, Role.supervisor, Role.approver)
RULES = (
    rule("GET", _ALL, *_READS),
    rule("GET", f"{_ALL}/live", *_READS),
    rule("GET", f"{_LEVEL}/open", Role.secretariat, owner=Owner.round),
    rule("POST", f"{_LEVEL}/open", Role.secretariat, owner=Owner.round),
    rule("POST", f"{_LEVEL}/extend", Role.secretariat, owner=Owner.round),
    rule("POST", f"{_LEVEL}/announce", Role.secretariat, owner=Owner.round),
    rule("GET", _ONE, *_READS, owner=Owner.round),
    rule("GET", f"{_ONE}/live", *_READS, owner=Owner.round),
    rule("GET", f"{_ONE}/calls", Role.secretariat, owner=Owner.round),
    rule("POST", f"{_ONE}/excuses", Role.secretariat, owner=Owner.round, max_body=documents.MAX_BODY),
    rule("GET", f"{_ONE}/excuses/{{excuse_id}}/document", *_READS, owner=Owner.round),
    rule("POST", f"{_EXCUSE}/{{decision}}", Role.approver, owner=Owner.round),
)
_Level = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
_ZONE = ZoneInfo("Asia/Shanghai")
STATES: Mapping[str, str] = {"planned": "未开考", "open": "正在考试", "closed": "已结束"}
ATTEMPTS: Mapping[str, str] = {
    "enrolled": "未开始",
    "started": "正在答题",
    "finished": "已完成",
    "absent": "缺考",
}
CHANGES: Mapping[str, str] = {"announced": "预告开考时间", "opened": "开考", "extended": "延长"}
EXCUSES: Mapping[str, str] = {
    "open": "等待审批",
    "granted": "已批准，安排下一场",
    "refused": "未批准",
    "void": "已失效（本人已到场或申报已结束）",
}
"""Words of this page; the catalogue has the English."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """The sittings of one round, level by level."""

    round: RoundView
    levels: tuple[tuple[str, str, tuple[Sitting, ...], int], ...]
    """ID and name of each level with an exam, its sittings, how many are not qualified yet."""

    @property
    def running(self) -> bool:
        return any(one.state is SittingState.open for _, _, found, _ in self.levels for one in found)


@router.get(_ALL)
async def board(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: Annotated[UUID | None, Query(alias="round")] = None,
) -> Response:
    """All sittings of a round, the newest round first."""
    return await _board_page(request, parts, pages, caller, round_id)


@router.get(f"{_ALL}/live")
async def board_live(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: Annotated[UUID, Query(alias="round")],
) -> Response:
    """The numbers, asked for again while somebody sits."""
    found = await _board(parts, caller, await _round(parts, round_id))
    return pages.page(request, "sittings/_board.html", _words() | {"board": found})


@router.get(f"{_LEVEL}/open")
async def ask_open(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID, level: _Level
) -> Response:
    """Who sits, who would miss it, and for how long it runs, before it is opened."""
    return await _open_page(request, parts, pages, caller, round_id, level, None)


@router.post(f"{_LEVEL}/open")
async def open_it(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID, level: _Level
) -> Response:
    """Opens it now; a second click finds it open."""
    form = await request.form(max_files=0)
    try:
        if form.get("confirmed") != "1":
            raise DomainError(Kind.invalid, "not_confirmed", "请先看清人数并勾选确认，再开考。", "X3")
        await _send(parts, caller, "POST", f"/rounds/{round_id}/sittings/{level}/open", Sitting)
    except DomainError as error:
        return await _open_page(request, parts, pages, caller, round_id, level, error)
    return see(f"{_ALL}?round={round_id}")


@router.post(f"{_LEVEL}/extend")
async def extend(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID, level: _Level
) -> Response:
    """Moves the end, with a reason."""
    form = await request.form(max_files=0)
    try:
        body = _read(
            ExtendSitting, form, "minutes", "reason", "closes_at", said="请填写延长的分钟数（1–600）和理由。"
        )
        await _send(parts, caller, "POST", f"/rounds/{round_id}/sittings/{level}/extend", Sitting, body)
    except DomainError as error:
        return await _board_page(request, parts, pages, caller, round_id, error)
    return see(f"{_ALL}?round={round_id}")


@router.post(f"{_LEVEL}/announce")
async def announce(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID, level: _Level
) -> Response:
    """Says when it is to begin."""
    form = await request.form(max_files=0)
    try:
        body = AnnounceSitting(starts_at=_local(form.get("starts_at")))
        await _send(parts, caller, "POST", f"/rounds/{round_id}/sittings/{level}/announce", Sitting, body)
    except DomainError as error:
        return await _board_page(request, parts, pages, caller, round_id, error)
    return see(f"{_ALL}?round={round_id}")


@router.get(_ONE)
async def one_sitting(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    sitting_id: UUID,
) -> Response:
    """Candidates, changes and excuses of one sitting."""
    return await _one_page(request, parts, pages, caller, round_id, sitting_id)


@router.get(f"{_ONE}/live")
async def one_live(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    sitting_id: UUID,
) -> Response:
    """The list of candidates, asked for again while they sit."""
    context = await _candidates(parts, caller, round_id, sitting_id)
    return pages.page(request, "sittings/_candidates.html", context)


@router.get(f"{_ONE}/calls")
async def calls(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    sitting_id: UUID,
) -> Response:
    """Whom to call: those who have not begun."""
    detail = await _detail(parts, caller, round_id, sitting_id)
    lines = await sittings.to_call(parts, caller, round_id, detail)
    context = {"detail": detail, "lines": lines, "back": f"{_ALL}/{round_id}/{sitting_id}"}
    return pages.page(request, "sittings/calls.html", context)


@router.post(f"{_ONE}/excuses", max_body_size=documents.MAX_BODY)
async def file_excuse(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    sitting_id: UUID,
) -> Response:
    """Files why somebody cannot come, with the proof. What is wrong is said beside the form, which keeps all."""
    async with request.form(max_files=1, max_fields=8) as form:
        given = {name: str(form.get(name) or "").strip()[:200] for name in ("application_number", "reason")}
        given["document_key"] = documents.kept(form)
        try:
            detail = await _detail(parts, caller, round_id, sitting_id)
            application_id = _by_number(detail, given["application_number"])
            given["document_key"] = await documents.taken(parts, caller, form)
            body = _excuse(application_id, given)
            path = f"/rounds/{round_id}/sittings/{sitting_id}/excuses"
            await _send(parts, caller, "POST", path, Excuse, body)
        except DomainError as error:
            return await _one_page(request, parts, pages, caller, round_id, sitting_id, given, error)
    return see(f"{_ALL}/{round_id}/{sitting_id}#excuses")


@router.get(f"{_ONE}/excuses/{{excuse_id}}/document")
async def document(
    parts: TheParts, caller: CurrentCaller, round_id: UUID, sitting_id: UUID, excuse_id: UUID
) -> Response:
    """The proof, for whoever decides and whoever supervises."""
    detail = await _detail(parts, caller, round_id, sitting_id)
    found = next((one for one in detail.excuses if one.id == excuse_id), None)
    if found is None:
        raise not_found()
    return await documents.shown(parts, found.document_key)


@router.post(f"{_EXCUSE}/{{decision}}")
async def decide(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    excuse_id: UUID,
    decision: Literal["grant", "refuse"],
) -> Response:
    """The second person's word (O2)."""
    form = await request.form(max_files=0)
    try:
        sitting_id = UUID(str(form.get("sitting_id")))
    except ValueError:
        raise not_found() from None
    try:
        body = _read(DecideExcuse, form, "decision", said="请写明审批意见（2–200 字）。")
        path = f"/rounds/{round_id}/excuses/{excuse_id}/{decision}"
        await _send(parts, caller, "POST", path, Excuse, body)
    except DomainError as error:
        return await _one_page(request, parts, pages, caller, round_id, sitting_id, None, error)
    return see(f"{_ALL}/{round_id}/{sitting_id}#excuses")


# What the pages are made of ---------------------------------------------------------------------------------


async def _board_page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    round_id: UUID | None,
    error: DomainError | None = None,
) -> Response:
    rounds = await rounds_of(parts)
    chosen = next((one for one in rounds if one.id == round_id), None)
    if chosen is None and round_id is not None:
        raise not_found()
    chosen = chosen or (rounds[0] if rounds else None)
    context = _words() | {
        "rounds": rounds,
        "board": await _board(parts, caller, chosen) if chosen else None,
        "may": Role.secretariat in caller.known.roles,
        "may_judge": bool(item_pages.JUDGES.intersection(caller.known.roles)),
        "error": error,
    }
    return pages.page(request, "sittings/board.html", context, status=error.kind.status if error else 200)


async def _board(parts: Parts, caller: Caller, chosen: RoundView) -> Board:
    found = await _send(parts, caller, "GET", f"/rounds/{chosen.id}/sittings", Sittings)
    async with parts.db.read() as session:
        funnel = await parts.read_model.funnel(session, chosen.id)
    levels = tuple(
        (
            level.id,
            level.name,
            tuple(one for one in found.sittings if one.level == level.id),
            sittings.not_qualified_yet(funnel.lines, level.id),
        )
        for level in chosen.levels
        if Stage.exam in level.stages
    )
    return Board(round=chosen, levels=levels)


async def _open_page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    round_id: UUID,
    level: str,
    error: DomainError | None,
) -> Response:
    found = await _board(parts, caller, await _round(parts, round_id))
    line = next((one for one in found.levels if one[0] == level), None)
    if line is None:
        raise not_found()
    planned = next((one for one in line[2] if one.state is SittingState.planned), None)
    detail = await _detail(parts, caller, round_id, planned.id) if planned is not None else None
    context = {
        "round": found.round,
        "level": level,
        "name": line[1],
        "planned": planned,
        "detail": detail,
        "missing": line[3],
        "error": error,
    }
    return pages.page(request, "sittings/open.html", context, status=error.kind.status if error else 200)


async def _one_page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    round_id: UUID,
    sitting_id: UUID,
    given: Mapping[str, str] | None = None,
    error: DomainError | None = None,
) -> Response:
    context = await _candidates(parts, caller, round_id, sitting_id)
    detail: SittingDetail = context["detail"]
    chosen = await _round(parts, round_id)
    async with parts.db.read() as session:
        names = {one.account_id: one.display_name for one in await staff.listed(session)}
    context |= {
        "level_name": next((one.name for one in chosen.levels if one.id == detail.sitting.level), ""),
        "round": chosen,
        "staff": names,
        "me": caller.account_id,
        "may": Role.secretariat in caller.known.roles,
        "may_decide": Role.approver in caller.known.roles,
        "given": given or {},
        "error": error,
    }
    return pages.page(request, "sittings/one.html", context, status=error.kind.status if error else 200)


async def _candidates(parts: Parts, caller: Caller, round_id: UUID, sitting_id: UUID) -> dict[str, Any]:
    """Names are the office's; others see numbers."""
    detail = await _detail(parts, caller, round_id, sitting_id)
    office = Role.secretariat in caller.known.roles
    people = await sittings.named(parts, round_id, detail)
    return _words() | {"detail": detail, "people": people, "office": office}


def _words() -> dict[str, Any]:
    return {"states": STATES, "attempts": ATTEMPTS, "changes": CHANGES, "excuse_words": EXCUSES}


async def _round(parts: Parts, round_id: UUID) -> RoundView:
    found = next((one for one in await rounds_of(parts) if one.id == round_id), None)
    if found is None:
        raise not_found()
    return found


async def _detail(parts: Parts, caller: Caller, round_id: UUID, sitting_id: UUID) -> SittingDetail:
    path = f"/rounds/{round_id}/sittings/{sitting_id}/detail"
    return await _send(parts, caller, "GET", path, SittingDetail)


async def _send(
    parts: Parts, caller: Caller, method: str, path: str, model: type[M], body: BaseModel | None = None
) -> M:
    answer = await parts.services.request("exam", method, path, actor=caller.actor(), json=body)
    return model.model_validate_json(answer.content)


def _read(model: type[M], form: FormData, *names: str, said: str) -> M:
    given = {name: str(form.get(name) or "").strip() for name in names}
    try:
        return model.model_validate({name: value for name, value in given.items() if value})
    except ValidationError:
        raise DomainError(Kind.invalid, "invalid_input", said, "X3") from None


def _local(given: object) -> datetime:
    try:
        return datetime.fromisoformat(str(given or "").strip()).replace(tzinfo=_ZONE)
    except ValueError:
        message = "请填写预告的开考日期和时间，例如 2025-03-08 09:00。"
        raise DomainError(Kind.invalid, "starts_at_invalid", message, "X3") from None


def _by_number(detail: SittingDetail, number: str) -> UUID:
    for one in detail.candidates:
        if one.application_number == number:
            return one.application_id
    message = "这一场里没有这个申报编号，请从下面的名单中核对。"
    raise DomainError(Kind.invalid, "no_candidate", message, "X3")


def _excuse(application_id: UUID, given: Mapping[str, str]) -> FileExcuse:
    try:
        return FileExcuse(
            application_id=application_id, reason=given["reason"], document_key=given["document_key"]
        )
    except ValidationError:
        raise DomainError(Kind.invalid, "invalid_input", "请写明请假的理由（2–200 字）。", "X3") from None
