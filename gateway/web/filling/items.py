"""One item of a list: added, edited, copied, deleted (asked first, and put back on demand)."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.http.registration import ITEM_ID, FormState, FormView
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.web.filling import calls, editing, explaining, places, reading, saving, showing
from gateway.web.filling.controls import Control, is_locked, item_controls, kind_of, takes_files
from gateway.web.filling.pages import beside, shared
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_FORM = "/my/applications/{application_id}/form"
_ITEM = f"{_FORM}/{{section}}/{{collection}}/{{item_id}}"


@router.post(f"{_FORM}/{{section}}/{{collection}}")
async def add(
    request: Request,
    parts: TheParts,
    caller: CurrentCaller,
    application_id: UUID,
    section: str,
    collection: str,
) -> Response:
    """Makes an empty item of the wanted kind and opens it. The form's own ID makes a second click the same item."""
    form = await request.form()
    view = await calls.form_of(parts, caller, application_id)
    _check(section, collection)
    item_id = _item_id(form)
    if saving.item_of(view, collection, item_id) is None:
        kind = str(form.get("kind", ""))
        await _put(parts, caller, view, f"{collection}.{item_id}", {"kind": kind} if kind else {})
    return see(places.item_page(application_id, collection, item_id))


@router.get(_ITEM)
async def item_page(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    section: str,
    collection: str,
    item_id: str,
) -> Response:
    """Everything that one item asks for, its files, and what it counts for."""
    _check(section, collection)
    view, explained, decision = await beside(parts, caller, application_id)
    controls = _controls(view, collection, item_id)
    context = shared(view, explained, decision) | {"item_id": item_id}
    return await _page(request, parts, pages, caller, context, collection, item_id, controls)


@router.post(_ITEM)
async def save_item(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    section: str,
    collection: str,
    item_id: str,
) -> Response:
    """Saves what was typed and goes back to the list; an item left empty is not kept."""
    _check(section, collection)
    form = await request.form()
    outcome = await editing.take(
        parts, caller, application_id, form, lambda view: _controls(view, collection, item_id)
    )
    if editing.wants_json(request):
        return editing.answer(outcome)
    if outcome.clean:
        if form.get("next") != "stay":
            await _drop_empty(parts, caller, outcome.view, collection, item_id)
            return see(
                f"{places.form_page(application_id, section)}#{_anchor(outcome.view, collection, item_id)}"
            )
        return see(f"{places.item_page(application_id, collection, item_id)}?saved=1")
    _, explained, decision = await beside(parts, caller, application_id)
    context = shared(outcome.view, explained, decision) | {"item_id": item_id, "error": outcome.error}
    return await _page(
        request, parts, pages, caller, context, collection, item_id, outcome.controls, status=outcome.status
    )


@router.post(f"{_ITEM}/copy")
async def copy(
    request: Request,
    parts: TheParts,
    caller: CurrentCaller,
    application_id: UUID,
    section: str,
    collection: str,
    item_id: str,
) -> Response:
    """Another item like this one, without its files: each needs a proof of its own."""
    _check(section, collection)
    form = await request.form()
    view = await calls.form_of(parts, caller, application_id)
    item, new = _item(view, collection, item_id), _item_id(form)
    if saving.item_of(view, collection, new) is None:
        like = {name: value for name, value in item.items() if name not in ("id", "file_ids", "section")}
        await _put(parts, caller, view, f"{collection}.{new}", like)
    return see(places.item_page(application_id, collection, new))


@router.get(f"{_ITEM}/delete")
async def ask_delete(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    section: str,
    collection: str,
    item_id: str,
) -> Response:
    """Shows what would be deleted."""
    _check(section, collection)
    view, explained, decision = await beside(parts, caller, application_id)
    item = _item(view, collection, item_id)
    context = shared(view, explained, decision) | {
        "card": showing.card(view, collection, item),
        "heading": showing.GROUPS[collection][0],
        "back": places.form_page(application_id, section),
        "final": view.state is FormState.correction,
    }
    return pages.page(request, "form/delete.html", context)


@router.post(f"{_ITEM}/delete")
async def delete(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    section: str,
    collection: str,
    item_id: str,
) -> Response:
    """Deletes it and offers to put it back; once deleted, deleting again changes nothing."""
    _check(section, collection)
    view = await calls.form_of(parts, caller, application_id)
    item = saving.item_of(view, collection, item_id)
    back = f"{places.form_page(application_id, section)}#{_anchor(view, collection, item_id)}"
    if item is None:
        return see(back)
    await _put(parts, caller, view, f"{collection}.{item_id}", None)
    context = shared(view, None) | {
        "title": showing.title_of(collection, item),
        "heading": showing.GROUPS[collection][0],
        "back": back,
        "restore": f"{places.form_page(application_id)}/restore",
        "collection": collection,
        "kept": json.dumps(item, ensure_ascii=False),
        "final": view.state is FormState.correction,
    }
    return pages.page(request, "form/deleted.html", context)


@router.post(f"{_FORM}/restore")
async def restore(request: Request, parts: TheParts, caller: CurrentCaller, application_id: UUID) -> Response:
    """Puts back an item that was just deleted, as the page brought it along; the service checks it as any other."""
    form = await request.form()
    collection = str(form.get("collection", ""))
    try:
        item = json.loads(str(form.get("kept", "")))
    except ValueError:
        item = None
    if collection not in places.COLLECTIONS or not isinstance(item, dict) or "id" not in item:
        raise not_found()
    view = await calls.form_of(parts, caller, application_id)
    if saving.item_of(view, collection, str(item["id"])) is None:
        content = {name: value for name, value in item.items() if name != "section"}
        await _put(parts, caller, view, f"{collection}.{item['id']}", content)
    return see(places.item_page(application_id, collection, str(item["id"])))


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    context: dict[str, Any],
    collection: str,
    item_id: str,
    controls: tuple[Control, ...],
    *,
    status: int = 200,
) -> Response:
    view: FormView = context["form"]
    item = _item(view, collection, item_id)
    files = await calls.files_of(parts, caller, view.application_id)
    kind = kind_of(view, item) if collection in ("conditions", "evidence") else None
    explained, decision = context["explained"], context["decision"]
    own = {
        "collection": collection,
        "item": item,
        "item_id": item_id,
        "heading": kind.label if kind else showing.GROUPS[collection][0],
        "ours": kind is None,
        "clause": kind.clause if kind else "",
        "help": kind.help if kind else "",
        "controls": controls,
        "base": reading.base_of(_controls(view, collection, item_id)),
        "page": places.item_page(view.application_id, collection, item_id),
        "back": f"{places.form_page(view.application_id, places.SECTION_OF[collection])}"
        f"#{_anchor(view, collection, item_id)}",
        "takes_files": takes_files(view, collection, item),
        "chosen": [files[one] for one in item.get("file_ids", ()) if one in files],
        "purpose": "correction" if view.state is FormState.correction else "evidence",
        "locked": is_locked(view, f"{collection}.{item_id}"),
        "counts": explaining.counting(explained).get(item_id, explaining.NOTHING),
        "found": [one for one in decision.items if one.item_id == item_id] if decision else [],
        "new_id": uuid4().hex[:12],
    }
    return pages.page(request, "form/item.html", {**context, **own}, status=status)


def _check(section: str, collection: str) -> None:
    if places.SECTION_OF.get(collection) != section:
        raise not_found()


def _item(view: FormView, collection: str, item_id: str) -> dict[str, Any]:
    item = saving.item_of(view, collection, item_id)
    if item is None:
        raise DomainError(
            Kind.not_found, "item_gone", "没有这一条，它可能已在别处删除。请回到申报书查看。", "A1"
        )
    return item


def _controls(view: FormView, collection: str, item_id: str) -> tuple[Control, ...]:
    return item_controls(view, collection, _item(view, collection, item_id))


def _anchor(view: FormView, collection: str, item_id: str) -> str:
    """Where the item stands on its section's page: its kind's heading, or its list's."""
    item = saving.item_of(view, collection, item_id) or {}
    return str(item["kind"]) if collection in ("conditions", "evidence") and item.get("kind") else collection


def _item_id(form: FormData) -> str:
    given = str(form.get("item_id", ""))
    return given if re.fullmatch(ITEM_ID, given) else uuid4().hex[:12]


async def _drop_empty(parts: Parts, caller: Caller, view: FormView, collection: str, item_id: str) -> None:
    """An item that was added and left without a word is not kept: it would stand in the way of submitting."""
    item = saving.item_of(view, collection, item_id) or {}
    given = {"id", "kind", "section"} if collection in ("conditions", "evidence") else {"id"}
    if item and not set(item) - given and not is_locked(view, f"{collection}.{item_id}"):
        await _put(parts, caller, view, f"{collection}.{item_id}", None)


async def _put(parts: Parts, caller: Caller, view: FormView, path: str, value: Any) -> None:
    """Changes one path on the newest version: making or deleting an item overwrites nobody's typing."""
    for attempt in range(3):
        try:
            await calls.change(parts, caller, view.application_id, view.version, {path: value})
            return
        except DomainError as error:
            if error.code != "stale_version" or attempt == 2:
                raise
            view = await calls.form_of(parts, caller, view.application_id)
