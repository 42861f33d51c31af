"""All SQL of notification."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notification.models import ApplicationRow, MessageRow, RecipientRow


async def set_recipient(session: AsyncSession, person_id: UUID, at: datetime, **values: Any) -> None:
    """The newest phone of a person wins."""
    statement = insert(RecipientRow).values(person_id=person_id, updated_at=at, **values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id"],
            set_={**values, "updated_at": at},
            where=RecipientRow.updated_at <= at,
        )
    )


async def add_application(session: AsyncSession, application_id: UUID, person_id: UUID) -> None:
    await session.execute(
        insert(ApplicationRow)
        .values(application_id=application_id, person_id=person_id)
        .on_conflict_do_nothing()
    )


async def set_correction(session: AsyncSession, application_id: UUID, closes_at: datetime | None) -> None:
    await session.execute(
        update(ApplicationRow)
        .where(ApplicationRow.application_id == application_id)
        .values(correction_closes_at=closes_at)
    )


async def application(session: AsyncSession, application_id: UUID) -> ApplicationRow | None:
    return await session.get(ApplicationRow, application_id)


async def phone_hash_of(session: AsyncSession, application_id: UUID) -> str | None:
    """The phone (hashed) to which messages of an application go; None while nobody is known."""
    query = (
        select(RecipientRow.phone_hash)
        .join(ApplicationRow, ApplicationRow.person_id == RecipientRow.person_id)
        .where(ApplicationRow.application_id == application_id)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def add_message(session: AsyncSession, **values: Any) -> bool:
    """False when a message with this ID is there already."""
    claim = insert(MessageRow).values(**values).on_conflict_do_nothing().returning(MessageRow.id)
    return (await session.execute(claim)).scalar_one_or_none() is not None


async def send_waiting(session: AsyncSession, person_id: UUID, phone_hash: str) -> None:
    """Messages that waited for somebody to reach go out."""
    applications = select(ApplicationRow.application_id).where(ApplicationRow.person_id == person_id)
    await session.execute(
        update(MessageRow)
        .where(MessageRow.state == "waiting", MessageRow.application_id.in_(applications))
        .values(state="sent", phone_hash=phone_hash, sent_at=func.public.fudao_now())
    )


async def messages_to(
    session: AsyncSession, phone_hash: str, after: datetime | None, limit: int
) -> Sequence[MessageRow]:
    query = select(MessageRow).where(MessageRow.phone_hash == phone_hash, MessageRow.state == "sent")
    if after is not None:
        query = query.where(MessageRow.created_at > after)
    return (await session.execute(query.order_by(MessageRow.created_at.desc()).limit(limit))).scalars().all()
