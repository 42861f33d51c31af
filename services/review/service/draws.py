"""Drawing experts into the sheets that an assessment lacks, now or as soon as there is somebody to draw (P2)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import Role
from contracts.events import derived_id
from contracts.http.review import TaskKind
from contracts.lifecycle import Stage, application_id
from contracts.rulepack import RulePack
from kit import due, tasks
from kit.db import lock, now
from kit.errors import DomainError, Kind
from rules.pack import LoadedPack
from services.review import repository
from services.review.domain.draw import Obstacle, case_seed, draw, obstacle
from services.review.models import Assessment, Case
from services.review.repository import panels as slots
from services.review.service.parts import DRAW, remind
from services.review.settings import ReviewSettings

_UNSEATED = {
    Obstacle.inactive: "答辩组有成员不在专家库中或已停用，请先调整答辩组。",
    Obstacle.used: "答辩组有成员已退出这位申报人的评审（申请回避或曾停用），请安排到其他答辩组。",
    Obstacle.recused: "答辩组有成员与这位申报人同单位或有推荐关系，须回避，请安排到其他答辩组。",
}
KINDS = {Stage.portfolio.value: TaskKind.portfolio_sheet, Stage.defence.value: TaskKind.defence_sheet}


class Draws:
    """Part of the use-cases of portfolio and defence."""

    def __init__(self, settings: ReviewSettings) -> None:
        self._settings = settings

    async def fill(self, session: AsyncSession, assessment_id: UUID, loaded: LoadedPack) -> bool:
        """Draws for every sheet that is missing, in a transaction that holds the case; False while it stays short.

        One draw at a time, so that loads are exact.
        """
        await lock(session, "draw")
        assessment = await repository.lock_assessment(session, assessment_id)
        sheets = await repository.sheets_of(session, assessment_id)
        live = {one.number for one in sheets if one.voided is None}
        missing = [number for number in range(1, assessment.wanted + 1) if number not in live]
        if assessment.state != "open" or not missing:
            return True
        case = await repository.get_case(session, assessment.application_id)
        candidates = await repository.candidates(session, case.round_id)
        used = {one.expert_id for one in sheets}
        used |= {
            one.account_id
            for one in candidates
            if application_id(case.round_id, one.account_id) == case.application_id
        }
        used |= await slots.busy(session, assessment_id)
        drawn = draw(
            loaded.pack,
            candidates,
            len(missing),
            seed=case_seed(case.round_seed, case.application_number, assessment.stage),
            unit_hash=case.unit_hash,
            used=used,
        )
        for number, chosen in zip(missing, drawn.chosen, strict=False):
            expert = chosen.account_id
            task_id = derived_id(f"{assessment.id}/sheet/{expert}", number)
            await self._open_task(session, case, assessment, number, expert, task_id, loaded.pack)
            await repository.add_sheet(session, task_id, assessment.id, number, expert)
        if drawn.chosen:
            assessment.draws = [*assessment.draws, drawn.record()]
        await session.flush()
        if len(drawn.chosen) == len(missing):
            return True
        await self._again(session, assessment_id)
        return False

    async def seat(
        self,
        session: AsyncSession,
        case: Case,
        assessment: Assessment,
        members: Sequence[UUID],
        version: int,
        loaded: LoadedPack,
    ) -> None:
        """Exactly these members from now on, each with a new task; what they have written so far stays.

        In a transaction that holds case, draw and assessment. DomainError panel_conflict, panel_has_scored.
        """
        sheets = await repository.sheets_of(session, assessment.id)
        if any(one.submitted_at is not None and one.voided is None for one in sheets):
            text = "这份答辩已有评委提交评分，不能再调整评委或时间。"
            raise DomainError(Kind.conflict, "panel_has_scored", text, "D1")
        gone = {one.expert_id for one in sheets if one.voided not in (None, repository.MOVED)}
        pool = {one.account_id: one for one in await repository.candidates(session, case.round_id)}
        own = next((one for one in pool if application_id(case.round_id, one) == case.application_id), None)
        for member in members:
            reason = Obstacle.inactive
            if member in pool:
                found = obstacle(loaded.pack, pool[member], case.unit_hash, gone, own)
                if found is None or found is Obstacle.full:  # a panel sits for whoever comes before it
                    continue
                reason = found
            raise DomainError(Kind.conflict, "panel_conflict", _UNSEATED[reason], "O3")
        for one in sheets:
            if one.voided is None:
                await tasks.cancel(session, one.task_id)
                await repository.void_sheet(session, one.task_id, repository.MOVED)
        by_expert = {one.expert_id: one for one in sheets}
        assessment.wanted = len(members)
        await session.flush()
        for number, member in enumerate(members, start=1):
            task_id = derived_id(f"{assessment.id}/seat/{member}/{version}", number)
            await self._open_task(session, case, assessment, number, member, task_id, loaded.pack)
            await repository.seat(session, by_expert.get(member), task_id, assessment.id, number, member)

    async def _open_task(
        self,
        session: AsyncSession,
        case: Case,
        assessment: Assessment,
        number: int,
        expert_id: UUID,
        task_id: UUID,
        pack: RulePack,
    ) -> None:
        await tasks.open(
            session,
            id=task_id,
            kind=KINDS[assessment.stage],
            role=Role.expert,
            target_id=case.application_id,
            round_id=case.round_id,
            subject_ref=assessment.id,
            due_at=assessment.due_at,
            assigned_to=expert_id,
            unit_hash=case.unit_hash or None,
            data={"sheet": number},
        )
        await remind(session, task_id, pack, assessment.due_at)

    async def at_once(self, session: AsyncSession, assessment_id: UUID) -> None:
        """A row that draws even if this process dies before it does so itself."""
        moment = await now(session)
        key = f"{assessment_id}/{moment.isoformat()}"
        await due.schedule(session, DRAW, key, moment, {"assessment_id": str(assessment_id)})

    async def _again(self, session: AsyncSession, assessment_id: UUID) -> None:
        """Nobody was there to be drawn: one further try in the next slot of time, however often this is asked."""
        pause = self._settings.draw_again
        moment = await now(session) + pause
        key = f"{assessment_id}/{int(moment.timestamp() // pause.total_seconds())}"
        await due.schedule(session, DRAW, key, moment, {"assessment_id": str(assessment_id)})
