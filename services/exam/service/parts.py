"""What the use-cases share: where they read and write, how an attempt ends, how sittings and exams are shown."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import CommandName, ServiceCommand, TargetKind
from contracts.events import Event, EventType, case_event, derived_id
from contracts.http.exam import Exam, ExamStatus, SavedAnswer, Sitting, SittingState
from contracts.lifecycle import CaseRef, Route, application_id
from contracts.results import CompleteExam, ExamResult
from kit import due, outbox
from kit.db import Database
from kit.errors import DomainError, Kind
from services.exam import domain, repository
from services.exam.adapters import Banks
from services.exam.models import AttemptRow, SittingRow
from services.exam.settings import ExamSettings

Keep = Callable[[bytes, str], Awaitable[str]]
"""Puts content of a media type into the store; its key."""
CLOSE = "exam.close_sitting"
"""Kind of the due row that closes a sitting; its payload is {"sitting_id": …}."""


class Parts:
    """Every method that writes is one transaction. A refusal to a person is a DomainError that says what to do."""

    def __init__(self, db: Database, banks: Banks, settings: ExamSettings, keep: Keep | None = None) -> None:
        self._db, self._banks = db, banks
        self._grace = timedelta(seconds=settings.close_grace)
        self._keep = keep or _nowhere

    async def _rules(self, session: AsyncSession, attempt: AttemptRow) -> domain.ExamRules:
        """The attempt's pack with the keys that are in force now (X4)."""
        rules = await self._banks.get(attempt.pack_key)
        return domain.corrected(
            rules, await repository.keys_in_force(session, attempt.round_id, attempt.level)
        )

    async def _settle(
        self, session: AsyncSession, graded: Sequence[tuple[AttemptRow, str | None]], at: datetime, by: str
    ) -> None:
        """The one end of locked attempts under way, each with its command to the gateway and its event.

        Without a score the candidate was absent.
        """
        for attempt, score in graded:
            attempt.state = "absent" if score is None else "finished"
            attempt.excuse = None
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
        return shown(row, counts)

    async def _exam(
        self, session: AsyncSession, attempt: AttemptRow, sitting: SittingRow, at: datetime
    ) -> Exam:
        status = domain.status(attempt, sitting, at, excused=attempt.excuse == "open")
        rules = await self._banks.get(attempt.pack_key)
        rows = (await repository.answers(session, [attempt.id]))[attempt.id] if attempt.started_at else []
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
            sitting=sitting.number,
            starts_at=sitting.starts_at,
            answered=sum(1 for row in rows if row.choice),
            briefing=domain.briefing(rules, attempt.level, at),
        )
        if status is not ExamStatus.started:
            return exam
        saved = tuple(SavedAnswer(item_id=row.item_id, rev=row.rev, choice=tuple(row.choice)) for row in rows)
        return exam.model_copy(update={"items": domain.shown(rules, attempt.paper), "answers": saved})


async def _nowhere(_content: bytes, _media_type: str) -> str:
    raise RuntimeError("this exam service has no content store")


def level_lock(round_id: UUID, level: str) -> str:
    """Whoever opens a sitting, enrols or moves candidates of a level holds it."""
    return f"sittings:{round_id}:{level}"


def shown(row: SittingRow, counts: Mapping[str, int]) -> Sitting:
    """A sitting with its numbers; `counts` by state, and `excuses` of those that wait."""
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
        starts_at=row.starts_at,
        excuses=counts.get("excuses", 0),
    )


def own(found: repository.Found | None, person: UUID) -> repository.Found:
    """The attempt, if it is the person's own; a foreign one is as absent as none."""
    if found is None or application_id(found[0].round_id, person) != found[0].application_id:
        raise domain.no_exam()
    return found


def conflict(code: str, message: str, clause: str | None = None) -> DomainError:
    return DomainError(Kind.conflict, code, message, clause)


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
