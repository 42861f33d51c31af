"""Pages of staff: the desk's first page, two-person proposals; the mailbox of the embedded default."""

from __future__ import annotations

import re
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from contracts.commands import Refused
from contracts.http.gateway import Funnel, RejectProposal
from contracts.http.notification import Mailbox
from gateway import proposals
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.models import Round
from gateway.parts import Parts, TheParts
from gateway.policy import READERS
from gateway.web import documents, proposed
from gateway.web.forms import ThePages, read, see
from gateway.web.public_pages import rounds_of
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
mailbox = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_RECIPIENT = re.compile(r"^[0-9+]{5,20}$")


@router.get("/staff")
async def desk(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Who I am here, and how the rounds stand."""
    funnels: list[tuple[str, dict[str, str], Funnel]] = []
    if set(READERS).intersection(caller.known.roles):
        funnels = await _funnels(parts)
    context = {"roles": caller.known.roles, "funnels": funnels, "ui": parts.settings.temporal_ui_url}
    return pages.page(request, "desk.html", context)


@router.get("/staff/proposals")
async def proposals_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller
) -> Response:
    """What waits for a second person, and what was decided."""
    return await _proposals(request, parts, pages, caller, None)


@router.get("/staff/proposals/{proposal_id}/document")
async def document(parts: TheParts, caller: CurrentCaller, proposal_id: UUID) -> Response:
    """The document that a proposal rests on, for whoever decides it."""
    async with parts.db.read() as session:
        one = await proposals.find(session, proposal_id)
    return await documents.shown(parts, await proposed.document_of(parts, caller, one))


@router.post("/staff/proposals/{proposal_id}/{decision}")
async def decide(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    proposal_id: UUID,
    decision: Literal["approve", "reject"],
) -> Response:
    """Approves or rejects somebody else's proposal."""
    try:
        if decision == "approve":
            receipt = await proposals.approve(parts, caller, proposal_id)
            said = receipt.outcome
            if isinstance(said, Refused):
                return await _proposals(request, parts, pages, caller, said)
        else:
            wanted = await read(request, RejectProposal)
            await proposals.reject(parts, caller, proposal_id, wanted.reason)
    except DomainError as error:
        return await _proposals(request, parts, pages, caller, error)
    return see("/staff/proposals")


@mailbox.get("/mailbox")
async def mailbox_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, recipient: str = ""
) -> Response:
    """What would have been sent to one phone."""
    recipient = recipient.strip()
    found: Mailbox | None = None
    if _RECIPIENT.match(recipient):
        answer = await parts.services.request(
            "notification", "GET", "/mailbox", actor=caller.actor(), params={"recipient": recipient}
        )
        found = Mailbox.model_validate_json(answer.content)
    return pages.page(request, "mailbox.html", {"recipient": recipient, "found": found})


async def _proposals(
    request: Request, parts: Parts, pages: ThePages, caller: Caller, said: DomainError | Refused | None
) -> Response:
    lines = await proposed.lines(parts, caller)
    context: dict[str, Any] = {"lines": lines, "me": caller.account_id, "said": said}
    status = said.kind.status if isinstance(said, DomainError) else 200
    return pages.page(request, "proposals.html", context, status=status)


async def _funnels(parts: Parts) -> list[tuple[str, dict[str, str], Funnel]]:
    """Title, names of the levels and funnel of the newest rounds; without registration the pack's own names."""
    async with parts.db.read() as session:
        query = select(Round.id, Round.pack_name).order_by(Round.created_at.desc()).limit(5)
        rounds = list((await session.execute(query)).all())
        found = [await parts.read_model.funnel(session, row.id) for row in rounds]
    try:
        known = {one.id: one for one in await rounds_of(parts)}
    except DomainError:
        known = {}
    told = []
    for row, funnel in zip(rounds, found, strict=True):
        view = known.get(row.id)
        names = {level.id: level.name for level in view.levels} if view else {}
        told.append((view.title if view else row.pack_name, names, funnel))
    return told
