"""Pages of official documents: which there are, what stands in one, and the Word file of it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gateway import audit, papers, sheets
from gateway.audit import Action
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.papers.drafting import levels_of
from gateway.parts import Parts, TheParts
from gateway.web.forms import ThePages
from gateway.web.public_pages import rounds_of
from gateway.web.render import Renderer

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_LIMIT = 2000
"""Characters of one field."""
_SHOWN = 20
"""Rows of a table that the page shows; the file has all."""
Level = Annotated[str | None, Query(max_length=32)]


@router.get("/staff/papers")
async def listed(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    round_id: Annotated[UUID | None, Query(alias="round")] = None,
) -> Response:
    """The documents of a round, the newest first."""
    rounds = await rounds_of(parts)
    chosen = round_id or (rounds[0].id if rounds else None)
    pack = await papers.options(parts, chosen) if chosen is not None else None
    context = {"rounds": rounds, "chosen": chosen, "papers": pack.papers if pack else ()}
    return pages.page(request, "papers.html", context)


@router.get("/staff/papers/{round_id}/{paper_id}")
async def show(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    paper_id: str,
    level: Level = None,
) -> Response:
    """The form, and how the document reads as far as it is known."""
    return await _page(request, parts, pages, caller, round_id, paper_id, level, {})


@router.post("/staff/papers/{round_id}/{paper_id}")
async def make(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    paper_id: str,
    level: Level = None,
) -> Response:
    """Shows it with what was typed, or gives the Word file; that it was made is noted."""
    form = await request.form()
    given = {name: str(value)[:_LIMIT] for name, value in form.items() if isinstance(value, str)}
    if given.pop("do", "") != "download":
        return await _page(request, parts, pages, caller, round_id, paper_id, level, given)
    made = await papers.draft(parts, caller, round_id, paper_id, level, given)
    content = await run_in_threadpool(papers.write, made)
    async with parts.db.unit_of_work() as session:
        audit.note(session, caller, Action.paper_made, round_id, paper=paper_id, level=level or "")
    name = made.paper.name if made.level is None else f"{made.paper.name}-{made.filled['level']}"
    return sheets.attached(f"{name}.docx", content, DOCX)


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    round_id: UUID,
    paper_id: str,
    level: str | None,
    given: dict[str, str],
) -> Response:
    made = await papers.draft(parts, caller, round_id, paper_id, level, given)
    pack = await papers.options(parts, round_id)
    context = {
        "round_id": round_id,
        "draft": made,
        "levels": levels_of(pack, made.paper),
        "shown": _SHOWN,
    }
    return pages.page(request, "paper.html", context)
