"""Expert review and defence: the draw, sheets, the third sheet on divergence, quorum, absence (P2, P3, D1, D2)."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import CommandName, Role, ServiceCommand, TargetKind
from contracts.events import EventType, case_event, derived_id
from contracts.http.review import (
    DefenceAbsent,
    HandIn,
    MarkAbsent,
    Recuse,
    SaveSheet,
    SheetSaved,
    SheetSubmitted,
    TaskKind,
)
from contracts.lifecycle import Stage
from contracts.registration import Done
from contracts.results import CompleteDefence, CompletePortfolio, ExamResult
from contracts.review import CancelTasks, OpenDefence, OpenPortfolio
from contracts.rulepack import Rubric, RulePack
from kit import tasks
from kit.db import now
from kit.effects import once
from kit.errors import DomainError, Kind
from kit.outbox import add_command, add_event
from kit.tokens import Actor
from rules.pack import LoadedPack
from services.review import repository
from services.review.domain.sheets import (
    Standing,
    check_marks,
    fraction_of,
    panel_standing,
    portfolio_standing,
    sheet_total,
    text_of,
)
from services.review.models import Assessment, Case, Sheet
from services.review.repository import panels as slots
from services.review.repository.desk import write_log
from services.review.service.defences import chairs
from services.review.service.draws import Draws
from services.review.service.parts import Parts, check_conflict, own_task, review_due, standing

_OPENED = {
    Stage.portfolio.value: EventType.portfolio_opened,
    Stage.defence.value: EventType.defence_opened,
}


class Assessments:
    """Use-cases of the stages portfolio and defence. Locks are taken in the order case, draw, assessment."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._db, self._content = parts.db, parts.content
        self._draws = Draws(parts.settings)

    async def open_portfolio(self, request: OpenPortfolio) -> Done:
        """Draws the pack's number of experts and opens their sheets."""
        loaded = await self._content.pack(request.case.pack_key)
        wanted = loaded.pack.experts.sheets
        return await self._open(request, "review.open_portfolio", Stage.portfolio, loaded, wanted, wanted)

    async def open_defence(self, request: OpenDefence) -> Done:
        """Draws the panel and opens one sheet for each member."""
        loaded = await self._content.pack(request.case.pack_key)
        panel = loaded.pack.panel
        return await self._open(
            request, "review.open_defence", Stage.defence, loaded, panel.members, panel.quorum
        )

    async def _open(
        self,
        request: OpenPortfolio | OpenDefence,
        activity: str,
        stage: Stage,
        loaded: LoadedPack,
        wanted: int,
        quorum: int,
    ) -> Done:
        case = request.case
        _, unit_hash = await self._parts.unit_hash_of(case.snapshot_key)
        key = f"{request.key}/{activity}"
        assessment_id = derived_id(key, 1)

        async def make() -> Done:
            await repository.keep_case(session, case, unit_hash)
            opened = await repository.add_assessment(
                session,
                id=assessment_id,
                application_id=case.application_id,
                stage=stage.value,
                wanted=wanted,
                quorum=quorum,
                draws=[],
                due_at=await review_due(session, loaded.pack),
            )
            if not opened:
                raise DomainError(
                    Kind.conflict, "assessment_exists", "这一环节的评审已经开始，不能重复。", "P2"
                )
            await self._draws.fill(session, assessment_id, loaded)
            event = case_event(
                _OPENED[stage.value],
                case,
                effect_key=key,
                occurred_at=await now(session),
                transition=request.transition,
                sheets=wanted,
            )
            await add_event(session, event)
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def cancel_tasks(self, request: CancelTasks) -> Done:
        """The case ended, or what was waited for has come: nothing of it is to be done any more."""
        key = f"{request.key}/review.cancel_tasks"

        async def make() -> Done:
            await repository.keep_case(session, request.case, None)
            await tasks.cancel_for(session, request.case.application_id)
            await repository.cancel_assessments(session, request.case.application_id)
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def save(self, actor: Actor, task_id: UUID, given: SaveSheet) -> SheetSaved:
        """Autosave of a sheet under the lease. DomainError of lease, line and mark."""
        rubric, _ = await self._rubric(actor, task_id)
        missing = check_marks(rubric, given.scores)
        async with self._db.unit_of_work() as session:
            await tasks.holding(session, task_id, actor.subject, given.fence)
            await standing(session, actor)
            scores = {line: format(mark, "f") for line, mark in given.scores.items()}
            version = await repository.save_scores(session, task_id, scores, given.note, given.version)
        return SheetSaved(version=version, missing=missing)

    async def submit(self, actor: Actor, task_id: UUID, given: HandIn) -> SheetSubmitted:
        """Fixes the sheet; the last one completes the stage or calls for a third (P3). Repeats answer alike.

        DomainError of lease; task_conflict_of_interest; sheet_incomplete; sheet_changed.
        """
        rubric, loaded = await self._rubric(actor, task_id)
        async with self._db.unit_of_work() as session:
            _, assessment = await repository.sheet(session, task_id)
            case = await repository.lock_case(session, assessment.application_id)
            sheet, _ = await repository.sheet(session, task_id)
            if (
                sheet.submitted_at is not None
                and sheet.total is not None
                and sheet.expert_id == actor.subject
            ):
                return SheetSubmitted(task_id=task_id, total=sheet.total, submitted_at=sheet.submitted_at)
            await tasks.holding(session, task_id, actor.subject, given.fence)
            check_conflict(case, actor.subject, await standing(session, actor))
            await self._begun(session, assessment)
            # read again under the task's lock: an autosave may just have gone through
            sheet = next(
                one for one in await repository.sheets_of(session, assessment.id) if one.task_id == task_id
            )
            if given.version is not None and given.version != sheet.version:
                raise repository.sheet_changed()
            total = text_of(sheet_total(rubric, _marks(sheet.scores)))
            at = await now(session)
            await tasks.complete(session, task_id, actor.subject, given.fence)
            await repository.submit_sheet(session, task_id, total, at)
            short = await self._settle(session, case, assessment.id, loaded.pack)
        if short:
            await self.fill(assessment.id)
        return SheetSubmitted(task_id=task_id, total=total, submitted_at=at)

    async def recuse(self, actor: Actor, task_id: UUID, given: Recuse) -> None:
        """The expert declares a conflict: the sheet is set aside and another expert drawn (O3)."""
        async with self._db.read() as session:
            await own_task(session, actor, task_id)
            sheet, _ = await repository.sheet(session, task_id)
        if not await self.set_aside(sheet.task_id, f"declared: {given.reason}", declared=given.reason):
            raise DomainError(Kind.conflict, "sheet_submitted", "这份评分表已经提交，不能再申请回避。", "O3")

    async def set_aside(self, task_id: UUID, reason: str, *, declared: str = "") -> bool:
        """Voids a sheet that is not submitted, and draws a replacement; False when there is nothing to void.

        `declared`: the expert's own reason, which the office may read (O3).
        """
        async with self._db.unit_of_work() as session:
            sheet, assessment = await repository.sheet(session, task_id)
            await repository.lock_case(session, assessment.application_id)
            if not await repository.void_sheet(session, task_id, reason):
                return False
            await tasks.cancel(session, task_id)
            if declared:
                case_id, who = assessment.application_id, sheet.expert_id
                await write_log(
                    session, who, "recuse", task_id=task_id, application_id=case_id, reason=declared
                )
            await self._draws.at_once(session, assessment.id)
        await self.fill(assessment.id)
        return True

    async def absent(self, actor: Actor, application: UUID, given: MarkAbsent) -> DefenceAbsent:
        """The candidate did not come: no score, waits at totals as absent (X3, D1). Repeats answer alike.

        By the secretariat, or by a member of the panel in the chair. DomainError not_found, panel_has_scored,
        defence_over.
        """
        async with self._db.unit_of_work() as session:
            case = await repository.lock_case(session, application)
            assessment = await repository.assessment_of(session, application, Stage.defence.value)
            sheets = [one for one in await repository.sheets_of(session, assessment.id) if one.voided is None]
            (line,) = await slots.lines(session, application_id=application) or (None,)
            if actor.role != Role.secretariat and (line is None or not chairs(line, actor)):
                raise repository.not_found()
            if assessment.state == "absent":
                return DefenceAbsent(application_id=application)
            if assessment.state != "open":
                raise DomainError(Kind.conflict, "defence_over", "答辩已经结束或取消，不能再登记缺席。", "D1")
            if any(one.submitted_at is not None for one in sheets):
                text = "已有评委提交评分，说明申报人到场，不能登记缺席。"
                raise DomainError(Kind.conflict, "panel_has_scored", text, "D1")
            await self._begun(session, assessment)
            await tasks.cancel_for(session, application, TaskKind.defence_sheet)
            assessment.note = given.reason
            await self._complete(session, case, assessment, "absent", None, 0)
        return DefenceAbsent(application_id=application)

    async def _begun(self, session: AsyncSession, assessment: Assessment) -> None:
        """A defence that has a slot is marked, or missed, from its start on. DomainError defence_not_begun."""
        slot = await slots.slot(session, assessment.id)
        if slot is None or (slot.starts_at is not None and slot.starts_at <= await now(session)):
            return
        text = "答辩还没有开始，到时间后再提交评分或登记缺席；已填的内容先保存为草稿。"
        if slot.starts_at is None:
            text = "答辩已改期，新的时间还没有安排，不能提交评分或登记缺席。"
        raise DomainError(Kind.conflict, "defence_not_begun", text, "D1")

    async def fill(self, assessment_id: UUID) -> bool:
        """Draws for whatever sheet of an open assessment is missing; False while it stays short."""
        async with self._db.read() as session:
            assessment = await session.get_one(Assessment, assessment_id)
            case = await repository.get_case(session, assessment.application_id)
        loaded = await self._content.pack(case.pack_key)
        async with self._db.unit_of_work() as session:
            locked = await repository.lock_case(session, case.application_id)
            filled = await self._draws.fill(session, assessment_id, loaded)
            if not filled:  # a panel that nobody can join any more goes on with its quorum
                await self._settle(session, locked, assessment_id, loaded.pack, exhausted=True)
            return filled

    async def fill_short(self) -> None:
        """After a change of the registry: every assessment that is short is tried again."""
        async with self._db.read() as session:
            short = await repository.short_assessments(session)
        for assessment_id in short:
            await self.fill(assessment_id)

    async def _settle(
        self,
        session: AsyncSession,
        case: Case,
        assessment_id: UUID,
        pack: RulePack,
        *,
        exhausted: bool = False,
    ) -> bool:
        """Counts the sheets under the assessment's lock; True when one more has to be drawn."""
        assessment = await repository.lock_assessment(session, assessment_id)
        if assessment.state != "open":
            return False
        live = [one for one in await repository.sheets_of(session, assessment_id) if one.voided is None]
        totals = [fraction_of(one.total) for one in live if one.total is not None]
        found = _standing(assessment, live, totals, pack, exhausted=exhausted)
        if found.another:
            assessment.wanted += 1
            assessment.third = True
            await session.flush()
            await self._draws.at_once(session, assessment_id)
            return True
        if found.score is not None:
            await self._complete(session, case, assessment, "complete", found.score, len(totals))
        return False

    async def _complete(
        self,
        session: AsyncSession,
        case: Case,
        assessment: Assessment,
        state: str,
        score: Fraction | None,
        sheets: int,
    ) -> None:
        """The result as a machine command; its event tells no score before release."""
        at = await now(session)
        assessment.state, assessment.completed_at = state, at
        assessment.score = None if score is None else text_of(score)
        await session.flush()
        key = f"{assessment.id}/complete"
        body: CompletePortfolio | CompleteDefence
        if assessment.stage == Stage.portfolio.value:
            assert assessment.score is not None
            name, type_ = CommandName.complete_portfolio, EventType.portfolio_completed
            body = CompletePortfolio(score=assessment.score, sheets=sheets)
        else:
            name, type_ = CommandName.complete_defence, EventType.defence_completed
            result = ExamResult.graded if score is not None else ExamResult.absent
            body = CompleteDefence(result=result, score=assessment.score)
        command = ServiceCommand(
            id=derived_id(key, 0),
            target_kind=TargetKind.application,
            target_id=case.application_id,
            round_id=case.round_id,
            name=name,
            body=body.model_dump(mode="json"),
            effective_at=at,
        )
        event = case_event(
            type_,
            repository.case_ref(case),
            effect_key=key,
            occurred_at=at,
            n=1,
            sheets=sheets,
            third=assessment.third,
            absent=state == "absent",
        )
        await add_event(session, event)
        await add_command(session, command)

    async def _rubric(self, actor: Actor, task_id: UUID) -> tuple[Rubric, LoadedPack]:
        async with self._db.read() as session:
            await own_task(session, actor, task_id)
            _, assessment = await repository.sheet(session, task_id)
            case = await repository.get_case(session, assessment.application_id)
        loaded = await self._content.pack(case.pack_key)
        return loaded.pack.rubric(case.level, assessment.stage), loaded


def _standing(
    assessment: Assessment, live: list[Sheet], totals: list[Fraction], pack: RulePack, *, exhausted: bool
) -> Standing:
    if assessment.stage == Stage.portfolio.value:
        return portfolio_standing(totals, assessment.wanted, pack.experts)
    gone = 0 if exhausted else assessment.wanted - len(live)
    return panel_standing(totals, len(live) - len(totals) + gone, pack.panel)


def _marks(scores: Mapping[str, Any]) -> dict[str, Decimal]:
    return {line: Decimal(mark) for line, mark in scores.items()}
