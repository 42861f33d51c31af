"""Pages of sealed histories: my records to keep, the office's view of them, the published digests."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.commands import TargetKind
from contracts.http.history import History, SealedRecord
from contracts.http.registration import RoundView
from contracts.refusals import message_of
from gateway import histories, sheets
from gateway.api.history import TEXT
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import TheParts
from gateway.web.forms import ThePages, see
from gateway.web.proposed import OPENS_CASES
from gateway.web.public_pages import rounds_of
from rules.history import first_break

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/my/applications/{application_id}/history")
async def mine(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """What was decided about my application, with its seals."""
    found = await histories.of(parts, caller, TargetKind.application, application_id)
    return pages.page(request, "history.html", _context(found, f"/my/applications/{application_id}"))


@router.get("/my/applications/{application_id}/history.json")
async def my_file(parts: TheParts, caller: CurrentCaller, application_id: UUID) -> Response:
    """The same as a file to keep."""
    return _file(await histories.of(parts, caller, TargetKind.application, application_id))


@router.get("/staff/cases/{application_id}/history")
async def of_case(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """The same for the office, and whether the command log still says the same."""
    found = await histories.of(parts, caller, TargetKind.application, application_id)
    opens_cases = OPENS_CASES.intersection(caller.known.roles)
    back = f"/staff/cases/{application_id}" if opens_cases else "/staff"
    return pages.page(request, "history.html", _context(found, back))


@router.get("/staff/cases/{application_id}/history.json")
async def case_file(parts: TheParts, caller: CurrentCaller, application_id: UUID) -> Response:
    """The same as a file to keep."""
    return _file(await histories.of(parts, caller, TargetKind.application, application_id))


@router.get("/records")
async def published(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Digests of each round, day by day, for anybody."""
    rounds: list[tuple[RoundView, object]] = [
        (one, (await histories.sheets(parts, one.id)).sheets) for one in await rounds_of(parts)
    ]
    return pages.page(request, "records.html", {"rounds": rounds})


@router.get("/records/{sheet_id}")
async def sheet(parts: TheParts, sheet_id: UUID) -> Response:
    """The file of one sheet."""
    return sheets.attached(f"总校验表-{sheet_id}.txt", await histories.sheet_file(parts, sheet_id), TEXT)


@router.post("/staff/records/{round_id}")
async def fix(parts: TheParts, round_id: UUID) -> Response:
    """Makes a sheet now."""
    await histories.fix(parts, round_id)
    return see("/records")


def _context(found: History, back: str) -> dict[str, object]:
    return {
        "history": found,
        "back": back,
        "broken": first_break(found.target_id, found.records),
        "lines": [(one, _outcome(one)) for one in found.records],
    }


def _outcome(one: SealedRecord) -> str:
    code = one.record.outcome
    return "" if code == "accepted" else message_of(code)


def _file(found: History) -> Response:
    name = f"办理记录-{str(found.target_id)[:8]}.json"
    return sheets.attached(name, found.model_dump_json(indent=1).encode(), "application/json")
