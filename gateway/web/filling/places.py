"""Where something stands: paths of the draft and rules of the check list as links into the pages; pure."""

from __future__ import annotations

from uuid import UUID

from contracts.case import Finding
from contracts.http.registration import FormView
from gateway.web.filling.controls import slug

COLLECTIONS = ("work", "trainings", "conditions", "evidence", "former_names", "prior_certificates")
SECTION_OF = {
    "former_names": "A",
    "work": "B",
    "trainings": "B",
    "conditions": "B",
    "prior_certificates": "B",
    "evidence": "C",
}


def case_page(application_id: UUID) -> str:
    return f"/my/applications/{application_id}"


def form_page(application_id: UUID, section: str = "") -> str:
    page = f"{case_page(application_id)}/form"
    return f"{page}/{section}" if section else page


def item_page(application_id: UUID, collection: str, item_id: str) -> str:
    return f"{form_page(application_id)}/{SECTION_OF[collection]}/{collection}/{item_id}"


def place(view: FormView, path: str) -> str:
    """The address where a path of the draft is filled in."""
    head, _, rest = path.partition(".")
    if head == "fields":
        for section in view.sections:
            for one in section.fields:
                if one.path == path:
                    if one.type == "photo":
                        return f"{case_page(view.application_id)}/photo"
                    if one.type == "names":
                        return f"{form_page(view.application_id, section.id)}#former_names"
                    return f"{form_page(view.application_id, section.id)}#{slug(path)}"
    if head == "declarations":
        return f"{form_page(view.application_id, 'declarations')}#{slug(path)}"
    if head in COLLECTIONS:
        item_id, _, part = rest.partition(".")
        if item_id:
            page = item_page(view.application_id, head, item_id)
            return f"{page}#{slug(path)}" if part else page
        return f"{form_page(view.application_id, SECTION_OF[head])}#{head}"
    return form_page(view.application_id)


def collection_of(view: FormView, item_id: str) -> str | None:
    """The list that an item stands in."""
    for name in COLLECTIONS:
        if any(one["id"] == item_id for one in getattr(view.values, name)):
            return name
    return None


def place_of_finding(view: FormView, found: Finding) -> str | None:
    """Where a finding can be mended; None when it is about the whole."""
    if found.item_id and (collection := collection_of(view, found.item_id)):
        return item_page(view.application_id, collection, found.item_id)
    name = found.field or ""
    if name.startswith("declarations."):
        return place(view, name)
    if name.startswith("rules."):
        return f"{form_page(view.application_id)}#explanation"
    if name:
        return place(view, f"fields.{name}")
    return None
