"""Overview of the form, its sections, the declarations, and the explanation beside them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contracts.http.files import FileView
from contracts.http.registration import DraftExplanation, FormState, FormView
from contracts.http.review import ApplicantDecision
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.web.filling import calls, editing, explaining, reading, showing
from gateway.web.filling.controls import SYSTEMS, Control, field_control
from gateway.web.filling.places import case_page, form_page
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_CASE = "/my/applications/{application_id}"
Only = Annotated[str, Query(max_length=60)]
PageNumber = Annotated[int, Query(ge=1, le=1000)]


@router.get(f"{_CASE}/form")
async def overview(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Every task with what is missing, and the explanation of the rules."""
    view, explained, decision = await beside(parts, caller, application_id)
    context = {**shared(view, explained, decision), "tasks": showing.tasks(view)}
    return pages.page(request, "form/overview.html", context)


@router.get(f"{_CASE}/form/explanation")
async def explanation(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    item: Only = "",
) -> Response:
    """The part of the pages that is asked for again after each save; `item`: and what that one counts for."""
    view, explained, _ = await beside(parts, caller, application_id)
    context = shared(view, explained) | {
        "item_id": item,
        "counts": explaining.counting(explained).get(item, explaining.NOTHING),
    }
    return pages.page(request, "form/explained.html", context)


@router.get(f"{_CASE}/form/{{section}}")
async def section_page(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    section: str,
    group: Only = "",
    page: PageNumber = 1,
) -> Response:
    """Fields of a section and its lists."""
    view, explained, decision = await beside(parts, caller, application_id)
    controls = editing.with_reasons(section_controls(view, section), decision)
    context = shared(view, explained, decision) | await _attached(parts, caller, view, controls)
    return _section(request, pages, context, section, controls, group=group, page=page)


@router.post(f"{_CASE}/form/{{section}}")
async def save_section(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    section: str,
) -> Response:
    """Saves what was typed and goes back to the overview; what cannot be saved is shown again as typed."""
    form = await request.form()
    outcome = await editing.take(
        parts, caller, application_id, form, lambda view: section_controls(view, section)
    )
    if editing.wants_json(request):
        return editing.answer(outcome)
    if outcome.clean:
        return see(f"{form_page(application_id)}?saved=1")
    _, explained, decision = await beside(parts, caller, application_id)
    context = shared(outcome.view, explained, decision) | {"error": outcome.error}
    context |= await _attached(parts, caller, outcome.view, outcome.controls)
    return _section(request, pages, context, section, outcome.controls, status=outcome.status)


def section_controls(view: FormView, section: str) -> tuple[Control, ...]:
    """The controls of a section's own page, or of the declarations. 404 for another."""
    if section == "declarations" and view.declarations:
        return tuple(
            Control(
                path=one.path,
                label=one.text,
                kind="tick",
                value=one.checked,
                required=one.required,
                locked=one.locked,
            )
            for one in view.declarations
        )
    for one in view.sections:
        if one.id == section:
            return tuple(field_control(view, field) for field in one.fields)
    raise not_found()


async def _attached(
    parts: Parts, caller: Caller, view: FormView, controls: tuple[Control, ...]
) -> dict[str, Any]:
    """Files and photo that fields of the section hold (IDs with commas between); asked for only where there are any."""
    files: dict[str, FileView] = {}
    if any(one.kind in ("files", "photo") and one.value for one in controls):
        files = await calls.files_of(parts, caller, view.application_id)

    def chosen_of(control: Control) -> list[FileView]:
        return [files[one] for one in str(control.value or "").split(",") if one in files]

    purpose = "correction" if view.state is FormState.correction else "evidence"
    return {"chosen_of": chosen_of, "purpose": purpose}


def _section(
    request: Request,
    pages: Renderer,
    context: dict[str, Any],
    section: str,
    controls: tuple[Control, ...],
    *,
    group: str = "",
    page: int = 1,
    status: int = 200,
) -> Response:
    view: FormView = context["form"]
    own: dict[str, Any] = {
        "section": section,
        "about": next((one for one in view.sections if one.id == section), None),
        "controls": controls,
        "base": reading.base_of(section_controls(view, section)),
        "groups": () if section == "declarations" else showing.groups(view, section, group, page),
        "only": group,
        "declared": {one.path: one for one in view.declarations},
        "mint": lambda: uuid4().hex[:12],
    }
    return pages.page(request, "form/section.html", {**context, **own}, status=status)


async def beside(
    parts: Parts, caller: Caller, application_id: UUID
) -> tuple[FormView, DraftExplanation | None, ApplicantDecision | None]:
    """The form, its explanation, and in a correction what review found."""
    view, explained = await asyncio.gather(
        calls.form_of(parts, caller, application_id), calls.explained(parts, caller, application_id)
    )
    decision = None
    if view.state is FormState.correction:
        decision = await calls.decision_of(parts, caller, application_id)
    return view, explained, decision


def shared(
    view: FormView, explained: DraftExplanation | None, decision: ApplicantDecision | None = None
) -> dict[str, Any]:
    """What every page of the form is given."""
    return {
        "form": view,
        "case_page": case_page(view.application_id),
        "form_page": form_page(view.application_id),
        "missing": showing.lines(view, showing.missing_of(view)),
        "explained": explained,
        "explaining": explaining,
        "clauses": view.clauses,
        "decision": decision,
        "editable": showing.editable(view),
        "systems": SYSTEMS,
        "item_id": None,
        "error": None,
    }
