"""SQL of the desk beside decisions: questions, second looks, precedents, hearings, notes, the log, figures."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kit.errors import DomainError, Kind
from kit.tables import task
from services.review.domain.precedents import Judgement
from services.review.models import (
    Case,
    DeskLog,
    DeskNote,
    Hearing,
    Precedent,
    Qualification,
    Question,
    Sample,
)


def _none() -> DomainError:
    return DomainError(Kind.not_found, "not_found", "没有找到您要的内容，它可能不存在，或者不属于您。")


# Looks ------------------------------------------------------------------------------------------------------------


async def looks_of(session: AsyncSession, application_id: UUID) -> list[Qualification]:
    """All looks of an application, the newest first."""
    query = (
        select(Qualification)
        .where(Qualification.application_id == application_id)
        .order_by(Qualification.attempt.desc(), Qualification.look.desc())
    )
    return list((await session.execute(query.execution_options(populate_existing=True))).scalars())


async def decided_as(session: AsyncSession, decision_key: str) -> Qualification | None:
    """The look whose decision this is now, locked."""
    query = select(Qualification).where(Qualification.decision_key == decision_key).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def outcomes(session: AsyncSession, round_id: UUID | None) -> dict[str, int]:
    """How many looks were decided how; void ones are not counted."""
    query = select(Qualification.outcome, func.count()).where(
        Qualification.outcome.is_not(None), Qualification.void.is_(False)
    )
    if round_id is not None:
        query = query.join(Case, Case.application_id == Qualification.application_id).where(
            Case.round_id == round_id
        )
    rows = await session.execute(query.group_by(Qualification.outcome))
    return {str(row[0]): row[1] for row in rows}


# Questions --------------------------------------------------------------------------------------------------------


async def questions(session: AsyncSession, about: UUID) -> list[Question]:
    """What was asked about a look, in its order."""
    query = select(Question).where(Question.about == about).order_by(Question.asked_at, Question.task_id)
    return list((await session.execute(query.execution_options(populate_existing=True))).scalars())


async def question(session: AsyncSession, task_id: UUID) -> Question:
    """The question behind a task. DomainError not_found."""
    found = await session.get(Question, task_id, populate_existing=True)
    if found is None:
        raise _none()
    return found


# Second looks -----------------------------------------------------------------------------------------------------


async def sample(session: AsyncSession, task_id: UUID) -> Sample:
    """The drawn decision behind a task. DomainError not_found."""
    found = await session.get(Sample, task_id, populate_existing=True)
    if found is None:
        raise _none()
    return found


async def drop_sample(session: AsyncSession, about: UUID) -> list[UUID]:
    """The decision was undone: nothing is looked at. Returns the tasks."""
    dropped = await session.execute(delete(Sample).where(Sample.about == about).returning(Sample.task_id))
    return list(dropped.scalars())


async def sample_figures(session: AsyncSession, round_id: UUID | None) -> tuple[int, int, int]:
    """Drawn, checked, disagreed."""
    query = select(
        func.count(),
        func.count(Sample.checked_at),
        func.count().filter(Sample.agrees.is_(False)),
    ).select_from(Sample)
    if round_id is not None:
        query = (
            query.join(Qualification, Qualification.task_id == Sample.about)
            .join(Case, Case.application_id == Qualification.application_id)
            .where(Case.round_id == round_id)
        )
    row = (await session.execute(query)).one()
    return row[0], row[1], row[2]


# Precedents -------------------------------------------------------------------------------------------------------


async def put_precedents(
    session: AsyncSession,
    about: UUID,
    round_id: UUID,
    outcome: str,
    decided_at: datetime,
    lines: Iterable[Judgement],
) -> None:
    """What a decision leaves behind, in place of what it left behind before."""
    await drop_precedents(session, about)
    rows = [
        {
            "about": about,
            "round_id": round_id,
            "outcome": outcome,
            "decided_at": decided_at,
            **{name: getattr(one, name) for name in Judgement.__dataclass_fields__},
        }
        for one in lines
    ]
    if rows:
        await session.execute(insert(Precedent).values(rows))


async def drop_precedents(session: AsyncSession, about: UUID) -> None:
    await session.execute(delete(Precedent).where(Precedent.about == about, Precedent.kind != "question"))


async def precedents(
    session: AsyncSession,
    not_about: UUID,
    *,
    check_id: str | None,
    rule_id: str | None,
    title_hash: str,
    limit: int = 20,
) -> Sequence[Precedent]:
    """Lines of other cases under this check or rule, or of an item of the same title; same titles first."""
    same = (Precedent.title_hash == title_hash) & (Precedent.title_hash != "")
    like: list[ColumnElement[bool]] = [same]
    if check_id is not None and rule_id is None:
        like.append(Precedent.check_id == check_id)
    if rule_id is not None:
        like.append(Precedent.rule_id == rule_id)
    query = (
        select(Precedent)
        .where(Precedent.about != not_about, or_(*like))
        .order_by(case((same, 0), else_=1), Precedent.decided_at.desc(), Precedent.id)
        .limit(limit)
    )
    return (await session.execute(query)).scalars().all()


async def code_counts(session: AsyncSession, round_id: UUID | None) -> list[Any]:
    """Flags by check, code and clause: how many, and how many of them in decisions of not qualified."""
    query = (
        select(
            Precedent.check_id,
            Precedent.code,
            Precedent.clause,
            func.count().label("count"),
            func.count().filter(Precedent.outcome == "not_qualified").label("sunk"),
        )
        .where(Precedent.kind == "flag")
        .group_by(Precedent.check_id, Precedent.code, Precedent.clause)
        .order_by(func.count().desc(), Precedent.check_id, Precedent.code)
    )
    if round_id is not None:
        query = query.where(Precedent.round_id == round_id)
    return list(await session.execute(query))


# Hearings ---------------------------------------------------------------------------------------------------------


async def hearing(session: AsyncSession, hearing_id: UUID, *, lock: bool = False) -> Hearing | None:
    return await session.get(
        Hearing, hearing_id, with_for_update=True if lock else None, populate_existing=True
    )


async def open_hearing(session: AsyncSession, **values: Any) -> bool:
    """False when one is open already."""
    made = insert(Hearing).values(values).on_conflict_do_nothing().returning(Hearing.id)
    return (await session.execute(made)).scalar_one_or_none() is not None


async def hearings_of(session: AsyncSession, application_id: UUID) -> list[Hearing]:
    """The newest first."""
    query = select(Hearing).where(Hearing.application_id == application_id).order_by(Hearing.opened_at.desc())
    return list((await session.execute(query.execution_options(populate_existing=True))).scalars())


# Notes and the log ------------------------------------------------------------------------------------------------


async def note(
    session: AsyncSession,
    note_id: UUID,
    kind: str,
    role: str,
    application_id: UUID,
    *,
    task_id: UUID | None = None,
    account_id: UUID | None = None,
) -> None:
    """Puts something before a role, or one person of it; the same ID again changes nothing."""
    values = {
        "id": note_id,
        "kind": kind,
        "role": role,
        "account_id": account_id,
        "task_id": task_id,
        "application_id": application_id,
    }
    await session.execute(insert(DeskNote).values(values).on_conflict_do_nothing())


async def notes_for(
    session: AsyncSession, role: str, subject: UUID, limit: int = 50
) -> list[tuple[DeskNote, str]]:
    """What is unseen and concerns this person, with the application's number, the newest first."""
    query = (
        select(DeskNote, Case.application_number)
        .join(Case, Case.application_id == DeskNote.application_id)
        .where(
            DeskNote.role == role,
            DeskNote.seen_at.is_(None),
            or_(DeskNote.account_id.is_(None), DeskNote.account_id == subject),
        )
        .order_by(DeskNote.at.desc(), DeskNote.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def seen(session: AsyncSession, note_id: UUID, role: str, subject: UUID) -> bool:
    """False when it is not theirs, or seen already."""
    looking = update(DeskNote).where(
        DeskNote.id == note_id,
        DeskNote.role == role,
        DeskNote.seen_at.is_(None),
        or_(DeskNote.account_id.is_(None), DeskNote.account_id == subject),
    )
    done = await session.execute(looking.values(seen_by=subject, seen_at=func.public.fudao_now()))
    return cast(CursorResult[Any], done).rowcount == 1


async def write_log(session: AsyncSession, actor: UUID, action: str, **values: Any) -> None:
    """What staff did, with why, from what to what."""
    await session.execute(insert(DeskLog).values(actor=actor, action=action, **values))


async def read_log(
    session: AsyncSession, task_id: UUID | None, application_id: UUID | None, limit: int = 100
) -> Sequence[DeskLog]:
    """The newest first."""
    query = select(DeskLog).order_by(DeskLog.position.desc()).limit(limit)
    if task_id is not None:
        query = query.where(DeskLog.task_id == task_id)
    if application_id is not None:
        query = query.where(DeskLog.application_id == application_id)
    return (await session.execute(query)).scalars().all()


async def tasks_of(session: AsyncSession, account_id: UUID) -> list[UUID]:
    """Everything unfinished that a person took or was given."""
    query = select(task.c.id).where(
        task.c.state.in_(("open", "claimed")),
        or_(
            (task.c.state == "claimed") & (task.c.owner == account_id),
            task.c.assigned_to == account_id,
        ),
    )
    return list((await session.execute(query.order_by(task.c.id))).scalars())
