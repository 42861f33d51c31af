"""Papers, choices, where an attempt stands, and the grade; no I/O (X1, X2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from contracts.http.exam import Briefing, ExamPart, ExamStatus, PaperItem, PaperOption
from contracts.rulepack import BankItem, RulePack
from kit.errors import DomainError, Kind
from rules import calendar, seeds
from rules import exam as rules


@dataclass(frozen=True)
class ExamRules:
    """What a pack says of the exam: blueprints and the bank with its keys. Stays inside this service."""

    pack: RulePack
    items: Mapping[str, BankItem]


class Attempt(Protocol):
    """What decides where an attempt stands."""

    @property
    def state(self) -> str: ...


class Sitting(Protocol):
    """What decides where a sitting stands."""

    @property
    def state(self) -> str: ...
    @property
    def closes_at(self) -> datetime | None: ...


# Papers -----------------------------------------------------------------------------------------------------


def seed_of(round_seed: str, application_number: str) -> int:
    """H(round seed, application number): whoever has the round's seed can draw the paper again (X1)."""
    return seeds.H(round_seed, application_number)


def draw(exam: ExamRules, level: str, seed: int) -> dict[str, Any]:
    """The candidate's paper as it is stored: IDs, points, forms and orders, no text and no key.

    ValueError when the pack has no paper for the level, too few items, or items that a person has to mark.
    """
    blueprint = exam.pack.exam.blueprint(level)
    if any(part.form == "hand_marked" for part in blueprint.parts):
        raise ValueError("本系统的笔试只支持客观题，蓝图中不能有需要人工阅卷的题目")
    paper = rules.arrange(rules.compose(blueprint, exam.items, seed), exam.items, seed)
    stored = paper.model_dump(mode="json")
    return {"items": [{**one, "form": exam.items[one["item_id"]].form} for one in stored["items"]]}


def shown(exam: ExamRules, paper: Mapping[str, Any]) -> tuple[PaperItem, ...]:
    """The paper as the candidate reads it, in its own order."""
    return tuple(_shown(exam.items[one["item_id"]], one) for one in paper["items"])


def _shown(item: BankItem, placed: Mapping[str, Any]) -> PaperItem:
    texts = {option.id: option.text for option in item.options}
    options = tuple(PaperOption(id=one, text=texts[one]) for one in placed["options"])
    return PaperItem(
        id=item.id, area=item.area, form=item.form, stem=item.stem, options=options, points=placed["points"]
    )


def closing(exam: ExamRules, level: str, opens_at: datetime) -> datetime:
    """When a sitting that opens at `opens_at` ends, by the blueprint's duration (X2). ValueError without one."""
    duration = exam.pack.exam.blueprint(level).duration
    if duration is None:
        raise ValueError("规则包没有写明笔试时长")
    return calendar.WorkingDays.of(exam.pack).deadline_after(opens_at, duration, exam.pack.timezone)


def briefing(exam: ExamRules, level: str, at: datetime) -> Briefing:
    """What everybody may know beforehand; `at` only anchors the duration. ValueError when the blueprint is open."""
    plan = exam.pack.exam
    by_form: dict[str, list[Any]] = {}
    for part in plan.blueprint(level).parts:
        by_form.setdefault(part.form, []).append(part)
    areas = {part.area for parts in by_form.values() for part in parts}
    parts = tuple(
        ExamPart(
            form=form,
            count=sum(one.count for one in found),
            points=_plain(sum((one.points * one.count for one in found), Decimal(0))),
        )
        for form, found in by_form.items()
    )
    return Briefing(
        seconds=int((closing(exam, level, at) - at).total_seconds()),
        items=sum(one.count for one in parts),
        points=_plain(sum((Decimal(one.points) for one in parts), Decimal(0))),
        parts=parts,
        areas=tuple(one.name for one in plan.areas if one.id in areas),
        multiple=plan.multiple,
        excused_absence=plan.excused_absence,
    )


def _plain(points: Decimal) -> str:
    """100.0 → 100, 2.50 → 2.5"""
    return f"{points.normalize():f}"


# Answers ----------------------------------------------------------------------------------------------------


def check_choice(paper: Mapping[str, Any], item_id: str, choice: Sequence[str]) -> tuple[str, ...]:
    """The choice, each option once and sorted. DomainError: 404 `no_item`, 422 `wrong_choice`."""
    placed = next((one for one in paper["items"] if one["item_id"] == item_id), None)
    if placed is None:
        raise DomainError(Kind.not_found, "no_item", "您的试卷上没有这道题，请刷新页面后再作答。", "X2")
    given = tuple(sorted(set(choice)))
    if not set(given) <= set(placed["options"]):
        raise DomainError(Kind.invalid, "wrong_choice", "所选的选项不在这道题中，请刷新页面后再作答。", "X2")
    if placed["form"] != "multiple" and len(given) > 1:
        raise DomainError(Kind.invalid, "wrong_choice", "这道题只能选择一个选项。", "X2")
    return given


def corrected(exam: ExamRules, keys: Mapping[str, Sequence[str]]) -> ExamRules:
    """The same with other keys of some items (X4). ValueError for a key that does not fit its item."""
    if not keys:
        return exam
    changed = {
        item_id: BankItem.model_validate(exam.items[item_id].model_dump() | {"key": tuple(key)})
        for item_id, key in keys.items()
    }
    return ExamRules(exam.pack, {**exam.items, **changed})


def holds(paper: Mapping[str, Any], item_id: str) -> bool:
    """Whether a stored paper has the item."""
    return any(one["item_id"] == item_id for one in paper["items"])


def grade(exam: ExamRules, paper: Mapping[str, Any], answers: Mapping[str, Sequence[str]]) -> str:
    """The exact score of 100 as "n/d"; what is not answered counts nothing (X1)."""
    score = rules.score(rules.Paper.model_validate(paper), exam.items, answers, exam.pack.exam.multiple)
    return f"{score.numerator}/{score.denominator}"


# Where it stands --------------------------------------------------------------------------------------------

_ENDS = {"finished": ExamStatus.finished, "absent": ExamStatus.absent, "cancelled": ExamStatus.cancelled}


def status(attempt: Attempt, sitting: Sitting, at: datetime, *, excused: bool = False) -> ExamStatus:
    """What a candidate may do at `at`; the end of a sitting is exclusive (X2). `excused`: an excuse waits (X3)."""
    if attempt.state in _ENDS:
        return _ENDS[attempt.state]
    if sitting.closes_at is None:
        return ExamStatus.waiting
    if at >= sitting.closes_at:
        return ExamStatus.excuse_pending if excused else ExamStatus.closing
    return ExamStatus.started if attempt.state == "started" else ExamStatus.ready


def remaining(standing: ExamStatus, sitting: Sitting, at: datetime) -> int | None:
    """Whole seconds that are left by the server's clock, while there is something left to do."""
    if sitting.closes_at is None or standing not in (ExamStatus.ready, ExamStatus.started):
        return None
    return max(0, int((sitting.closes_at - at).total_seconds()))


def no_exam() -> DomainError:
    """The one answer to an exam that is absent or somebody else's."""
    return DomainError(Kind.not_found, "no_exam", "没有找到您的笔试安排。资格审查通过后才会安排笔试。", "Q12")
