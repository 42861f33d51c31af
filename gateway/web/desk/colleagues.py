"""Among colleagues: ask, answer, say whether a drawn decision is right, how it was judged before."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contracts.http.desk import AnswerQuestion, Ask, Precedents, SecondLook
from contracts.http.review import QuestionView
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import TheParts
from gateway.web.desk import asking
from gateway.web.desk.words import LIKE
from gateway.web.forms import ThePages, read, see

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
Ref = Annotated[str | None, Query(max_length=64)]


@router.post("/staff/tasks/{task_id}/ask")
async def ask(request: Request, parts: TheParts, caller: CurrentCaller, task_id: UUID) -> Response:
    """A question about one line; the case stays with the asker."""
    body = await read(request, Ask)
    await asking.send(parts, caller, "POST", f"/tasks/{task_id}/questions", QuestionView, body)
    return see(f"/staff/tasks/{task_id}#check-{body.check_id}")


@router.post("/staff/tasks/{task_id}/answer")
async def answer(request: Request, parts: TheParts, caller: CurrentCaller, task_id: UUID) -> Response:
    """The answer to a colleague."""
    body = await read(request, AnswerQuestion)
    await asking.send(parts, caller, "POST", f"/tasks/{task_id}/answer", QuestionView, body)
    return see("/staff/queue")


@router.post("/staff/tasks/{task_id}/second-look")
async def second_look(request: Request, parts: TheParts, caller: CurrentCaller, task_id: UUID) -> Response:
    """Whether the decision that was drawn is right."""
    body = await read(request, SecondLook)
    await asking.tell(parts, caller, "POST", f"/tasks/{task_id}/second-look", body)
    return see("/staff/queue")


@router.get("/staff/tasks/{task_id}/before")
async def before(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    task_id: UUID,
    check_id: Ref = None,
    rule_id: Ref = None,
    item_id: Ref = None,
) -> Response:
    """How this was judged before: the interpretation log and like cases."""
    found = await asking.get(
        parts,
        caller,
        f"/tasks/{task_id}/precedents",
        Precedents,
        check_id=check_id,
        rule_id=rule_id,
        item_id=item_id,
    )
    context = {"found": found, "task_id": task_id, "like": LIKE, "about": rule_id or check_id or item_id}
    return pages.page(request, "desk/before.html", context)
