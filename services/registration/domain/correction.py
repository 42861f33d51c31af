"""What a correction may touch (Q10): only what the decision flagged."""

from collections.abc import Iterable
from typing import Any

from services.registration.domain.draft import Draft
from services.registration.domain.shape import COLLECTIONS, Shape


def open_paths(shape: Shape, draft: Draft, unlocks: Iterable[str]) -> tuple[str, ...]:
    """Prefixes of paths that the decision's `unlocks` open, sorted.

    `field:unit` → fields.unit · `item:t1` → trainings.t1 (wherever it stands) · `collection:work` → work ·
    `photo` → the photo's field · `declarations` → declarations · `scan` opens nothing in the form.
    """
    found: set[str] = set()
    for one in unlocks:
        what, _, name = one.partition(":")
        if what == "field":
            found.add(f"fields.{name}")
        elif what == "item":
            found.update(f"{group}.{name}" for group in COLLECTIONS if draft.item(group, name))
        elif what == "collection" and name in COLLECTIONS:
            found.add(name)
        elif what == "photo" and shape.photo_field:
            found.add(f"fields.{shape.photo_field.id}")
        elif what == "declarations":
            found.add("declarations")
    return tuple(sorted(found))


def needs_scan(unlocks: Iterable[str], *, reprint: bool) -> bool:
    """Whether the correction cannot do without a new scan."""
    return reprint or "scan" in set(unlocks)


def is_open(path: str, opened: Iterable[str]) -> bool:
    """Whether a path lies under one of the opened prefixes."""
    return any(path == one or path.startswith(f"{one}.") for one in opened)


def stays_inside(shape: Shape, before: Draft, after: Draft, opened: tuple[str, ...]) -> bool:
    """Whether the two drafts differ under opened prefixes only."""
    return all(is_open(path, opened) for path in differing(shape, before, after))


def differing(shape: Shape, before: Draft, after: Draft) -> list[str]:
    """The paths of fields, declarations and items that differ."""
    paths = [f"fields.{name}" for name in shape.fields]
    paths += [f"declarations.{name}" for name in shape.declarations]
    for group in COLLECTIONS:
        ids = dict.fromkeys(one["id"] for draft in (before, after) for one in draft.items[group])
        paths += [f"{group}.{name}" for name in ids]
    return [path for path in paths if before.value(shape, path) != after.value(shape, path)]


def kept_inside(shape: Shape, before: Draft, after: Draft, opened: tuple[str, ...]) -> Draft:
    """`after` under the opened prefixes, `before` everywhere else."""
    kept = Draft.load(after.public(), after.private)
    for path in differing(shape, before, after):
        if is_open(path, opened):
            continue
        head, _, name = path.partition(".")
        if head == "fields":
            _take_field(shape, before, kept, name)
        elif head == "declarations":
            ticked = (
                {*kept.declarations, name} if name in before.declarations else {*kept.declarations} - {name}
            )
            kept.declarations = [one for one in shape.declarations if one in ticked]
        else:
            item = before.item(head, name)
            rest = [one for one in kept.items[head] if one["id"] != name]
            kept.items[head] = _in_order(before.items[head], rest if item is None else [*rest, item])
    return kept


def _take_field(shape: Shape, before: Draft, kept: Draft, name: str) -> None:
    if shape.photo_field is not None and name == shape.photo_field.id:
        kept.photo = before.photo
        return
    for source, into in ((before.fields, kept.fields), (before.private, kept.private)):
        into.pop(name, None)
        if name in source:
            into[name] = source[name]


def _in_order(before: list[dict[str, Any]], items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As they stood before; new ones last."""
    places = {one["id"]: place for place, one in enumerate(before)}
    return sorted(items, key=lambda one: places.get(one["id"], len(places)))
