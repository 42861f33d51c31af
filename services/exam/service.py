"""Use-cases of the exam, one verb each: enrol, open, extend, start, answer, finish, close by itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts import exam as contract
from contracts.commands import CommandName, CompleteExam, ExamResult, ServiceCommand, TargetKind
from contracts.events import Event, EventType, case_event, derived_id
from contracts.http.exam import (
    AnswerSaved,
    Exam,
    ExamStatus,
    SaveAnswer,
    SavedAnswer,
    Sitting,
    Sittings,
    SittingState,
)
from contracts.lifecycle import CaseRef, Route, application_id
from contracts.registration import Done
from kit import due, outbox
from kit.db import Database, lock, now
from kit.effects import once
from kit.errors import DomainError, Kind
from services.exam import domain, repository
from services.exam.adapters import Banks
from services.exam.models import AnswerRow, AttemptRow, SittingRow
from services.exam.settings import ExamSettings

CLOSE = "exam.close_sitting"
"""Kind of the due row that closes a sitting; its payload is {"sitting_id": …}."""
_BATCH = 200


class ExamService:
    """Every method is one transaction. A refusal to a person is a DomainError with what to do in Chinese."""

    def __init__(self, db: Database, banks: Banks, settings: ExamSettings) -> None:
        self._db, self._banks = db, banks
        self._grace = timedelta(seconds=settings.close_grace)

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
            await lock(session, _level_lock(case.round_id, case.level))
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
            await repository.cancel(session, request.case.application_id)
            return Done()

        key = f"{request.key}/cancel_attempt"
        return await self._db.run(lambda session: once(session, key, lambda: make(session), Done))

    # For the secretariat ------------------------------------------------------------------------------------

    async def list_sittings(self, round_id: UUID) -> Sittings:
        """All sittings of a round with their numbers; none is an empty list."""
        async with self._db.read() as session:
            found = await repository.sittings(session, round_id)
        return Sittings(sittings=tuple(_sitting(row, counts) for row, counts in found))

    async def open_sitting(self, round_id: UUID, level: str) -> Sitting:
        """Opens the gathered sitting now, for the pack's duration (X2); while one is open, that one is answered.

        Errors: 409 `nobody_enrolled`, `sitting_closing`.
        """
        async with self._db.read() as session:
            waiting = await repository.sitting_in(session, round_id, level, "planned")
        rules = await self._banks.get(waiting.pack_key) if waiting else None
        async with self._db.unit_of_work() as session:
            await lock(session, _level_lock(round_id, level))
            at = await now(session)
            running = await repository.sitting_in(session, round_id, level, "open")
            if running is not None:
                if running.closes_at is not None and running.closes_at <= at:
                    raise _conflict("sitting_closing", "上一场笔试正在自动收卷，请稍等几秒后再开考。")
                return await self._read_sitting(session, running)
            planned = await repository.sitting_in(session, round_id, level, "planned")
            if planned is None or rules is None or not await repository.candidates(session, planned.id):
                raise _conflict(
                    "nobody_enrolled",
                    "该级别目前没有等待笔试的申报者，不能开考。请在资格审查通过后再开考。",
                    "X3",
                )
            opened = await repository.open_sitting(session, planned.id, at, domain.closing(rules, level, at))
            await self._schedule_close(session, opened)
            return await self._read_sitting(session, opened)

    async def extend_sitting(
        self, round_id: UUID, level: str, minutes: int, known: datetime | None
    ) -> Sitting:
        """Moves the end of the open sitting; only while it is open by PostgreSQL's clock.

        Errors: 409 `sitting_not_open`, `sitting_changed` (its end is no longer `known`).
        """
        async with self._db.unit_of_work() as session:
            by = timedelta(minutes=minutes)
            extended = await repository.extend_sitting(session, round_id, level, by, known)
            if extended is None:
                running = await repository.sitting_in(session, round_id, level, "open")
                if running and running.closes_at and known and running.closes_at != known:
                    raise _conflict(
                        "sitting_changed", "本场笔试的结束时间已经改过，请刷新后再决定是否延长。", "X2"
                    )
                raise _conflict("sitting_not_open", "该级别没有正在进行的笔试，不能延长。", "X2")
            await self._schedule_close(session, extended)
            return await self._read_sitting(session, extended)

    # For the candidate --------------------------------------------------------------------------------------

    async def read_exam(self, application: UUID, person: UUID) -> Exam:
        """What a device needs to begin or to go on; 404 `no_exam`."""
        async with self._db.read() as session:
            attempt, sitting = _own(await repository.attempt(session, application), person)
            return await self._exam(session, attempt, sitting, await now(session))

    async def start(self, application: UUID, person: UUID) -> Exam:
        """Breaks the seal of the own paper; again: the same paper and the time that is left (X2).

        Errors: 404 `no_exam`; 409 `sitting_not_open`, `sitting_closed`.
        """
        async with self._db.unit_of_work() as session:
            arrived = await now(session)
            attempt, sitting = _own(await repository.attempt(session, application, lock="update"), person)
            status = domain.status(attempt, sitting, arrived)
            if status is ExamStatus.waiting:
                raise _conflict("sitting_not_open", "本场笔试尚未开始，请按通知的时间进入。", "X3")
            if status in (ExamStatus.closing, ExamStatus.absent):
                raise _closed()
            if status is ExamStatus.ready:
                attempt.state, attempt.started_at = "started", arrived
            return await self._exam(session, attempt, sitting, arrived)

    async def save_answer(
        self, application: UUID, person: UUID, item_id: str, answer: SaveAnswer
    ) -> AnswerSaved:
        """Stores an answer that arrived in time; the highest revision stays, whatever the order of arrival.

        Errors: 404 `no_exam`, `no_item`; 422 `wrong_choice`; 409 `not_started`, `sitting_closed`, `already_finished`.
        """
        async with self._db.unit_of_work() as session:
            arrived = await now(session)  # before any lock: waiting for one costs the candidate nothing
            attempt, sitting = _own(await repository.attempt(session, application, lock="share"), person)
            closes_at = _may_answer(attempt, sitting, arrived)
            choice = domain.check_choice(attempt.paper, item_id, answer.choice)
            stored = await repository.save_answer(session, attempt.id, item_id, answer.rev, choice, arrived)
            kept = tuple(stored.choice)
            return AnswerSaved(
                item_id=item_id,
                rev=stored.rev,
                choice=kept,
                saved_at=stored.saved_at,
                closes_at=closes_at,
                superseded=(stored.rev, kept) != (answer.rev, choice),
            )

    async def finish(self, application: UUID, person: UUID) -> Exam:
        """Hands the paper in and grades it at once; again: the same. After the end the closing does it.

        Errors: 404 `no_exam`; 409 `not_started`.
        """
        async with self._db.read() as session:
            before, _ = _own(await repository.attempt(session, application), person)
        rules = await self._banks.get(before.pack_key)
        async with self._db.unit_of_work() as session:
            arrived = await now(session)
            attempt, sitting = _own(await repository.attempt(session, application, lock="update"), person)
            status = domain.status(attempt, sitting, arrived)
            if status in (ExamStatus.waiting, ExamStatus.ready, ExamStatus.cancelled):
                raise _not_started()
            if status is ExamStatus.started:
                answers = (await repository.answers(session, [attempt.id]))[attempt.id]
                score = domain.grade(
                    rules, attempt.paper, {row.item_id: tuple(row.choice) for row in answers}
                )
                await self._settle(session, [(attempt, score)], arrived, "candidate")
            return await self._exam(session, attempt, sitting, arrived)

    # By the clock -------------------------------------------------------------------------------------------

    async def close_sitting(self, session: AsyncSession, row: due.DueRow) -> None:
        """Due row: grades every attempt that was started, marks the others absent (X2, X3). Once per candidate."""
        sitting = await repository.sitting_for_closing(session, UUID(row.payload["sitting_id"]))
        at = await now(session)
        if sitting is None or sitting.state != "open" or sitting.closes_at is None:
            return
        if at < sitting.closes_at + self._grace:
            return  # it was extended, and the later end has a row of its own
        rules = await self._banks.get(sitting.pack_key)
        while attempts := await repository.under_way(session, sitting.id, _BATCH):
            answers = await repository.answers(session, [attempt.id for attempt in attempts])
            graded = [(attempt, _graded(rules, attempt, answers[attempt.id])) for attempt in attempts]
            await self._settle(session, graded, sitting.closes_at, "clock")
        await repository.close_sitting(session, sitting.id)

    # Parts --------------------------------------------------------------------------------------------------

    async def _settle(
        self, session: AsyncSession, graded: Sequence[tuple[AttemptRow, str | None]], at: datetime, by: str
    ) -> None:
        """The one end of locked attempts under way, each with its command to the gateway and its event.

        Without a score the candidate was absent.
        """
        for attempt, score in graded:
            attempt.state = "absent" if score is None else "finished"
            attempt.score, attempt.finished_at, attempt.finished_by = score, at, by
        await session.flush()
        await outbox.add_commands(session, [_complete_exam(attempt) for attempt, _ in graded])
        await outbox.add_events(session, [_exam_graded(attempt, at) for attempt, _ in graded])

    async def _schedule_close(self, session: AsyncSession, sitting: SittingRow) -> None:
        """A row for each end that a sitting was ever given: an earlier one finds that it is too early."""
        if sitting.closes_at is None:
            raise ValueError("a planned sitting has no end")
        key = f"{sitting.id}/{sitting.closes_at.isoformat()}"
        await due.schedule(
            session, CLOSE, key, sitting.closes_at + self._grace, {"sitting_id": str(sitting.id)}
        )

    async def _read_sitting(self, session: AsyncSession, sitting: SittingRow) -> Sitting:
        ((row, counts),) = await repository.sittings(session, sitting.round_id, sitting.id)
        return _sitting(row, counts)

    async def _exam(
        self, session: AsyncSession, attempt: AttemptRow, sitting: SittingRow, at: datetime
    ) -> Exam:
        status = domain.status(attempt, sitting, at)
        exam = Exam(
            application_id=attempt.application_id,
            level=attempt.level,
            status=status,
            now=at,
            opens_at=sitting.opens_at,
            closes_at=sitting.closes_at,
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
            remaining_seconds=domain.remaining(status, sitting, at),
        )
        if status is not ExamStatus.started:
            return exam
        rules = await self._banks.get(attempt.pack_key)
        rows = (await repository.answers(session, [attempt.id]))[attempt.id]
        saved = tuple(SavedAnswer(item_id=row.item_id, rev=row.rev, choice=tuple(row.choice)) for row in rows)
        return exam.model_copy(update={"items": domain.shown(rules, attempt.paper), "answers": saved})


def _level_lock(round_id: UUID, level: str) -> str:
    return f"sittings:{round_id}:{level}"


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


def _complete_exam(attempt: AttemptRow) -> ServiceCommand:
    result = ExamResult.absent if attempt.score is None else ExamResult.graded
    return ServiceCommand(
        id=derived_id(f"{attempt.id}/complete_exam"),
        target_kind=TargetKind.application,
        target_id=attempt.application_id,
        round_id=attempt.round_id,
        name=CommandName.complete_exam,
        body=CompleteExam(result=result, score=attempt.score).model_dump(mode="json"),
    )


def _exam_graded(attempt: AttemptRow, at: datetime) -> Event:
    """The score itself stays here and with scoring: nobody sees it before the release (T3)."""
    case = CaseRef(
        application_id=attempt.application_id,
        round_id=attempt.round_id,
        application_number=attempt.application_number,
        level=attempt.level,
        route=Route(attempt.route),
        pack_key=attempt.pack_key,
    )
    return case_event(
        EventType.exam_graded,
        case,
        effect_key=f"{attempt.id}/complete_exam",
        occurred_at=at,
        n=1,
        result=(ExamResult.absent if attempt.score is None else ExamResult.graded).value,
        finished_by=attempt.finished_by,
    )


def _sitting(row: SittingRow, counts: Mapping[str, int]) -> Sitting:
    started, finished, absent = (counts.get(state, 0) for state in ("started", "finished", "absent"))
    return Sitting(
        id=row.id,
        round_id=row.round_id,
        level=row.level,
        number=row.number,
        state=SittingState(row.state),
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        enrolled=counts.get("enrolled", 0) + started + finished + absent,
        started=started,
        finished=finished,
        absent=absent,
    )


def _own(found: repository.Found | None, person: UUID) -> tuple[AttemptRow, SittingRow]:
    """The attempt, if it is the person's own; a foreign one is as absent as none."""
    if found is None or application_id(found[0].round_id, person) != found[0].application_id:
        raise domain.no_exam()
    return found


def _may_answer(attempt: AttemptRow, sitting: SittingRow, arrived: datetime) -> datetime:
    """The end of the sitting, if an answer may still be stored."""
    status = domain.status(attempt, sitting, arrived)
    if status is ExamStatus.finished and attempt.finished_by == "candidate":
        raise _conflict("already_finished", "您已经交卷，不能再修改答案。", "X2")
    if status in (ExamStatus.finished, ExamStatus.closing, ExamStatus.absent):
        raise _closed()
    if status is not ExamStatus.started or sitting.closes_at is None:
        raise _not_started()
    return sitting.closes_at


def _closed() -> DomainError:
    return _conflict(
        "sitting_closed", "考试时间已到，系统已自动收卷，不能再作答。如有异议请联系秘书处。", "X2"
    )


def _not_started() -> DomainError:
    return _conflict("not_started", "您还没有开始答题，请先进入考试。", "X2")


def _conflict(code: str, message: str, clause: str | None = None) -> DomainError:
    return DomainError(Kind.conflict, code, message, clause)
