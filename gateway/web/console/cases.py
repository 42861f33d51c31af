"""The cases of a round: searched and filtered, paged, what has waited longest first (O2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from contracts.commands import Role
from contracts.http.gateway import CaseFilters, CaseOrder
from contracts.lifecycle import ActionRequiredBy, Stage, Status, application_workflow_id
from gateway import stuck
from gateway.guard import CurrentCaller, GuardedRoute, not_found
from gateway.parts import TheParts
from gateway.web.console import reading
from gateway.web.forms import ThePages
from gateway.web.proposed import OPENS_CASES
from kit import db

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
PAGE = 50
Cursor = Annotated[str | None, Query(max_length=200)]


@router.get("/staff/rounds/{round_id}/cases")
async def cases(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    cursor: Cursor = None,
) -> Response:
    """A page of them; on top, how many stand still."""
    context = await reading.head(parts, caller, round_id, "cases")
    filters = _filters(request)
    async with parts.db.read() as session:
        page = await parts.read_model.cases(session, round_id, filters, cursor, PAGE)
        standing = await stuck.count(session, round_id)
        now = await db.now(session)
    opens = bool(OPENS_CASES.intersection(caller.known.roles))
    kept = filters.model_dump(mode="json", exclude_none=True)
    context |= {
        "filters": filters,
        "lines": [(one, age(now, one.since)) for one in page.cases],
        "more": urlencode({**kept, "cursor": page.next_cursor}) if page.next_cursor else None,
        "first": urlencode(kept) if cursor else None,
        "stuck": standing,
        "page_of": "/staff/cases/{}" if opens else "/staff/cases/{}/history",
        "flows": {
            one.application_id: reading.flow_link(
                parts.settings, caller, application_workflow_id(one.application_id)
            )
            for one in page.cases
        }
        if Role.operator in caller.known.roles
        else {},
        "stages": list(Stage),
        "statuses": list(Status),
        "actions": list(ActionRequiredBy),
        "orders": list(CaseOrder),
    }
    return pages.page(request, "console/cases.html", context)


def age(now: datetime, since: datetime) -> tuple[int, str]:
    """How long: a number and its unit (`days`, `hours`, `minutes`)."""
    passed = max(now - since, timedelta())
    if passed.days:
        return passed.days, "days"
    minutes = int(passed.total_seconds()) // 60
    return (minutes // 60, "hours") if minutes >= 60 else (minutes, "minutes")


def _filters(request: Request) -> CaseFilters:
    """Empty fields ask for nothing; what has waited longest comes first. What is malformed leads nowhere (404)."""
    names = CaseFilters.model_fields
    given = {name: value.strip() for name, value in request.query_params.items() if name in names}
    said = {name: value for name, value in given.items() if value}
    try:
        return CaseFilters.model_validate({"order": CaseOrder.age.value, **said})
    except ValidationError:
        raise not_found() from None
