"""The office's lists: queues with ages, work of each person, codes, reassignment, whom to call."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from contracts.http.desk import DeskNotices, Overview, Reassign, Reassigned
from contracts.http.review import Expert, Experts, RegisteredRole, TaskPage
from gateway import calls
from gateway.accounts import staff
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.desk import asking
from gateway.web.desk.words import KIND, NOTICE, OUTCOME
from gateway.web.forms import ThePages, safe_next, see
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/staff/overview")
async def overview(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    owner: UUID | None = None,
    overdue: bool = False,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    moved: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """How the review stands."""
    return await _page(request, parts, pages, caller, owner, overdue, cursor, moved, None, None)


@router.post("/staff/overview/reassign")
async def reassign(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Moves the ticked tasks, or all of one person."""
    form = await request.form()
    try:
        body = Reassign.model_validate(
            {
                "task_ids": [str(one) for one in form.getlist("task")],
                "from_account": str(form.get("from_account") or "") or None,
                "to": str(form.get("to") or "") or None,
                "reason": str(form.get("reason") or ""),
            }
        )
    except ValidationError:
        error = DomainError(Kind.invalid, "invalid_input", "请写明改派的理由（2–200 字）。")
        return await _page(request, parts, pages, caller, None, False, None, None, None, error)
    try:
        done = await asking.send(parts, caller, "POST", "/desk/reassign", Reassigned, body)
    except DomainError as error:
        return await _page(request, parts, pages, caller, None, False, None, None, None, error)
    return await _page(request, parts, pages, caller, None, False, None, done.moved, done, None)


@router.post("/staff/notices/{note_id}/seen")
async def seen(request: Request, parts: TheParts, caller: CurrentCaller, note_id: UUID) -> Response:
    """It is not shown any more."""
    await asking.tell(parts, caller, "POST", f"/desk/notices/{note_id}/seen")
    form = await request.form()
    return see(safe_next(str(form.get("next") or ""), "/staff/queue"))


@router.get("/staff/calls/{round_id}")
async def call_list(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """Whom to call today."""
    found = await calls.call_list(parts, caller, round_id)
    return pages.page(request, "desk/calls.html", {"found": found})


async def _page(
    request: Request,
    parts: Parts,
    pages: ThePages,
    caller: Caller,
    owner: UUID | None,
    overdue: bool,
    cursor: str | None,
    moved: int | None,
    done: Reassigned | None,
    error: DomainError | None,
) -> Response:
    figures = await asking.get(parts, caller, "/desk/overview", Overview)
    listed = await asking.get(
        parts, caller, "/desk/tasks", TaskPage, owner=owner, overdue=overdue or None, cursor=cursor, limit=100
    )
    experts = await asking.maybe(parts, caller, "/experts", Experts)
    notices = await asking.maybe(parts, caller, "/desk/notices", DeskNotices)
    async with parts.db.read() as session:
        names = {one.account_id: one.display_name for one in await staff.listed(session)}
    context = {
        "figures": figures,
        "page": listed,
        "reviewers": _reviewers(experts),
        "names": names,
        "kinds": KIND,
        "outcome_words": OUTCOME,
        "notice_words": NOTICE,
        "notices": notices.notices if notices is not None else (),
        "owner": owner,
        "overdue": overdue,
        "moved": moved,
        "done": done,
        "error": error,
        "may_move": caller.role == "secretariat",
    }
    return pages.page(request, "desk/overview.html", context, status=error.kind.status if error else 200)


def _reviewers(experts: Experts | None) -> list[Expert]:
    found = experts.experts if experts is not None else ()
    return [one for one in found if one.role is RegisteredRole.reviewer and one.active]
