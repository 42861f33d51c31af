"""The inbox: which events a consumer has already taken in; a topic may deliver an event more than once."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kit.tables import inbox


async def first_time(session: AsyncSession, event_id: UUID) -> bool:
    """True when this transaction is the first to take the event in; a concurrent second one waits and gets False."""
    claim = insert(inbox).values(event_id=event_id).on_conflict_do_nothing().returning(inbox.c.event_id)
    return (await session.execute(claim)).scalar_one_or_none() is not None
