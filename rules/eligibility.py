"""Eligibility explained: every rule with what counted, what did not and why (E1–E10, Q14, design §4)."""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import cel

from contracts.case import Snapshot
from contracts.explanation import Counted, Explanation, NotCounted, RuleSum, RuleVerdict, Verdict
from contracts.lifecycle import Route
from contracts.rulepack import Level, Rule, RulePack, Where
from rules.conditions import Unclear, evaluate, holds, program
from rules.context import Notes, application, collections, functions
from rules.continuity import Item

GOOD = frozenset({Verdict.passed, Verdict.declared, Verdict.soft_fail})
_WORST = (Verdict.failed, Verdict.needs_person, Verdict.soft_fail)
_UNCLEAR = "材料信息不全，无法自动判断，由审查人员核对"


class WrongRoute(ValueError):
    """The level has no such route (E5)."""


def roots(level: Level, route: Route) -> tuple[str, ...]:
    """IDs of the rules that must all hold. Errors: WrongRoute."""
    if route == Route.regular:
        return level.eligibility
    if level.direct is None:
        raise WrongRoute(f"{level.name}没有破格直接认证")
    return level.direct.eligibility


def explain(pack: RulePack, snapshot: Snapshot, level: str) -> Explanation:
    """Explain every rule of a level for the snapshot's route.

    Errors: KeyError for a level that the pack does not offer, WrongRoute.
    """
    ids = roots(pack.level(level), snapshot.route)
    judge = _Judge(pack, snapshot)
    rules = tuple(judge.verdict(rule_id) for rule_id in ids)
    verdicts = {rule.verdict for rule in rules}
    worst = next((one for one in _WORST if one in verdicts), Verdict.passed)
    return Explanation(pack_id=pack.id, level=level, route=snapshot.route, verdict=worst, rules=rules)


class _Judge:
    """One case against one pack; rules that several others name are judged once."""

    def __init__(self, pack: RulePack, snapshot: Snapshot) -> None:
        self._pack = pack
        self._notes = Notes()
        self._items = collections(pack, snapshot)
        self._variables: dict[str, Any] = {
            **self._items,
            "application": application(snapshot),
            "params": pack.parameters.model_dump(mode="json"),
        }
        self._functions = functions(pack, snapshot.prior_certificates, self._notes)
        self._done: dict[str, RuleVerdict] = {}

    def verdict(self, rule_id: str) -> RuleVerdict:
        if rule_id not in self._done:
            rule = self._pack.rule(rule_id)
            self._done[rule_id] = self._condition(rule) if rule.need else self._combination(rule)
        return self._done[rule_id]

    def _condition(self, rule: Rule) -> RuleVerdict:
        as_of = rule.as_of.isoformat() if rule.as_of else ""
        context = cel.Context({**self._needed(rule), "as_of": as_of}, self._functions)
        counted, doubtful, not_counted = self._sift(rule, context)
        self._notes.clear()
        sums = self._sums(rule, context, [item for item, _ in counted])
        notes = tuple(dict.fromkeys(self._notes.remarks))
        verdict = self._decide(rule, context, [item for item, _ in counted], doubtful)
        return RuleVerdict(
            rule_id=rule.id,
            clause=rule.clause,
            name=rule.name,
            verdict=verdict,
            message=_message(rule, verdict, sums, len(doubtful)),
            as_of=rule.as_of,
            counted=tuple(Counted(id=item["id"], title=item["title"], note=note) for item, note in counted),
            not_counted=tuple(not_counted),
            sums=tuple(sums),
            notes=notes,
        )

    def _needed(self, rule: Rule) -> dict[str, Any]:
        """Variables that the rule's conditions name: handing over 500 items that nobody asks for costs most."""
        names = variables_of(rule)
        return {name: value for name, value in self._variables.items() if name in names}

    def _sift(
        self, rule: Rule, context: "cel.Context"
    ) -> tuple[list[tuple[Item, str]], list[Item], list[NotCounted]]:
        """Items that count with their notes, doubtful ones, and reasons for all that do not count."""
        counted: list[tuple[Item, str]] = []
        doubtful: list[Item] = []
        reasons: list[NotCounted] = []
        for item in self._items[rule.over] if rule.over else []:
            if rule.kinds and item["kind"] not in rule.kinds:
                continue
            self._notes.clear()
            context.add_variable("item", item)
            failures = self._failures(rule.where, context)
            if not failures:
                counted.append((item, "；".join(dict.fromkeys(self._notes.favoured))))
                continue
            # a doubt is only worth a person's look when nothing certain stands against the item
            certain = [one for one in failures if not one[1]]
            if not certain:
                doubtful.append(item)
            where, doubt, unclear, why = (certain or failures)[0]
            text = _UNCLEAR if unclear else _fill(where.message, item, rule, why)
            reasons.append(
                NotCounted(
                    id=item["id"],
                    title=item["title"],
                    where=where.id,
                    message=text,
                    doubt=doubt,
                    window=where.window and not doubt,
                )
            )
        return counted, doubtful, reasons

    def _failures(
        self, wheres: Sequence[Where], context: "cel.Context"
    ) -> list[tuple[Where, bool, bool, str]]:
        """Every condition that does not hold as (where, doubt, unclear, on which side of which day it lies)."""
        found = []
        for where in wheres:
            self._notes.outside.clear()
            try:
                if not holds(where.cel, context):
                    why = "；".join(dict.fromkeys(self._notes.outside))
                    doubt = where.doubt is not None and holds(where.doubt, context)
                    found.append((where, doubt, False, why))
            except Unclear:
                found.append((where, True, True, ""))
        return found

    def _decide(
        self, rule: Rule, context: "cel.Context", counted: list[Item], doubtful: list[Item]
    ) -> Verdict:
        assert rule.need
        try:
            context.add_variable("counted", counted)
            if holds(rule.need, context):
                return Verdict.declared if rule.declared else Verdict.passed
            if doubtful:
                context.add_variable("counted", counted + doubtful)
                if holds(rule.need, context):
                    return Verdict.needs_person
        except Unclear:
            return Verdict.needs_person
        return Verdict.soft_fail if rule.soft else Verdict.failed

    def _sums(self, rule: Rule, context: "cel.Context", counted: list[Item]) -> list[RuleSum]:
        context.add_variable("counted", counted)
        found = []
        for one in rule.sums:
            try:
                value = _number(evaluate(one.cel, context))
            except Unclear:
                value = "?"
            need = None if one.need is None else _number(one.need)
            lacks = None
            if one.need is not None and value != "?" and Decimal(value) < one.need:
                lacks = _number(one.need - Decimal(value))
            found.append(
                RuleSum(id=one.id, label=one.label, value=value, need=need, unit=one.unit, missing=lacks)
            )
        return found

    def _combination(self, rule: Rule) -> RuleVerdict:
        ids = rule.all_of or rule.any_of or (rule.k_of.of if rule.k_of else ())
        least = len(ids) if rule.all_of else 1 if rule.any_of else rule.k_of.k if rule.k_of else 0
        parts = tuple(self.verdict(one) for one in ids)
        good = sum(part.verdict in GOOD for part in parts)
        unsure = sum(part.verdict == Verdict.needs_person for part in parts)
        if good >= least:
            verdict = Verdict.declared if rule.declared else Verdict.passed
        elif good + unsure >= least:
            verdict = Verdict.needs_person
        else:
            verdict = Verdict.soft_fail if rule.soft else Verdict.failed
        return RuleVerdict(
            rule_id=rule.id,
            clause=rule.clause,
            name=rule.name,
            verdict=verdict,
            message=_message(rule, verdict, (), unsure),
            as_of=rule.as_of,
            parts=parts,
        )


@lru_cache(maxsize=1024)
def _names_in(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for text in texts for name in program(text).variables())


def variables_of(rule: Rule) -> frozenset[str]:
    """Every variable that a rule's conditions name."""
    wheres = [text for where in rule.where for text in (where.cel, where.doubt) if text]
    return _names_in((*wheres, *(one.cel for one in rule.sums), *([rule.need] if rule.need else [])))


def _fill(text: str, item: Item, rule: Rule, why: str) -> str:
    when = item.get("date") or item.get("start")
    values = {
        "{title}": item["title"],
        "{date}": when["text"] if when else "未填日期",
        "{as_of}": rule.as_of.isoformat() if rule.as_of else "",
        "{why}": why or ("没有填写日期" if not when else when["text"]),
    }
    for token, value in values.items():
        text = text.replace(token, value)
    return text


def _message(rule: Rule, verdict: Verdict, sums: Sequence[RuleSum], unsure: int) -> str:
    text = rule.message.passed if verdict in (Verdict.passed, Verdict.declared) else rule.message.failed
    text = text.replace("{as_of}", rule.as_of.isoformat() if rule.as_of else "")
    for one in sums:
        text = text.replace(f"{{{one.id}}}", one.value)
    if verdict != Verdict.needs_person:
        return text
    if unsure:
        return f"有 {unsure} 项需要审查人员核对，核对通过即符合；仅凭已确认的材料：{text}"
    return f"{_UNCLEAR}：{text}"


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Unclear("not a number")
    text = format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
