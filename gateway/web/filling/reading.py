"""What was typed into a page's controls, as changes of the draft; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import FormData

from gateway.web.filling.controls import Control
from gateway.web.filling.plain import plain, plain_date, plain_interval, plain_number

MAX_ORGANISERS = 10
_NEVER_TYPED = frozenset({"photo", "names", "id_number", "files"})
_HALF_WIDTH = frozenset({"phone", "email"})


def typed(controls: Iterable[Control], form: FormData) -> dict[str, Any]:
    """path → value, of each open control that the posted form holds; None where it was emptied."""
    found: dict[str, Any] = {}
    for control in controls:
        if control.locked or control.kind in _NEVER_TYPED:
            continue
        if control.kind == "organisers":
            if any(name.startswith(f"{control.path}.") for name in form):
                found[control.path] = _organisers(control.path, form)
        elif control.path in form:
            found[control.path] = _value(control, form)
    return found


def _value(control: Control, form: FormData) -> Any:
    # the last one counts: a tick box follows a hidden "off"
    text = str(form.getlist(control.path)[-1])
    match control.kind:
        case "bool":
            return {"true": True, "false": False}.get(text)
        case "tick":
            return text == "on"
        case "date":
            return plain_date(text) or None
        case "interval":
            return plain_interval(text) or None
        case "number":
            return plain_number(text) or None
        case "choice" if control.free_choice:
            return str(form.get(f"{control.path}~other", "")).strip() or text or None
        case kind if kind in _HALF_WIDTH:
            return plain(text).replace(" ", "") or None
    return text.strip().replace("\r\n", "\n") or None


def _organisers(path: str, form: FormData) -> list[dict[str, Any]] | None:
    rows = []
    for n in range(MAX_ORGANISERS + 1):
        at = f"{path}.{n}"
        name = str(form.get(f"{at}.name", "")).strip()
        if not name:
            continue
        row: dict[str, Any] = {
            "name": name,
            "system": str(form.get(f"{at}.system", "")) or "other",
            "lead": form.get(f"{at}.lead") == "on",
        }
        if tier := str(form.get(f"{at}.tier", "")):
            row["tier"] = tier
        rows.append(row)
    return rows or None


def base_of(controls: Iterable[Control]) -> str:
    """What the page showed when it was made, for the form to bring back: tells what a person has changed."""
    return json.dumps({one.path: one.value for one in controls if not one.locked}, ensure_ascii=False)


def read_base(form: FormData) -> dict[str, Any] | None:
    """The base that a form brought back; None when it brought none."""
    try:
        found = json.loads(str(form.get("base", "")))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def read_version(form: FormData) -> int:
    """The draft's version that the page was made from; 0 is older than any."""
    text = str(form.get("version", ""))
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same: the service keeps numbers as text, empty lists not at all."""
    return bool(_normal(one) == _normal(other))


def _normal(value: Any) -> Any:
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, bool) or value in ("true", "false"):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return [_normal(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _normal(one) for name, one in value.items() if one not in (None, "", False)}
    return value


def changed(values: Mapping[str, Any], base: Mapping[str, Any] | None) -> dict[str, Any]:
    """Only what differs from the page's base; everything when there is none."""
    if base is None:
        return dict(values)
    return {path: value for path, value in values.items() if not same(value, base.get(path))}


def decided(values: Mapping[str, Any], form: FormData) -> tuple[dict[str, Any], set[str]]:
    """After both values were shown: what was taken from elsewhere is no change; and what is still undecided."""
    asked = {str(one) for one in form.getlist("asked")}
    kept, open_still = dict(values), set()
    for path in asked & set(kept):
        match str(form.get(f"choose.{path}", "")):
            case "current":
                del kept[path]
            case "yours":
                pass
            case _:
                open_still.add(path)
    return kept, open_still
