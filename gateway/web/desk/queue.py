"""My queue: filters, take the next, take this one."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from contracts.base import Input
from contracts.commands import Role
from contracts.http.desk import DeskNotices, TakeNext
from contracts.http.review import Lease, TaskKind, TaskPage
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.desk import asking
from gateway.web.desk.words import KIND, NOTICE
from gateway.web.forms import ThePages, see
from gateway.web.public_pages import level_names
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
PAGE = 50
EXPERTS = (Role.expert, Role.panel_chair)


class Filter(Input):
    """Query of the queue."""

    kind: TaskKind | None = None
    look: Annotated[int, Field(ge=1, le=2)] | None = None
    level: Annotated[str, Field(max_length=32)] = ""
    overdue: bool = False
    mine: bool = False
    cursor: Annotated[str, Field(max_length=200)] | None = None

    def query(self, **more: Any) -> str:
        """As a query string, without what is not set."""
        values = {**self.model_dump(mode="json"), **more}
        return urlencode({name: value for name, value in values.items() if value})


@router.get("/staff/queue")
async def queue(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    chosen: Annotated[Filter, Query()],
) -> Response:
    """What I hold or may take, most urgent first; experts have a list of their own."""
    if caller.role in EXPERTS:
        return see("/staff/sheets")
    return await _page(request, parts, pages, caller, chosen, None)


@router.post("/staff/queue/next")
async def take_next(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Takes the most urgent task and opens it."""
    form = await request.form()
    kind = str(form.get("kind") or "")
    wanted = TaskKind(kind) if kind in set(TaskKind) else None
    return await next_or_queue(request, parts, pages, caller, wanted)


@router.post("/staff/tasks/{task_id}/claim")
async def claim(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, task_id: UUID
) -> Response:
    """Takes this one and opens it."""
    try:
        await asking.send(parts, caller, "POST", f"/tasks/{task_id}/claim", Lease)
    except DomainError as error:
        return await _page(request, parts, pages, caller, Filter(), error)
    return see(f"/staff/tasks/{task_id}")


async def next_or_queue(
    request: Request, parts: Parts, pages: ThePages, caller: Caller, kind: TaskKind | None
) -> Response:
    """The next task, or the queue with the reason why there is none."""
    try:
        lease = await asking.send(parts, caller, "POST", "/tasks/next", Lease, TakeNext(kind=kind))
    except DomainError as error:
        return await _page(request, parts, pages, caller, Filter(), error)
    return see(f"/staff/tasks/{lease.task_id}")


async def _page(
    request: Request, parts: Parts, pages: ThePages, caller: Caller, chosen: Filter, error: DomainError | None
) -> Response:
    found = await asking.get(
        parts,
        caller,
        "/tasks",
        TaskPage,
        kind=chosen.kind,
        look=chosen.look,
        level=chosen.level or None,
        overdue=chosen.overdue or None,
        mine=chosen.mine or None,
        cursor=chosen.cursor,
        limit=PAGE,
    )
    notices = await asking.maybe(parts, caller, "/desk/notices", DeskNotices)
    context = {
        "page": found,
        "chosen": chosen,
        "kinds": KIND,
        "levels": await level_names(parts),
        "notice_words": NOTICE,
        "notices": notices.notices if notices is not None else (),
        "next_page": chosen.query(cursor=found.next_cursor) if found.next_cursor else None,
        "error": error,
        "may_judge": caller.role == "reviewer",
    }
    status = error.kind.status if error is not None and error.code != "queue_empty" else 200
    return pages.page(request, "desk/queue.html", context, status=status)
