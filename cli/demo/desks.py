"""Reviewers and experts at their desks: they see what the API shows them, and decide by it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

from cli.demo.board import Board, DemoFailed
from cli.demo.client import Caller, Refusal
from cli.demo.marks import Sheet
from cli.demo.script import Fault, Kind, Persona
from contracts.case import FindingVerdict
from contracts.commands import CommandName, DecideQualification
from contracts.explanation import RuleVerdict, Verdict
from contracts.http.review import (
    DecisionSaved,
    Fence,
    Lease,
    QualificationTask,
    SavedAnswer,
    SaveDecision,
    SavedFlag,
    SavedRule,
    SaveSheet,
    SheetSaved,
    SheetSubmitted,
    TaskCard,
    TaskKind,
    TaskPage,
)
from contracts.prepared import QualificationOutcome as Outcome

_IDLE, _IDLEST = 0.3, 1.2
_ARMFUL = 3  # tasks that a reviewer takes up at once
_SLOW_FIRST = {Kind.never_corrects: 0, Kind.ineligible: 1, Kind.corrects_badly: 1, Kind.corrects_well: 1}
"""Whose corrections take longest is looked at first."""
_TAKEN = frozenset({"task_taken", "task_ended", "task_not_found", "not_found", "task_conflict_of_interest"})


class Desks:
    """All reviewers and experts of one demo."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._taken: set[object] = set()
        self._eligibility = next(one.id for one in board.pack.checks if one.kind == "eligibility")
        self._advice = {one.id for one in board.pack.checks if one.severity != "blocking"}

    # qualification ----------------------------------------------------------------------------------------

    async def review(self, reviewer: Caller, wanted: int) -> None:
        """Works off the queue until `wanted` decisions are made, by whomever."""
        pause = _IDLE
        while sum(self._board.decisions.values()) < wanted:
            page = await reviewer.get("/tasks", TaskPage, kind=TaskKind.qualification, limit="100")
            cards = sorted(self._open(page), key=self._urgency)[:_ARMFUL]
            self._taken.update(card.id for card in cards)
            for card in cards:
                if not await self._decide(reviewer, card):
                    self._taken.discard(card.id)
            if cards:
                pause = _IDLE
                continue
            await asyncio.sleep(pause)
            pause = min(pause * 1.4, _IDLEST)

    def _open(self, page: TaskPage) -> Iterator[TaskCard]:
        for card in page.tasks:
            persona = self._board.numbered.get(card.application_number)
            if persona is not None and persona.kind is not Kind.withdrawn and card.id not in self._taken:
                yield card

    def _urgency(self, card: TaskCard) -> tuple[int, int]:
        persona = self._board.numbered[card.application_number]
        return -(card.look or 1), _SLOW_FIRST.get(persona.kind, 2)

    async def _decide(self, reviewer: Caller, card: TaskCard) -> bool:
        try:
            lease = await reviewer.send("POST", f"/tasks/{card.id}/claim", Lease)
        except Refusal as no:
            if no.code not in _TAKEN:
                raise
            return False
        task = await reviewer.get(f"/tasks/{card.id}", QualificationTask)
        persona = self._board.numbered[card.application_number]
        opinion = self._opinion(task, persona, lease.fence)
        saved = await reviewer.send("PUT", f"/tasks/{card.id}/decision", DecisionSaved, opinion)
        if saved.obstacles:
            first = saved.obstacles[0]
            raise DemoFailed(f"{card.application_number}：审查意见不被接受：{first.code} {first.message}")
        body = DecideQualification(task_id=card.id, fence=lease.fence)
        target = f"/applications/{card.application_id}"
        name = CommandName.decide_qualification
        await reviewer.command(target, name, f"demo.decide.{card.id}.{lease.fence}", body)
        number = card.application_number
        self._board.decisions[number] = self._board.decisions.get(number, 0) + 1
        self._board.show.step("资格审查")
        if opinion.outcome is Outcome.correction:
            self._board.sent_back(number).set()
        return True

    def _opinion(self, task: QualificationTask, persona: Persona, fence: int) -> SaveDecision:
        """Flags what the machine found and what only a person sees, confirms rule by rule, answers the rest."""
        flags = [*self._found(task), *self._unmet(task), *_seen_by_eye(task, persona)]
        flagged = {(one.check_id, one.item_id, one.field) for one in flags}
        answered = [
            SavedAnswer(
                check_id=one.check_id, item_id=one.item_id, field=one.field, reason="已人工核对，符合要求。"
            )
            for one in task.findings
            if one.verdict is FindingVerdict.person
            and one.check_id not in self._advice
            and one.check_id != self._eligibility
            and (one.check_id, one.item_id, one.field) not in flagged
        ]
        outcome = Outcome.passed
        if flags:
            outcome = Outcome.correction if task.may_correct else Outcome.not_qualified
        _expect(persona, task, outcome, flags)
        return SaveDecision(
            fence=fence,
            outcome=outcome,
            flags=tuple(flags),
            rules=tuple(_judged(task)),
            answered=tuple(answered),
            accepted=tuple(
                one.check_id
                for one in task.checks
                if not one.per_rule and one.check_id not in {flag.check_id for flag in flags}
            ),
            note="" if outcome is Outcome.passed else "请按标注的问题逐项处理。",
        )

    def _found(self, task: QualificationTask) -> Iterator[SavedFlag]:
        for one in task.findings:
            wrong = one.verdict is FindingVerdict.finding
            if wrong and one.check_id not in self._advice and one.check_id != self._eligibility:
                yield SavedFlag(
                    check_id=one.check_id, item_id=one.item_id, field=one.field, note=one.message[:500]
                )

    def _unmet(self, task: QualificationTask) -> Iterator[SavedFlag]:
        for rule_id, rule in _verdicts(task).items():
            if rule.verdict is Verdict.failed and rule_id in {one.rule_id for one in task.rules}:
                yield SavedFlag(check_id=self._eligibility, rule_id=rule_id, note=rule.message[:500])

    # sheets -----------------------------------------------------------------------------------------------

    async def mark(self, expert: Caller, wanted: int) -> None:
        """Fills the sheets given to this expert until `wanted` are submitted, by whomever."""
        pause = _IDLE
        while self._board.sheets < wanted:
            page = await expert.get("/tasks", TaskPage, limit="100")
            cards = [card for card in page.tasks if self._comes(card)]
            for card in cards:
                await self._fill(expert, card)
            if cards:
                pause = _IDLE
                continue
            await asyncio.sleep(pause)
            pause = min(pause * 1.4, _IDLEST)

    def _comes(self, card: TaskCard) -> bool:
        """Nobody is marked who did not come to the defence."""
        absent = self._board.numbered[card.application_number].kind is Kind.no_show_defence
        return card.kind is TaskKind.portfolio_sheet or (card.kind is TaskKind.defence_sheet and not absent)

    async def _fill(self, expert: Caller, card: TaskCard) -> None:
        lease = await expert.send("POST", f"/tasks/{card.id}/claim", Lease)
        body = SaveSheet(fence=lease.fence, scores=dict(self._sheet(card)), note="")
        saved = await expert.send("PUT", f"/tasks/{card.id}/sheet", SheetSaved, body)
        if saved.missing:
            raise DemoFailed(f"{card.application_number}：评分表缺 {'、'.join(saved.missing)}")
        await expert.send("POST", f"/tasks/{card.id}/submit", SheetSubmitted, Fence(fence=lease.fence))
        self._board.sheets += 1
        self._board.show.step("评审与答辩")

    def _sheet(self, card: TaskCard) -> Sheet:
        marks = self._board.the_plan.marks[card.application_number]
        sheets = marks.portfolio if card.kind is TaskKind.portfolio_sheet else marks.defence
        number = card.sheet or 0
        if not 1 <= number <= len(sheets):
            raise DemoFailed(f"{card.application_number}：不应有第 {number} 份评分表（{card.kind}）")
        return sheets[number - 1]


def _seen_by_eye(task: QualificationTask, persona: Persona) -> Iterator[SavedFlag]:
    """An abbreviated name: the machine only asks to look."""
    if persona.fault is Fault.short_unit and task.look == 1:
        yield SavedFlag(check_id="Q5", field="unit", note="工作单位填写的是简称，请按公章填写全称。")


def _verdicts(task: QualificationTask) -> Mapping[str, RuleVerdict]:
    return {one.rule_id: one for one in task.explanation.rules}


def _judged(task: QualificationTask) -> Iterator[SavedRule]:
    found = _verdicts(task)
    for line in task.rules:
        verdict = found[line.rule_id].verdict
        if verdict is Verdict.soft_fail:
            note = "学历低于本科，但连续从事科技辅导工作多年，业绩突出，予以接受。"
            yield SavedRule(rule_id=line.rule_id, met=False, accepted=True, note=note)
        else:
            yield SavedRule(rule_id=line.rule_id, met=verdict is not Verdict.failed)


def _expect(persona: Persona, task: QualificationTask, outcome: Outcome, flags: list[SavedFlag]) -> None:
    """The machine must have found exactly what is wrong with this persona."""
    if persona.fault is None:
        wanted = Outcome.passed
    elif task.look == 1:
        wanted = Outcome.correction
    else:
        wanted = Outcome.passed if persona.kind is Kind.corrects_well else Outcome.not_qualified
    if outcome is not wanted:
        said = "；".join(
            f"{one.check_id} {one.rule_id or one.field or one.item_id}：{one.note}" for one in flags
        )
        raise DemoFailed(
            f"第 {task.look} 次审查（{persona.kind}，{persona.fault}）应为 {wanted}，却是 {outcome}：{said}"
        )
