"""Saving what was typed: good values are kept even when others are wrong, nothing overwrites what was saved elsewhere.

The draft has one version. A page brings back the values that it was made from: what somebody else (another tab) has
not touched since is saved on the newest version; what they have is refused, and both values are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contracts.http.registration import Completeness, FormView
from gateway.guard import Caller
from gateway.parts import Parts
from gateway.web.filling import calls
from gateway.web.filling.reading import same
from kit.errors import DomainError, Kind

_TRIES = 3


@dataclass(kw_only=True)
class Result:
    """`errors` and `conflicts` by path were not saved; `conflicts` hold what stands there now."""

    version: int
    saved: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    conflicts: dict[str, Any] = field(default_factory=dict)
    completeness: Mapping[str, Completeness] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not self.errors and not self.conflicts


def current(view: FormView, path: str) -> Any:
    """What stands at a path of the draft now, None where nothing does."""
    head, _, rest = path.partition(".")
    if head == "fields":
        return view.values.fields.get(rest)
    if head == "declarations":
        return rest in view.values.declarations
    item_id, _, rest = rest.partition(".")
    found: Any = item_of(view, head, item_id)
    for step in rest.split(".") if rest else ():
        found = found.get(step) if isinstance(found, dict) else None
    return found


def item_of(view: FormView, collection: str, item_id: str) -> dict[str, Any] | None:
    """An item of a list, None when there is none."""
    items: tuple[dict[str, Any], ...] = getattr(view.values, collection, ())
    return next((one for one in items if one["id"] == item_id), None)


async def save(
    parts: Parts,
    caller: Caller,
    application_id: UUID,
    changes: Mapping[str, Any],
    *,
    view: FormView,
    version: int,
    base: Mapping[str, Any] | None,
) -> Result:
    """Saves what can be saved. `version`, `base`: what the page was made from; `view`: the form as it is now.

    Errors: DomainError `form_locked`, `ended`, `discarded`, `outside_correction`, `draft_too_large`, unavailable.
    """
    result, left = Result(version=view.version, completeness=view.completeness), dict(changes)
    for _ in range(_TRIES):
        result.version = view.version
        left = _unless_touched(view, left, base, result, fresh=view.version == version)
        if not left:
            return result
        try:
            done = await _change(parts, caller, application_id, view.version, left, result)
        except DomainError as error:
            if error.code != "stale_version":
                raise
            view = await calls.form_of(parts, caller, application_id)
            continue
        return done
    raise DomainError(Kind.conflict, "stale_version", "这份申报书正在别处修改，请稍等一会儿再保存。", "A1")


def _unless_touched(
    view: FormView, changes: Mapping[str, Any], base: Mapping[str, Any] | None, result: Result, *, fresh: bool
) -> dict[str, Any]:
    """Leaves out what stands there already, and what somebody else has changed since (refused).

    Field by field: a page that has saved one field has the newest version, and may be old all the same elsewhere.
    """
    left = {}
    for path, yours in changes.items():
        there = current(view, path)
        if same(there, yours):
            result.saved.append(path)
        elif same(base[path], there) if base is not None and path in base else fresh:
            left[path] = yours
        else:
            result.conflicts[path] = there
    return left


async def _change(
    parts: Parts, caller: Caller, application_id: UUID, version: int, changes: dict[str, Any], result: Result
) -> Result:
    left = dict(changes)
    try:
        saved = await calls.change(parts, caller, application_id, version, left)
    except DomainError as error:
        if error.code != "invalid_fields":
            raise
        wrong = {str(one["path"]): str(one["message"]) for one in error.details.get("fields", ())}
        result.errors.update(wrong)
        left = {path: value for path, value in left.items() if path not in wrong}
        if not wrong or not left:
            return result
        saved = await calls.change(parts, caller, application_id, version, left)
    result.saved.extend(left)
    result.version, result.completeness = saved.version, saved.completeness
    return result
