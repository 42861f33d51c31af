"""All SQL of notification."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notification.models import ApplicationRow, MessageRow, RecipientRow

_NOW = func.public.fudao_now()


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


async def send_waiting(session: AsyncSession, person_id: UUID, phone_hash: str, state: str) -> None:
    """Messages that waited for somebody to reach go out: `queued` for the carrier, `delivered` to the mailbox."""
    applications = select(ApplicationRow.application_id).where(ApplicationRow.person_id == person_id)
    values = {"state": state, "phone_hash": phone_hash, "next_at": _NOW}
    if state == "delivered":
        values |= {"sent_at": _NOW, "delivered_at": _NOW}
    await session.execute(
        update(MessageRow)
        .where(MessageRow.state == "waiting", MessageRow.application_id.in_(applications))
        .values(**values)
    )


async def take(session: AsyncSession, limit: int, lease: timedelta) -> Sequence[UUID]:
    """Queued messages whose time has come, the oldest first; nobody else takes them during the lease."""
    due = (
        select(MessageRow.id)
        .where(MessageRow.state == "queued", MessageRow.next_at <= _NOW)
        .order_by(MessageRow.next_at, MessageRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(MessageRow)
        .where(MessageRow.id.in_(due.scalar_subquery()))
        .values(next_at=_NOW + lease, attempts=MessageRow.attempts + 1)
        .returning(MessageRow.id)
    )
    return (await session.execute(taken)).scalars().all()


async def message(session: AsyncSession, message_id: UUID) -> MessageRow | None:
    return await session.get(MessageRow, message_id)


async def recipient_of(session: AsyncSession, application_id: UUID) -> RecipientRow | None:
    """Who is reached for an application now."""
    query = (
        select(RecipientRow)
        .join(ApplicationRow, ApplicationRow.person_id == RecipientRow.person_id)
        .where(ApplicationRow.application_id == application_id)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def settle(session: AsyncSession, message_id: UUID, state: str, **values: Any) -> None:
    """What became of a queued message."""
    row = update(MessageRow).where(MessageRow.id == message_id, MessageRow.state == "queued")
    await session.execute(row.values(state=state, **values))


async def receive(session: AsyncSession, reference: str, **values: Any) -> bool:
    """What the carrier tells of a message it took; False for one that is none of ours, or told already."""
    row = update(MessageRow).where(MessageRow.reference == reference, MessageRow.state == "sent")
    return (
        await session.execute(row.values(**values).returning(MessageRow.id))
    ).scalar_one_or_none() is not None


def _undelivered() -> ColumnElement[bool]:
    """What the office has to look after: codes are asked for again by whoever needs one."""
    return (
        (MessageRow.state == "failed")
        & MessageRow.handled_at.is_(None)
        & MessageRow.application_id.is_not(None)
    )


async def undelivered(session: AsyncSession, offset: int, limit: int) -> tuple[int, Sequence[MessageRow]]:
    """How many, and a page of them, the oldest first."""
    found = await session.execute(select(func.count()).select_from(MessageRow).where(_undelivered()))
    query = select(MessageRow).where(_undelivered()).order_by(MessageRow.failed_at, MessageRow.id)
    rows = (await session.execute(query.offset(offset).limit(limit))).scalars().all()
    return int(found.scalar_one()), rows


async def handle(session: AsyncSession, message_id: UUID, by: UUID, how: str) -> MessageRow | None:
    """Somebody of the office did something about it; None when it is not on the list (any more)."""
    row = update(MessageRow).where(MessageRow.id == message_id, _undelivered())
    handled = row.values(handled_at=_NOW, handled_by=by, handled_how=how).returning(MessageRow)
    return (await session.execute(handled)).scalar_one_or_none()


async def messages_of(session: AsyncSession, application_id: UUID, limit: int) -> Sequence[MessageRow]:
    """What was told about an application, the newest first."""
    query = select(MessageRow).where(MessageRow.application_id == application_id)
    return (await session.execute(query.order_by(MessageRow.created_at.desc()).limit(limit))).scalars().all()


async def messages_to(
    session: AsyncSession, phone_hash: str, after: datetime | None, limit: int
) -> Sequence[MessageRow]:
    went = MessageRow.state.in_(("sent", "delivered"))
    query = select(MessageRow).where(MessageRow.phone_hash == phone_hash, went)
    if after is not None:
        query = query.where(MessageRow.created_at > after)
    return (await session.execute(query.order_by(MessageRow.created_at.desc()).limit(limit))).scalars().all()
