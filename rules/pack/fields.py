"""Fields of the form that contradict themselves, each with the key that does (A1)."""

from collections.abc import Iterator
from typing import Any

from contracts.rulepack import FormField, RulePack
from rules.pack.mistakes import Mistake

Path = tuple[str | int, ...]
_ONLY: dict[str, tuple[str, ...]] = {
    "min": ("number",),
    "max": ("number",),
    "decimals": ("number",),
    "unit": ("number",),
    "precisions": ("date", "interval"),
    "earliest": ("date", "interval"),
    "latest": ("date", "interval"),
    "options": ("choice",),
    "source": ("choice",),
    "max_files": ("files",),
    "pattern": ("text", "long_text", "phone", "email"),
}
"""Which keys say something about which kinds of fields only."""
_ONE_ONLY = ("photo", "names")
_NAMES = {"id_number": "证件号码", "photo": "照片", "names": "曾用名"}
_OWN = ("id_number", "photo", "names", "phone", "email")
"""Kinds that make sense in section A only: they are about the person."""


def field_mistakes(pack: RulePack) -> Iterator[Mistake]:
    """Every field of section A and of the kinds of items."""
    for number, section in enumerate(pack.form.sections):
        at: Path = ("form", "sections", number, "fields")
        if section.id != "A" and section.fields:
            yield Mistake(at, "B、C 部分由 item_kinds 组成，字段只写在 A 部分")
        for index, field in enumerate(section.fields):
            yield from _field((*at, index), field)
        for kind in _ONE_ONLY:
            if sum(one.type == kind for one in section.fields) > 1:
                yield Mistake(at, f"{_NAMES[kind]}只能有一个字段")
    for number, item_kind in enumerate(pack.item_kinds):
        for index, field in enumerate(item_kind.fields):
            path: Path = ("item_kinds", number, "fields", index)
            yield from _field(path, field)
            if field.type in _OWN:
                yield Mistake((*path, "type"), f"材料的栏目不能是 {field.type}，它只用在 A 部分")
            if field.private:
                yield Mistake((*path, "private"), "材料的栏目不能保密：审查人员要看")


def _field(at: Path, field: FormField) -> Iterator[Mistake]:
    given = field.model_fields_set
    for key, kinds in _ONLY.items():
        if key in given and getattr(field, key) not in (None, (), "") and field.type not in kinds:
            yield Mistake((*at, key), f"{key} 只用于 {'、'.join(kinds)}，这一栏是 {field.type}")
    yield from _limits(at, field)
    if bool(field.pattern) != bool(field.pattern_message):
        key = "pattern" if field.pattern else "pattern_message"
        yield Mistake((*at, key), "pattern 和 pattern_message 须同时写：填错时要告诉人怎么填")
    if field.type == "choice" and bool(field.options) == bool(field.source):
        yield Mistake((*at, "options" if field.options else "type"), "选择栏须写 options 或 source 之一")
    if field.private and field.type in ("photo", "names", "files"):
        yield Mistake((*at, "private"), f"{field.type} 不能标为 private")
    if field.type == "id_number" and not field.private:
        yield Mistake((*at, "type"), "证件号码须标 private: true")


def _limits(at: Path, field: FormField) -> Iterator[Mistake]:
    pairs: tuple[tuple[str, Any, Any], ...] = (
        ("max", field.min, field.max),
        ("latest", field.earliest, field.latest),
    )
    for key, least, most in pairs:
        if least is not None and most is not None and most < least:
            yield Mistake((*at, key), f"{key} 比下限还小")
    if field.type == "interval" and (odd := set(field.precisions) - {"day", "month", "year"}):
        yield Mistake(
            (*at, "precisions"), f"起止时间的精度只能是 day、month、year，不能是 {'、'.join(sorted(odd))}"
        )
