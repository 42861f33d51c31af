"""Checking one typed value against its field, in words that a person understands; the stored form of it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
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
from contracts.rulepack import FormField, ItemKind
from services.registration.domain.identity import name_problem, normal_name
from services.registration.domain.shape import SECTION_OF, Shape

_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$")
_PHONE = re.compile(r"^(1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(-\d{1,6})?)$")
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


class BadValue(ValueError):
    """A value that cannot be taken; `message` says why, in Chinese, without repeating it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Files:
    """Clean files of the application that may be named: photos, and everything else but scans."""

    photos: frozenset[str] = frozenset()
    proofs: frozenset[str] = frozenset()


def check_field(shape: Shape, definition: FormField, value: Any, files: Files) -> str | None:
    """The stored text of a field of section A, None when it was emptied. BadValue."""
    if value is None or value == "":
        return None
    if definition.type == "photo":
        if value not in files.photos:
            raise BadValue("照片尚未上传或没有通过检查，请重新上传。")
        return str(value)
    return _typed(shape, definition, value)


def _typed(shape: Shape, definition: FormField, value: Any) -> str:
    kind = definition.type
    if kind == "bool":
        if not isinstance(value, bool) and value not in ("true", "false"):
            raise BadValue("应为是或否。")
        return str(value).lower()
    if kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise BadValue("应为文字。")
    text = clean(value, lines=kind == "long_text")
    if len(text) > definition.max_chars:
        raise BadValue(f"最多 {definition.max_chars} 个字，现在是 {len(text)} 个字。")
    if kind == "choice":
        return _choice(shape, definition, text)
    if kind == "number":
        return _number(text)
    if kind == "date":
        return _date(text)
    if kind == "phone" and not _PHONE.match(text):
        raise BadValue("电话应为 11 位手机号码，或带区号的固定电话（如 023-63651234）。")
    if kind == "email" and not _EMAIL.match(text):
        raise BadValue("电子邮箱的格式不对，应像 name@example.com。")
    return text


def clean(text: str, *, lines: bool = False) -> str:
    """NFC, without surrounding blanks; BadValue for control characters (line breaks only where `lines`)."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()
    # unassigned is not forbidden: new rare characters are in names before Python knows them
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co") and not (lines and c == "\n") for c in text):
        raise BadValue("含有不能使用的字符，请删除后重新输入。")
    return text


def _choice(shape: Shape, definition: FormField, text: str) -> str:
    for identity, name, aliases in shape.options(definition):
        if text in (identity, name, *aliases):
            return identity
    if definition.source == "kinds":
        return text  # A7: an unlisted kind is a question to a reviewer, not a refusal
    raise BadValue("不在可选范围内，请从列表中选择。")


def _number(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise BadValue("应为数字。") from None
    if not number.is_finite() or not 0 <= number <= 1_000_000 or len(text) > 12:
        raise BadValue("数字超出范围。")
    return format(number.normalize(), "f")


def _date(text: str) -> str:
    try:
        return PreciseDate.parse(text).text
    except ValidationError as error:
        raise BadValue(_sentence(error)) from None
    except ValueError:
        raise BadValue("这个日期不存在，请核对。") from None


def _sentence(error: ValidationError) -> str:
    context = error.errors()[0].get("ctx", {})
    text = str(context.get("error", ""))
    return f"{text.rstrip('。')}。" if re.search(r"[\u4e00-\u9fff]", text) else "这个日期不存在，请核对。"


def check_item(shape: Shape, collection: str, value: Mapping[str, Any], files: Files) -> dict[str, Any]:
    """A whole item without its `id`, each part checked, empty parts left out. BadValue."""
    item: dict[str, Any] = {}
    # the kind first: attributes are judged by it
    for part in sorted(value, key=lambda name: (name != "kind", name)):
        checked = check_part(shape, collection, item, part, value[part], files)
        if checked is not None:
            item[part] = checked
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
        return _attributes(shape, shape.item_kinds.get(str(item.get("kind"))), value)
    if part == "file_ids":
        return _file_ids(value, files)
    if part == "organisers":
        return _organisers(shape, value)
    return _plain(shape, collection, part, value)


def _plain(shape: Shape, collection: str, part: str, value: Any) -> Any:
    if part in _NUMBERS:
        return _number(clean(str(value)))
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
        return _date(text)
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


def _attributes(shape: Shape, kind: ItemKind | None, value: Any) -> dict[str, Any] | None:
    if kind is None:
        raise BadValue("请先选择材料的类别。")
    if not isinstance(value, dict):
        raise BadValue("应为一组内容。")
    known = {one.id: one for one in kind.fields}
    found: dict[str, Any] = {}
    for name, given in value.items():
        if name not in known:
            raise BadValue("这一类材料没有这一栏。")
        if given is None or given == "":
            continue
        found[name] = _attribute(known[name].type, _typed(shape, known[name], given))
    return found or None


def _attribute(kind: str, text: str) -> str | int | bool:
    """Rules compare numbers as numbers: whole ones are stored as such."""
    if kind == "bool":
        return text == "true"
    return int(text) if kind == "number" and text.isdigit() else text


def _file_ids(value: Any, files: Files) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadValue("应为文件编号的列表。")
    if len(value) > 20:
        raise BadValue("每一项最多附 20 个文件。")
    if any(one not in files.proofs for one in value):
        raise BadValue("所附文件尚未上传或没有通过检查，请重新上传。")
    return list(dict.fromkeys(value))


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
