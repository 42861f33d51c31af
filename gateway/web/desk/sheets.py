"""An expert's desk: my sheets, one sheet beside its evidence, handing in, standing back from it (O3, P0–P3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from contracts.http.review import HandIn, Lease, Recuse, SheetSaved, SheetSubmitted, SheetTask
from contracts.http.sheets import MySheets, SheetState
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.web.desk import asking, marks
from gateway.web.desk.task import SHOWN, FileId, Picture, sent_bytes
from gateway.web.desk.words import KIND, SHEET
from gateway.web.forms import ThePages, see
from gateway.web.public_pages import level_names
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
T = TypeVar("T")


@router.get("/staff/sheets")
async def listed(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """What was given to me, the most urgent first; what is handed in stays to be read."""
    found = await asking.get(parts, caller, "/sheets", MySheets)
    context = {
        "found": found,
        "open": [one for one in found.sheets if one.state is not SheetState.handed_in],
        "done": [one for one in found.sheets if one.state is SheetState.handed_in],
        "kinds": KIND,
        "states": SHEET,
        "levels": await level_names(parts),
        "exact": marks.exact,
        "handed": request.query_params.get("handed") == "1",
        "recused": request.query_params.get("recused") == "1",
    }
    return pages.page(request, "desk/sheets.html", context)


@router.get("/staff/sheets/{task_id}")
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, task_id: UUID
) -> Response:
    """The sheet beside the evidence; handed in, it can only be read."""
    task = await _sheet(parts, caller, task_id)
    return _page(request, pages, task, marks.as_saved(task), None)


@router.post("/staff/sheets/{task_id}")
async def save(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, task_id: UUID
) -> Response:
    """Saves what can be saved; with `do=hand_in` the sheet is shown once more before it is handed in."""
    task = await _sheet(parts, caller, task_id)
    form = {name: str(value) for name, value in (await request.form()).items()}
    now = marks.typed(task, form)
    version = _number(form.get("version"), task.version)
    quiet = "application/json" in request.headers.get("accept", "")

    async def put(fence: int) -> SheetSaved:
        body = now.body(fence, version)
        return await asking.send(parts, caller, "PUT", f"/tasks/{task.task.id}/sheet", SheetSaved, body)

    try:
        saved = await _held(parts, caller, task, put)
    except DomainError as error:
        if quiet:
            return JSONResponse({"code": error.code, "message": error.message}, error.kind.status)
        task = await _sheet(parts, caller, task_id)
        return _page(request, pages, task, now, error)
    if quiet:
        more = {"wrong": dict(now.wrong), "sum": marks.total_of(now.scores)}
        return JSONResponse(saved.model_dump(mode="json") | more)
    if now.wrong:
        task = await _sheet(parts, caller, task_id)
        text = "其余已保存，以下分数没有保存：" + "".join(now.wrong.values())
        refused = DomainError(Kind.invalid, "mark_out_of_range", text, task.clause)
        return _page(request, pages, task, now, refused)
    return see(f"/staff/sheets/{task.task.id}" + ("/hand-in" if form.get("do") == "hand_in" else "?saved=1"))


@router.get("/staff/sheets/{task_id}/hand-in")
async def look_again(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, task_id: UUID
) -> Response:
    """The marks once more, with what is missing; nothing is fixed yet."""
    return await _confirm(request, parts, pages, caller, task_id, None)


@router.post("/staff/sheets/{task_id}/hand-in")
async def hand_in(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, task_id: UUID
) -> Response:
    """Fixes the sheet (P3); then the next one, or the list."""
    task = await _sheet(parts, caller, task_id)
    form = await request.form()
    version = _number(str(form.get("version") or ""), task.version)

    async def submit(fence: int) -> SheetSubmitted:
        body = HandIn(fence=fence, version=version)
        return await asking.send(parts, caller, "POST", f"/tasks/{task.task.id}/submit", SheetSubmitted, body)

    try:
        await _held(parts, caller, task, submit)
    except DomainError as error:
        return await _confirm(request, parts, pages, caller, task_id, error)
    mine = await asking.get(parts, caller, "/sheets", MySheets)
    left = [
        one.task_id for one in mine.sheets if one.state is not SheetState.handed_in and one.kind is task.kind
    ]
    if form.get("then") == "next" and left:
        return see(f"/staff/sheets/{left[0]}?handed=1")
    return see("/staff/sheets?handed=1")


@router.get("/staff/sheets/{task_id}/recuse")
async def recuse_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, task_id: UUID
) -> Response:
    """What standing back means; nothing is done yet."""
    return await _recusal(request, parts, pages, caller, task_id, None)


@router.post("/staff/sheets/{task_id}/recuse")
async def recuse(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, task_id: UUID
) -> Response:
    """The sheet is set aside and another expert drawn (O3)."""
    reason = str((await request.form()).get("reason") or "").strip()
    try:
        if not 2 <= len(reason) <= 200:
            raise DomainError(Kind.invalid, "reason_missing", "请写明回避的理由（2–200 字）。", "O3")
        await asking.tell(parts, caller, "POST", f"/tasks/{task_id}/recuse", Recuse(reason=reason))
    except DomainError as error:
        return await _recusal(request, parts, pages, caller, task_id, error)
    return see("/staff/sheets?recused=1")


# Files ------------------------------------------------------------------------------------------------------------


@router.get("/staff/sheets/{task_id}/files/{file_id}")
async def open_file(parts: TheParts, caller: CurrentCaller, task_id: UUID, file_id: FileId) -> Response:
    """To the file itself, for a few minutes; not where pupils appear (the service refuses)."""
    found = await asking.link(parts, caller, f"/tasks/{task_id}/files/{file_id}")
    return RedirectResponse(found.url, 303)


@router.get("/staff/sheets/{task_id}/view/{file_id}")
async def view_file(parts: TheParts, caller: CurrentCaller, task_id: UUID, file_id: FileId) -> Response:
    """A checked picture, from our own address."""
    task = await _sheet(parts, caller, task_id)
    known = next((one for one in task.files if one.file_id == file_id), None)
    if known is None or known.media_type not in SHOWN:
        raise not_found()
    found = await asking.link(parts, caller, f"/tasks/{task_id}/files/{file_id}")
    return await sent_bytes(found.url, known.media_type)


@router.get("/staff/sheets/{task_id}/pictures/{picture}")
async def view_picture(parts: TheParts, caller: CurrentCaller, task_id: UUID, picture: Picture) -> Response:
    """A picture that was made of a page."""
    found = await asking.link(parts, caller, f"/tasks/{task_id}/pictures/{picture}")
    return await sent_bytes(found.url, "image/jpeg")


# Pages ------------------------------------------------------------------------------------------------------------


async def _sheet(parts: Parts, caller: Caller, task_id: UUID) -> SheetTask:
    """The sheet; also under the task that it had before its defence was moved: whoever was filling it goes on."""
    try:
        shown = await asking.material(parts, caller, task_id)
    except DomainError as error:
        if error.code != "sheet_moved":
            raise
        shown = await asking.material(parts, caller, UUID(str(error.details["task_id"])))
    if not isinstance(shown, SheetTask):
        raise not_found()
    return shown


async def _held(parts: Parts, caller: Caller, task: SheetTask, write: Callable[[int], Awaitable[T]]) -> T:
    """Writes under the lease. One that has run out is taken again: nobody else can have had this sheet, and the
    version keeps what another window has written."""
    path = f"/tasks/{task.task.id}/claim"
    fence = task.task.fence
    if not task.task.mine and not task.submitted:
        fence = (await asking.send(parts, caller, "POST", path, Lease)).fence
    try:
        return await write(fence)
    except DomainError as error:
        if error.code != "task_lost":
            raise
    return await write((await asking.send(parts, caller, "POST", path, Lease)).fence)


def _page(
    request: Request, pages: ThePages, task: SheetTask, now: marks.Typed, error: DomainError | None
) -> Response:
    context = _context(task, now) | {
        "error": error,
        "saved": request.query_params.get("saved") == "1",
        "handed": request.query_params.get("handed") == "1",
    }
    template = "desk/sheet_read.html" if task.submitted else "desk/sheet.html"
    return pages.page(request, template, context, status=error.kind.status if error else 200)


async def _confirm(
    request: Request, parts: Parts, pages: ThePages, caller: Caller, task_id: UUID, error: DomainError | None
) -> Response:
    task = await _sheet(parts, caller, task_id)
    if task.submitted:
        return see(f"/staff/sheets/{task.task.id}")
    context = _context(task, marks.as_saved(task)) | {"error": error}
    return pages.page(request, "desk/hand_in.html", context, status=error.kind.status if error else 200)


async def _recusal(
    request: Request, parts: Parts, pages: ThePages, caller: Caller, task_id: UUID, error: DomainError | None
) -> Response:
    task = await _sheet(parts, caller, task_id)
    context = _context(task, marks.as_saved(task)) | {"error": error}
    return pages.page(request, "desk/recuse.html", context, status=error.kind.status if error else 200)


def _context(task: SheetTask, now: marks.Typed) -> dict[str, Any]:
    base = f"/staff/sheets/{task.task.id}"
    sources = {}
    for one in task.files:
        if one.pictures:
            sources[one.file_id] = [f"{base}/pictures/{picture}" for picture in one.pictures]
        else:
            shown = one.media_type in SHOWN and not one.preview_only
            sources[one.file_id] = [f"{base}/view/{one.file_id}"] if shown else []
    by_kind: dict[str, list[Any]] = {}
    for item in task.evidence:
        by_kind.setdefault(item.kind, []).append(item)
    return marks.summary(task, now) | {
        "task": task,
        "base": base,
        "kinds": KIND,
        "by_kind": by_kind,
        "files": {one.file_id: one for one in task.files},
        "sources": sources,
        "total": marks.exact(task.total),
    }


def _number(given: str | None, otherwise: int) -> int:
    return int(given) if given is not None and given.isdigit() and len(given) < 10 else otherwise
