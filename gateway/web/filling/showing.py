"""The form as pages show it: the list of tasks, lists of items by kind, the whole as it will be printed; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.http.files import FileView
from contracts.http.registration import FormState, FormView, ItemKindView, Missing
from gateway.web.filling.controls import (
    Control,
    field_control,
    is_locked,
    item_controls,
    kind_of,
    takes_files,
)
from gateway.web.filling.places import SECTION_OF, form_page, item_page, place

SHORT, PAGE = 10, 20
TITLES = ("填写基本信息", "填写各栏", "阅读并勾选声明")
GROUPS: Mapping[str, tuple[str, str, bool]] = {
    "former_names": (
        "曾用名",
        "证书等材料上出现过别的姓名或写法的，才需要填写，并上传证明（户口簿、单位证明等）。",
        False,
    ),
    "work": (
        "从事科技辅导工作的经历",
        "从最早的一段开始，一段一段填。换过学校、休产假病假、支教、借调的，各填一段，中间不算中断。",
        True,
    ),
    "trainings": ("参加过的培训", "一次培训填一条，附合格证书。系统会自动累计学时。", True),
    "conditions": ("资格条件", "下面列出的条件，符合哪一条就填哪一条。", True),
    "prior_certificates": ("已经取得的专业水平证书", "以前取得过本专业水平证书的才填；没有可以不填。", False),
    "evidence": ("业绩成果", "用于专家评审，按类别填写；没有的类别可以空着。", True),
}
"""Heading, what to know, whether one is expected."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Something that is missing, with where to put it right."""

    message: str
    href: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """One line of the overview. `state`: done, todo, optional."""

    title: str
    href: str
    state: str
    count: int | None = None
    missing: tuple[Line, ...] = ()
    clause: str = ""
    ours: bool = True


@dataclass(frozen=True, kw_only=True)
class Card:
    """An item in a list."""

    id: str
    collection: str
    title: str
    facts: tuple[str, ...]
    href: str
    missing: tuple[Line, ...]
    files: int | None
    locked: bool


@dataclass(frozen=True, kw_only=True)
class Group:
    """Items of one list and kind, one page of them. `total` counts them all."""

    id: str
    collection: str
    kind: str
    title: str
    clause: str
    help: str
    ours: bool
    cards: tuple[Card, ...]
    total: int
    page: int
    pages: int
    may_add: bool


@dataclass(frozen=True, kw_only=True)
class Told:
    """A value in words, for reading."""

    label: str
    text: str
    ours: bool = False


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A section of the form for reading: its fields, then its items by heading."""

    id: str
    name: str
    fields: tuple[Told, ...]
    items: tuple[tuple[str, bool, tuple[tuple[str, tuple[Told, ...]], ...]], ...]


def missing_of(view: FormView) -> tuple[Missing, ...]:
    return tuple(one for section in view.completeness.values() for one in section.missing)


def lines(view: FormView, missing: Sequence[Missing]) -> tuple[Line, ...]:
    return tuple(Line(message=one.message, href=place(view, one.path)) for one in missing)


def tasks(view: FormView) -> tuple[tuple[str, str, str, tuple[Task, ...]], ...]:
    """The overview: by section (ID, name, clause) its tasks; declarations come last."""
    found = []
    for section in view.sections:
        own = tuple(_tasks(view, section.id))
        found.append((section.id, section.name, section.clause, own))
    if view.declarations:
        found.append(("declarations", "", "", (_declaring(view),)))
    return tuple(found)


def _tasks(view: FormView, section_id: str) -> Iterator[Task]:
    page = form_page(view.application_id, section_id)
    section = next(one for one in view.sections if one.id == section_id)
    plain = [one for one in section.fields if one.type not in ("photo", "names", "files")]
    if plain:
        paths = tuple(one.path for one in plain)
        yield _task(view, TITLES[0] if section_id == "A" else TITLES[1], page, paths, required=True)
    for photo in (one for one in section.fields if one.type == "photo"):
        yield _task(
            view, photo.label, place(view, photo.path), (photo.path,), required=photo.required, ours=False
        )
    for one in (one for one in section.fields if one.type == "files"):
        yield _task(view, one.label, place(view, one.path), (one.path,), required=one.required, ours=False)
    for collection, home in SECTION_OF.items():
        if home != section_id or not _offered(view, collection):
            continue
        title, _, expected = GROUPS[collection]
        count = len(getattr(view.values, collection))
        yield _task(view, title, f"{page}#{collection}", (collection,), required=expected, count=count)


def _task(
    view: FormView,
    title: str,
    href: str,
    prefixes: tuple[str, ...],
    *,
    required: bool,
    count: int | None = None,
    ours: bool = True,
) -> Task:
    lacks = [one for one in missing_of(view) if _under(one.path, prefixes)]
    empty = count == 0
    state = "todo" if lacks or (empty and required) else "optional" if empty else "done"
    return Task(title=title, href=href, state=state, count=count, missing=lines(view, lacks), ours=ours)


def _under(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == one or path.startswith(f"{one}.") for one in prefixes)


def _declaring(view: FormView) -> Task:
    page = form_page(view.application_id, "declarations")
    return _task(view, TITLES[2], page, ("declarations",), required=True)


def _offered(view: FormView, collection: str) -> bool:
    if collection in ("conditions", "evidence"):
        return any(kind.section == {"conditions": "B", "evidence": "C"}[collection] for kind in _kinds(view))
    if collection == "former_names":
        return any(one.type == "names" for section in view.sections for one in section.fields)
    return True


def _kinds(view: FormView) -> list[ItemKindView]:
    return [kind for section in view.sections for kind in section.item_kinds]


def groups(view: FormView, section_id: str, only: str = "", page: int = 1) -> tuple[Group, ...]:
    """The lists of a section, one for each kind; `only`: that one alone, by pages (500 items stay usable)."""
    found = []
    for collection, home in SECTION_OF.items():
        if home != section_id or not _offered(view, collection):
            continue
        if collection in ("conditions", "evidence"):
            kinds = [one for one in _kinds(view) if one.section == section_id]
            found += [_group(view, collection, kind, only, page) for kind in kinds]
        else:
            found.append(_group(view, collection, None, only, page))
    return tuple(one for one in found if not only or one.id == only)


def _group(view: FormView, collection: str, kind: ItemKindView | None, only: str, page: int) -> Group:
    heading, help_text, _ = GROUPS[collection]
    identity = kind.id if kind else collection
    items = [one for one in getattr(view.values, collection) if kind is None or one.get("kind") == kind.id]
    size = PAGE if only else SHORT
    pages = max(1, -(-len(items) // size))
    page = min(max(1, page), pages) if only else 1
    return Group(
        id=identity,
        collection=collection,
        kind=kind.id if kind else "",
        title=kind.label if kind else heading,
        clause=kind.clause if kind else "",
        help=kind.help if kind else help_text,
        ours=kind is None,
        cards=tuple(card(view, collection, one) for one in items[(page - 1) * size : page * size]),
        total=len(items),
        page=page,
        pages=pages,
        may_add=not is_locked(view, f"{collection}.new"),
    )


def title_of(collection: str, item: Mapping[str, Any]) -> str:
    """What an item is called in lists; empty when nothing was typed yet."""
    names = {"work": "unit", "former_names": "name", "prior_certificates": "number"}
    return str(item.get(names.get(collection, "title")) or "")


def card(view: FormView, collection: str, item: Mapping[str, Any]) -> Card:
    """An item for a list."""
    base = f"{collection}.{item['id']}"
    shown = {one.path.rpartition(".")[2]: one.shown for one in item_controls(view, collection, item)}
    order = ("kind", "level", "date", "issued_on", "tier", "role", "hours")
    facts = [f"{shown[name]} 学时" if name == "hours" else shown[name] for name in order if shown.get(name)]
    if shown.get("start"):
        facts.append(f"{shown['start']} — {shown.get('end') or '至今'}")
    lacks = [one for one in missing_of(view) if _under(one.path, (base,))]
    files = len(item.get("file_ids", ())) if takes_files(view, collection, item) else None
    return Card(
        id=str(item["id"]),
        collection=collection,
        title=title_of(collection, item),
        facts=tuple(facts),
        href=item_page(view.application_id, collection, str(item["id"])),
        missing=lines(view, lacks),
        files=files,
        locked=is_locked(view, base),
    )


def whole(view: FormView, files: Mapping[str, FileView]) -> tuple[Whole, ...]:
    """Everything that a submission freezes, in the order of the printed form."""
    return tuple(
        Whole(
            id=section.id,
            name=section.name,
            fields=tuple(
                Told(label=one.label, text=_field_text(field_control(view, one), files))
                for one in section.fields
                if one.type != "names"
            ),
            items=tuple(_listed(view, section.id, files)),
        )
        for section in view.sections
    )


def _field_text(control: Control, files: Mapping[str, FileView]) -> str:
    if control.kind in ("photo", "files") and control.value:
        return "、".join(
            files[one].name if one in files else "已上传" for one in str(control.value).split(",")
        )
    return control.shown


def _listed(
    view: FormView, section_id: str, files: Mapping[str, FileView]
) -> Iterator[tuple[str, bool, tuple[tuple[str, tuple[Told, ...]], ...]]]:
    for collection, home in SECTION_OF.items():
        items = getattr(view.values, collection)
        if home != section_id or not items:
            continue
        told = []
        for item in items:
            kind = kind_of(view, item) if collection in ("conditions", "evidence") else None
            rows = [
                Told(label=one.label, text=one.shown, ours=one.ours)
                for one in item_controls(view, collection, item)
            ]
            names = [files[one].name for one in item.get("file_ids", ()) if one in files]
            if names:
                rows.append(Told(label="证明材料", text="、".join(names), ours=True))
            told.append((kind.label if kind else "", tuple(rows)))
        yield GROUPS[collection][0], True, tuple(told)


def editable(view: FormView) -> bool:
    """Whether anything may be typed at all."""
    return view.state in (FormState.draft, FormState.correction)
