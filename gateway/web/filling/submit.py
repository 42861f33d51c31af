"""Submitting: all that will be frozen shown once more, then the command; in a correction, sending it back (Q10)."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.commands import CommandName, Resubmit, Submit
from contracts.http.registration import FormState, FormView
from gateway import commands
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web import sending
from gateway.web.filling import calls, showing
from gateway.web.filling.pages import shared
from gateway.web.filling.places import case_page
from gateway.web.filling.preflight import light
from gateway.web.filling.reading import read_version
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_PAGE = "/my/applications/{application_id}/submit"


@router.get(_PAGE)
async def submit_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """What will be frozen, what it means, and the button."""
    return await _page(request, parts, pages, caller, application_id, None)


@router.post(_PAGE)
async def submit(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Sends the command under the page's own key: a second click is the same command.

    Without an outcome yet (202) the case page says that it is under way, and its end.
    """
    form = await request.form()
    try:
        view = await calls.form_of(parts, caller, application_id)
        name, body = _command(view, form)
        receipt = await sending.send(parts, caller, application_id, name, sending.key_of(form), body)
        commands.refuse_if_refused(receipt)
    except DomainError as error:
        return await _page(request, parts, pages, caller, application_id, error)
    return see(case_page(application_id))


def _command(view: FormView, form: FormData) -> tuple[CommandName, dict[str, object]]:
    version = read_version(form)
    if view.state is FormState.correction:
        scans = tuple(UUID(str(one)) for one in form.getlist("scan_file_ids") if one)
        wanted = Resubmit(draft_version=version, scan_file_ids=scans)
        return CommandName.resubmit, wanted.model_dump(mode="json")
    return CommandName.submit, Submit(draft_version=version).model_dump(mode="json")


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    application_id: UUID,
    error: DomainError | None,
) -> Response:
    view, found, files = await asyncio.gather(
        calls.form_of(parts, caller, application_id),
        calls.preflight_of(parts, caller, application_id),
        calls.files_of(parts, caller, application_id),
    )
    decision = None
    if view.state is FormState.correction:
        decision = await calls.decision_of(parts, caller, application_id)
    context = shared(view, None, decision) | {
        "light": light(view, found),
        "whole": showing.whole(view, files),
        "key": uuid4(),
        "error": error,
    }
    return pages.page(request, "submit.html", context, status=error.kind.status if error else 200)
