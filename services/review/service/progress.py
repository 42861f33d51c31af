"""For the office: how portfolio and defence stand, who has how much, which cases wait for somebody and why (P2, D1)."""

from collections import Counter
from uuid import UUID

from contracts.http.sheets import Assessments as Figures
from contracts.http.sheets import ExpertLoad, Recusal, ShortCase, StageProgress
from contracts.lifecycle import application_id
from services.review import repository
from services.review.domain.draw import Candidate, Obstacle, obstacle
from services.review.models import Assessment, Case
from services.review.repository import sheets as rows
from services.review.service.parts import Parts


class Progress:
    """Figures of sheets."""

    def __init__(self, parts: Parts) -> None:
        self._db, self._content = parts.db, parts.content

    async def figures(self, round_id: UUID | None) -> Figures:
        """All of it; of one round or of all."""
        async with self._db.read() as session:
            cases = await rows.stages(session, round_id)
            sheets = {one.stage: one for one in await rows.sheet_counts(session, round_id)}
            loads = await rows.loads(session, round_id)
            back = await rows.recusals(session, round_id)
            missing = await rows.short(session, round_id)
            pools = {
                one: await repository.candidates(session, one)
                for one in {case.round_id for _, case, _ in missing}
            }
            seats = {one.id: await repository.sheets_of(session, one.id) for one, _, _ in missing}
        short = []
        for assessment, case, wanted in missing:
            used = {one.expert_id for one in seats[assessment.id]}
            short.append(await self._short(assessment, case, wanted, pools[case.round_id], used))
        return Figures(
            stages=tuple(
                StageProgress(
                    stage=one.stage,
                    cases=one.cases,
                    complete=one.complete,
                    absent=one.absent,
                    open=one.open,
                    short=one.short,
                    third=one.third,
                    given=sheets[one.stage].given if one.stage in sheets else 0,
                    done=sheets[one.stage].done if one.stage in sheets else 0,
                    overdue=sheets[one.stage].overdue if one.stage in sheets else 0,
                )
                for one in sorted(cases, key=lambda one: one.stage, reverse=True)  # portfolio before defence
            ),
            short=tuple(short),
            loads=tuple(
                ExpertLoad(
                    account_id=one.account_id,
                    unit=one.unit,
                    active=one.active,
                    given=one.given,
                    done=one.done,
                    begun=one.begun,
                    overdue=one.overdue,
                    due_at=one.due_at,
                )
                for one in loads
            ),
            recusals=tuple(
                Recusal(
                    at=one.at,
                    account_id=one.actor,
                    application_number=one.application_number,
                    reason=one.reason,
                )
                for one in back
            ),
        )

    async def _short(
        self, assessment: Assessment, case: Case, missing: int, pool: list[Candidate], used: set[UUID]
    ) -> ShortCase:
        pack = (await self._content.pack(case.pack_key)).pack
        own = next(
            (
                one.account_id
                for one in pool
                if application_id(case.round_id, one.account_id) == case.application_id
            ),
            None,
        )
        why = Counter(obstacle(pack, one, case.unit_hash, used, own) for one in pool)
        return ShortCase(
            application_id=case.application_id,
            application_number=case.application_number,
            level=case.level,
            stage=assessment.stage,
            missing=missing,
            experts=len(pool),
            inactive=why[Obstacle.inactive],
            used=why[Obstacle.used],
            full=why[Obstacle.full],
            recused=why[Obstacle.recused],
        )
