"""All SQL of complaints."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.complaints import ComplaintState
from kit.tables import outbox
from services.publication.models import (
    ComplaintEntryRow,
    ComplaintFileRow,
    ComplaintMessageRow,
    ComplaintRow,
    ListingRow,
)

NOW = func.public.fudao_now()
OPEN = ComplaintRow.stage != "ended"
_STATES: dict[ComplaintState, ColumnElement[bool] | None] = {
    ComplaintState.open: OPEN,
    ComplaintState.overdue: OPEN & (ComplaintRow.decide_by <= NOW),
    ComplaintState.soon: OPEN & ComplaintRow.soon_at.is_not(None) & (ComplaintRow.decide_by > NOW),
    ComplaintState.ended: ComplaintRow.stage == "ended",
    ComplaintState.all: None,
}


async def add(session: AsyncSession, **values: Any) -> bool:
    """False when it is there already."""
    statement = insert(ComplaintRow).values(**values).on_conflict_do_nothing(index_elements=["id"])
    made = await session.execute(statement.returning(ComplaintRow.id))
    return made.scalar_one_or_none() is not None


async def add_files(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await session.execute(insert(ComplaintFileRow), rows)


async def one(session: AsyncSession, complaint_id: UUID, *, lock: bool = False) -> ComplaintRow | None:
    query = select(ComplaintRow).where(ComplaintRow.id == complaint_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def by_number(session: AsyncSession, number: str) -> ComplaintRow | None:
    query = select(ComplaintRow).where(ComplaintRow.number == number)
    return (await session.execute(query)).scalar_one_or_none()


async def listed_person(session: AsyncSession, round_id: UUID, number: str) -> UUID | None:
    """The application of somebody on the list (N5), by its number; not of who left it."""
    query = select(ListingRow.application_id).where(
        ListingRow.round_id == round_id, ListingRow.application_number == number, ListingRow.state != "struck"
    )
    return (await session.execute(query)).scalar_one_or_none()


async def page(
    session: AsyncSession, state: ComplaintState, page: int, size: int
) -> tuple[int, Sequence[ComplaintRow]]:
    """How many there are in this state, and one page of them: the most urgent first, ended ones newest first."""
    wanted = _STATES[state]
    query, count = select(ComplaintRow), select(func.count()).select_from(ComplaintRow)
    if wanted is not None:
        query, count = query.where(wanted), count.where(wanted)
    if state is ComplaintState.ended:
        query = query.order_by(ComplaintRow.ended_at.desc(), ComplaintRow.id)
    else:
        query = query.order_by(
            (ComplaintRow.stage == "ended"), ComplaintRow.decide_by, ComplaintRow.received_at, ComplaintRow.id
        )
    found = int((await session.execute(count)).scalar_one())
    rows = await session.execute(query.offset((page - 1) * size).limit(size))
    return found, rows.scalars().all()


async def counts(session: AsyncSession) -> tuple[int, int]:
    """Open ones, and those of them that are overdue."""
    query = select(func.count(), func.count().filter(ComplaintRow.decide_by <= NOW)).where(OPEN)
    open_, overdue = (await session.execute(query)).one()
    return int(open_), int(overdue)


async def files(session: AsyncSession, complaint_id: UUID) -> Sequence[ComplaintFileRow]:
    query = select(ComplaintFileRow).where(ComplaintFileRow.complaint_id == complaint_id)
    return (await session.execute(query.order_by(ComplaintFileRow.place))).scalars().all()


async def announced(session: AsyncSession, command_id: UUID) -> bool:
    """Whether the gateway has this command of ours in its log."""
    query = select(outbox.c.sent_at).where(outbox.c.id == command_id)
    return (await session.execute(query)).scalar_one_or_none() is not None


# texts ----------------------------------------------------------------------------------------------------------


async def add_entry(session: AsyncSession, **values: Any) -> None:
    await session.execute(insert(ComplaintEntryRow).values(**values))


async def entry(session: AsyncSession, entry_id: UUID) -> ComplaintEntryRow | None:
    return await session.get(ComplaintEntryRow, entry_id)


async def entries(session: AsyncSession, complaint_id: UUID) -> Sequence[ComplaintEntryRow]:
    """Those that stand, in the order in which they were written."""
    query = select(ComplaintEntryRow).where(
        ComplaintEntryRow.complaint_id == complaint_id, ComplaintEntryRow.valid_at.is_not(None)
    )
    return (await session.execute(query.order_by(ComplaintEntryRow.position))).scalars().all()


async def make_valid(session: AsyncSession, entry_id: UUID) -> None:
    """The text on which an accepted step rests, and what goes with it."""
    which = (ComplaintEntryRow.id == entry_id) | (ComplaintEntryRow.belongs_to == entry_id)
    await session.execute(
        update(ComplaintEntryRow).where(which, ComplaintEntryRow.valid_at.is_(None)).values(valid_at=NOW)
    )


async def count_entries(session: AsyncSession, complaint_id: UUID, kind: str) -> int:
    query = select(func.count()).where(
        ComplaintEntryRow.complaint_id == complaint_id, ComplaintEntryRow.kind == kind
    )
    return int((await session.execute(query)).scalar_one())


# who is complained of -------------------------------------------------------------------------------------------


async def against(session: AsyncSession, application_id: UUID) -> Sequence[ComplaintRow]:
    """Complaints about one application, the newest first."""
    query = select(ComplaintRow).where(ComplaintRow.application_id == application_id)
    return (await session.execute(query.order_by(ComplaintRow.received_at.desc()))).scalars().all()


async def unexamined(session: AsyncSession, application_ids: Sequence[UUID]) -> Sequence[ComplaintRow]:
    """Complaints about these that came before the end of the notice and were not examined yet, locked."""
    query = (
        select(ComplaintRow)
        .where(
            ComplaintRow.application_id.in_(application_ids),
            ComplaintRow.stage == "received",
            ComplaintRow.after_close.is_(False),
            ComplaintRow.holds.is_(False),
        )
        .order_by(ComplaintRow.received_at, ComplaintRow.id)
    )
    return (await session.execute(query.with_for_update())).scalars().all()


async def holding(session: AsyncSession, application_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these are held by a complaint, whether or not that has got to them."""
    query = select(ComplaintRow.application_id).where(
        ComplaintRow.application_id.in_(application_ids), ComplaintRow.holds
    )
    return {found for found in (await session.execute(query)).scalars() if found is not None}


async def released(session: AsyncSession, application_id: UUID) -> None:
    """Nothing holds this person any more: a decided complaint that still did was let go by hand."""
    which = ComplaintRow.application_id == application_id, ComplaintRow.stage == "ended"
    await session.execute(update(ComplaintRow).where(*which).values(holds=False))


async def in_time_after_all(
    session: AsyncSession, round_id: UUID, closes_at: datetime
) -> Sequence[ComplaintRow]:
    """Open ones taken for late before the end of the notice moved, locked."""
    query = select(ComplaintRow).where(
        ComplaintRow.round_id == round_id,
        OPEN,
        ComplaintRow.after_close,
        ComplaintRow.received_at < closes_at,
    )
    return (await session.execute(query.with_for_update())).scalars().all()


# messages -------------------------------------------------------------------------------------------------------


async def add_message(session: AsyncSession, **values: Any) -> None:
    await session.execute(insert(ComplaintMessageRow).values(**values).on_conflict_do_nothing())


async def untold(session: AsyncSession, most: int) -> Sequence[ComplaintMessageRow]:
    query = select(ComplaintMessageRow).where(ComplaintMessageRow.told_at.is_(None))
    return (await session.execute(query.order_by(ComplaintMessageRow.made_at).limit(most))).scalars().all()


async def told(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Handed over: what they said is forgotten."""
    which = ComplaintMessageRow.id.in_(ids), ComplaintMessageRow.told_at.is_(None)
    await session.execute(update(ComplaintMessageRow).where(*which).values(told_at=NOW, sealed=b""))
