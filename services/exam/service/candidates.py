"""What a candidate does: look, start, answer, hand in (X1, X2)."""

from datetime import datetime
from uuid import UUID

from contracts.http.exam import AnswerSaved, Exam, ExamStatus, SaveAnswer
from kit.db import now
from kit.errors import DomainError
from services.exam import domain, repository
from services.exam.models import AttemptRow, SittingRow
from services.exam.service.parts import Parts, conflict, own


class Candidates(Parts):
    """For the candidate; a foreign exam is answered as an absent one."""

    async def read_exam(self, application: UUID, person: UUID) -> Exam:
        """What a device needs to begin or to go on; 404 `no_exam`."""
        async with self._db.read() as session:
            attempt, sitting = own(await repository.attempt(session, application), person)
            return await self._exam(session, attempt, sitting, await now(session))

    async def start(self, application: UUID, person: UUID) -> Exam:
        """Breaks the seal of the own paper; again: the same paper and the time that is left (X2).

        An excuse that still waits is void: the candidate has come. Errors: 404 `no_exam`; 409 `sitting_not_open`,
        `sitting_closed`.
        """
        async with self._db.unit_of_work() as session:
            arrived = await now(session)
            attempt, sitting = own(await repository.attempt(session, application, lock="update"), person)
            status = domain.status(attempt, sitting, arrived, excused=attempt.excuse == "open")
            if status is ExamStatus.waiting:
                raise conflict("sitting_not_open", "本场笔试尚未开始，请按通知的时间进入。", "X3")
            if status in (ExamStatus.closing, ExamStatus.absent, ExamStatus.excuse_pending):
                raise _closed()
            if status is ExamStatus.ready:
                if attempt.excuse is not None:
                    await repository.void_excuse(session, attempt.id, arrived)
                attempt.state, attempt.started_at, attempt.excuse = "started", arrived, None
            return await self._exam(session, attempt, sitting, arrived)

    async def save_answer(
        self, application: UUID, person: UUID, item_id: str, answer: SaveAnswer
    ) -> AnswerSaved:
        """Stores an answer that arrived in time; the highest revision stays, whatever the order of arrival.

        Errors: 404 `no_exam`, `no_item`; 422 `wrong_choice`; 409 `not_started`, `sitting_closed`, `already_finished`.
        """
        async with self._db.unit_of_work() as session:
            arrived = await now(session)  # before any lock: waiting for one costs the candidate nothing
            attempt, sitting = own(await repository.attempt(session, application, lock="share"), person)
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
                now=arrived,
            )

    async def finish(self, application: UUID, person: UUID) -> Exam:
        """Hands the paper in and grades it at once; again: the same. After the end the closing does it.

        Errors: 404 `no_exam`; 409 `not_started`.
        """
        async with self._db.read() as session:
            before, _ = own(await repository.attempt(session, application), person)
        await self._banks.get(before.pack_key)  # read before any lock is held
        async with self._db.unit_of_work() as session:
            arrived = await now(session)
            attempt, sitting = own(await repository.attempt(session, application, lock="update"), person)
            status = domain.status(attempt, sitting, arrived, excused=attempt.excuse == "open")
            if status in (
                ExamStatus.waiting,
                ExamStatus.ready,
                ExamStatus.cancelled,
                ExamStatus.excuse_pending,
            ):
                raise _not_started()
            if status is ExamStatus.started:
                answers = (await repository.answers(session, [attempt.id]))[attempt.id]
                rules = await self._rules(session, attempt)
                score = domain.grade(
                    rules, attempt.paper, {row.item_id: tuple(row.choice) for row in answers}
                )
                await self._settle(session, [(attempt, score)], arrived, "candidate")
            return await self._exam(session, attempt, sitting, arrived)


def _may_answer(attempt: AttemptRow, sitting: SittingRow, arrived: datetime) -> datetime:
    """The end of the sitting, if an answer may still be stored."""
    status = domain.status(attempt, sitting, arrived)
    if status is ExamStatus.finished and attempt.finished_by == "candidate":
        raise conflict("already_finished", "您已经交卷，不能再修改答案。", "X2")
    if status in (ExamStatus.finished, ExamStatus.closing, ExamStatus.absent):
        raise _closed()
    if status is not ExamStatus.started or sitting.closes_at is None:
        raise _not_started()
    return sitting.closes_at


def _closed() -> DomainError:
    return conflict(
        "sitting_closed", "考试时间已到，系统已自动收卷，不能再作答。如有异议请联系秘书处。", "X2"
    )


def _not_started() -> DomainError:
    return conflict("not_started", "您还没有开始答题，请先进入考试。", "X2")
