"""Announcements (R2): the office enters what it posted and corrects it by a new version; everybody reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from contracts.http.announcements import CorrectAnnouncement, PostAnnouncement
from contracts.http.gateway import WindowView
from gateway import announcing, windowing
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.console import reading, steps
from gateway.web.forms import ThePages, see
from gateway.web.public_pages import rounds_of
from gateway.web.render import Renderer, deadline, moment
from kit import db
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_ZONE = ZoneInfo("Asia/Shanghai")
_STAGE_OF = {"filing": "filing", "public_notice": "notice"}
_FIELDS = {
    "title": "请填通知的标题（2–120 字）",
    "text": "请填通知的正文（2–4000 字）",
    "url": "请填平台上这条通知的完整网址，以 http:// 或 https:// 开头",
    "posted_at": "请填平台上发布的日期和时间",
    "reason": "请写明更正了什么（2–200 字）",
}
Draft = Annotated[str, Query(alias="from", max_length=64)]


@router.get("/announcements")
async def public_list(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Of every round, the newest round first."""
    found = [
        (one, (await announcing.in_force(parts, one.id)).announcements) for one in await rounds_of(parts)
    ]
    return pages.page(request, "announcements.html", {"rounds": found})


@router.get("/announcements/{round_id}/{announcement_id}")
async def public_one(
    request: Request, parts: TheParts, pages: ThePages, round_id: UUID, announcement_id: UUID
) -> Response:
    """One with its corrections, all still there."""
    found = await announcing.history(parts, round_id, announcement_id)
    return pages.page(request, "announcement.html", {"versions": found.versions})


@router.get("/staff/rounds/{round_id}/announcements")
async def listed(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """What was entered; texts of the pack to begin with."""
    context = await reading.head(parts, caller, round_id, "announcements")
    pack = await reading.pack_of(parts, round_id)
    context |= {
        "announcements": (await announcing.in_force(parts, round_id)).announcements,
        "drafts": [
            (one.id, announcing.filled(one, {"year": str(pack.year)})[0]) for one in pack.announcements
        ],
    }
    return pages.page(request, "console/announcements.html", context)


@router.get("/staff/rounds/{round_id}/announcements/new")
async def begin(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    draft: Draft = "",
) -> Response:
    """An empty form, or one with a text of the pack."""
    given = await _drafted(parts, round_id, draft) if draft else {}
    return await _form(request, parts, pages, caller, round_id, None, given, None)


@router.post("/staff/rounds/{round_id}/announcements")
async def post(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """Enters it."""
    form = await request.form(max_files=0)
    given = _given(form)
    try:
        steps.confirmed(form, "再登记")
        wanted = _read(PostAnnouncement, given)
        await announcing.post(parts, caller, round_id, wanted, steps.key_of(form))
    except DomainError as error:
        return await _form(request, parts, pages, caller, round_id, None, given, error)
    return see(f"/staff/rounds/{round_id}/announcements")


@router.get("/staff/rounds/{round_id}/announcements/{announcement_id}")
async def amend(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    announcement_id: UUID,
) -> Response:
    """The version in force, to be corrected."""
    return await _form(request, parts, pages, caller, round_id, announcement_id, None, None)


@router.post("/staff/rounds/{round_id}/announcements/{announcement_id}")
async def correct(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    announcement_id: UUID,
) -> Response:
    """Enters the correction."""
    form = await request.form(max_files=0)
    given = _given(form)
    try:
        steps.confirmed(form, "再登记")
        wanted = _read(CorrectAnnouncement, given)
        key = steps.key_of(form)
        await announcing.correct(parts, caller, round_id, announcement_id, wanted, key)
    except DomainError as error:
        return await _form(request, parts, pages, caller, round_id, announcement_id, given, error)
    return see(f"/staff/rounds/{round_id}/announcements")


def _given(form: Mapping[str, Any]) -> dict[str, str]:
    names = ("title", "text", "url", "posted_at", "reason", "seen")
    return {name: str(form.get(name) or "").replace("\r\n", "\n").strip() for name in names}


def _read(model: type[PostAnnouncement], given: Mapping[str, str]) -> Any:
    """The form as `model`; the time as people here write it. 422 says each field that is wrong."""
    said: dict[str, Any] = {name: given[name] for name in model.model_fields if name in given}
    try:
        said["posted_at"] = datetime.fromisoformat(given["posted_at"]).replace(tzinfo=_ZONE)
    except ValueError:
        said["posted_at"] = ""
    try:
        return model.model_validate(said)
    except ValidationError as error:
        names = dict.fromkeys(str(one["loc"][0]) for one in error.errors())
        wrong = [_FIELDS.get(name, "页面已经过期，请重新进入") for name in names]
        raise DomainError(Kind.invalid, "invalid_input", "；".join(wrong) + "。", "R2") from None


async def _drafted(parts: Parts, round_id: UUID, draft: str) -> dict[str, str]:
    """A text of the pack with year and dates put in; nothing for one that it has not."""
    pack = await reading.pack_of(parts, round_id)
    found = next((one for one in pack.announcements if one.id == draft), None)
    if found is None:
        return {}
    tokens = {"year": str(pack.year)}
    async with parts.db.read() as session:
        windows = await windowing.of_round(session, round_id)
    for window in windows:
        if window.stage.value == _STAGE_OF.get(draft):
            tokens |= _dates(window)
    published = await reading.unless_away(reading.final_list(parts, round_id))
    if published is not None:
        tokens["number"] = published.document_number
    title, text = announcing.filled(found, tokens)
    return {"title": title, "text": text}


def _dates(window: WindowView) -> dict[str, str]:
    return {"opens": moment(window.opens_at), "closes": deadline(window.closes_at)}


async def _form(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    round_id: UUID,
    announcement_id: UUID | None,
    given: Mapping[str, str] | None,
    error: DomainError | None,
) -> Response:
    context = await reading.head(parts, caller, round_id, "announcements")
    current = None
    if announcement_id is not None:
        current = (await announcing.history(parts, round_id, announcement_id)).versions[0]
    if given is None and current is not None:
        given = {
            "title": current.title,
            "text": current.text,
            "url": current.url,
            "posted_at": _local(current.posted_at),
        }
    async with parts.db.read() as session:
        now = await db.now(session)
    context |= {"current": current, "given": given or {}, "now": _local(now), "key": uuid4(), "error": error}
    status = error.kind.status if error else 200
    return pages.page(request, "console/announcement.html", context, status=status)


def _local(at: datetime) -> str:
    """As a form's field for date and time takes it."""
    return at.astimezone(_ZONE).strftime("%Y-%m-%dT%H:%M")
