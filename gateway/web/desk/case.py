"""One case for the office: decisions, a mistaken flag proposed for cancelling (Q10), hearings on false material."""

from __future__ import annotations

from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from contracts.commands import CommandName, TargetKind
from contracts.http.desk import DecisionHistory, DismissHearing, Hearing, Hearings, OpenHearing
from contracts.prepared import QualificationOutcome
from contracts.rulings import CancelFlags
from gateway import commands, proposals
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.desk import asking, twins
from gateway.web.forms import ThePages, read, see
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/staff/cases/{application_id}")
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """What was decided, and what can still be mended."""
    return await _page(request, parts, pages, caller, application_id, None)


@router.post("/staff/cases/{application_id}/cancel")
async def cancel(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Proposes that the ticked flags were a mistake; another of the approver pool decides."""
    form = await request.form()
    try:
        body = CancelFlags.model_validate(
            {
                "decision_key": str(form.get("decision_key") or ""),
                "flags": [int(str(one)) for one in form.getlist("flag")],
                "reason": "mistaken_flag",
            }
        )
    except (ValidationError, ValueError):
        error = DomainError(Kind.invalid, "nothing_chosen", "请勾选要撤销的意见。", "Q10")
        return await _page(request, parts, pages, caller, application_id, error)
    round_id = await commands.round_of(parts, TargetKind.application, application_id, caller)
    command = commands.new_command(
        caller,
        target_kind=TargetKind.application,
        target_id=application_id,
        round_id=round_id,
        name=CommandName.cancel_flags,
        body=body.model_dump(mode="json"),
        key=str(form.get("key") or uuid4()),
    )
    try:
        await proposals.propose(parts, command)
    except DomainError as error:
        return await _page(request, parts, pages, caller, application_id, error)
    return see(f"/staff/cases/{application_id}?proposed=1")


@router.post("/staff/cases/{application_id}/hearings")
async def open_hearing(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Something looks false: the applicant is asked to explain."""
    try:
        body = await read(request, OpenHearing)
        path = f"/applications/{application_id}/hearings"
        await asking.send(parts, caller, "POST", path, Hearing, body)
    except DomainError as error:
        return await _page(request, parts, pages, caller, application_id, error)
    return see(f"/staff/cases/{application_id}")


@router.post("/staff/cases/{application_id}/hearings/{hearing_id}/dismiss")
async def dismiss(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    hearing_id: UUID,
) -> Response:
    """Nothing is wrong."""
    try:
        body = await read(request, DismissHearing)
        await asking.send(parts, caller, "POST", f"/hearings/{hearing_id}/dismiss", Hearing, body)
    except DomainError as error:
        return await _page(request, parts, pages, caller, application_id, error)
    return see(f"/staff/cases/{application_id}")


async def _page(
    request: Request,
    parts: Parts,
    pages: ThePages,
    caller: Caller,
    application_id: UUID,
    error: DomainError | None,
) -> Response:
    path = f"/applications/{application_id}"
    history = await asking.maybe(parts, caller, f"{path}/decisions", DecisionHistory)
    hearings = await asking.maybe(parts, caller, f"{path}/hearings", Hearings)
    decisions = history.decisions if history is not None else ()
    newest = decisions[0] if decisions else None
    now = await twins.current(parts, caller, application_id)
    context = {
        "application_id": application_id,
        "decisions": decisions,
        "may_cancel": newest is not None
        and newest.outcome is QualificationOutcome.correction
        and bool(newest.items),
        "hearings": hearings.hearings if hearings is not None else (),
        "may_dismiss": caller.role in ("secretariat", "supervisor"),
        "proposed": request.query_params.get("proposed") == "1",
        "key": uuid4(),
        "twins": twins.lines(now, None, ()),
        "error": error,
    }
    return pages.page(request, "desk/case.html", context, status=error.kind.status if error else 200)
