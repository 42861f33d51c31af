"""Drawing experts into the sheets that an assessment lacks, now or as soon as there is somebody to draw (P2)."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import Role
from contracts.events import derived_id
from contracts.http.review import TaskKind
from contracts.lifecycle import Stage, application_id
from contracts.rulepack import RulePack
from kit import due, tasks
from kit.db import lock, now
from rules.pack import LoadedPack
from services.review import repository
from services.review.domain.draw import case_seed, draw
from services.review.models import Assessment, Case
from services.review.service.parts import DRAW, remind
from services.review.settings import ReviewSettings

_KINDS = {Stage.portfolio.value: TaskKind.portfolio_sheet, Stage.defence.value: TaskKind.defence_sheet}


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
        drawn = draw(
            loaded.pack,
            candidates,
            len(missing),
            seed=case_seed(case.round_seed, case.application_number, assessment.stage),
            unit_hash=case.unit_hash,
            used=used,
        )
        for number, chosen in zip(missing, drawn.chosen, strict=False):
            await self._open_sheet(session, case, assessment, number, chosen.account_id, loaded.pack)
        if drawn.chosen:
            assessment.draws = [*assessment.draws, drawn.record()]
        await session.flush()
        if len(drawn.chosen) == len(missing):
            return True
        await self._again(session, assessment_id)
        return False

    async def _open_sheet(
        self,
        session: AsyncSession,
        case: Case,
        assessment: Assessment,
        number: int,
        expert_id: UUID,
        pack: RulePack,
    ) -> None:
        task_id = derived_id(f"{assessment.id}/sheet/{expert_id}", number)
        await tasks.open(
            session,
            id=task_id,
            kind=_KINDS[assessment.stage],
            role=Role.expert,
            target_id=case.application_id,
            round_id=case.round_id,
            subject_ref=assessment.id,
            due_at=assessment.due_at,
            assigned_to=expert_id,
            unit_hash=case.unit_hash or None,
            data={"sheet": number},
        )
        await repository.add_sheet(session, task_id, assessment.id, number, expert_id)
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
