"""Two-person commands on their way: list, approve, reject."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from contracts.base import Input
from contracts.commands import Receipt
from contracts.http.gateway import Proposal, ProposalPage, ProposalState, RejectProposal
from gateway import commands, proposals
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import TheParts
from gateway.policy import API
from kit.http import problems

router = APIRouter(prefix=API, route_class=GuardedRoute, tags=["proposals"])


class ProposalQuery(Input):
    """Filter and page."""

    state: ProposalState | None = None
    cursor: UUID | None = None
    limit: int = 50


@router.get("/proposals", responses=problems(401, 403))
async def list_proposals(
    parts: TheParts, _caller: CurrentCaller, query: Annotated[ProposalQuery, Query()]
) -> ProposalPage:
    """Newest first."""
    async with parts.db.read() as session:
        return await proposals.listed(
            session, state=query.state, cursor=query.cursor, limit=max(1, min(query.limit, 200))
        )


@router.get("/proposals/{proposal_id}", responses=problems(401, 403, 404))
async def get_proposal(parts: TheParts, _caller: CurrentCaller, proposal_id: UUID) -> Proposal:
    """One proposal, with the receipt of its command once it was approved."""
    async with parts.db.read() as session:
        return await proposals.find(session, proposal_id)


@router.post(
    "/proposals/{proposal_id}/approve",
    responses={**problems(401, 403, 404, 409), 202: {"model": Receipt, "description": "正在处理"}},
    response_model=Receipt,
)
async def approve_proposal(parts: TheParts, caller: CurrentCaller, proposal_id: UUID) -> Response:
    """Approves somebody else's proposal; answers as the command itself would."""
    return commands.answer(await proposals.approve(parts, caller, proposal_id))


@router.post("/proposals/{proposal_id}/reject", responses=problems(401, 403, 404, 409))
async def reject_proposal(
    parts: TheParts, caller: CurrentCaller, proposal_id: UUID, wanted: RejectProposal
) -> Proposal:
    """Rejects somebody else's proposal with a reason."""
    return await proposals.reject(parts, caller, proposal_id, wanted.reason)
