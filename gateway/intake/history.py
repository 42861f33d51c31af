"""Sealed histories: what was decided about a target, and sheets that fix all histories of a round in public.

Whoever changes or removes something later, in the database too, can be shown to have done so by anybody who kept a
history or knows a published digest (`rules.history`, ADR 0011).
"""

import json
import os
from collections.abc import Callable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import uuid_utils.compat as uuids
from sqlalchemy import DateTime, cast, func, select
from sqlalchemy.dialects.postgresql import JSON, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import CommandState, Role, TargetKind
from contracts.http.history import History, Record, RecordKind, SealedRecord, SheetView
from gateway.intake.models import CommandRow, HistoryRow, HistorySheetRow, WindowExtensionRow
from kit import db
from rules import history as seals

SHANGHAI = ZoneInfo("Asia/Shanghai")
SETTLED = (CommandState.answered.value, CommandState.refused.value)


async def add_command(session: AsyncSession, row: CommandRow) -> None:
    """A command that has just been decided, in the same transaction; the caller holds the target's lock."""
    await _add(session, row.target_id, row.round_id, lambda *place: _of_command(row, *place))


async def add_extension(
    session: AsyncSession, row: WindowExtensionRow, kind: TargetKind, round_id: UUID, role: Role
) -> None:
    """A window whose end was moved, in the same transaction; the caller holds the target's lock."""
    await _add(session, row.target_id, round_id, lambda *place: _of_extension(row, kind, role, *place))


async def _add(
    session: AsyncSession, target_id: UUID, round_id: UUID, make: Callable[[int, str, bytes], Record]
) -> None:
    last = (
        await session.execute(
            select(HistoryRow.number, HistoryRow.seal)
            .where(HistoryRow.target_id == target_id)
            .order_by(HistoryRow.number.desc())
            .limit(1)
        )
    ).one_or_none()
    number, previous = (1, seals.GENESIS) if last is None else (last.number + 1, last.seal)
    salt = os.urandom(16)
    record = make(number, previous, salt)
    session.add(
        HistoryRow(
            target_id=target_id,
            number=number,
            round_id=round_id,
            record=record.model_dump_json(),
            seal=seals.seal(record),
            salt=salt,
        )
    )
    await session.flush()


def _of_command(row: CommandRow, number: int, previous: str, salt: bytes) -> Record:
    assert row.outcome is not None
    assert row.answered_at is not None
    return Record(
        target_kind=TargetKind(row.target_kind),
        target_id=row.target_id,
        number=number,
        previous=previous,
        kind=RecordKind.command,
        reference=str(row.id),
        name=row.name,
        role=Role(row.role),
        actor=seals.commitment(salt, str(row.subject).encode()),
        content=seals.commitment(salt, _canonical(row.body)),
        assisted=row.assisted_by is not None,
        received_at=row.received_at,
        in_time=row.in_time,
        closes_at=row.closes_at,
        outcome=str(row.outcome.get("code") or "accepted"),
        settled_at=row.answered_at,
    )


def _of_extension(
    row: WindowExtensionRow, kind: TargetKind, role: Role, number: int, previous: str, salt: bytes
) -> Record:
    content = {"from": row.old_closes_at.isoformat(), "reason": row.reason}
    return Record(
        target_kind=kind,
        target_id=row.target_id,
        number=number,
        previous=previous,
        kind=RecordKind.extension,
        reference=row.stage,
        name="extend_window",
        role=role,
        actor=seals.commitment(salt, str(row.subject).encode()),
        content=seals.commitment(salt, _canonical(content)),
        received_at=row.extended_at,
        closes_at=row.new_closes_at,
        outcome="accepted",
        settled_at=row.extended_at,
    )


def _canonical(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


# reading ---------------------------------------------------------------------------------------------------


async def of_target(session: AsyncSession, target_id: UUID, round_id: UUID, *, check: bool) -> History:
    """All records in order and the round's sheets. `check`: whether the command log still says the same."""
    query = select(HistoryRow).where(HistoryRow.target_id == target_id).order_by(HistoryRow.number)
    rows = list((await session.execute(query)).scalars())
    return History(
        target_id=target_id,
        round_id=round_id,
        records=tuple(
            SealedRecord(record=Record.model_validate_json(row.record), seal=row.seal) for row in rows
        ),
        sheets=await sheets_of(session, round_id),
        matches_log=await _matches(session, target_id, round_id, rows) if check else None,
    )


async def _matches(session: AsyncSession, target_id: UUID, round_id: UUID, rows: list[HistoryRow]) -> bool:
    """Each decided command has its record, and making the record anew gives the same.

    Commands decided before the round's first record are of before there were histories.
    """
    settled = func.min(cast(cast(HistoryRow.record, JSON)["settled_at"].astext, DateTime(timezone=True)))
    first = select(settled).where(HistoryRow.round_id == round_id).scalar_subquery()
    query = select(CommandRow).where(
        CommandRow.target_id == target_id,
        CommandRow.state.in_(SETTLED),
        CommandRow.answered_at >= first,
    )
    log = {str(one.id): one for one in (await session.execute(query)).scalars()}
    sealed = [(row, Record.model_validate_json(row.record)) for row in rows]
    if seals.first_break(target_id, [SealedRecord(record=one, seal=row.seal) for row, one in sealed]):
        return False
    for row, record in sealed:
        if record.kind is not RecordKind.command:
            continue
        command = log.pop(record.reference, None)
        if command is None or _of_command(command, record.number, record.previous, row.salt) != record:
            return False
    return not log


# sheets ----------------------------------------------------------------------------------------------------


async def sheets_of(session: AsyncSession, round_id: UUID) -> tuple[SheetView, ...]:
    """Newest first."""
    query = (
        select(
            HistorySheetRow.id,
            HistorySheetRow.round_id,
            HistorySheetRow.made_at,
            HistorySheetRow.histories,
            HistorySheetRow.digest,
        )
        .where(HistorySheetRow.round_id == round_id)
        .order_by(HistorySheetRow.made_at.desc())
    )
    found = (await session.execute(query)).mappings()
    return tuple(SheetView.model_validate(dict(row)) for row in found)


async def sheet_file(session: AsyncSession, sheet_id: UUID) -> bytes | None:
    """The file of one sheet; None: there is none."""
    return (
        await session.execute(select(HistorySheetRow.text).where(HistorySheetRow.id == sheet_id))
    ).scalar_one_or_none()


async def make_due_sheets(session: AsyncSession) -> list[UUID]:
    """For each round whose histories have changed since its last sheet of an earlier day; the rounds' IDs.

    One sheet a day (by Chongqing's calendar) is enough, since each holds all that was before it.
    """
    today = (await db.now(session)).astimezone(SHANGHAI).date()
    query = select(HistorySheetRow.round_id, func.max(HistorySheetRow.made_at))
    newest = {row[0]: row[1] for row in await session.execute(query.group_by(HistorySheetRow.round_id))}
    rounds = (await session.execute(select(HistoryRow.round_id).distinct())).scalars()
    made = []
    for round_id in sorted(rounds):
        last: datetime | None = newest.get(round_id)
        if (last is None or last.astimezone(SHANGHAI).date() < today) and await make_sheet(session, round_id):
            made.append(round_id)
    return made


async def make_sheet(session: AsyncSession, round_id: UUID) -> bool:
    """Fixes all histories of the round as they are now; False: nothing has happened since the last sheet."""
    await db.lock(session, f"history_sheets:{round_id}")  # two who ask at once make one sheet
    query = (
        select(HistoryRow.target_id, HistoryRow.number, HistoryRow.seal)
        .where(HistoryRow.round_id == round_id)
        .ext(distinct_on(HistoryRow.target_id))
        .order_by(HistoryRow.target_id, HistoryRow.number.desc())
    )
    lines = [seals.line(*row) for row in await session.execute(query)]
    latest = (
        select(HistorySheetRow.text)
        .where(HistorySheetRow.round_id == round_id)
        .order_by(HistorySheetRow.made_at.desc())
        .limit(1)
    )
    before = (await session.execute(latest)).scalar_one_or_none()
    if before is not None and before.decode().splitlines()[1:] == sorted(lines):
        return False
    made_at = await db.now(session)
    text = seals.sheet_text(round_id, made_at, lines)
    session.add(
        HistorySheetRow(
            id=uuids.uuid7(),
            round_id=round_id,
            made_at=made_at,
            histories=len(lines),
            digest=seals.sheet_digest(text),
            text=text,
        )
    )
    await session.flush()
    return True
