"""When a qualification decision is complete and allowed: the table of Q10, Q11, Q12, Q14 and Q15."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from contracts.case import Finding
from contracts.http.review import (
    Answered,
    Flag,
    Obstacle,
    QualificationDecision,
    RuleJudgement,
    SavedAnswer,
    SaveDecision,
    SavedFlag,
    SavedRule,
    Step,
)
from contracts.prepared import QualificationOutcome as Outcome
from contracts.rulepack import Check
from services.review.domain.desk import COLLECTIONS, ITEM_KINDS, RULES, SCAN_KINDS, Desk


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A draft read against the desk. It may be frozen when there is no obstacle."""

    flags: tuple[Flag, ...] = ()
    rules: tuple[RuleJudgement, ...] = ()
    answered: tuple[Answered, ...] = ()
    accepted: tuple[str, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()


def judge(desk: Desk, draft: SaveDecision, waiting: Collection[str] = ()) -> Judged:
    """Everything that stands in the way of the draft's outcome, in the order in which a person would mend it: the
    form check, the content check, the outcome. `waiting`: checks about which a colleague has been asked."""
    draft = draft.model_copy(update={"flags": tuple(_on_rule(one) for one in draft.flags)})
    obstacles = [
        *_question_obstacles(desk, waiting),
        *_flag_obstacles(desk, draft),
        *_check_obstacles(desk, draft),
        *_rule_obstacles(desk, draft),
        *_answer_obstacles(desk, draft),
    ]
    obstacles.sort(key=lambda one: one.step is Step.content)
    flags = tuple(_flag(desk, one) for one in draft.flags if _flag_obstacle(desk, one) is None)
    obstacles.extend(_outcome_obstacles(desk, draft, flags))
    return Judged(
        flags=flags,
        rules=tuple(_judgement(desk, one) for one in draft.rules if one.rule_id in desk.rules),
        answered=tuple(Answered(**one.model_dump()) for one in draft.answered),
        accepted=tuple(one for one in desk.checks if one in draft.accepted),
        obstacles=tuple(obstacles),
    )


def _on_rule(flag: SavedFlag) -> SavedFlag:
    """A flag that copies a finding's place `rules.<id>` is a flag on that rule."""
    if flag.field is None or not flag.field.startswith(RULES) or flag.rule_id is not None:
        return flag
    return flag.model_copy(update={"field": None, "rule_id": flag.field.removeprefix(RULES)})


# Flags ------------------------------------------------------------------------------------------------------------


def _flag_obstacles(desk: Desk, draft: SaveDecision) -> Iterator[Obstacle]:
    for flag in draft.flags:
        if found := _flag_obstacle(desk, flag):
            yield found.model_copy(update={"step": desk.step_of(flag.check_id), "check_id": flag.check_id})
    twice = Counter((one.check_id, _place(one)) for one in draft.flags)
    if any(count > 1 for count in twice.values()):
        yield _no("flagged_twice", "同一问题标注了两次，请删去一处。", "Q10")


def _flag_obstacle(desk: Desk, flag: SavedFlag) -> Obstacle | None:
    check = desk.checks.get(flag.check_id)
    if check is None:
        return _no("not_on_list", "只能按审查标准所列的项目提出问题。", "Q15")
    if flag.code is not None and (flag.code not in desk.codes or desk.codes[flag.code].check != check.id):
        return _no("unknown_code", f"“{check.name}”没有这个问题代码，请从列表中选择。", "Q15")
    if sum(one is not None for one in _place(flag)) > 1:
        return _no(
            "flag_ambiguous", f"“{check.name}”的一处标注只能指向一个栏目、一项材料或一条条件。", check.clause
        )
    if flag.item_id is not None and flag.item_id not in desk.items:
        return _no("unknown_item", "标注的材料不在这一版申报书中，请刷新后重新标注。", check.clause)
    if flag.field is not None and not desk.knows_field(flag.field):
        return _no("unknown_field", "标注的栏目不在申报书中，请刷新后重新标注。", check.clause)
    if (flag.rule_id is not None) != (check.kind == "eligibility"):
        return _no("flag_needs_rule", "报名条件的问题应标注在相应条件上，其他问题不标注条件。", check.clause)
    if flag.rule_id is not None and flag.rule_id not in desk.rules:
        return _no("rule_settled", "这条条件不在本次审查范围内。", "Q10")
    if not desk.may_judge(flag.check_id, _place(flag)):
        return _no(
            "not_flagged_before", "第二次审查只看上次标注的问题是否改正，不能对其他内容提出新问题。", "Q10"
        )
    if check.kind in ITEM_KINDS and flag.item_id is None and _finding(desk, flag) is None:
        return _no("flag_needs_item", f"“{check.name}”的问题应标注在具体的一项材料上。", check.clause)
    if check.kind in ("fields_complete", "full_names") and flag.field is None and flag.item_id is None:
        return _no("flag_needs_field", f"“{check.name}”的问题应标注在具体的栏目上。", check.clause)
    return None


def _flag(desk: Desk, saved: SavedFlag) -> Flag:
    check = desk.checks[saved.check_id]
    machine = _finding(desk, saved)
    code = desk.codes.get(saved.code or "")
    reprint = _first(code and code.reprint, machine and machine.reprint, check.reprint)
    unlocks = set(_unlocks(desk, check, saved))
    return Flag(
        check_id=check.id,
        clause=check.clause if saved.rule_id is None else desk.rules[saved.rule_id].clause,
        curable=_first(code and code.curable, machine and machine.curable, check.curable),
        code=saved.code,
        blocking=check.severity == "blocking" and not _only_unscored(desk, check, saved),
        reprint=reprint,
        item_id=saved.item_id,
        field=saved.field,
        rule_id=saved.rule_id,
        note=saved.note,
        unlocks=tuple(sorted(unlocks | ({"scan"} if reprint else set()))),
    )


def _first(*given: object) -> bool:
    """The first that says anything: the code, the machine's finding, the check itself."""
    return next(one for one in given if isinstance(one, bool))


def _check_obstacles(desk: Desk, draft: SaveDecision) -> Iterator[Obstacle]:
    """Each line is accepted or flagged, and nothing that is not on the list is judged (Q15)."""
    flagged, accepted = {one.check_id for one in draft.flags}, set(draft.accepted)
    if accepted - set(desk.checks):
        yield _no("not_on_list", "只能按审查标准所列的项目逐项确认。", "Q15")
    for check in desk.checks.values():
        if check.kind == "eligibility" or not desk.judgeable(check):
            continue
        told = {"step": Step(check.review), "check_id": check.id}
        if check.id in flagged and check.id in accepted:
            no = _no("check_contradicted", f"“{check.name}”既确认无误又标注了问题，请核对。", check.clause)
            yield no.model_copy(update=told)
        if check.id not in flagged and check.id not in accepted:
            no = _no("check_unconfirmed", f"还没有确认“{check.name}”：请接受，或标注问题。", check.clause)
            yield no.model_copy(update=told)


def _question_obstacles(desk: Desk, waiting: Collection[str]) -> Iterator[Obstacle]:
    for check_id in waiting:
        if check_id in desk.checks:
            name = desk.checks[check_id].name
            yield _no(
                "question_open", f"“{name}”向同事提出的问题还没有答复，答复后才能作出结论。", None
            ).model_copy(update={"step": desk.step_of(check_id), "check_id": check_id})


def _only_unscored(desk: Desk, check: Check, flag: SavedFlag) -> bool:
    """An old C item is just not scored: it never sinks a person (Q8)."""
    if check.kind != "within_window" or flag.item_id is None:
        return False
    return desk.items[flag.item_id][0] == "evidence"


def _unlocks(desk: Desk, check: Check, flag: SavedFlag) -> Iterator[str]:
    """What a correction may touch because of this flag, and nothing else (Q10)."""
    if flag.item_id is not None:
        yield f"item:{flag.item_id}"
    elif flag.rule_id is not None:
        collections = desk.collections_of(desk.rules[flag.rule_id])
        yield from (f"collection:{one}" for one in collections)
        if not collections:
            yield "declarations"
    elif check.kind == "photo" or flag.field in _photo_fields(desk):
        yield "photo"
    elif check.kind in SCAN_KINDS or check.kind == "files_open":
        yield "scan"
    elif check.kind == "b_items":
        yield "collection:conditions"
    elif flag.field is not None:
        yield "declarations" if flag.field.startswith("declarations.") else f"field:{flag.field}"
    else:
        yield from (f"collection:{one}" for one in COLLECTIONS)


def _photo_fields(desk: Desk) -> frozenset[str]:
    fields = (one for section in desk.pack.form.sections for one in section.fields)
    return frozenset(("photo", *(one.id for one in fields if one.type == "photo")))


# Rules and findings -----------------------------------------------------------------------------------------------


def _rule_obstacles(desk: Desk, draft: SaveDecision) -> Iterator[Obstacle]:
    said = Counter(one.rule_id for one in draft.rules)
    if any(count > 1 for count in said.values()) or any(one not in desk.rules for one in said):
        yield _no("rules_not_as_asked", "只能对本次审查范围内的每条报名条件各确认一次。", "Q14")
    missing = [rule.name for rule_id, rule in desk.rules.items() if rule_id not in said]
    if missing:
        no = _no("rule_unconfirmed", f"还有报名条件没有逐条确认：{'、'.join(missing)}。", "Q14")
        yield no.model_copy(update={"step": Step.content})
    flagged = {one.rule_id for one in draft.flags}
    for judgement in draft.rules:
        if judgement.rule_id in desk.rules:
            yield from _one_rule(desk, judgement, judgement.rule_id in flagged)


def _one_rule(desk: Desk, judgement: SavedRule, flagged: bool) -> Iterator[Obstacle]:
    rule = desk.rules[judgement.rule_id]
    if judgement.accepted and (judgement.met or not rule.soft):
        yield _no("rule_not_soft", f"“{rule.name}”不能在未达到时予以接受。", rule.clause)
    elif judgement.accepted and not judgement.note.strip():
        yield _no("reason_missing", f"“{rule.name}”属一般性条件，未达到而予以接受时请写明理由。", rule.clause)
    holds = judgement.met or judgement.accepted
    if holds and flagged:
        yield _no("rule_contradicted", f"“{rule.name}”既确认达到又标注了问题，请核对。", rule.clause)
    if not holds and not flagged:
        yield _no("rule_unmet_unflagged", f"“{rule.name}”未达到，请标注问题并写明缺什么。", rule.clause)


def _judgement(desk: Desk, saved: SavedRule) -> RuleJudgement:
    return RuleJudgement(clause=desk.rules[saved.rule_id].clause, **saved.model_dump())


def _answer_obstacles(desk: Desk, draft: SaveDecision) -> Iterator[Obstacle]:
    told = {_key(one) for one in draft.flags} | {_key(one) for one in draft.answered}
    for finding in desk.to_answer:
        if _key(finding) not in told:
            name, clause = desk.checks[finding.check_id].name, finding.clause
            text = f"“{name}”有机器提示尚未处理：请标注问题，或写明为何不是问题。"
            place = {"step": desk.step_of(finding.check_id), "check_id": finding.check_id}
            yield _no("finding_unanswered", text, clause).model_copy(update=place)
    known = {_key(one) for one in desk.findings}
    if any(_key(one) not in known for one in draft.answered):
        yield _no("answer_without_finding", "处理了一条并不存在的机器提示，请刷新后重试。", "Q15")


# The outcome ------------------------------------------------------------------------------------------------------


def _outcome_obstacles(desk: Desk, draft: SaveDecision, flags: tuple[Flag, ...]) -> Iterator[Obstacle]:
    standing = [one for one in flags if one.blocking]
    incurable = any(not one.curable for one in standing)
    curable = any(one.curable for one in standing)
    match draft.outcome:
        case None:
            yield _no("outcome_missing", "请选择审查结论：合格、退回修改或不合格。", "Q12")
        case Outcome.passed if standing:
            yield _no("flags_stand", "仍有标注的问题，不能作出合格结论。", "Q12")
        case Outcome.correction if not desk.may_correct:
            yield _no("correction_used", "每位申报者只有一次修改机会，已经使用。", "Q10")
        case Outcome.correction if incurable:
            yield _no("incurable_stands", "有不能通过修改补救的问题，退回修改没有意义。", "Q10")
        case Outcome.correction if not curable:
            yield _no("nothing_to_correct", "退回修改须至少标注一处可以修改的问题。", "Q10")
        case Outcome.not_qualified if not standing:
            yield _no("nothing_wrong", "没有标注任何问题，不能作出不合格结论。", "Q12")
        case Outcome.not_qualified if desk.may_correct and not incurable:
            yield _no("correction_first", "标注的问题都可以修改，应先给予一次修改机会。", "Q10")


def _finding(desk: Desk, flag: SavedFlag) -> Finding | None:
    """The machine's finding at the same place, if there is one."""
    if flag.rule_id is not None:
        return None
    return next((one for one in desk.findings if _key(one) == _key(flag)), None)


def _key(one: Finding | SavedFlag | SavedAnswer) -> tuple[str, str | None, str | None]:
    return one.check_id, one.item_id, one.field


def _place(flag: SavedFlag) -> tuple[str | None, str | None, str | None]:
    return flag.item_id, flag.field, flag.rule_id


def _no(code: str, message: str, clause: str | None) -> Obstacle:
    return Obstacle(code=code, message=message, clause=clause)


def taken_over(decision: QualificationDecision) -> SaveDecision:
    """A draft from an earlier decision: what was in order; nothing of what was flagged, and no outcome."""
    flagged = {flag.rule_id for flag in (*decision.flags, *decision.cancelled)}
    return SaveDecision(
        fence=0,
        rules=tuple(
            SavedRule(rule_id=one.rule_id, met=one.met, accepted=one.accepted, note=one.note)
            for one in decision.rules
            if one.rule_id not in flagged
        ),
        answered=tuple(SavedAnswer(**one.model_dump()) for one in decision.answered),
        accepted=decision.accepted,
    )
