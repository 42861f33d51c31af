"""A page with controls takes what was typed: as a form of its own, or field by field from the page's script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.datastructures import FormData
from starlette.responses import JSONResponse, Response

from contracts.http.registration import FormView
from contracts.http.review import ApplicantDecision
from gateway.guard import Caller
from gateway.parts import Parts
from gateway.web.filling import calls, reading, saving
from gateway.web.filling.controls import Control, in_words
from gateway.web.filling.saving import Result
from kit.errors import DomainError, Kind

Pick = Callable[[FormView], tuple[Control, ...]]
"""The controls of the page, from the form as it is."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`view` is the form after saving; `controls` show what could not be saved as it was typed."""

    view: FormView
    controls: tuple[Control, ...]
    result: Result
    error: DomainError | None = None

    @property
    def clean(self) -> bool:
        return self.error is None and self.result.clean

    @property
    def status(self) -> int:
        if self.error is not None:
            return self.error.kind.status
        return 409 if self.result.conflicts else 422


async def take(parts: Parts, caller: Caller, application_id: UUID, form: FormData, pick: Pick) -> Outcome:
    """Saves what the posted form changes. A refusal of the whole is the outcome's `error`: what was typed stays."""
    view = await calls.form_of(parts, caller, application_id)
    controls = pick(view)
    values, undecided = reading.decided(reading.typed(controls, form), form)
    base = reading.read_base(form)
    changes = reading.changed(values, base)
    waiting = {path: changes.pop(path) for path in undecided & set(changes)}
    try:
        result = await saving.save(
            parts, caller, application_id, changes, view=view, version=reading.read_version(form), base=base
        )
    except DomainError as error:
        if error.kind is Kind.not_found:
            raise
        shown = tuple(_as_typed(one, form) if one.path in values else one for one in controls)
        return Outcome(view=view, controls=shown, result=Result(version=view.version), error=error)
    result.conflicts.update({path: saving.current(view, path) for path in waiting})
    if result.saved or result.errors:
        view = await calls.form_of(parts, caller, application_id)
    return Outcome(view=view, controls=_marked(pick(view), form, values, result), result=result)


def _marked(
    controls: tuple[Control, ...], form: FormData, values: Mapping[str, Any], result: Result
) -> tuple[Control, ...]:
    shown = []
    for one in controls:
        if one.path in result.errors:
            one = replace(_as_typed(one, form), error=result.errors[one.path])
        elif one.path in result.conflicts:
            both = (in_words(one, values.get(one.path)), in_words(one, result.conflicts[one.path]))
            one = replace(_as_typed(one, form), conflict=both)
        shown.append(one)
    return tuple(shown)


def _as_typed(control: Control, form: FormData) -> Control:
    value = reading.typed((control,), form).get(control.path)
    if control.kind in ("date", "number"):
        value = str(form.get(control.path, ""))
    return replace(control, value=value)


def wants_json(request: Request) -> bool:
    """Whether the page's script asks, and not the browser."""
    return "application/json" in request.headers.get("accept", "")


def answer(outcome: Outcome) -> Response:
    """For the script: what was saved, what was not and why. A refusal of the whole is a problem."""
    if outcome.error is not None:
        raise outcome.error
    result = outcome.result
    both = {one.path: one.conflict for one in outcome.controls if one.conflict is not None}
    body = {
        "version": result.version,
        "values": {path: saving.current(outcome.view, path) for path in result.saved},
        "errors": result.errors,
        "conflicts": [
            {
                "path": path,
                "current": result.conflicts[path],
                "yours_text": words[0],
                "current_text": words[1],
            }
            for path, words in both.items()
        ],
        "missing": sum(len(one.missing) for one in result.completeness.values()),
    }
    return JSONResponse(body)


def with_reasons(controls: tuple[Control, ...], decision: ApplicantDecision | None) -> tuple[Control, ...]:
    """In a correction each open control says what was found there (Q10)."""
    if decision is None:
        return controls
    found = {f"fields.{one.field}": f"{one.found} {one.to_do}" for one in decision.items if one.field}
    found |= {one.field: f"{one.found} {one.to_do}" for one in decision.items if one.field}
    return tuple(replace(one, reason=found.get(one.path, "")) for one in controls)
