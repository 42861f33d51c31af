"""A district's progress as a page and as a workbook (O7)."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from contracts.commands import Role
from contracts.http.district import DistrictFilters, MissingStep
from contracts.rulepack import RulePack
from gateway import district as districts
from gateway import sheets
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import TheParts
from gateway.web.forms import ThePages
from gateway.web.public_pages import rounds_of

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
RoundId = Annotated[UUID | None, Query(alias="round")]
District = Annotated[str, Query(max_length=40)]


@router.get("/staff/district")
async def district_page(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: RoundId = None,
    district: District = "",
) -> Response:
    """Counts by step, units with their reminders, people by pinyin. A district's own one only (404)."""
    rounds = await rounds_of(parts)
    chosen = round_id or (rounds[0].id if rounds else None)
    context: dict[str, object] = {"rounds": rounds, "chosen": chosen, "progress": None}
    if chosen is None:
        return pages.page(request, "district.html", context)
    pack = await districts.pack_of(parts, chosen)
    wanted = _wanted(caller, pack, district)
    filters = _filters(request)
    context["progress"] = await districts.progress(parts, caller, chosen, wanted, filters)
    context |= {
        "filters": filters,
        "steps": list(MissingStep),
        "districts": pack.districts if caller.role is not Role.district else (),
        "levels": {level.id: level.name for level in pack.levels},
        "query": _query(chosen, wanted, filters),
    }
    return pages.page(request, "district.html", context)


@router.get("/staff/district/people.xlsx")
async def district_workbook(
    request: Request,
    parts: TheParts,
    caller: CurrentCaller,
    round_id: Annotated[UUID, Query(alias="round")],
    district: District = "",
) -> Response:
    """The same people as the page shows, all pages, as a workbook."""
    wanted = _wanted(caller, await districts.pack_of(parts, round_id), district)
    name, rows = await districts.rows(parts, caller, round_id, wanted, _filters(request))
    return await sheets.download(f"{name}-申报进度", districts.TITLES, rows)


def _wanted(caller: Caller, pack: RulePack, given: str) -> str:
    """The district asked for; without one the caller's own, or the pack's first for the office."""
    if given:
        return given
    if caller.role is Role.district:
        return caller.known.district or ""
    return pack.districts[0].id if pack.districts else ""


def _filters(request: Request) -> DistrictFilters:
    """Empty fields of the form ask for nothing. What is malformed leads nowhere (404)."""
    names = DistrictFilters.model_fields
    given = {name: value.strip() for name, value in request.query_params.items() if name in names}
    try:
        return DistrictFilters.model_validate({name: value for name, value in given.items() if value})
    except ValidationError:
        raise not_found() from None


def _query(round_id: UUID, district: str, filters: DistrictFilters) -> str:
    """The filters as a query, for links to other pages and to the workbook."""
    kept = filters.model_dump(mode="json", exclude={"page", "size"}, exclude_none=True)
    return urlencode({"round": str(round_id), "district": district, **kept})
