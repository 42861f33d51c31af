"""The command log: storing a command settles its place and whether it is in time; nothing else does."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import (
    COMMANDS,
    MAX_BODY_BYTES,
    CommandName,
    CommandState,
    Outcome,
    Receipt,
    Refused,
    Role,
    TargetKind,
)
from contracts.lifecycle import Stage
from contracts.refusals import refused
from gateway.intake import history, windows
from gateway.intake.models import CommandRow
from kit import db
from kit.errors import DomainError, Kind

STORED, ANSWERED = "command_stored", "command_answered"
"""Channels on which the dispatcher and the waiting requests are woken."""
OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


@dataclass(frozen=True, kw_only=True)
class NewCommand:
    """A command as it comes in. `id` and `effective_at` are given by services only; people give a key."""

    id: UUID
    target_kind: TargetKind
    target_id: UUID
    round_id: UUID
    name: CommandName
    role: Role
    body: dict[str, Any]
    subject: UUID | None = None
    idempotency_key: str | None = None
    effective_at: datetime | None = None
    assisted_by: UUID | None = None


def check_size(body: dict[str, Any]) -> None:
    """`body_too_large` (413) when the body has more than 1 KB as JSON."""
    size = len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_BODY_BYTES:
        raise DomainError(
            Kind.too_large,
            "body_too_large",
            f"请求内容有 {size} 字节，超过 {MAX_BODY_BYTES} 字节的上限；文字和附件请先单独保存。",
        )


async def store(session: AsyncSession, new: NewCommand) -> Receipt:
    """Store a command once and settle `in_time`; a late one is answered right here.

    Same key or ID with the same content gives the same receipt; with other content `idempotency_conflict` (409).
    The caller has checked role, target and form of the body.
    """
    check_size(new.body)
    await windows.round_barrier(session, new.round_id, exclusive=False)
    await db.lock(session, new.target_id)
    if known := await _known(session, new):
        return receipt(known)
    spec = COMMANDS[new.name]
    window = None
    if spec.window is not None:
        window = await windows.in_force(session, new.target_id, new.round_id, spec.window)
    received_at = await db.now(session)
    instant = new.effective_at or received_at
    in_time, late = None, None
    if window is not None:
        in_time = window.opens_at <= instant < window.closes_at
        if not in_time:
            late = _late(spec.window, early=instant < window.opens_at)
    elif spec.window is Stage.filing:
        in_time, late = False, refused("window_not_open")
    statement = (
        insert(CommandRow)
        .values(
            id=new.id,
            target_kind=new.target_kind.value,
            target_id=new.target_id,
            round_id=new.round_id,
            name=new.name.value,
            role=new.role.value,
            subject=new.subject,
            idempotency_key=new.idempotency_key,
            assisted_by=new.assisted_by,
            body=new.body,
            received_at=received_at,
            effective_at=new.effective_at,
            closes_at=window.closes_at if window else None,
            in_time=in_time,
            state=(CommandState.refused if late else CommandState.received).value,
            outcome=late.model_dump(mode="json") if late else None,
            answered_at=received_at if late else None,
        )
        .returning(CommandRow)
    )
    row = (await session.execute(statement)).scalar_one()
    if late:
        await history.add_command(session, row)
    db.wake_after_commit(session, ANSWERED if late else STORED)
    return receipt(row)


async def answer(session: AsyncSession, target_id: UUID, command_id: UUID, outcome: Outcome) -> None:
    """Settles a command and seals it into its target's history; whoever waits for it is woken."""
    await db.lock(session, target_id)  # records of a history follow one another
    state = CommandState.refused if isinstance(outcome, Refused) else CommandState.answered
    statement = (
        update(CommandRow)
        .where(CommandRow.id == command_id)
        .values(
            state=state.value,
            outcome=outcome.model_dump(mode="json"),
            answered_at=await db.now(session),
            last_error=None,
        )
        .returning(CommandRow)
    )
    await history.add_command(session, (await session.execute(statement)).scalar_one())
    db.wake_after_commit(session, ANSWERED)


def _late(stage: Stage | None, *, early: bool) -> Refused:
    if early:
        return refused("window_not_open")
    return refused("correction_window_closed" if stage is Stage.correction else "window_closed")


async def _known(session: AsyncSession, new: NewCommand) -> CommandRow | None:
    """The same command stored before; a key or ID that was used for something else is a conflict."""
    query = select(CommandRow).where(CommandRow.id == new.id)
    if new.idempotency_key is not None:
        query = select(CommandRow).where(
            CommandRow.subject == new.subject, CommandRow.idempotency_key == new.idempotency_key
        )
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        return None
    if (row.target_id, row.name, row.body) != (new.target_id, new.name.value, new.body):
        raise DomainError(
            Kind.conflict,
            "idempotency_conflict",
            "同一个 Idempotency-Key 已用于另一项内容不同的操作，请换一个新的键再提交。",
        )
    return row


async def find(session: AsyncSession, command_id: UUID) -> CommandRow | None:
    """The row of one command."""
    return await session.get(CommandRow, command_id)


async def latest(session: AsyncSession, target_id: UUID, limit: int = 50) -> list[CommandRow]:
    """The newest commands of a target, newest first: what has just been done is there before any event is."""
    found = await session.execute(
        select(CommandRow)
        .where(CommandRow.target_id == target_id)
        .order_by(CommandRow.position.desc())
        .limit(limit)
    )
    return list(found.scalars())


def receipt(row: CommandRow) -> Receipt:
    """What the sender of a command may see of its row."""
    return Receipt(
        id=row.id,
        name=CommandName(row.name),
        target_id=row.target_id,
        state=CommandState(row.state),
        received_at=row.received_at,
        outcome=None if row.outcome is None else OUTCOME.validate_python(row.outcome),
    )
