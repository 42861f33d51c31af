"""My own scores after the release: components, weights, total, rank, cut and outcome in plain words (T1–T3)."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.commands import Role
from contracts.http.scoring import OwnScores
from gateway import cases, words
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import TheParts
from gateway.policy import Owner, rule
from gateway.web.forms import ThePages

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_SCORES = "/my/applications/{application_id}/scores"
RULES = (rule("GET", _SCORES, Role.applicant, owner=Owner.application),)


@router.get(_SCORES)
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Empty until the ranking is released; a foreign one is absent."""
    path = f"/applications/{application_id}/scores"
    answer = await parts.services.request("scoring", "GET", path, actor=caller.actor())
    scores = OwnScores.model_validate_json(answer.content)
    case = await cases.view(parts, caller, application_id)
    ratio = f"{(Decimal(scores.ratio) * 100).normalize():f}%" if scores.ratio else ""
    context = {"scores": scores, "case": case, "stages": words.STAGE, "ratio": ratio}
    return pages.page(request, "scores.html", context)
