"""Pages of complaints for everybody (N3): the form, the receipt, the progress; the office's blind form; explaining."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from contracts.http.complaints import (
    MAX_FILE_BYTES,
    MAX_FILES,
    TEXT_MOST,
    AccusedViews,
    ComplaintChannel,
    ComplaintSubject,
    LookUp,
    Reply,
    Statement,
)
from contracts.http.publication import Notice, Notices
from gateway.api.auth import address_of
from gateway.complaints import handing_in
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.passing.row import ANYONE
from gateway.web import documents
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

R = TypeVar("R", bound=LookUp)
router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_FIELDS = ("subject", "person", "about", "facts", "named", "name", "phone", "channel", "notice")


@router.get("/complaints")
async def form(
    request: Request, parts: TheParts, pages: ThePages, notice: str = "", person: str = ""
) -> Response:
    """The form; from a public notice with the list to choose from, and perhaps the person."""
    given = {"notice": notice, "person": person[:32]}
    if person:
        given["subject"] = ComplaintSubject.listed.value
    return await _form(request, parts, pages, given, None)


@router.post("/complaints", max_body_size=handing_in.MAX_BODY)
async def hand_in(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Takes it in and shows the receipt, once. What is wrong is said beside the form, which keeps the words."""
    return await _taken(request, parts, pages, None)


@router.get("/complaints/progress")
async def look_up(request: Request, pages: ThePages) -> Response:
    """Asks for number and code."""
    return _progress(request, pages, {}, None)


@router.post("/complaints/progress")
async def progress(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """How far it is. Number and code come by the body: an address is seen by too many."""
    given = _typed(await request.form(), "number", "code")
    try:
        asked = _receipt(LookUp, given)
        seen = await handing_in.progress(parts, asked, address_of(request))
    except DomainError as error:
        return _progress(request, pages, given, error)
    return _progress(request, pages, given, None, seen=seen)


@router.post("/complaints/reply")
async def reply(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Adds something, or answers a question."""
    given = _typed(await request.form(), "number", "code", "text")
    try:
        seen = await handing_in.reply(parts, _receipt(Reply, given), address_of(request))
    except DomainError as error:
        if error.code == "unknown_receipt":
            return _progress(request, pages, given, error)
        asked = _receipt(LookUp, {"number": given["number"], "code": given["code"]})
        seen = await handing_in.progress(parts, asked, address_of(request))
        return _progress(request, pages, given, error, seen=seen)
    return _progress(request, pages, {**given, "text": ""}, None, seen=seen, added=True)


# the office's blind form ----------------------------------------------------------------------------------------


@router.get("/staff/forward-complaint")
async def forward_form(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """A complaint that came by telephone or letter."""
    return await _form(request, parts, pages, {}, None, office=True)


@router.post("/staff/forward-complaint", max_body_size=handing_in.MAX_BODY)
async def forward(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Sends it to the committee; nobody here can open it again (O2)."""
    return await _taken(request, parts, pages, caller)


# the person complained of ---------------------------------------------------------------------------------------


@router.get("/my/applications/{application_id}/complaints")
async def against(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """What the committee asks me to explain, in its own words."""
    return await _against(request, parts, pages, caller, application_id, None)


@router.post("/my/applications/{application_id}/complaints/{complaint_id}")
async def explain(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    complaint_id: UUID,
) -> Response:
    """My explanation."""
    given = _typed(await request.form(), "text")
    try:
        try:
            body = Statement.model_validate(given)
        except ValidationError:
            message = f"请写明您的说明（2–{TEXT_MOST} 字）。"
            raise DomainError(Kind.invalid, "invalid_input", message, "N3") from None
        path = f"/applications/{application_id}/complaints/{complaint_id}/statement"
        await parts.services.request("publication", "PUT", path, actor=caller.actor(), json=body)
    except DomainError as error:
        if error.kind is Kind.not_found:
            raise
        return await _against(request, parts, pages, caller, application_id, error, given["text"])
    return see(f"/my/applications/{application_id}/complaints?said=1")


@router.get("/my/applications/{application_id}/complaints/{complaint_id}/document")
async def document(
    parts: TheParts, caller: CurrentCaller, application_id: UUID, complaint_id: UUID
) -> Response:
    """The decision itself, for whom it is about."""
    for one in (await _told(parts, caller, application_id)).complaints:
        if one.complaint_id == complaint_id and one.document_key is not None:
            return await documents.shown(parts, one.document_key)
    raise not_found()


# helpers --------------------------------------------------------------------------------------------------------


async def _taken(request: Request, parts: Parts, pages: Renderer, caller: Caller | None) -> Response:
    async with request.form(max_files=MAX_FILES, max_fields=12, max_part_size=256 * 1024) as form:
        given = _typed(form, *_FIELDS)
        key = handing_in.key_of(form.get("key"))
        try:
            files = [await _bytes(one) for one in form.getlist("files")]
            told = _wanted(given, await _public_notice(parts, given["notice"]), caller)
            filed = await handing_in.hand_in(
                parts, caller, told, key, [one for one in files if one], address_of(request)
            )
        except DomainError as error:
            return await _form(request, parts, pages, given, error, office=caller is not None, key=key)
    context = {"filed": filed, "named": given["named"] == "1", "office": caller is not None}
    return pages.page(request, "complaint_filed.html", context)


def _wanted(given: Mapping[str, str], notice: Notice | None, caller: Caller | None) -> dict[str, Any]:
    if given["named"] not in ("0", "1"):
        raise DomainError(Kind.invalid, "named_missing", "请选择署名还是匿名。", "N3")
    listed = given["subject"] == ComplaintSubject.listed
    told: dict[str, Any] = {
        "subject": given["subject"],
        "about": "" if listed else given["about"],
        "application_number": given["person"] if listed else "",
        "facts": given["facts"],
        "complainant": {"name": given["name"], "phone": given["phone"]} if given["named"] == "1" else None,
        "round_id": notice.round_id if notice is not None else None,
    }
    if caller is not None:
        if given["channel"] not in (ComplaintChannel.phone, ComplaintChannel.letter):
            raise DomainError(Kind.invalid, "channel_missing", "请选择是电话还是来信。", "N3")
        told["channel"] = given["channel"]
    return told


async def _form(
    request: Request,
    parts: Parts,
    pages: Renderer,
    given: Mapping[str, str],
    error: DomainError | None,
    *,
    office: bool = False,
    key: str | None = None,
) -> Response:
    notice = await _public_notice(parts, given.get("notice", ""))
    context = {
        "given": {name: given.get(name, "") for name in _FIELDS},
        "notice": notice,
        "office": office,
        "max_files": MAX_FILES,
        "max_mb": MAX_FILE_BYTES // 2**20,
        "text_most": TEXT_MOST,
        "key": key or uuid4(),
        "error": error,
    }
    return pages.page(request, "complaint.html", context, status=error.kind.status if error else 200)


async def _public_notice(parts: Parts, wanted: str) -> Notice | None:
    """The notice that is named, else the newest public one, else none."""
    try:
        notice_id = UUID(wanted)
    except ValueError:
        answer = await parts.services.request("publication", "GET", "/public/notices", actor=ANYONE)
        known = Notices.model_validate_json(answer.content).notices
        if not known:
            return None
        notice_id = known[0].notice_id
    try:
        path = f"/public/notices/{notice_id}"
        answer = await parts.services.request("publication", "GET", path, actor=ANYONE)
    except DomainError as error:
        if error.kind is not Kind.not_found:
            raise
        return None
    return Notice.model_validate_json(answer.content)


def _progress(
    request: Request, pages: Renderer, given: Mapping[str, str], error: DomainError | None, **more: Any
) -> Response:
    context = {
        "given": {name: given.get(name, "") for name in ("number", "code", "text")},
        "seen": None,
        "added": False,
        "text_most": TEXT_MOST,
        "error": error,
        **more,
    }
    return pages.page(request, "complaint_progress.html", context, status=error.kind.status if error else 200)


def _receipt(model: type[R], given: Mapping[str, str]) -> R:
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        fields = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
        if fields == {"text"}:
            message = f"请写明要补充的内容（2–{TEXT_MOST} 字）。"
            raise DomainError(Kind.invalid, "invalid_input", message, "N3") from None
        message = "编号和查询码对不上，请照回执逐位核对。"
        raise DomainError(Kind.not_found, "unknown_receipt", message, "N3") from None


async def _told(parts: Parts, caller: Caller, application_id: UUID) -> AccusedViews:
    path = f"/applications/{application_id}/complaints"
    answer = await parts.services.request("publication", "GET", path, actor=caller.actor())
    return AccusedViews.model_validate_json(answer.content)


async def _against(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    application_id: UUID,
    error: DomainError | None,
    text: str = "",
) -> Response:
    found = await _told(parts, caller, application_id)
    if not found.complaints:
        raise not_found()
    context = {
        "application_id": application_id,
        "complaints": found.complaints,
        "said": request.query_params.get("said") == "1",
        "text": text,
        "text_most": TEXT_MOST,
        "error": error,
    }
    return pages.page(request, "my_complaints.html", context, status=error.kind.status if error else 200)


def _typed(form: FormData, *names: str) -> dict[str, str]:
    found = {name: form.get(name) for name in names}
    return {name: value.strip() if isinstance(value, str) else "" for name, value in found.items()}


async def _bytes(given: object) -> bytes:
    return await given.read(MAX_FILE_BYTES + 1) if isinstance(given, UploadFile) else b""
