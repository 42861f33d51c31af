"""All SQL of publication."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.publication.models import (
    CertificateRow,
    FinalListRow,
    HoldRow,
    ListingRow,
    NoticeRow,
    SerialRow,
)


async def add_listing(session: AsyncSession, **values: Any) -> None:
    await session.execute(insert(ListingRow).values(state="listed", **values).on_conflict_do_nothing())


async def listing(session: AsyncSession, application_id: UUID) -> ListingRow | None:
    return await session.get(ListingRow, application_id)


async def listings(session: AsyncSession, round_id: UUID, *states: str) -> Sequence[ListingRow]:
    """People of a round in these states, by application number."""
    query = (
        select(ListingRow)
        .where(ListingRow.round_id == round_id, ListingRow.state.in_(states))
        .order_by(ListingRow.application_number)
    )
    return (await session.execute(query)).scalars().all()


async def set_state(session: AsyncSession, application_id: UUID, state: str, **values: Any) -> None:
    await session.execute(
        update(ListingRow).where(ListingRow.application_id == application_id).values(state=state, **values)
    )


async def set_hold(session: AsyncSession, application_id: UUID, held: bool) -> None:
    statement = insert(HoldRow).values(application_id=application_id, held=held)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["application_id"], set_={"held": held})
    )


async def held(session: AsyncSession, application_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these are held now."""
    query = select(HoldRow.application_id).where(HoldRow.application_id.in_(application_ids), HoldRow.held)
    return set((await session.execute(query)).scalars())


async def notice(session: AsyncSession, notice_id: UUID, *, lock: bool = False) -> NoticeRow | None:
    query = select(NoticeRow).where(NoticeRow.id == notice_id)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def notices(session: AsyncSession, *, public: bool) -> Sequence[NoticeRow]:
    """Newest first; `public`: only those whose clock has begun."""
    query = select(NoticeRow).order_by(NoticeRow.made_at.desc())
    if public:
        query = query.where(NoticeRow.state != "made")
    return (await session.execute(query)).scalars().all()


async def notice_of(session: AsyncSession, round_id: UUID) -> NoticeRow | None:
    query = select(NoticeRow).where(NoticeRow.round_id == round_id)
    return (await session.execute(query)).scalar_one_or_none()


async def final_list(session: AsyncSession, round_id: UUID) -> FinalListRow | None:
    query = select(FinalListRow).where(FinalListRow.round_id == round_id)
    return (await session.execute(query)).scalar_one_or_none()


async def certified(session: AsyncSession, round_id: UUID) -> Sequence[tuple[ListingRow, str]]:
    """Who has a certificate of a round, with the level's name, by application number."""
    query = (
        select(ListingRow, CertificateRow.level_name)
        .join(CertificateRow, CertificateRow.application_id == ListingRow.application_id)
        .where(ListingRow.round_id == round_id, ListingRow.state == "issued")
        .order_by(ListingRow.application_number)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def final_list_by_id(session: AsyncSession, final_list_id: UUID) -> FinalListRow | None:
    return await session.get(FinalListRow, final_list_id)


async def next_serial(session: AsyncSession, round_id: UUID, level: str) -> int:
    """One more than the last; the row is locked, so a rolled-back number is given out again."""
    statement = insert(SerialRow).values(round_id=round_id, level=level, last=1)
    statement = statement.on_conflict_do_update(
        index_elements=["round_id", "level"], set_={"last": SerialRow.last + 1}
    )
    return int((await session.execute(statement.returning(SerialRow.last))).scalar_one())


async def certificate_of(session: AsyncSession, application_id: UUID) -> CertificateRow | None:
    query = select(CertificateRow).where(CertificateRow.application_id == application_id)
    return (await session.execute(query)).scalar_one_or_none()


async def certificate(session: AsyncSession, number: str) -> CertificateRow | None:
    """By its number, once its PDF is there."""
    query = select(CertificateRow).where(
        func.upper(CertificateRow.number) == number.upper(), CertificateRow.pdf_key.is_not(None)
    )
    return (await session.execute(query)).scalar_one_or_none()
