"""The public notice: its list, the places that must bear it, each proved by two persons, and its days (N1, N2, N5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Path, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.base import WEB_ADDRESS
from contracts.commands import CommandName, ConfirmPosted, TargetKind
from contracts.http.publication import Notice, NoticeState
from contracts.lifecycle import Stage
from gateway import windowing
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.web import documents
from gateway.web.console import posting, reading, steps, waiting
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer
from kit import db
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
PICTURE = "请选择公示页面的截图（JPG、PNG 或 PDF）。"
Target = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


@router.get("/staff/rounds/{round_id}/notice")
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """The list to post, where it has to stand, and how the days count."""
    return await _page(request, parts, pages, caller, round_id, {}, None)


@router.post("/staff/rounds/{round_id}/notice/{target}", max_body_size=documents.MAX_BODY)
async def confirm(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    target: Target,
) -> Response:
    """Proposes that this place bears the list; the other person looks at it and approves."""
    async with request.form(max_files=1, max_fields=8) as form:
        given = {
            "target": target,
            "url": str(form.get("url") or "").strip(),
            "document_key": documents.kept(form),
        }
        try:
            notice = await _waiting(parts, caller, round_id, target)
            if not re.match(WEB_ADDRESS, given["url"]):
                message = "请填公示页面的完整网址，以 http:// 或 https:// 开头。"
                raise DomainError(Kind.invalid, "url_invalid", message, "N1")
            given["document_key"] = await documents.taken(parts, caller, form, missing=PICTURE)
            steps.confirmed(form)
            await _propose(parts, caller, round_id, notice, given, form)
        except DomainError as error:
            return await _page(request, parts, pages, caller, round_id, given, error)
    return see(f"/staff/rounds/{round_id}/notice#target-{target}")


async def _propose(
    parts: Parts, caller: Caller, round_id: UUID, notice: Notice, given: Mapping[str, str], form: FormData
) -> None:
    body = ConfirmPosted(target=given["target"], url=given["url"], proof_key=given["document_key"])
    await steps.propose(
        parts,
        caller,
        TargetKind.notice,
        notice.notice_id,
        round_id,
        CommandName.confirm_posted,
        body.model_dump(mode="json"),
        steps.key_of(form),
        once_for="target",
    )


async def _waiting(parts: Parts, caller: Caller, round_id: UUID, target: str) -> Notice:
    """The notice, if this place still has to be proved. 404; 409 `already_answered`, `not_ready`."""
    found = await reading.notice(parts, caller, round_id)
    if found is None:
        raise DomainError(Kind.conflict, "not_ready", "名单还没有生成，不能确认公示。", "N1")
    place = next((one for one in await posting.places(parts, found) if one.target.id == target), None)
    if place is None or not place.target.binding:
        raise not_found()
    if found.state is not NoticeState.made or place.step.state == "done":
        raise DomainError(Kind.conflict, "already_answered", "这个平台已经确认，不用再提议。", "N1")
    return found


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    round_id: UUID,
    given: Mapping[str, str],
    error: DomainError | None,
) -> Response:
    context = await reading.head(parts, caller, round_id, "notice")
    notice = await reading.notice(parts, caller, round_id)
    pack = await reading.pack_of(parts, round_id)
    async with parts.db.read() as session:
        now = await db.now(session)
        own = await windowing.of_round(session, round_id)
    ends = next((one.closes_at for one in own if one.stage is Stage.notice), None)
    places = await posting.places(parts, notice) if notice else ()
    left = sum(one.target.binding and one.step.state != "done" for one in places)
    context |= {
        "notice": notice,
        "places": places,
        "days": posting.days_of(pack, notice, now, ends) if notice else None,
        "left": left,
        "waits": waiting.waits(
            context["round"].stage, context["funnel"].lines, targets_left=left if notice else None
        ),
        "given": given,
        "now": now,
        "key": uuid4(),
        "error": error,
    }
    return pages.page(request, "console/notice.html", context, status=error.kind.status if error else 200)
