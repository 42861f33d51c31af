"""Files without scripts: upload through us into the store, look at, take out; and the photo's page (A2, Q2)."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from contracts.http.files import (
    AcceptPhoto,
    FilePages,
    FileState,
    FileView,
    NewFile,
    PhotoView,
    Purpose,
    Upload,
)
from contracts.http.registration import ChangeForm, FormView
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.filling import calls, places
from gateway.web.filling.controls import slug
from gateway.web.forms import ThePages, safe_next, see
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_ATTACH = re.compile(r"^(?:fields\.\w{1,60}|[a-z_]{1,30}\.[a-z0-9][a-z0-9-]{0,39}\.file_ids)$")
_PATIENCE = 40.0
"""Seconds to wait for a file to be opened: longer than the opening may take."""
_TRIES = 5
_CASE = "/my/applications/{application_id}"


@router.post(_CASE + "/files")
async def upload(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """One file, sent on piece by piece; what became of it is said before one goes on."""
    back = f"/my/applications/{application_id}"
    try:
        async with request.form(max_files=1, max_fields=8) as form:
            back = safe_next(str(form.get("next") or ""), back)
            attach = _attach(form)
            view = await _send(parts, caller, application_id, form)
            if attach and view.state is FileState.clean:
                await _change(parts, caller, application_id, attach, view.id, add=True)
    except DomainError as error:
        context: dict[str, Any] = {"file": None, "error": error, "back": back, "attached": False}
        return pages.page(request, "uploaded.html", context, status=error.kind.status)
    if view.state is FileState.clean and not (view.duplicate_of or view.notes):
        return see(back)
    context = {"file": view, "error": None, "back": back, "attached": bool(attach)}
    return pages.page(request, "uploaded.html", context)


@router.get(_CASE + "/files/{file_id}")
async def look(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    file_id: UUID,
    back: Annotated[str, Query(alias="next", max_length=300)] = "",
) -> Response:
    """The pages of a file as pictures, and its download (Q7)."""
    path = f"/applications/{application_id}/files/{file_id}"
    file = FileView.model_validate_json((await _ask(parts, caller, "GET", path)).content)
    found = FilePages(total=0, pages=())
    if file.state is FileState.clean:
        found = FilePages.model_validate_json((await _ask(parts, caller, "GET", f"{path}/pages")).content)
    otherwise = f"/my/applications/{application_id}"
    context = {
        "file": file,
        "found": found,
        "application_id": application_id,
        "back": safe_next(back, otherwise),
    }
    return pages.page(request, "file.html", context)


@router.get(_CASE + "/files/{file_id}/remove")
async def ask_to_remove(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    file_id: UUID,
    attach: Annotated[str, Query(max_length=120)] = "",
    back: Annotated[str, Query(alias="next", max_length=300)] = "",
) -> Response:
    """Asks before it is taken out."""
    path = f"/applications/{application_id}/files/{file_id}"
    file = FileView.model_validate_json((await _ask(parts, caller, "GET", path)).content)
    context = {
        "file": file,
        "application_id": application_id,
        "attach": attach,
        "back": safe_next(back, f"/my/applications/{application_id}"),
    }
    return pages.page(request, "remove_file.html", context)


@router.post(_CASE + "/files/{file_id}/remove")
async def remove(
    request: Request,
    parts: TheParts,
    caller: CurrentCaller,
    application_id: UUID,
    file_id: UUID,
) -> Response:
    """Out of the item that it is asked for, and out of the list unless another item names it."""
    async with request.form(max_files=0, max_fields=8) as form:
        back = safe_next(str(form.get("next") or ""), f"/my/applications/{application_id}")
        attach = _attach(form)
    if attach:
        await _change(parts, caller, application_id, attach, file_id, add=False)
    try:
        await _ask(parts, caller, "DELETE", f"/applications/{application_id}/files/{file_id}")
    except DomainError as error:
        if error.code != "file_attached" or not attach:
            raise
    return see(back)


@router.get(_CASE + "/photo")
async def photo_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Choose, crop, see what is found (Q2)."""
    view = await _photo(parts, caller, application_id)
    return pages.page(request, "photo.html", _photo_context(view, application_id, None))


@router.post(_CASE + "/photo")
async def accept_photo(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Takes the crop."""
    async with request.form(max_files=0, max_fields=8) as form:
        given = {name: str(form.get(name, "")) for name in ("file_id", "x", "y", "width", "height")}
    path = f"/applications/{application_id}/photo"
    try:
        wanted = _crop(given)
        await _ask(parts, caller, "POST", path, json=wanted, timeout=_PATIENCE)
    except DomainError as error:
        view = await _photo(parts, caller, application_id)
        context = _photo_context(view, application_id, error)
        return pages.page(request, "photo.html", context, status=error.kind.status)
    view = await _photo(parts, caller, application_id)
    if view.chosen is None or view.chosen.findings:
        # what is wrong with it stands here
        return see(f"/my/applications/{application_id}/photo")
    return see(await _home_of_photo(parts, caller, application_id))


async def _home_of_photo(parts: Parts, caller: Caller, application_id: UUID) -> str:
    """The photo's place in the form."""
    form = await calls.form_of(parts, caller, application_id)
    for section in form.sections:
        for one in section.fields:
            if one.type == "photo":
                return f"{places.form_page(application_id, section.id)}#{slug(one.path)}"
    return places.form_page(application_id)


def _photo_context(view: PhotoView, application_id: UUID, error: DomainError | None) -> dict[str, Any]:
    return {"photo": view, "application_id": application_id, "error": error}


async def _photo(parts: Parts, caller: Caller, application_id: UUID) -> PhotoView:
    answer = await _ask(parts, caller, "GET", f"/applications/{application_id}/photo")
    return PhotoView.model_validate_json(answer.content)


def _crop(given: dict[str, str]) -> AcceptPhoto:
    try:
        box = {name: given[name] for name in ("x", "y", "width", "height")}
        return AcceptPhoto.model_validate({"file_id": given["file_id"], "crop": box})
    except ValidationError:
        raise DomainError(Kind.invalid, "invalid_input", "请先选好照片的裁剪范围。", "Q2") from None


def _attach(form: FormData) -> str:
    given = str(form.get("attach") or "")
    if given and not _ATTACH.match(given):
        raise DomainError(Kind.invalid, "invalid_input", "不知道要把文件放在哪里，请返回页面后重试。")
    return given


async def _send(parts: Parts, caller: Caller, application_id: UUID, form: FormData) -> FileView:
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise DomainError(Kind.invalid, "no_file", "请先选择一个文件。", "A2")
    try:
        new = NewFile(
            purpose=Purpose(str(form.get("purpose") or "")),
            name=file.filename[-1000:],
            media_type=(file.content_type or "")[:100],
            bytes=file.size or 0,
        )
    except ValueError:
        raise DomainError(Kind.invalid, "invalid_input", "请返回页面后重新选择文件。", "A2") from None
    path = f"/applications/{application_id}/files"
    answer = await _ask(parts, caller, "POST", path, json=new)
    place = Upload.model_validate_json(answer.content)
    await parts.store.post_file(place.fields, file.file)
    done = await _ask(parts, caller, "POST", f"{path}/{place.file_id}/complete", timeout=_PATIENCE)
    return FileView.model_validate_json(done.content)


async def _change(
    parts: Parts, caller: Caller, application_id: UUID, attach: str, file_id: UUID, *, add: bool
) -> None:
    """Names the file in the draft, or takes its name out, over whatever version the draft has now."""
    path = f"/applications/{application_id}/form"
    for _ in range(_TRIES):
        form = FormView.model_validate_json((await _ask(parts, caller, "GET", path)).content)
        value = _with(form, attach, str(file_id), add=add)
        body = ChangeForm(version=form.version, changes={attach: value})
        try:
            await _ask(parts, caller, "PATCH", path, json=body)
        except DomainError as error:
            if error.code != "stale_version":
                raise
            continue
        return
    raise DomainError(
        Kind.conflict, "stale_version", "申报书正在别处修改，文件已上传，请稍后在页面上再选一次。"
    )


def _with(form: FormView, attach: str, file_id: str, *, add: bool) -> Any:
    group, _, rest = attach.partition(".")
    if group == "fields":
        return _of_field(form, attach, file_id, add=add)
    item_id = rest.partition(".")[0]
    items = getattr(form.values, group, None)
    item = next((one for one in items or () if one.get("id") == item_id), None)
    if item is None:
        raise DomainError(Kind.not_found, "unknown_item", "没有找到要附上文件的条目，请先保存条目。")
    others = [one for one in item.get("file_ids") or [] if one != file_id]
    return [*others, file_id] if add else others


def _of_field(form: FormView, path: str, file_id: str, *, add: bool) -> Any:
    """A field that takes several files keeps those it has."""
    found = next((one for section in form.sections for one in section.fields if one.path == path), None)
    if found is None or found.type != "files":
        return file_id if add else None
    others = [one for one in form.values.fields.get(found.id, "").split(",") if one and one != file_id]
    return ([*others, file_id] if add else others) or None


async def _ask(
    parts: Parts, caller: Caller, method: str, path: str, *, json: Any = None, timeout: float | None = None
) -> Any:
    return await parts.services.request(
        "registration", method, quote(path), actor=caller.actor(), json=json, timeout=timeout
    )
