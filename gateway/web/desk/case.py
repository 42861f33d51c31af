"""One case for the office: decisions, a mistaken flag proposed for cancelling (Q10), hearings on false material."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from contracts.commands import CommandName, Role
from contracts.http.desk import DecisionHistory, DismissHearing, Hearing, Hearings, OpenHearing
from contracts.http.gateway import Proposal
from contracts.prepared import QualificationOutcome
from contracts.rulings import CancelFlags
from gateway import commands, proposals
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web import documents
from gateway.web.desk import asking, leaving, twins
from gateway.web.forms import ThePages, read, see
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/staff/cases/{application_id}")
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """What was decided, and what can still be mended."""
    return await page(request, parts, pages, caller, application_id, None)


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
        return await page(request, parts, pages, caller, application_id, error)
    key = str(form.get("key") or uuid4())
    command = await commands.of_case(parts, caller, application_id, CommandName.cancel_flags, body, key)
    try:
        await proposals.propose(parts, command)
    except DomainError as error:
        return await page(request, parts, pages, caller, application_id, error)
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
        return await page(request, parts, pages, caller, application_id, error)
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
        return await page(request, parts, pages, caller, application_id, error)
    return see(f"/staff/cases/{application_id}")


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A hearing, and how far a decision on it is: the newest proposal to disqualify."""

    hearing: Hearing
    proposal: Proposal | None

    @property
    def waits(self) -> bool:
        """For the other person, or for the command's answer."""
        return proposals.waits(self.proposal)

    @property
    def refused(self) -> str | None:
        """What came of the last proposal, if nothing did."""
        return proposals.why_not(self.proposal)


async def page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    application_id: UUID,
    error: DomainError | None,
    given: Mapping[str, str] | None = None,
) -> Response:
    """The page; `given`: what was typed into the form of a decision that could not be proposed."""
    path = f"/applications/{application_id}"
    history = await asking.maybe(parts, caller, f"{path}/decisions", DecisionHistory)
    hearings = await asking.maybe(parts, caller, f"{path}/hearings", Hearings)
    decisions = history.decisions if history is not None else ()
    newest = decisions[0] if decisions else None
    async with parts.db.read() as session:
        proposed = await proposals.about(session, application_id, CommandName.disqualify)
        today = await documents.today(session)
    rulings = [
        Ruling(
            hearing=one,
            proposal=next((row for row in proposed if row.body.get("hearing_id") == str(one.id)), None),
        )
        for one in (hearings.hearings if hearings is not None else ())
    ]
    now = await twins.current(parts, caller, application_id)
    context = {
        "application_id": application_id,
        "decisions": decisions,
        "may_cancel": newest is not None
        and newest.outcome is QualificationOutcome.correction
        and bool(newest.items),
        "rulings": rulings,
        "may_rule": bool({Role.secretariat, Role.supervisor}.intersection(caller.known.roles)),
        "may_bar": Role.secretariat in caller.known.roles,
        "proposed": request.query_params.get("proposed") == "1",
        "today": today,
        "given": given or {},
        "key": uuid4(),
        "twins": twins.lines(now, None, ()),
        "error": error,
    } | await leaving.of_case(parts, caller, application_id, given)
    return pages.page(request, "desk/case.html", context, status=error.kind.status if error else 200)
