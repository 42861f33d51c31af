"""Pages of messages to applicants: what did not arrive, what was told about one application, texts to approve."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contracts.http.notification import SmsTemplates, ToldMessages
from gateway import undelivered
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
PAGE = "/staff/messages"
SHOWN = 50
"""Lines of a page, as the service gives them."""


@router.get(PAGE)
async def worklist(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    done: Literal["resend", "told"] | None = None,
) -> Response:
    """What did not arrive and nobody has looked after yet."""
    return await _list(request, parts, pages, caller, page, done=done)


@router.post(f"{PAGE}/{{message_id}}/{{step}}")
async def handle(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    message_id: UUID,
    step: Literal["resend", "told"],
) -> Response:
    """Sends it again, or notes that the applicant was called."""
    try:
        await parts.services.request(
            "notification", "POST", f"/undelivered/{message_id}/{step}", actor=caller.actor()
        )
    except DomainError as error:
        return await _list(request, parts, pages, caller, 1, error=error)
    return see(f"{PAGE}?done={step}")


@router.get(f"{PAGE}/templates")
async def templates(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Which texts the carrier must approve."""
    answer = await parts.services.request("notification", "GET", "/sms-templates", actor=caller.actor())
    found = SmsTemplates.model_validate_json(answer.content)
    return pages.page(request, "sms_templates.html", {"found": found})


@router.get("/staff/cases/{application_id}/messages")
async def of_case(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """What was told about one application, and whether it arrived."""
    path = f"/applications/{application_id}/messages"
    answer = await parts.services.request("notification", "GET", path, actor=caller.actor())
    found = ToldMessages.model_validate_json(answer.content)
    async with parts.db.read() as session:
        known = await parts.read_model.case(session, application_id)
    context = {
        "application_id": application_id,
        "messages": found.messages,
        "number": known.application_number if known else "",
        "name": (known.name or "") if known else "",
    }
    return pages.page(request, "case_messages.html", context)


async def _list(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    page: int,
    *,
    done: str | None = None,
    error: DomainError | None = None,
) -> Response:
    found = await undelivered.worklist(parts, caller, page)
    context = {
        "found": found,
        "page": page,
        "pages": max(1, -(-found.found // SHOWN)),
        "at": PAGE,
        "text": "",
        "done": done,
        "error": error,
    }
    return pages.page(request, "messages.html", context, status=error.kind.status if error else 200)
