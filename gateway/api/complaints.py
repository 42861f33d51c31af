"""Complaints for API clients (N3): anybody hands one in and follows it; files go by the form on /complaints."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request

from contracts.http.complaints import ComplaintFiled, LookUp, Progress, PublicComplaint, Reply
from gateway.api.auth import address_of
from gateway.complaints import handing_in
from gateway.guard import GuardedRoute
from gateway.parts import TheParts
from gateway.policy import API
from kit.http import problems

RandomKey = Annotated[
    UUID, Header(alias="Idempotency-Key", description="随机的 UUID：同一个键重复提交只算一件。")
]
"""Random, so that nobody else's complaint has it: nobody is logged in here."""
router = APIRouter(prefix=API, route_class=GuardedRoute, tags=["complaints"])


@router.post("/public/complaints", status_code=201, responses=problems(403, 404, 409, 413, 422, 429, 503))
async def hand_in(request: Request, parts: TheParts, body: PublicComplaint, key: RandomKey) -> ComplaintFiled:
    """Hands one in. The answer bears number and code; the code is shown this once only."""
    given = body.model_dump(mode="json")
    return await handing_in.hand_in(parts, None, given, f"api/{key}", (), address_of(request))


@router.post("/public/complaints/progress", responses=problems(403, 404, 422, 429, 503))
async def progress(request: Request, parts: TheParts, body: LookUp) -> Progress:
    """How far it is, for whoever holds number and code."""
    return await handing_in.progress(parts, body, address_of(request))


@router.post("/public/complaints/reply", responses=problems(403, 404, 409, 422, 429, 503))
async def reply(request: Request, parts: TheParts, body: Reply) -> Progress:
    """Adds something, or answers a question."""
    return await handing_in.reply(parts, body, address_of(request))
