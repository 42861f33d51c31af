"""Checking one part of an item of B or C, in words that a person understands; the stored form of it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from contracts.case import (
    EvidenceItem,
    FormerName,
    Organiser,
    PreciseDate,
    PriorCertificate,
    Training,
    WorkInterval,
)
from contracts.rulepack import ItemKind
from services.registration.domain.fields import (
    BadValue,
    Files,
    check_field,
    check_order,
    check_precision,
    clean,
    file_ids,
    number,
    precise,
)
from services.registration.domain.identity import name_problem, normal_name
from services.registration.domain.shape import SECTION_OF, Shape

_MODELS: Mapping[str, type[BaseModel]] = {
    "work": WorkInterval,
    "trainings": Training,
    "conditions": EvidenceItem,
    "evidence": EvidenceItem,
    "former_names": FormerName,
    "prior_certificates": PriorCertificate,
}
_DATES = frozenset({"date", "start", "end"})
_NUMBERS = frozenset({"hours", "days"})
_NAMES = frozenset({"named_person"})
_BOOLS = frozenset({"certificate", "school_proof", "valid"})
_CHARS = 300


def check_item(shape: Shape, collection: str, value: Mapping[str, Any], files: Files) -> dict[str, Any]:
    """A whole item without its `id`, each part checked, empty parts left out. BadValue."""
    item: dict[str, Any] = {}
    # the kind first: attributes are judged by it
    for part in sorted(value, key=lambda name: (name != "kind", name)):
        try:
            checked = check_part(shape, collection, item, part, value[part], files)
        except BadValue as bad:
            raise BadValue(bad.message, f"{part}.{bad.part}" if bad.part else part) from None
        if checked is not None:
            item[part] = checked
    if collection == "work" and "start" in item and "end" in item:
        check_order(PreciseDate.parse(item["start"]), PreciseDate.parse(item["end"]), "end")
    return item


def check_part(
    shape: Shape, collection: str, item: Mapping[str, Any], part: str, value: Any, files: Files
) -> Any:
    """The stored form of one part of an item, None when it was emptied. BadValue."""
    model = _MODELS[collection]
    if part in ("id", "section") or part not in model.model_fields:
        raise BadValue("没有这一栏。")
    if value is None or value in ("", [], {}):
        return None
    if part == "kind" and collection in SECTION_OF:
        return _kind(shape, collection, value)
    if part == "attributes":
        return _attributes(shape, shape.item_kinds.get(str(item.get("kind"))), value, files)
    if part == "file_ids":
        return file_ids(value, files)
    if part == "organisers":
        return _organisers(shape, value)
    if part == "date" and isinstance(value, str) and collection in SECTION_OF:
        kind = shape.item_kinds.get(str(item.get("kind")))
        check_precision(precise(clean(value)), kind.precisions if kind else ())
    return _plain(shape, collection, part, value)


def _plain(shape: Shape, collection: str, part: str, value: Any) -> Any:
    if part in _NUMBERS:
        return number(clean(str(value)))
    if part in _BOOLS:
        if not isinstance(value, bool):
            raise BadValue("应为是或否。")
        return value
    if not isinstance(value, str):
        raise BadValue("应为文字。")
    text = clean(value)
    if len(text) > _CHARS:
        raise BadValue(f"最多 {_CHARS} 个字。")
    if part in _DATES:
        return precise(text).text
    if part == "issued_on":
        return _by_type(PriorCertificate, part, text)
    if part == "tier":
        return _tier(shape, text)
    if part in _NAMES or (collection == "former_names" and part == "name"):
        name = normal_name(text)
        if problem := name_problem(name):
            raise BadValue(problem)
        return name
    return _by_type(_MODELS[collection], part, text)


def _by_type(model: type[BaseModel], part: str, text: str) -> Any:
    annotation = model.model_fields[part].annotation
    adapter: TypeAdapter[Any] = TypeAdapter(Any if annotation is None else annotation)
    try:
        return adapter.dump_python(adapter.validate_python(text), mode="json")
    except ValidationError as error:
        kind = error.errors()[0]["type"]
        raise BadValue(
            "不在可选范围内。" if kind in ("enum", "literal_error") else "格式不正确，请核对。"
        ) from None


def _kind(shape: Shape, collection: str, value: Any) -> str:
    kind = shape.item_kinds.get(str(value))
    if kind is None or kind.section != SECTION_OF[collection]:
        raise BadValue("这一类材料不适用于所申报的级别，请从列表中选择。")
    return kind.id


def _attributes(shape: Shape, kind: ItemKind | None, value: Any, files: Files) -> dict[str, Any] | None:
    if kind is None:
        raise BadValue("请先选择材料的类别。")
    if not isinstance(value, dict):
        raise BadValue("应为一组内容。")
    known = {one.id: one for one in kind.fields}
    found: dict[str, Any] = {}
    for name, given in value.items():
        if name not in known:
            raise BadValue("这一类材料没有这一栏。", name)
        try:
            text = check_field(shape, known[name], given, files)
        except BadValue as bad:
            raise BadValue(bad.message, name) from None
        if text is not None:
            found[name] = _attribute(known[name].type, text)
    return found or None


def _attribute(kind: str, text: str) -> str | int | bool:
    """Rules compare numbers as numbers: whole ones are stored as such."""
    if kind == "bool":
        return text == "true"
    return int(text) if kind == "number" and text.removeprefix("-").isdigit() else text


def _organisers(shape: Shape, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > 10:
        raise BadValue("主办单位应为列表，最多 10 个。")
    found = []
    for one in value:
        try:
            organiser = Organiser.model_validate(one)
        except ValidationError:
            raise BadValue("主办单位应写明名称和所属系统。") from None
        name = clean(organiser.name)
        if not name or len(name) > 100:
            raise BadValue("主办单位名称应为 1 至 100 个字。")
        tier = _tier(shape, organiser.tier) if organiser.tier else None
        found.append(organiser.model_copy(update={"name": name, "tier": tier}).model_dump(mode="json"))
    return found


def _tier(shape: Shape, text: str) -> str:
    for tier in shape.pack.tiers:
        if text in (tier.id, tier.name, *tier.aliases):
            return tier.id
    raise BadValue("级别不在可选范围内，请从列表中选择。")
