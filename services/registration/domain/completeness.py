"""What a draft still lacks, section by section, in words (A1, Q1)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts.case import PreciseDate
from contracts.http.registration import Completeness, Missing
from contracts.rulepack import ItemKind
from services.registration.domain.draft import Draft
from services.registration.domain.fields import BadValue, check_order
from services.registration.domain.shape import SECTION_OF, Shape

_PARTS = {
    "title": "名称",
    "date": "日期",
    "tier": "级别",
    "role": "本人角色",
    "organisers": "主办单位",
    "named_person": "证书上的姓名",
    "files": "证明材料",
    "start": "开始时间",
    "hours": "学时",
    "name": "姓名",
    "level": "级别",
    "issued_on": "发证日期",
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "work": ("start",),
    "trainings": ("title", "date", "hours", "files"),
    "former_names": ("name",),
    "prior_certificates": ("level", "issued_on"),
}
_GROUPS = {
    "work": "从事科技辅导工作的经历",
    "trainings": "培训",
    "conditions": "资格条件",
    "evidence": "业绩成果",
    "former_names": "曾用名",
    "prior_certificates": "已有证书",
}
_SECTION = {
    "work": "B",
    "trainings": "B",
    "conditions": "B",
    "evidence": "C",
    "former_names": "A",
    "prior_certificates": "B",
}
# without these the item cannot stand in a snapshot at all
_STRUCTURAL: Mapping[str, tuple[str, ...]] = {
    "work": ("start",),
    "trainings": ("title", "date"),
    "conditions": ("kind", "title"),
    "evidence": ("kind", "title"),
    "former_names": ("name",),
    "prior_certificates": ("level", "issued_on"),
}


def completeness(shape: Shape, draft: Draft, identity: Mapping[str, str]) -> dict[str, Completeness]:
    """By section. `identity`: values that come from the person (name, ID number, phone) by field ID."""
    found: dict[str, list[Missing]] = {section.id: [] for section in shape.pack.form.sections}
    for section in shape.pack.form.sections:
        found[section.id].extend(_fields(shape, section.id, draft, identity))
    found.setdefault("A", []).extend(_declarations(shape, draft))
    for name in _GROUPS:
        found.setdefault(_SECTION[name], []).extend(_items(shape, name, draft))
    found.setdefault("B", []).extend(_conditions(shape, draft))
    return {name: Completeness(complete=not lacks, missing=tuple(lacks)) for name, lacks in found.items()}


def obstacles(shape: Shape, draft: Draft, identity: Mapping[str, str]) -> list[Missing]:
    """What keeps a form from being submitted: empty required fields and declarations, and half-typed items.

    Whether B and C suffice is for people to judge, with findings beforehand: never a refusal by machine.
    """
    found: list[Missing] = []
    for section in shape.pack.form.sections:
        found.extend(_fields(shape, section.id, draft, identity))
    found.extend(_declarations(shape, draft))
    for name in _GROUPS:
        for item in draft.items[name]:
            found.extend(_lacks(name, item, _STRUCTURAL[name]))
            found.extend(_order(name, item))
    return found


def unfinished(draft: Draft, skipped: Iterable[str]) -> list[Missing]:
    """What items lack that cannot be judged yet (`Frozen.skipped`)."""
    left = set(skipped)
    return [
        one
        for name in _GROUPS
        for item in draft.items[name]
        if item["id"] in left
        for one in _lacks(name, item, _STRUCTURAL[name])
    ]


def _fields(shape: Shape, section_id: str, draft: Draft, identity: Mapping[str, str]) -> Iterator[Missing]:
    for one in shape.pack.form.section(section_id).fields:
        if not one.required or one.type == "names":
            continue
        value = draft.photo if one.type == "photo" else _typed(one.id, draft, identity)
        if not value:
            verb = "请上传" if one.type == "photo" else "请填写"
            yield Missing(path=f"fields.{one.id}", label=one.label, message=f"{verb}“{one.label}”。")


def _typed(field_id: str, draft: Draft, identity: Mapping[str, str]) -> str | None:
    return identity.get(field_id) or draft.private.get(field_id) or draft.fields.get(field_id)


def _declarations(shape: Shape, draft: Draft) -> Iterator[Missing]:
    for one in shape.pack.form.declarations:
        if one.required and one.id not in draft.declarations:
            # its own full stop would stand before ours
            text = one.text.rstrip("。；，、")
            short = text if len(text) <= 20 else f"{text[:20].rstrip('。；，、')}…"
            yield Missing(path=f"declarations.{one.id}", label=short, message=f"请阅读并勾选声明“{short}”。")


def _items(shape: Shape, collection: str, draft: Draft) -> Iterator[Missing]:
    for item in draft.items[collection]:
        yield from _order(collection, item)
        if collection not in SECTION_OF:
            yield from _lacks(collection, item, _NEEDED[collection])
            continue
        kind = shape.item_kinds.get(str(item.get("kind")))
        if kind is None:
            yield _missing(collection, item, "kind", "类别")
        else:
            yield from _lacks(collection, item, kind.uses)
            yield from _attributes(collection, item, kind)


def _lacks(collection: str, item: Mapping[str, Any], parts: tuple[str, ...]) -> Iterator[Missing]:
    for part in parts:
        stored = "file_ids" if part == "files" else part
        present = item.get(stored) or (part == "hours" and item.get("days"))
        if not present:
            yield _missing(collection, item, stored, _PARTS.get(part, "类别" if part == "kind" else part))


def _attributes(collection: str, item: Mapping[str, Any], kind: ItemKind) -> Iterator[Missing]:
    given = item.get("attributes", {})
    for one in kind.fields:
        if one.required and given.get(one.id) in (None, ""):
            yield _missing(collection, item, f"attributes.{one.id}", one.label)


def _order(collection: str, item: Mapping[str, Any]) -> Iterator[Missing]:
    """Beginning and end can be typed one after the other, so both are kept; only a form cannot go out like this."""
    if collection == "work" and item.get("start") and item.get("end"):
        try:
            check_order(PreciseDate.parse(item["start"]), PreciseDate.parse(item["end"]))
        except BadValue as bad:
            where = f"{_GROUPS[collection]}“{item.get('unit') or '未命名'}”"
            path = f"{collection}.{item['id']}.end"
            yield Missing(path=path, label="结束时间", message=f"{where}的{bad.message}")


def _missing(collection: str, item: Mapping[str, Any], part: str, label: str) -> Missing:
    title = str(item.get("title") or item.get("unit") or item.get("name") or "未命名")
    where = f"{_GROUPS[collection]}“{title}”"
    return Missing(path=f"{collection}.{item['id']}.{part}", label=label, message=f"{where}还缺{label}。")


def _conditions(shape: Shape, draft: Draft) -> Iterator[Missing]:
    need, have = shape.level.b_items, len(draft.items["conditions"])
    if have < need and shape.kinds_of("B"):
        message = f"资格条件至少填写 {need} 项，现在有 {have} 项。"
        yield Missing(path="conditions", label="资格条件", message=message)
