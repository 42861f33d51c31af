"""Mistakes that a schema cannot see: names that lead nowhere, duplicates, decisions about no field."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from contracts.case import WorkKind
from contracts.rulepack import RulePack
from rules.pack.conditions import condition_mistakes
from rules.pack.consistency import consistency_mistakes
from rules.pack.fields import field_mistakes
from rules.pack.loading import LoadedPack
from rules.pack.mistakes import Mistake

Path = tuple[str | int, ...]


def reference_mistakes(loaded: LoadedPack) -> Iterator[Mistake]:
    """Everything wrong in a pack that fits the schema."""
    pack = loaded.pack
    clauses = {clause.id for clause in pack.clauses}
    yield from _walk(loaded.tree, (), clauses)
    yield from _issuers(pack)
    yield from _rules(pack)
    yield from _levels(pack)
    yield from _flag_codes(pack)
    yield from _decisions(pack)
    yield from condition_mistakes(pack)
    yield from field_mistakes(pack)
    yield from consistency_mistakes(loaded)


def _walk(node: Any, path: Path, clauses: set[str]) -> Iterator[Mistake]:
    """Every `clause` exists; every list of things with `id` has each once."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "clause" and value not in clauses:
                yield Mistake((*path, key), f"没有条款 {value}（见 clauses）")
            yield from _walk(value, (*path, str(key)), clauses)
    elif isinstance(node, list):
        seen: set[str] = set()
        for index, value in enumerate(node):
            if isinstance(value, Mapping) and "id" in value:
                if value["id"] in seen:
                    yield Mistake((*path, index, "id"), f"编号 {value['id']} 重复")
                seen.add(value["id"])
            yield from _walk(value, (*path, index), clauses)


def _missing(path: Path, ids: Iterable[str], known: Iterable[str], what: str) -> Iterator[Mistake]:
    have = set(known)
    for index, one in enumerate(ids):
        if one not in have:
            yield Mistake((*path, index), f"没有{what} {one}")


def _flag_codes(pack: RulePack) -> Iterator[Mistake]:
    checks = {check.id for check in pack.checks}
    for index, code in enumerate(pack.flag_codes):
        if code.check not in checks:
            yield Mistake(("flag_codes", index, "check"), f"没有审查项目 {code.check}（见 checks）")


def _issuers(pack: RulePack) -> Iterator[Mistake]:
    ids = {issuer.id for issuer in pack.issuers}
    named: list[tuple[Path, str]] = [
        (("notice", "issuer"), pack.notice.issuer),
        (("fees", "payee"), pack.fees.payee),
        *((("certificate", "issuers", i), one) for i, one in enumerate(pack.certificate.issuers)),
        *((("other_levels", i, "handled_by"), one.handled_by) for i, one in enumerate(pack.other_levels)),
    ]
    for index, level in enumerate(pack.levels):
        if level.direct:
            named.append((("levels", index, "direct", "decided_by"), level.direct.decided_by))
    for path, one in named:
        if one not in ids:
            yield Mistake(path, f"没有发证或组织单位 {one}（见 issuers）")


def _rules(pack: RulePack) -> Iterator[Mistake]:
    graph = {
        rule.id: rule.all_of or rule.any_of or (rule.k_of.of if rule.k_of else ()) for rule in pack.rules
    }
    item_kinds = {kind.id for kind in pack.item_kinds} | {kind.value for kind in WorkKind}
    for index, rule in enumerate(pack.rules):
        at: Path = ("rules", index)
        yield from _missing((*at, "all"), rule.all_of, graph, "规则")
        yield from _missing((*at, "any"), rule.any_of, graph, "规则")
        yield from _missing((*at, "kinds"), rule.kinds, item_kinds, "材料类别")
        if rule.k_of:
            yield from _missing((*at, "k_of", "of"), rule.k_of.of, graph, "规则")
            if rule.k_of.k > len(rule.k_of.of):
                yield Mistake((*at, "k_of", "k"), "k 大于所列规则的条数")
        if rule.kinds and rule.over == "trainings":
            yield Mistake((*at, "kinds"), "培训不分类别，不能写 kinds")
        if _in_circle(rule.id, graph):
            yield Mistake((*at, "id"), f"规则 {rule.id} 绕回了自己")


def _in_circle(start: str, graph: Mapping[str, tuple[str, ...]]) -> bool:
    seen: set[str] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        one = waiting.pop()
        if one == start:
            return True
        if one not in seen:
            seen.add(one)
            waiting.extend(graph.get(one, ()))
    return False


def _levels(pack: RulePack) -> Iterator[Mistake]:
    rules = {rule.id for rule in pack.rules}
    levels = {level.id for level in pack.levels}
    for index, level in enumerate(pack.levels):
        yield from _missing(("levels", index, "eligibility"), level.eligibility, rules, "规则")
        if level.direct:
            yield from _missing(
                ("levels", index, "direct", "eligibility"), level.direct.eligibility, rules, "规则"
            )
    for index, kind in enumerate(pack.item_kinds):
        yield from _missing(("item_kinds", index, "levels"), kind.levels, levels, "级别")
    for index, rubric in enumerate(pack.rubrics):
        if rubric.level not in levels:
            yield Mistake(("rubrics", index, "level"), f"没有级别 {rubric.level}")
    for index, blueprint in enumerate(pack.exam.blueprints):
        if blueprint.id not in levels:
            yield Mistake(("exam", "blueprints", index, "id"), f"没有级别 {blueprint.id}")


def _decisions(pack: RulePack) -> Iterator[Mistake]:
    texts = {one.id: one for one in pack.interpretations}
    for index, decision in enumerate(pack.decisions):
        at: Path = ("decisions", index)
        if not _is_field(pack, decision.field):
            yield Mistake((*at, "field"), f"规则包中没有字段 {decision.field}")
        if decision.interpretation not in texts:
            yield Mistake((*at, "interpretation"), f"没有口径 {decision.interpretation}")
        elif decision.state == "decided" and texts[decision.interpretation].decided_on is None:
            yield Mistake((*at, "state"), f"标为已决定，但口径 {decision.interpretation} 没有日期（I1）")


def _is_field(pack: RulePack, field_path: str) -> bool:
    """Whether the schema, and the lists of this pack, have such a field, set or not."""
    node: Any = pack
    for step in field_path.split("."):
        if isinstance(node, BaseModel):
            names = {(info.alias or name): name for name, info in type(node).model_fields.items()}
            if step not in names:
                return False
            node = getattr(node, names[step])
        elif isinstance(node, Mapping):
            if step not in node:
                return False
            node = node[step]
        elif isinstance(node, tuple):
            found = [one for one in node if getattr(one, "id", None) == step]
            if not found:
                return False
            node = found[0]
        else:
            return False
    return True
