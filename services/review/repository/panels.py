"""SQL of defence panels, slots, and the list of defences."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kit.errors import DomainError, Kind
from services.review.models import Assessment, Case, Panel, Sheet, Slot

_live = Sheet.voided.is_(None)
_DEFENCE = "defence"


def _none() -> DomainError:
    return DomainError(Kind.not_found, "not_found", "没有找到您要的内容，它可能不存在，或者不属于您。")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One defence with its slot and panel, as far as there are any, and its live sheets."""

    assessment: Assessment
    case: Case
    slot: Slot | None
    panel: Panel | None
    sheets: Sequence[Sheet]


# Panels -----------------------------------------------------------------------------------------------------------


async def panel(session: AsyncSession, panel_id: UUID, *, lock: bool = False) -> Panel:
    """DomainError not_found."""
    found = await session.get(Panel, panel_id, populate_existing=True, with_for_update=True if lock else None)
    if found is None:
        raise _none()
    return found


async def add_panel(session: AsyncSession, **values: Any) -> bool:
    """False when the round has a panel of this name."""
    made = insert(Panel).values(values).on_conflict_do_nothing(index_elements=["round_id", "name"])
    return (await session.execute(made.returning(Panel.id))).scalar_one_or_none() is not None


async def name_taken(session: AsyncSession, one: Panel, name: str) -> bool:
    query = select(Panel.id).where(Panel.round_id == one.round_id, Panel.name == name, Panel.id != one.id)
    return (await session.execute(query)).scalar_one_or_none() is not None


async def panels(session: AsyncSession, round_id: UUID | None) -> list[tuple[Panel, int, int]]:
    """Each with how many defences it has, and how many of them are not over, in the order they were made."""
    state = Assessment.state
    counted = (
        select(
            Slot.panel_id,
            func.count().label("all"),
            func.count().filter(state == "open").label("open"),
        )
        .join(Assessment, Assessment.id == Slot.assessment_id)
        .where(state != "cancelled")
        .group_by(Slot.panel_id)
        .subquery()
    )
    query = (
        select(Panel, func.coalesce(counted.c.all, 0), func.coalesce(counted.c.open, 0))
        .outerjoin(counted, counted.c.panel_id == Panel.id)
        .order_by(Panel.made_at, Panel.id)
    )
    if round_id is not None:
        query = query.where(Panel.round_id == round_id)
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def a_pack_of(session: AsyncSession, round_id: UUID) -> str | None:
    """The pack of a round of which review knows a case."""
    query = select(Case.pack_key).where(Case.round_id == round_id).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


# Slots ------------------------------------------------------------------------------------------------------------


async def slot(session: AsyncSession, assessment_id: UUID) -> Slot | None:
    return await session.get(Slot, assessment_id, populate_existing=True)


async def put_slot(
    session: AsyncSession, assessment_id: UUID, panel_id: UUID, starts_at: datetime, ends_at: datetime
) -> int:
    """The candidate's slot from now on; its version."""
    values = {"panel_id": panel_id, "starts_at": starts_at, "ends_at": ends_at, "postponed": ""}
    made = (
        insert(Slot)
        .values(assessment_id=assessment_id, **values)
        .on_conflict_do_update(
            index_elements=["assessment_id"], set_={**values, "version": Slot.__table__.c.version + 1}
        )
    )
    return (await session.execute(made.returning(Slot.version))).scalar_one()


async def postpone(session: AsyncSession, assessment_id: UUID, reason: str) -> int | None:
    """Takes the time away; the version, or None where there is no time to take away."""
    taking = (
        update(Slot)
        .where(Slot.assessment_id == assessment_id, Slot.starts_at.is_not(None))
        .values(starts_at=None, ends_at=None, postponed=reason, version=Slot.version + 1)
    )
    return (await session.execute(taking.returning(Slot.version))).scalar_one_or_none()


async def told_again(session: AsyncSession, assessment_id: UUID) -> int:
    """One more version of a slot whose place has changed."""
    counting = (
        update(Slot)
        .where(Slot.assessment_id == assessment_id)
        .values(version=Slot.version + 1)
        .returning(Slot.version)
    )
    return (await session.execute(counting)).scalar_one()


async def clash(
    session: AsyncSession,
    assessment_id: UUID,
    members: Collection[UUID],
    starts_at: datetime,
    ends_at: datetime,
) -> bool:
    """Whether one of these people sits at another defence in this time."""
    query = (
        select(Slot.assessment_id)
        .join(Assessment, Assessment.id == Slot.assessment_id)
        .join(Sheet, Sheet.assessment_id == Slot.assessment_id)
        .where(
            Slot.assessment_id != assessment_id,
            Assessment.state == "open",
            Sheet.expert_id.in_(list(members)),
            _live,
            Slot.starts_at < ends_at,
            Slot.ends_at > starts_at,
        )
        .limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none() is not None


async def busy(session: AsyncSession, assessment_id: UUID) -> set[UUID]:
    """Who sits at another defence while this one takes place; nobody where it has no time."""
    own = await slot(session, assessment_id)
    if own is None or own.starts_at is None:
        return set()
    query = (
        select(Sheet.expert_id)
        .join(Slot, Slot.assessment_id == Sheet.assessment_id)
        .join(Assessment, Assessment.id == Slot.assessment_id)
        .where(
            Slot.assessment_id != assessment_id,
            Assessment.state == "open",
            _live,
            Slot.starts_at < own.ends_at,
            Slot.ends_at > own.starts_at,
        )
    )
    return set(await session.scalars(query))


async def open_at(session: AsyncSession, panel_id: UUID) -> list[UUID]:
    """Applications that have still to defend before a panel, by time."""
    query = (
        select(Assessment.application_id)
        .join(Slot, Slot.assessment_id == Assessment.id)
        .where(Slot.panel_id == panel_id, Assessment.state == "open")
        .order_by(Slot.starts_at.nulls_last(), Assessment.id)
    )
    return list(await session.scalars(query))


# Lists ------------------------------------------------------------------------------------------------------------


async def lines(
    session: AsyncSession,
    *,
    round_id: UUID | None = None,
    expert_id: UUID | None = None,
    application_id: UUID | None = None,
    limit: int = 1000,
) -> list[Line]:
    """Defences by time, those without one last, then by number; of one member only those with a live sheet."""
    where: list[ColumnElement[bool]] = [Assessment.stage == _DEFENCE, Assessment.state != "cancelled"]
    if round_id is not None:
        where.append(Case.round_id == round_id)
    if application_id is not None:
        where.append(Case.application_id == application_id)
    if expert_id is not None:
        mine = select(Sheet.assessment_id).where(Sheet.expert_id == expert_id, _live)
        where.append(Assessment.id.in_(mine))
    query = (
        select(Assessment, Case, Slot, Panel)
        .join(Case, Case.application_id == Assessment.application_id)
        .outerjoin(Slot, Slot.assessment_id == Assessment.id)
        .outerjoin(Panel, Panel.id == Slot.panel_id)
        .where(*where)
        .order_by(Slot.starts_at.nulls_last(), Case.application_number)
        .limit(limit)
    )
    found = list(await session.execute(query))
    by_assessment: dict[UUID, list[Sheet]] = {}
    ids = [row[0].id for row in found]
    seats = select(Sheet).where(Sheet.assessment_id.in_(ids), _live).order_by(Sheet.number)
    for sheet in await session.scalars(seats):
        by_assessment.setdefault(sheet.assessment_id, []).append(sheet)
    return [
        Line(
            assessment=row[0],
            case=row[1],
            slot=row[2],
            panel=row[3],
            sheets=tuple(by_assessment.get(row[0].id, ())),
        )
        for row in found
    ]
