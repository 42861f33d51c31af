"""Pages of the outside system's applications (S1): upload, look at every row, confirm, watch, take out again."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from contracts.http.outside import MAX_IMPORT_BYTES
from gateway import audit, outside
from gateway.audit import Action
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.sheets import XLSX, attached
from gateway.web.forms import ThePages, see
from gateway.web.public_pages import rounds_of
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
RoundId = Annotated[UUID, Query(alias="round")]
IMPORT_BODY = MAX_IMPORT_BYTES + 64 * 1024


@router.get("/staff/imports")
async def imports(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Template, upload, export, and what was imported."""
    return await _imports(request, parts, pages, None)


@router.post("/staff/imports", max_body_size=IMPORT_BODY)
async def check(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """The dry run of a workbook."""
    form = await request.form(max_files=1, max_fields=4)
    given = form.get("file")
    try:
        round_id = _chosen(str(form.get("round", "")))
        data = await given.read() if isinstance(given, UploadFile) else b""
        if not data:
            raise DomainError(Kind.invalid, "file_missing", "请选择要导入的 xlsx 表格。", "S1")
        plan = await outside.check(parts, caller, round_id, data)
    except DomainError as error:
        return await _imports(request, parts, pages, error)
    return see(f"/staff/imports/{plan.import_id}")


@router.get("/staff/imports/template.xlsx")
async def template(parts: TheParts, caller: CurrentCaller, round_id: RoundId) -> Response:
    """The documented default headings."""
    return await _workbook(parts, caller, f"/rounds/{round_id}/outside-template.xlsx", "导入模板.xlsx")


@router.get("/staff/imports/export.xlsx")
async def export(parts: TheParts, caller: CurrentCaller, round_id: RoundId) -> Response:
    """What is filed here, in the same columns: with ID numbers, so it is noted."""
    async with parts.db.unit_of_work() as session:
        audit.note(session, caller, Action.export_made, round_id)
    return await _workbook(parts, caller, f"/rounds/{round_id}/outside.xlsx", "申报数据.xlsx")


@router.get("/staff/imports/{import_id}")
async def one(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, import_id: UUID
) -> Response:
    """Every row that is not the same, and how far a confirmed import is."""
    plan = await outside.plan(parts, caller, import_id)
    context = {"plan": plan, "progress": await outside.progress(parts, import_id)}
    return pages.page(request, "import.html", context)


@router.post("/staff/imports/{import_id}/confirm")
async def confirm(parts: TheParts, caller: CurrentCaller, import_id: UUID) -> Response:
    """The second click."""
    await outside.confirm(parts, caller, import_id)
    return see(f"/staff/imports/{import_id}")


@router.get("/staff/imports/{import_id}/report.xlsx")
async def report(parts: TheParts, caller: CurrentCaller, import_id: UUID) -> Response:
    """Every row with its differences and mistakes."""
    return await _workbook(parts, caller, f"/imports/{import_id}/report.xlsx", "核对结果.xlsx")


async def _imports(request: Request, parts: Parts, pages: Renderer, error: DomainError | None) -> Response:
    context = {"rounds": await rounds_of(parts), "jobs": await outside.jobs(parts), "error": error}
    return pages.page(request, "imports.html", context, status=error.kind.status if error else 200)


def _chosen(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise DomainError(Kind.invalid, "round_missing", "请选择年度认证。", "S1") from None


async def _workbook(parts: Parts, caller: Caller, path: str, name: str) -> Response:
    answer = await parts.services.request("registration", "GET", path, actor=caller.actor(), timeout=120.0)
    return attached(name, answer.content, XLSX)
