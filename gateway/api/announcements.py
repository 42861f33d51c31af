"""Announcements of a round (R2): posted and corrected by the secretariat, read by everybody."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from contracts.http.announcements import (
    AnnouncementHistory,
    Announcements,
    AnnouncementView,
    CorrectAnnouncement,
    PostAnnouncement,
)
from gateway import announcing
from gateway.commands import IdempotencyKey
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import TheParts
from gateway.policy import API
from kit.http import problems

router = APIRouter(prefix=API, route_class=GuardedRoute, tags=["announcements"])


@router.get("/public/rounds/{round_id}/announcements", responses=problems(404))
async def read_announcements(parts: TheParts, round_id: UUID) -> Announcements:
    """What is in force, the newest post first."""
    return await announcing.in_force(parts, round_id)


@router.get("/public/rounds/{round_id}/announcements/{announcement_id}", responses=problems(404))
async def read_announcement(parts: TheParts, round_id: UUID, announcement_id: UUID) -> AnnouncementHistory:
    """One with all its versions."""
    return await announcing.history(parts, round_id, announcement_id)


@router.post("/rounds/{round_id}/announcements", status_code=201, responses=problems(401, 403, 404, 409, 422))
async def post_announcement(
    parts: TheParts, caller: CurrentCaller, round_id: UUID, wanted: PostAnnouncement, key: IdempotencyKey
) -> AnnouncementView:
    """Enters what was posted."""
    return await announcing.post(parts, caller, round_id, wanted, key)


@router.post(
    "/rounds/{round_id}/announcements/{announcement_id}/versions",
    status_code=201,
    responses=problems(401, 403, 404, 409, 422),
)
async def correct_announcement(
    parts: TheParts,
    caller: CurrentCaller,
    round_id: UUID,
    announcement_id: UUID,
    wanted: CorrectAnnouncement,
    key: IdempotencyKey,
) -> AnnouncementView:
    """Enters a correction that was posted; the version before stays to be read."""
    return await announcing.correct(parts, caller, round_id, announcement_id, wanted, key)
