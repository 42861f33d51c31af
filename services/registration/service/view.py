"""The form as a person sees it: the pack's definition with what is typed, locked and missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.http.registration import (
    Choice,
    DeclarationView,
    FieldView,
    FormState,
    FormValues,
    FormView,
    ItemKindView,
    SectionView,
)
from contracts.lifecycle import Phase, Route
from contracts.rulepack import Clause, FormField
from services.registration.domain.completeness import completeness
from services.registration.domain.correction import is_open, open_paths
from services.registration.domain.draft import Draft
from services.registration.domain.identity import mask_number, mask_phone, mask_text
from services.registration.domain.shape import Shape
from services.registration.models import Application
from services.registration.service.parts import Case


def state_of(application: Application) -> FormState:
    """Whether something may be typed."""
    if application.phase == Phase.ended.value:
        return FormState.ended
    if application.discarded:
        return FormState.discarded
    return FormState(application.lock)


def opened(case: Case, draft: Draft) -> tuple[str, ...] | None:
    """In a correction, the prefixes that may be changed; None outside of one."""
    if state_of(case.application) is not FormState.correction:
        return None
    return open_paths(case.shape, draft, case.application.unlocks or ())


def form_view(
    case: Case, draft: Draft, version: int, form_version: int, identity: Mapping[str, str], *, own: bool
) -> FormView:
    """`own`: the applicant sees what was typed; others see private fields masked. ID numbers are always masked."""
    state, paths = state_of(case.application), opened(case, draft)

    def locked(path: str) -> bool:
        if state is FormState.correction:
            return not is_open(path, paths or ())
        return state is not FormState.draft

    shape = case.shape
    sections = tuple(
        SectionView(
            id=section.id,
            name=section.name,
            clause=section.clause,
            help=section.help,
            placeholder=section.placeholder,
            fields=tuple(
                _field(shape, one, f"fields.{one.id}", shape.fixed(one) or locked(f"fields.{one.id}"))
                for one in section.fields
            ),
            item_kinds=_kinds(shape, section.id),
        )
        for section in shape.pack.form.sections
    )
    return FormView(
        application_id=case.application.id,
        application_number=case.application.number,
        level=case.application.level,
        level_name=shape.level.name,
        route=Route(case.application.route),
        title=shape.pack.form.title,
        state=state,
        version=version,
        form_version=form_version,
        sections=sections,
        declarations=tuple(
            DeclarationView(
                path=f"declarations.{one.id}",
                id=one.id,
                clause=one.clause,
                text=one.text,
                unit=one.unit,
                required=one.required,
                checked=one.id in draft.declarations,
                locked=locked(f"declarations.{one.id}"),
            )
            for one in shape.pack.form.declarations
        ),
        values=_values(shape, draft, identity, own=own),
        completeness=completeness(shape, draft, identity),
        locked_fields=tuple(one.path for section in sections for one in section.fields if one.locked),
        open_paths=paths,
        reprint=state is FormState.correction and case.application.reprint,
        tiers=tuple(Choice(id=one.id, name=one.name) for one in shape.pack.tiers),
        prior_levels=(
            *(Choice(id=one.id, name=one.name) for one in shape.pack.levels),
            *(Choice(id=one.id, name=one.name) for one in shape.pack.other_levels),
        ),
        clauses=_clauses(shape),
    )


_ON_THE_WAY = ("A3", "A4", "A6", "A8", "L1", "Q4", "Q10", "Q13")
"""Clauses that pages about submitting, printing and paying name."""


def _clauses(shape: Shape) -> dict[str, str]:
    pack = shape.pack
    used = {one.clause for one in pack.form.sections} | {one.clause for one in pack.form.declarations}
    used |= {one.clause for one in pack.item_kinds} | {one.clause for one in pack.rules}
    used |= {one.clause for one in pack.checks}
    used |= {one.clause for section in pack.form.sections for one in section.fields if one.clause}
    used |= {one.clause for kind in pack.item_kinds for one in kind.fields if one.clause}
    used.update(_ON_THE_WAY)
    return {one.id: _said(one) for one in pack.clauses if one.id in used}


def _said(clause: Clause) -> str:
    if not clause.quotes:
        return f"{clause.name}（通知没有规定，由协会决定）。"
    return f"{clause.name}。通知原文：{''.join(f'“{one}”' for one in clause.quotes)}"


def _field(shape: Shape, one: FormField, path: str, locked: bool) -> FieldView:
    return FieldView(
        path=path,
        id=one.id,
        label=one.label,
        type=one.type,
        required=one.required,
        private=one.private,
        help=one.help,
        options=tuple(Choice(id=identity, name=name) for identity, name, _ in shape.options(one)),
        free_choice=one.source == "kinds",
        max_chars=one.max_chars,
        placeholder=one.placeholder,
        locked=locked,
        example=one.example,
        clause=one.clause,
        pattern=one.pattern,
        pattern_message=one.pattern_message,
        unit=one.unit,
        precisions=one.precisions,
        earliest=one.earliest,
        latest=one.latest,
        max_files=one.max_files if one.type == "files" else None,
        **(_limits(one) if one.type == "number" else {}),
    )


def _limits(one: FormField) -> dict[str, Any]:
    """As text: JSON numbers are not exact."""
    return {
        "min": "0" if one.min is None else str(one.min),
        "max": None if one.max is None else str(one.max),
        "decimals": one.decimals,
    }


def _kinds(shape: Shape, section_id: str) -> tuple[ItemKindView, ...]:
    return tuple(
        ItemKindView(
            id=kind.id,
            section=kind.section,
            label=kind.label,
            clause=kind.clause,
            help=kind.help,
            uses=kind.uses,
            precisions=kind.precisions,
            fields=tuple(_field(shape, one, f"attributes.{one.id}", False) for one in kind.fields),
        )
        for kind in shape.kinds_of(section_id)
    )


def _values(shape: Shape, draft: Draft, identity: Mapping[str, str], *, own: bool) -> FormValues:
    fields = {**identity, **draft.fields, **draft.private}
    for one in shape.fields.values():
        value = fields.get(one.id)
        if shape.fixed(one):
            value = identity.get(one.id)
        if value is None:
            continue
        if one.type == "id_number":
            value = mask_number(value)
        elif one.private and not own:
            value = mask_phone(value) if one.type == "phone" else mask_text(value)
        fields[one.id] = value
    if draft.photo and shape.photo_field:
        fields[shape.photo_field.id] = draft.photo
    return FormValues(
        fields=fields,
        declarations=tuple(draft.declarations),
        **{name: tuple(items) for name, items in draft.items.items()},
    )
