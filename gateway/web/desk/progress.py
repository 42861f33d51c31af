"""How portfolio and defence stand: progress, load of each expert, whom to remind today, who is still to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.http.registration import RoundView
from contracts.http.sheets import Assessments, ExpertLoad, ShortCase
from gateway.accounts import staff
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.desk import asking
from gateway.web.desk.words import ASSESSED
from gateway.web.forms import ThePages
from gateway.web.public_pages import level_names, rounds_of
from kit.db import now
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
SOON = timedelta(days=1)


@router.get("/staff/assessment")
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: str = ""
) -> Response:
    """Of one round, or of all."""
    rounds = await _rounds(parts)
    chosen = next((one.id for one in rounds if str(one.id) == round_id), None)
    found = await asking.get(parts, caller, "/assessments", Assessments, round_id=chosen)
    async with parts.db.read() as session:
        names = {one.account_id: one.display_name for one in await staff.listed(session)}
        moment = await now(session)
    context = {
        "found": found,
        "names": names,
        "remind": to_remind(found.loads, moment),
        "moment_now": moment,
        "stages": ASSESSED,
        "levels": await level_names(parts),
        "why": why,
        "rounds": rounds,
        "round_id": chosen,
        "may_change": caller.role == "secretariat",
    }
    return pages.page(request, "desk/assessment.html", context)


def to_remind(loads: Sequence[ExpertLoad], moment: datetime) -> list[ExpertLoad]:
    """Who has something overdue or due within a day, the latest first."""
    late = [one for one in loads if one.overdue or (one.due_at is not None and one.due_at <= moment + SOON)]
    return sorted(late, key=lambda one: (-one.overdue, one.due_at or moment, str(one.account_id)))


def why(one: ShortCase) -> list[tuple[str, int]]:
    """Reasons why nobody can be drawn, with how many experts each concerns."""
    told = (
        ("已评过本件或已回避", one.used),
        ("同单位或推荐关系，须回避", one.recused),
        ("任务已满", one.full),
        ("已停用", one.inactive),
    )
    return [(text, count) for text, count in told if count]


async def _rounds(parts: Parts) -> Sequence[RoundView]:
    try:
        return await rounds_of(parts)
    except DomainError:
        return ()
