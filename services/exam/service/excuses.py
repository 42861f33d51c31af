"""Excuses (X3): filed with a proof before the sitting has ended, decided by another person, then a make-up sitting."""

from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.sittings import Excuse, ExcuseState, FileExcuse
from kit.db import lock, now
from kit.errors import DomainError, Kind
from services.exam import repository
from services.exam.models import AttemptRow, ExcuseRow, SittingRow
from services.exam.service.parts import Parts, conflict, level_lock


class Excuses(Parts):
    """Two persons (O2): one files, another of the approver pool decides."""

    async def file_excuse(self, round_id: UUID, sitting_id: UUID, wanted: FileExcuse, by: UUID) -> Excuse:
        """Keeps the reason and its proof; while it waits, the closing does not make the candidate absent.

        Errors: 404 `no_candidate`; 409 `excuse_too_late`, `already_started`, `already_filed`, `no_make_up`.
        """
        async with self._db.unit_of_work() as session:
            arrived = await now(session)
            found = await repository.attempt(session, wanted.application_id, lock="update")
            if found is None or (found[1].round_id, found[1].id) != (round_id, sitting_id):
                raise _no_candidate()
            attempt, sitting = found
            self._may_file(attempt, sitting)
            if sitting.closes_at is not None and arrived >= sitting.closes_at:
                raise conflict(
                    "excuse_too_late", "这一场已经结束，不能再请假；没有开始答题的按缺考处理。", "X3"
                )
            rules = await self._banks.get(attempt.pack_key)
            if rules.pack.exam.excused_absence != "make_up":
                message = "本年度的规则是有正当理由的缺考转入下一次认证，不安排补考；请在缴费管理中办理转入。"
                raise conflict("no_make_up", message, "X3")
            row = ExcuseRow(
                id=uuids.uuid7(),
                attempt_id=attempt.id,
                sitting_id=sitting.id,
                state=ExcuseState.open.value,
                reason=wanted.reason,
                document_key=wanted.document_key,
                proposed_by=by,
                proposed_at=arrived,
                decision="",
            )
            session.add(row)
            attempt.excuse = "open"
            await session.flush()
            return excuse_view(row, attempt)

    @staticmethod
    def _may_file(attempt: AttemptRow, sitting: SittingRow) -> None:
        if attempt.state != "enrolled":
            message = "这位申报者已经开始答题或者已有结果，不能再请假。"
            raise conflict("already_started", message, "X3")
        if attempt.excuse is not None:
            message = "这位申报者已有一份请假，不用重复登记；要改内容的，请审批人先驳回。"
            raise conflict("already_filed", message, "O2")

    async def decide_excuse(
        self, round_id: UUID, excuse_id: UUID, *, granted: bool, by: UUID, decision: str
    ) -> Excuse:
        """Granted: the next sitting of the level. Refused after the end: absent. The same again: the same.

        Errors: 404 `no_excuse`; 403 `own_proposal`; 409 `already_decided`.
        """
        async with self._db.read() as session:
            before = await repository.excuse(session, round_id, excuse_id)
        if before is None:
            raise _no_excuse()
        async with self._db.unit_of_work() as session:
            await lock(session, level_lock(round_id, before[1].level))
            at = await now(session)
            # the attempt before the excuse: starting and closing lock in this order, too
            found = await repository.attempt(session, before[1].application_id, lock="update")
            row = await repository.excuse_for_deciding(session, excuse_id)
            if found is None or row is None:
                raise _no_excuse()
            attempt, sitting = found
            if row.proposed_by == by:
                text = "登记请假的人不能自己审批，需由另一位审批人办理。"
                raise DomainError(Kind.forbidden, "own_proposal", text, "O2")
            wanted = ExcuseState.granted if granted else ExcuseState.refused
            if row.state != ExcuseState.open:
                if (row.state, row.decided_by) == (wanted, by):
                    return excuse_view(row, attempt)
                raise conflict("already_decided", "这份请假已经有结果，不能重复办理。", "O2")
            row.state, row.decided_by, row.decided_at, row.decision = wanted.value, by, at, decision
            if granted:
                await self._postpone(session, attempt, sitting)
            else:
                attempt.excuse = None
                if sitting.state == "closed":
                    await self._settle(session, [(attempt, None)], at, "clock")
            await session.flush()
            return excuse_view(row, attempt)

    async def _postpone(self, session: AsyncSession, attempt: AttemptRow, sitting: SittingRow) -> None:
        """To the sitting that gathers candidates now; while that is the very one, the opening moves them on."""
        if sitting.state == "planned":
            attempt.excuse = "granted"
            return
        attempt.excuse = None
        later = await repository.planned_sitting(session, attempt.round_id, attempt.level, attempt.pack_key)
        attempt.sitting_id = later.id


def excuse_view(row: ExcuseRow, attempt: AttemptRow) -> Excuse:
    return Excuse(
        id=row.id,
        sitting_id=row.sitting_id,
        application_id=attempt.application_id,
        application_number=attempt.application_number,
        state=ExcuseState(row.state),
        reason=row.reason,
        document_key=row.document_key,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decision=row.decision,
    )


def _no_candidate() -> DomainError:
    return DomainError(Kind.not_found, "no_candidate", "这一场里没有这位申报者，请刷新名单后再办理。", "X3")


def _no_excuse() -> DomainError:
    return DomainError(Kind.not_found, "no_excuse", "没有找到这份请假，请刷新后再办理。", "X3")
