"""What the secretariat does with a sitting: announce, open, extend; and how it sees it (X2, X3)."""

from datetime import datetime, timedelta
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.exam import Sitting, Sittings
from contracts.http.sittings import AttemptState, CandidateLine, SittingChange, SittingDetail
from kit.db import lock, now
from kit.errors import DomainError, Kind
from services.exam import domain, repository
from services.exam.models import AttemptRow, SittingChangeRow, SittingRow
from services.exam.service.excuses import excuse_view
from services.exam.service.parts import Parts, conflict, level_lock, shown


class Office(Parts):
    """Sittings of a round's levels."""

    async def list_sittings(self, round_id: UUID) -> Sittings:
        """All sittings of a round with their numbers; none is an empty list."""
        async with self._db.read() as session:
            found = await repository.sittings(session, round_id)
        return Sittings(sittings=tuple(shown(row, counts) for row, counts in found))

    async def read_detail(self, round_id: UUID, sitting_id: UUID) -> SittingDetail:
        """One sitting with its candidates, changes and excuses; no answer, no score. 404 `no_sitting`."""
        async with self._db.read() as session:
            found = await repository.sittings(session, round_id, sitting_id)
            if not found:
                raise no_sitting()
            ((row, counts),) = found
            at = await now(session)
            rules = await self._banks.get(row.pack_key)
            briefing = domain.briefing(rules, row.level, at)
            candidates = await repository.lines(session, sitting_id)
            changes = await repository.changes(session, sitting_id)
            excuses = await repository.excuses(session, sitting_id)
        return SittingDetail(
            sitting=shown(row, counts),
            now=at,
            seconds=briefing.seconds,
            excused_absence=briefing.excused_absence,
            candidates=tuple(_line(attempt, n, last) for attempt, n, last in candidates),
            changes=tuple(
                SittingChange(
                    what=one.what, at=one.at, by=one.by, old=one.old, new=one.new, reason=one.reason
                )
                for one in changes
            ),
            excuses=tuple(excuse_view(excuse, attempt) for excuse, attempt in excuses),
        )

    async def announce_sitting(self, round_id: UUID, level: str, starts_at: datetime, by: UUID) -> Sitting:
        """Says when the planned sitting is to begin (X3); nothing opens by it.

        Errors: 409 `nobody_enrolled`, `start_past`.
        """
        async with self._db.unit_of_work() as session:
            await lock(session, level_lock(round_id, level))
            at = await now(session)
            planned = await repository.sitting_in(session, round_id, level, "planned")
            if planned is None:
                raise _nobody("不能预告时间")
            if starts_at <= at:
                raise conflict("start_past", "预告的开考时间已经过去，请填写将来的时间。", "X3")
            if planned.starts_at != starts_at:
                _note(session, planned, "announced", at, by, old=planned.starts_at, new=starts_at)
                planned.starts_at = starts_at
                await session.flush()
            return await self._read_sitting(session, planned)

    async def open_sitting(self, round_id: UUID, level: str, by: UUID) -> Sitting:
        """Opens the gathered sitting now, for the pack's duration (X2); while one is open, that one is answered.

        Whose excuse was granted before goes to the next sitting. Errors: 409 `nobody_enrolled`, `sitting_closing`,
        `correction_pending`.
        """
        async with self._db.read() as session:
            waiting = await repository.sitting_in(session, round_id, level, "planned")
        rules = await self._banks.get(waiting.pack_key) if waiting else None
        async with self._db.unit_of_work() as session:
            await lock(session, level_lock(round_id, level))
            at = await now(session)
            running = await repository.sitting_in(session, round_id, level, "open")
            if running is not None:
                if running.closes_at is not None and running.closes_at <= at:
                    raise conflict("sitting_closing", "上一场笔试正在自动收卷，请稍等几秒后再开考。")
                return await self._read_sitting(session, running)
            planned = await repository.sitting_in(session, round_id, level, "planned")
            if any(one.state == "drafted" for one in await repository.corrections(session, round_id, level)):
                message = "有一份试题答案更正等待两人确认，先办完它再开考，否则有人会按旧答案判分。"
                raise conflict("correction_pending", message, "X4")
            if planned is None or rules is None or not await repository.candidates(session, planned.id):
                raise _nobody("不能开考")
            opened = await repository.open_sitting(session, planned.id, at, domain.closing(rules, level, at))
            _note(session, opened, "opened", at, by, new=opened.closes_at)
            if await repository.has_granted(session, opened.id):
                later = await repository.planned_sitting(session, round_id, level, opened.pack_key)
                await repository.move_granted(session, opened.id, later.id)
            await self._schedule_close(session, opened)
            await session.flush()
            return await self._read_sitting(session, opened)

    async def extend_sitting(
        self, round_id: UUID, level: str, minutes: int, known: datetime | None, by: UUID, reason: str
    ) -> Sitting:
        """Moves the end of the open sitting; only while it is open by PostgreSQL's clock.

        Errors: 409 `sitting_not_open`, `sitting_changed` (its end is no longer `known`).
        """
        async with self._db.unit_of_work() as session:
            longer = timedelta(minutes=minutes)
            extended = await repository.extend_sitting(session, round_id, level, longer, known)
            if extended is None or extended.closes_at is None:
                running = await repository.sitting_in(session, round_id, level, "open")
                if running and running.closes_at and known and running.closes_at != known:
                    raise conflict(
                        "sitting_changed", "本场笔试的结束时间已经改过，请刷新后再决定是否延长。", "X2"
                    )
                raise conflict("sitting_not_open", "该级别没有正在进行的笔试，不能延长。", "X2")
            before, at = extended.closes_at - longer, await now(session)
            _note(session, extended, "extended", at, by, old=before, new=extended.closes_at, reason=reason)
            await self._schedule_close(session, extended)
            await session.flush()
            return await self._read_sitting(session, extended)


def no_sitting() -> DomainError:
    return DomainError(Kind.not_found, "no_sitting", "没有找到这一场笔试，请回到场次列表重新选择。", "X3")


def _nobody(what: str) -> DomainError:
    message = f"该级别目前没有等待笔试的申报者，{what}。请在资格审查通过后再办理。"
    return conflict("nobody_enrolled", message, "X3")


def _note(
    session: AsyncSession,
    sitting: SittingRow,
    what: str,
    at: datetime,
    by: UUID,
    *,
    old: datetime | None = None,
    new: datetime | None = None,
    reason: str = "",
) -> None:
    session.add(
        SittingChangeRow(
            id=uuids.uuid7(), sitting_id=sitting.id, what=what, at=at, by=by, old=old, new=new, reason=reason
        )
    )


def _line(attempt: AttemptRow, answered: int, last: datetime | None) -> CandidateLine:
    return CandidateLine(
        application_id=attempt.application_id,
        application_number=attempt.application_number,
        state=AttemptState(attempt.state),
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        finished_by=attempt.finished_by,
        answered=answered,
        last_saved_at=last,
    )
