"""Writing outbox rows: part of the use-case's own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import ServiceCommand
from contracts.events import Event
from kit.db.session import schema_of, wake_after_commit
from kit.tables import outbox

EVENT, COMMAND = "event", "command"


def channel(schema: str) -> str:
    """The NOTIFY channel that wakes the relay of a schema."""
    return f"outbox_{schema}"


async def add_event(session: AsyncSession, event: Event) -> None:
    """Puts one event in line. Lock the aggregate's row first: order on the topic is the order of these inserts.

    IntegrityError when the event's ID was used before (an effect used the same `n` twice).
    """
    await add_events(session, [event])


async def add_events(session: AsyncSession, events: Sequence[Event]) -> None:
    """Several events, in their order."""
    rows = [_event(event) for event in events]
    if rows:
        await session.execute(insert(outbox), rows)
        await _wake(session)


async def add_command(session: AsyncSession, command: ServiceCommand) -> None:
    """Puts one command for the gateway in line; the same ID again is the same command and adds nothing."""
    await add_commands(session, [command])


async def add_commands(session: AsyncSession, commands: Sequence[ServiceCommand]) -> None:
    """Many commands (a round's batch), in their order."""
    rows = [_command(command) for command in commands]
    if rows:
        await session.execute(insert(outbox).on_conflict_do_nothing(index_elements=["id"]), rows)
        await _wake(session)


async def depth(session: AsyncSession) -> dict[str, int]:
    """Unsent rows by kind: 0 when the relay keeps up (for metrics and the operator's page)."""
    query = (
        select(outbox.c.kind, func.count().label("unsent"))
        .where(outbox.c.sent_at.is_(None))
        .group_by(outbox.c.kind)
    )
    found: dict[str, int] = {row.kind: row.unsent for row in await session.execute(query)}
    return {EVENT: found.get(EVENT, 0), COMMAND: found.get(COMMAND, 0)}


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "kind": EVENT,
        "topic": event.topic.value,
        "target_id": event.target_id,
        "body": event.model_dump(mode="json"),
    }


def _command(command: ServiceCommand) -> dict[str, Any]:
    return {
        "id": command.id,
        "kind": COMMAND,
        "topic": None,
        "target_id": command.target_id,
        "body": command.model_dump(mode="json"),
    }


async def _wake(session: AsyncSession) -> None:
    if "outbox_channel" not in session.info:
        session.info["outbox_channel"] = channel(await schema_of(session))
    wake_after_commit(session, session.info["outbox_channel"])
