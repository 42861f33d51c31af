"""Enrolment and the end of a sitting: what the workflow and the clock ask for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts import exam as contract
from contracts.events import EventType, case_event, derived_id
from contracts.lifecycle import CaseRef
from contracts.registration import Done
from kit import due, outbox
from kit.db import lock, now
from kit.effects import once
from services.exam import domain, repository
from services.exam.models import AnswerRow, AttemptRow
from services.exam.service.candidates import Candidates
from services.exam.service.corrections import Corrections
from services.exam.service.excuses import Excuses
from services.exam.service.office import Office
from services.exam.service.parts import CLOSE, level_lock
from services.exam.service.statistics import Statistics

__all__ = ["CLOSE", "ExamService"]
_BATCH = 200


class ExamService(Candidates, Office, Excuses, Statistics, Corrections):
    """All use-cases of the exam."""

    # For the workflow ---------------------------------------------------------------------------------------

    async def enrol(self, request: contract.Enrol) -> Done:
        """Draws the paper (X1) and puts the candidate into the sitting that gathers candidates of the level now.

        One who comes when a sitting is open or closed waits for the next of the level: nobody sits with less time.
        """
        case, key = request.case, f"{request.key}/enrol"
        rules = await self._banks.get(case.pack_key)
        seed = domain.seed_of(case.round_seed, case.application_number)
        paper = domain.draw(rules, case.level, seed)

        async def make(session: AsyncSession) -> Done:
            await lock(session, level_lock(case.round_id, case.level))
            at = await now(session)
            sitting = await repository.planned_sitting(session, case.round_id, case.level, case.pack_key)
            await repository.enrol(session, _new_attempt(case, derived_id(key), sitting.id, seed, paper, at))
            event = case_event(
                EventType.exam_enrolled,
                case,
                effect_key=key,
                occurred_at=at,
                transition=request.transition,
                sitting_id=str(sitting.id),
                sitting=sitting.number,
            )
            await outbox.add_event(session, event)
            return Done()

        return await self._db.run(lambda session: once(session, key, lambda: make(session), Done))

    async def cancel_attempt(self, request: contract.CancelAttempt) -> Done:
        """The application ended: what is under way is cancelled, what is graded stays."""

        async def make(session: AsyncSession) -> Done:
            cancelled = await repository.cancel(session, request.case.application_id)
            if cancelled is not None:
                await repository.void_excuse(session, cancelled, await now(session))
            return Done()

        key = f"{request.key}/cancel_attempt"
        return await self._db.run(lambda session: once(session, key, lambda: make(session), Done))

    # By the clock -------------------------------------------------------------------------------------------

    async def close_sitting(self, session: AsyncSession, row: due.DueRow) -> None:
        """Due row: grades every attempt that was started, marks the others absent (X2, X3). Once per candidate.

        Whose excuse was filed in time and waits for its second person is left as it is.
        """
        sitting = await repository.sitting_for_closing(session, UUID(row.payload["sitting_id"]))
        at = await now(session)
        if sitting is None or sitting.state != "open" or sitting.closes_at is None:
            return
        if at < sitting.closes_at + self._grace:
            return  # it was extended, and the later end has a row of its own
        keys = await repository.keys_in_force(session, sitting.round_id, sitting.level)
        rules = domain.corrected(await self._banks.get(sitting.pack_key), keys)
        while attempts := await repository.under_way(session, sitting.id, _BATCH):
            answers = await repository.answers(session, [attempt.id for attempt in attempts])
            graded = [(attempt, _graded(rules, attempt, answers[attempt.id])) for attempt in attempts]
            await self._settle(session, graded, sitting.closes_at, "clock")
        await repository.close_sitting(session, sitting.id)


def _new_attempt(
    case: CaseRef, identity: UUID, sitting: UUID, seed: int, paper: Mapping[str, Any], at: datetime
) -> dict[str, Any]:
    return {
        "id": identity,
        "sitting_id": sitting,
        "round_id": case.round_id,
        "application_id": case.application_id,
        "application_number": case.application_number,
        "level": case.level,
        "route": case.route.value,
        "pack_key": case.pack_key,
        "seed": str(seed),
        "paper": dict(paper),
        "state": "enrolled",
        "enrolled_at": at,
    }


def _graded(rules: domain.ExamRules, attempt: AttemptRow, answers: Sequence[AnswerRow]) -> str | None:
    if attempt.state != "started":
        return None
    return domain.grade(rules, attempt.paper, {row.item_id: tuple(row.choice) for row in answers})
