"""SQL of lists of sheets: of one expert, and for the office progress, load, and cases that are short of somebody."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.review.models import Assessment, Case, DeskLog, Member, Sheet

_now = func.public.fudao_now()
_live = Sheet.voided.is_(None)
_open = _live & Sheet.submitted_at.is_(None) & (Assessment.state == "open")
_late = _open & (Assessment.due_at < _now)


async def of_expert(session: AsyncSession, expert_id: UUID) -> list[tuple[Sheet, Assessment, Case]]:
    """What somebody has to fill or has filled, not what was set aside or fell away: open ones by their due moment."""
    query = (
        select(Sheet, Assessment, Case)
        .join(Assessment, Assessment.id == Sheet.assessment_id)
        .join(Case, Case.application_id == Assessment.application_id)
        .where(
            Sheet.expert_id == expert_id,
            _live,
            or_(Assessment.state == "open", Sheet.submitted_at.is_not(None)),
        )
        .order_by(
            Sheet.submitted_at.desc().nulls_first(), Assessment.due_at.nulls_last(), Case.application_number
        )
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def moved_to(session: AsyncSession, assessment_id: UUID, expert_id: UUID) -> UUID | None:
    """The task under which somebody's sheet is now, if it is not set aside."""
    query = select(Sheet.task_id).where(
        Sheet.assessment_id == assessment_id, Sheet.expert_id == expert_id, _live
    )
    return (await session.execute(query)).scalar_one_or_none()


def _of_round(round_id: UUID | None) -> list[ColumnElement[bool]]:
    return [] if round_id is None else [Case.round_id == round_id]


def _live_count() -> Any:
    return (
        select(func.count())
        .select_from(Sheet)
        .where(Sheet.assessment_id == Assessment.id, _live)
        .scalar_subquery()
    )


async def stages(session: AsyncSession, round_id: UUID | None) -> Sequence[Any]:
    """By stage: cases by state, how many are short of somebody, how many have a third sheet."""
    state = Assessment.state
    query = (
        select(
            Assessment.stage,
            func.count().label("cases"),
            func.count().filter(state == "complete").label("complete"),
            func.count().filter(state == "absent").label("absent"),
            func.count().filter(state == "open").label("open"),
            func.count().filter((state == "open") & (_live_count() < Assessment.wanted)).label("short"),
            func.count().filter(Assessment.third).label("third"),
        )
        .join(Case, Case.application_id == Assessment.application_id)
        .where(state != "cancelled", *_of_round(round_id))
        .group_by(Assessment.stage)
    )
    return (await session.execute(query)).all()


async def sheet_counts(session: AsyncSession, round_id: UUID | None) -> Sequence[Any]:
    """By stage: sheets given, handed in, overdue."""
    query = (
        select(Assessment.stage, *_counts())
        .select_from(Sheet)
        .join(Assessment, Assessment.id == Sheet.assessment_id)
        .join(Case, Case.application_id == Assessment.application_id)
        .where(_counted(), *_of_round(round_id))
        .group_by(Assessment.stage)
    )
    return (await session.execute(query)).all()


async def loads(session: AsyncSession, round_id: UUID | None) -> Sequence[Any]:
    """Every expert of the registry with what was given, is done, begun, overdue, and what is due first."""
    counted = (
        select(
            Sheet.expert_id,
            *_counts(),
            func.count().filter(_open, Sheet.version > 0).label("begun"),
            func.min(Assessment.due_at).filter(_open).label("due_at"),
        )
        .select_from(Sheet)
        .join(Assessment, Assessment.id == Sheet.assessment_id)
        .join(Case, Case.application_id == Assessment.application_id)
        .where(_counted(), *_of_round(round_id))
        .group_by(Sheet.expert_id)
        .subquery()
    )
    numbers = [
        func.coalesce(counted.c[name], 0).label(name) for name in ("given", "done", "overdue", "begun")
    ]
    query = (
        select(Member.account_id, Member.unit, Member.active, *numbers, counted.c.due_at)
        .outerjoin(counted, counted.c.expert_id == Member.account_id)
        .where(Member.role == "expert")
        .order_by(Member.number)
    )
    return list(await session.execute(query))


async def short(
    session: AsyncSession, round_id: UUID | None, limit: int = 100
) -> list[tuple[Assessment, Case, int]]:
    """Open cases in which somebody is missing, with how many."""
    missing = (Assessment.wanted - _live_count()).label("missing")
    query = (
        select(Assessment, Case, missing)
        .join(Case, Case.application_id == Assessment.application_id)
        .where(Assessment.state == "open", _live_count() < Assessment.wanted, *_of_round(round_id))
        .order_by(Case.application_number, Assessment.stage)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def recusals(session: AsyncSession, round_id: UUID | None, limit: int = 50) -> Sequence[Any]:
    """Who stood back, the newest first."""
    query = (
        select(DeskLog.at, DeskLog.actor, Case.application_number, DeskLog.reason)
        .join(Case, Case.application_id == DeskLog.application_id)
        .where(DeskLog.action == "recuse", *_of_round(round_id))
        .order_by(DeskLog.position.desc())
        .limit(limit)
    )
    return (await session.execute(query)).all()


def _counted() -> ColumnElement[bool]:
    """Not set aside, and not fallen away with the application before it was handed in."""
    return _live & or_(Assessment.state == "open", Sheet.submitted_at.is_not(None))


def _counts() -> tuple[ColumnElement[int], ...]:
    return (
        func.count().label("given"),
        func.count(Sheet.submitted_at).label("done"),
        func.count().filter(_late).label("overdue"),
    )
