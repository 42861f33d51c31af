"""The draft: content under change, paths into it, and applying a set of changes all or nothing."""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from contracts.http.registration import ITEM_ID, FieldError
from services.registration.domain.fields import BadValue, Files, check_field
from services.registration.domain.shape import COLLECTIONS, Shape
from services.registration.domain.values import check_item, check_part

MAX_ITEMS = 500
"""In each collection: what one person collects in a working life, and a bound for what must be judged at once."""
MAX_BYTES = 1024 * 1024
"""Of the stored draft: 500 items of evidence with long texts take about a third of it."""
_ITEM_ID = re.compile(ITEM_ID)


@dataclass(kw_only=True)
class Draft:
    """`fields` are public, `private` are kept encrypted; items are loose objects with an `id` until submission."""

    fields: dict[str, str] = field(default_factory=dict)
    private: dict[str, str] = field(default_factory=dict)
    photo: str | None = None
    declarations: list[str] = field(default_factory=list)
    items: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in COLLECTIONS})

    @classmethod
    def load(cls, public: Mapping[str, Any], private: Mapping[str, str]) -> "Draft":
        """From its stored parts."""
        return cls(
            fields=dict(public.get("fields", {})),
            private=dict(private),
            photo=public.get("photo"),
            declarations=list(public.get("declarations", ())),
            items={name: deepcopy(list(public.get(name, ()))) for name in COLLECTIONS},
        )

    def public(self) -> dict[str, Any]:
        """What is stored readable."""
        return {
            "fields": self.fields,
            "photo": self.photo,
            "declarations": self.declarations,
            **self.items,
        }

    def item(self, collection: str, item_id: str) -> dict[str, Any] | None:
        """The item of that id, or None."""
        return next((one for one in self.items[collection] if one["id"] == item_id), None)

    def value(self, shape: Shape, path: str) -> Any:
        """What stands at a path now, None where nothing does."""
        try:
            head, item_id, rest = split(path)
        except BadPath:
            return None
        if head == "fields":
            definition = shape.fields.get(item_id)
            if definition is not None and definition.type == "photo":
                return self.photo
            return self.private.get(item_id, self.fields.get(item_id))
        if head == "declarations":
            return item_id in self.declarations
        found: Any = self.item(head, item_id)
        for step in rest:
            found = found.get(step) if isinstance(found, dict) else None
        return deepcopy(found)


class BadPath(ValueError):
    """A path that leads nowhere in this form."""


def split(path: str) -> tuple[str, str, tuple[str, ...]]:
    """head (fields, declarations or a collection), ID, further steps. BadPath when it is none of ours."""
    steps = path.split(".")
    if len(steps) == 2 and steps[0] in ("fields", "declarations") and steps[1]:
        return steps[0], steps[1], ()
    if steps[0] in COLLECTIONS and len(steps) in (2, 3, 4) and _ITEM_ID.match(steps[1]):
        if len(steps) == 4 and steps[2] != "attributes":
            raise BadPath(path)
        return steps[0], steps[1], tuple(steps[2:])
    raise BadPath(path)


def apply(
    shape: Shape, draft: Draft, changes: Mapping[str, Any], files: Files
) -> tuple[Draft, list[FieldError]]:
    """The draft with all changes, and what is wrong with them; with errors the result must be thrown away."""
    after = Draft.load(draft.public(), draft.private)
    errors: list[FieldError] = []
    for path, value in changes.items():
        try:
            _apply(shape, after, path, value, files)
        except BadPath:
            errors.append(FieldError(path=path, message="申报书中没有这一项。"))
        except BadValue as bad:
            place = f"{path}.{bad.part}" if bad.part and not path.endswith(f".{bad.part}") else path
            errors.append(FieldError(path=place, message=bad.message))
    return after, errors


def _apply(shape: Shape, draft: Draft, path: str, value: Any, files: Files) -> None:
    head, item_id, rest = split(path)
    if head == "fields":
        _set_field(shape, draft, item_id, value, files)
    elif head == "declarations":
        _tick(shape, draft, item_id, value)
    elif rest:
        _set_part(shape, draft, head, item_id, rest, value, files)
    else:
        _set_item(shape, draft, head, item_id, value, files)


def _set_field(shape: Shape, draft: Draft, field_id: str, value: Any, files: Files) -> None:
    definition = shape.fields.get(field_id)
    if definition is None or definition.type == "names":
        raise BadPath(field_id)
    if shape.fixed(definition):
        raise BadValue("此项取自实名信息，不能在申报书里修改。")
    text = check_field(shape, definition, value, files)
    if definition.type == "photo":
        draft.photo = text
        return
    into = draft.private if definition.private else draft.fields
    if text is None:
        into.pop(field_id, None)
    else:
        into[field_id] = text


def _tick(shape: Shape, draft: Draft, declaration_id: str, value: Any) -> None:
    if declaration_id not in shape.declarations:
        raise BadPath(declaration_id)
    if not isinstance(value, bool):
        raise BadValue("声明只能勾选或取消勾选。")
    chosen = set(draft.declarations) - {declaration_id} | ({declaration_id} if value else set())
    draft.declarations = [one for one in shape.declarations if one in chosen]


def _set_item(shape: Shape, draft: Draft, collection: str, item_id: str, value: Any, files: Files) -> None:
    group = draft.items[collection]
    place = next((n for n, one in enumerate(group) if one["id"] == item_id), None)
    if value is None:
        if place is not None:
            group.pop(place)
        return
    if not isinstance(value, dict):
        raise BadValue("应为一组内容。")
    if value.get("id", item_id) != item_id:
        raise BadValue("条目编号前后不一致。")
    if place is None:
        if len(group) >= MAX_ITEMS:
            raise BadValue(f"最多填写 {MAX_ITEMS} 项。")
        if any(draft.item(other, item_id) for other in COLLECTIONS if other != collection):
            raise BadValue("条目编号已用于其他类别。")
    checked = {
        "id": item_id,
        **check_item(shape, collection, {k: v for k, v in value.items() if k != "id"}, files),
    }
    if place is None:
        group.append(checked)
    else:
        group[place] = checked


def _set_part(
    shape: Shape, draft: Draft, collection: str, item_id: str, rest: tuple[str, ...], value: Any, files: Files
) -> None:
    item = draft.item(collection, item_id)
    if item is None:
        raise BadValue("没有这一条目，它可能已被删除。")
    if len(rest) == 2:
        attributes = {**item.get("attributes", {}), rest[1]: value}
        checked = check_part(shape, collection, item, "attributes", attributes, files)
        part = "attributes"
    else:
        part = rest[0]
        checked = check_part(shape, collection, item, part, value, files)
    if checked is None:
        item.pop(part, None)
    else:
        item[part] = checked
    if part == "kind":
        _forget_foreign_attributes(shape, item)


def _forget_foreign_attributes(shape: Shape, item: dict[str, Any]) -> None:
    """What only the former kind of an item asked for would stand in the way of everything typed later."""
    kind = shape.item_kinds.get(str(item.get("kind")))
    known = {one.id for one in kind.fields} if kind else set()
    left = {name: value for name, value in item.pop("attributes", {}).items() if name in known}
    if left:
        item["attributes"] = left
