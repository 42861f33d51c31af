"""What a correction may touch (Q10): only what the decision flagged."""

from collections.abc import Iterable

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
