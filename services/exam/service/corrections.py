"""Corrected keys (X4): drafted with every grade that changes, in force after two people, both grades kept."""

from collections.abc import Sequence
from uuid import UUID

import uuid_utils.compat as uuids
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.case import canonical
from contracts.commands import CommandName, PrepareRequest, PrepareResult
from contracts.http.sittings import CorrectionState, DraftCorrection, KeyCorrection, KeyCorrections
from contracts.keys import KeyCorrected, NewGrade, Regraded
from contracts.refusals import refused
from kit.db import lock, now
from kit.effects import once
from kit.errors import DomainError, Kind
from services.exam import domain, repository
from services.exam.models import AttemptRow, KeyCorrectionRow, RegradeRow
from services.exam.service.parts import Parts, conflict, level_lock

_JSON = "application/json"
Change = tuple[AttemptRow, str]
"""An attempt and its new score."""


class Corrections(Parts):
    """Nobody is graded anew before two people have confirmed exactly these grades."""

    async def list_corrections(self, round_id: UUID, level: str) -> KeyCorrections:
        """Of one level, the newest first."""
        async with self._db.read() as session:
            found = await repository.corrections(session, round_id, level)
        return KeyCorrections(corrections=tuple(_view(one) for one in found))

    async def draft_correction(
        self, round_id: UUID, level: str, wanted: DraftCorrection, by: UUID
    ) -> KeyCorrection:
        """Computes who would be graded how, and keeps that file; nothing has changed yet.

        Errors: 404 `no_item`; 422 `wrong_key`; 409 `still_sitting`, `already_drafted`, `nothing_changes`.
        """
        identity = uuids.uuid7()
        async with self._db.read(snapshot=True) as session:
            attempts = await repository.graded(session, round_id, level)
            if not attempts:
                raise _no_item()
            rules = await self._rules(session, attempts[0])
            old = _item_key(rules, wanted.item_id)
            new = _with_key(rules, wanted)
            changes = await self._changes(session, attempts, new, wanted.item_id)
        papers = sum(domain.holds(one.paper, wanted.item_id) for one in attempts)
        if not changes:
            raise conflict("nothing_changes", "按新的答案没有人的成绩改变，不用更正。", "X4")
        regraded = Regraded(
            correction_id=identity,
            round_id=round_id,
            level=level,
            item_id=wanted.item_id,
            key=tuple(sorted(wanted.key)),
            grades=tuple(
                NewGrade(application_id=one.application_id, old=one.score or "0/1", new=score)
                for one, score in changes
            ),
        )
        row = KeyCorrectionRow(
            id=identity,
            round_id=round_id,
            level=level,
            item_id=wanted.item_id,
            old_key=list(old),
            new_key=list(regraded.key),
            reason=wanted.reason,
            state=CorrectionState.drafted.value,
            papers=papers,
            changed=len(changes),
            grades_key=await self._keep(canonical(regraded), _JSON),
            drafted_by=by,
        )
        async with self._db.unit_of_work() as session:
            await lock(session, level_lock(round_id, level))
            await self._may_draft(session, round_id, level, len(attempts))
            row.drafted_at = await now(session)
            session.add(row)
            await session.flush()
            return _view(row)

    async def _may_draft(self, session: AsyncSession, round_id: UUID, level: str, graded: int) -> None:
        """While a correction is drafted no sitting of the level opens, so nobody is graded by the old key meanwhile."""
        if await repository.somebody_waits(session, round_id, level):
            message = "这个级别还有人没有考完，全部考完以后再更正，才能对所有人一视同仁。"
            raise conflict("still_sitting", message, "X4")
        drafted = await repository.corrections(session, round_id, level)
        if any(one.state == CorrectionState.drafted for one in drafted):
            message = "这个级别已有一份更正等待两人确认，先办完它，或者删除后重新登记。"
            raise conflict("already_drafted", message, "X4")
        if len(await repository.graded(session, round_id, level)) != graded:
            raise conflict("still_sitting", "刚刚又有人考完，请重新登记。", "X4")

    async def discard_correction(self, round_id: UUID, correction_id: UUID) -> KeyCorrection:
        """A draft that was a mistake. Errors: 404 `no_correction`; 409 `correction_applied`."""
        async with self._db.unit_of_work() as session:
            row = await repository.correction(session, round_id, correction_id)
            if row is None:
                raise DomainError(Kind.not_found, "no_correction", "没有找到这份答案更正。", "X4")
            if row.state == CorrectionState.applied:
                raise conflict("correction_applied", "这份更正已经生效，不能删除；可以再登记一份更正。", "X4")
            row.state = CorrectionState.discarded.value
            await session.flush()
            return _view(row)

    async def prepare(self, request: PrepareRequest) -> PrepareResult:
        """`key_corrected`: scoring has the new grades, so the key is in force whatever became of the draft."""
        if request.name is not CommandName.key_corrected:
            raise DomainError(Kind.invalid, "not_prepared_here", "此项命令不由笔试服务准备。")
        body = KeyCorrected.model_validate(request.body)

        async def make(session: AsyncSession) -> PrepareResult:
            row = await repository.correction(session, request.round_id, body.correction_id)
            if row is None:
                return PrepareResult(refused=refused("unknown_correction"))
            await self._apply(session, row)
            return PrepareResult(data={})

        key = f"{request.command_id}/key_corrected"
        return await self._db.run(lambda session: once(session, key, lambda: make(session), PrepareResult))

    async def _apply(self, session: AsyncSession, row: KeyCorrectionRow) -> None:
        if row.state == CorrectionState.applied:
            return
        await lock(session, level_lock(row.round_id, row.level))
        attempts = await repository.graded(session, row.round_id, row.level)
        rules = domain.corrected(await self._rules(session, attempts[0]), {row.item_id: row.new_key})
        for attempt, score in await self._changes(session, attempts, rules, row.item_id):
            session.add(
                RegradeRow(
                    correction_id=row.id,
                    attempt_id=attempt.id,
                    old_score=attempt.score or "0/1",
                    new_score=score,
                )
            )
            attempt.score = score
        row.state, row.applied_at = CorrectionState.applied.value, await now(session)
        await session.flush()

    async def _changes(
        self, session: AsyncSession, attempts: Sequence[AttemptRow], rules: domain.ExamRules, item_id: str
    ) -> list[Change]:
        concerned = [one for one in attempts if domain.holds(one.paper, item_id)]
        answers = await repository.answers(session, [one.id for one in concerned])
        graded = [
            (
                one,
                domain.grade(rules, one.paper, {row.item_id: tuple(row.choice) for row in answers[one.id]}),
            )
            for one in concerned
        ]
        return [(one, score) for one, score in graded if score != one.score]


def _item_key(rules: domain.ExamRules, item_id: str) -> tuple[str, ...]:
    if item_id not in rules.items:
        raise _no_item()
    return tuple(sorted(rules.items[item_id].key))


def _with_key(rules: domain.ExamRules, wanted: DraftCorrection) -> domain.ExamRules:
    try:
        return domain.corrected(rules, {wanted.item_id: tuple(sorted(wanted.key))})
    except ValidationError:
        message = "单选题、判断题须有且只有一个答案，多选题至少两个，都要在选项之中。"
        raise DomainError(Kind.invalid, "wrong_key", message, "X4") from None


def _no_item() -> DomainError:
    return DomainError(Kind.not_found, "no_item", "没有找到这道题，或者还没有判分的试卷。", "X4")


def _view(row: KeyCorrectionRow) -> KeyCorrection:
    return KeyCorrection(
        id=row.id,
        level=row.level,
        item_id=row.item_id,
        old_key=tuple(row.old_key),
        new_key=tuple(row.new_key),
        reason=row.reason,
        state=CorrectionState(row.state),
        papers=row.papers,
        changed=row.changed,
        grades_key=row.grades_key,
        drafted_by=row.drafted_by,
        drafted_at=row.drafted_at,
        applied_at=row.applied_at,
    )
