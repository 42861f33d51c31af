"""Mistakes in the packs' CEL: does not compile, unknown names, wrong types (found on an invented case)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import cel

from contracts.case import EvidenceItem, PreciseDate, Role, Snapshot, Training, WorkInterval
from contracts.rulepack import Rule, RulePack
from rules.conditions import Unclear, evaluate, program, strangers
from rules.context import VARIABLES, Notes, application, collections, functions
from rules.pack.mistakes import Mistake

Path = tuple[str | int, ...]


def condition_mistakes(pack: RulePack) -> Iterator[Mistake]:
    """Every CEL text of every rule, compiled and tried on an invented case with one item of everything."""
    for index, rule in enumerate(pack.rules):
        at: Path = ("rules", index)
        texts: list[tuple[Path, str, bool]] = []
        for number, where in enumerate(rule.where):
            texts.append(((*at, "where", number, "cel"), where.cel, True))
            if where.doubt:
                texts.append(((*at, "where", number, "doubt"), where.doubt, True))
        for number, one in enumerate(rule.sums):
            texts.append(((*at, "sums", number, "cel"), one.cel, False))
        if rule.need:
            texts.append(((*at, "need"), rule.need, False))
        for path, text, on_item in texts:
            yield from _condition(pack, rule, path, text, on_item)


def _condition(pack: RulePack, rule: Rule, path: Path, text: str, on_item: bool) -> Iterator[Mistake]:
    names = (*VARIABLES, "item") if on_item else (*VARIABLES, "counted") if rule.over else VARIABLES
    try:
        program(text)
    except ValueError as error:
        yield Mistake(path, f"CEL 写法有误：{_short(str(error))}")
        return
    if unknown := strangers(text, names):
        yield Mistake(path, f"CEL 用了不认识的名字：{'、'.join(unknown)}")
        return
    if "as_of" in program(text).variables() and rule.as_of is None:
        yield Mistake(path, "用了 as_of，但这条规则没有写 as_of 日期")
        return
    wants_number = path[-3] == "sums"
    try:
        value = evaluate(text, _context(pack, rule))
    except Unclear as error:
        yield Mistake(path, f"CEL 无法计算（字段名或类型不对）：{error}")
        return
    if wants_number and (isinstance(value, bool) or not isinstance(value, int | float)):
        yield Mistake(path, "CEL 的结果应是数字")
    if not wants_number and not isinstance(value, bool):
        yield Mistake(path, "CEL 的结果应是 true 或 false")


def _short(text: str) -> str:
    return " ".join(text.split())[:160]


def _context(pack: RulePack, rule: Rule) -> "cel.Context":
    snapshot = _invented(pack)
    items = collections(pack, snapshot)
    variables: dict[str, Any] = {
        **items,
        "application": application(snapshot),
        "params": pack.parameters.model_dump(mode="json"),
        "as_of": (rule.as_of or date(2000, 1, 1)).isoformat(),
    }
    if rule.over:
        variables["item"] = items[rule.over][0]
        variables["counted"] = items[rule.over]
    return cel.Context(variables, functions(pack, (), Notes()))


def _invented(pack: RulePack) -> Snapshot:
    day = PreciseDate.parse("2024-01-01")
    tier = pack.tiers[0].id if pack.tiers else None
    names = {field.id: 1 for kind in pack.item_kinds for field in kind.fields}
    attributes: dict[str, Any] = dict.fromkeys(names, None)
    item = {"id": "x", "kind": "x", "title": "x", "date": day, "tier": tier, "role": Role.author}
    fields = {
        field.id: "x" for section in pack.form.sections for field in section.fields if not field.private
    }
    return Snapshot(
        level=pack.levels[0].id if pack.levels else "",
        fields=fields,
        work=(WorkInterval(id="x", start=day, end=day),),
        trainings=(Training(id="x", title="x", date=day, tier=tier),),
        conditions=(EvidenceItem.model_validate({**item, "section": "B", "attributes": attributes}),),
        evidence=(EvidenceItem.model_validate({**item, "section": "C", "attributes": attributes}),),
    )
