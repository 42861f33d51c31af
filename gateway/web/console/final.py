"""The final list with its document number, by two persons; certificates that cite it, and who still waits (N4, C1)."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from contracts.commands import CommandName, PublishFinalList, TargetKind
from contracts.http.gateway import CaseFilters, KnownCase
from contracts.lifecycle import RoundStage, Stage, Status
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.web.console import reading, steps, waiting
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_SHOWN = 20
_AFTER = (RoundStage.issuing, RoundStage.closed)


@router.get("/final-lists/{round_id}")
async def published(request: Request, parts: TheParts, pages: ThePages, round_id: UUID) -> Response:
    """The published list, for everybody (N4, N5). 404 before."""
    found = await reading.final_list(parts, round_id)
    if found is None:
        raise not_found()
    view = await reading.round_view(parts, round_id)
    context = {"found": found, "title": view.title if view else ""}
    return pages.page(request, "final_list.html", context)


@router.get("/staff/rounds/{round_id}/final-list")
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """Before: the form. After: the list, and how many certificates are out."""
    return await _page(request, parts, pages, caller, round_id, {}, None)


@router.post("/staff/rounds/{round_id}/final-list")
async def publish(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """Proposes it. The date is that of the approval: certificates bear it."""
    form = await request.form(max_files=0)
    given = {"document_number": str(form.get("document_number") or "").strip()[:64]}
    try:
        stage = (await reading.head(parts, caller, round_id, "final"))["round"].stage
        if stage is not RoundStage.final_list:
            raise DomainError(Kind.conflict, "not_ready", "公示还没有结束，或者名单已经公布。", "N4")
        steps.confirmed(form)
        try:
            body = PublishFinalList.model_validate(given)
        except ValidationError:
            message = "请填公布文件的文号，例如 渝青科教文〔2025〕9号。"
            raise DomainError(Kind.invalid, "document_number_missing", message, "N4") from None
        await steps.propose(
            parts,
            caller,
            TargetKind.round,
            round_id,
            round_id,
            CommandName.publish_final_list,
            body.model_dump(mode="json"),
            steps.key_of(form),
        )
    except DomainError as error:
        return await _page(request, parts, pages, caller, round_id, given, error)
    return see(f"/staff/rounds/{round_id}/final-list#publish")


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    round_id: UUID,
    given: Mapping[str, str],
    error: DomainError | None,
) -> Response:
    context = await reading.head(parts, caller, round_id, "final")
    stage = context["round"].stage
    listed = await reading.final_list(parts, round_id) if stage in _AFTER else None
    funnel = context["funnel"]
    async with parts.db.read() as session:
        waiting_cases = await _waiting(parts, session, round_id)
    counts = {
        "issued": sum(one.count for one in funnel.lines if one.status is Status.certified),
        "awaiting": sum(one.count for one in funnel.lines if one.stage is Stage.certificate),
        "in_notice": sum(one.count for one in funnel.lines if one.stage is Stage.notice),
    }
    context |= {
        "published": listed,
        "step": steps.newest(await steps.about(parts, round_id, CommandName.publish_final_list)),
        "counts": counts,
        "cases": waiting_cases,
        "waits": waiting.waits(stage, funnel.lines),
        "given": given,
        "key": uuid4(),
        "error": error,
    }
    return pages.page(request, "console/final.html", context, status=error.kind.status if error else 200)


async def _waiting(parts: Parts, session: AsyncSession, round_id: UUID) -> tuple[KnownCase, ...]:
    """Who could have a certificate and has none: on hold first, then who waits for the list."""
    held = CaseFilters(stage=Stage.notice, status=Status.held)
    awaiting = CaseFilters(stage=Stage.certificate)
    found: list[KnownCase] = []
    for filters in (held, awaiting):
        page = await parts.read_model.cases(session, round_id, filters, None, _SHOWN)
        found.extend(page.cases)
    return tuple(sorted(found, key=lambda one: not one.held))[:_SHOWN]
