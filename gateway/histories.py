"""Sealed histories as people get them, and the sheets that fix them in public; the rules are the intake's."""

from __future__ import annotations

from uuid import UUID

from contracts.commands import TargetKind
from contracts.http.history import History, Sheets, SheetView
from gateway import commands
from gateway.guard import Caller, not_found
from gateway.intake import history
from gateway.parts import Parts
from gateway.policy import READERS


async def of(parts: Parts, caller: Caller, kind: TargetKind, target_id: UUID) -> History:
    """All records of a target. Staff are told as well whether the command log still says the same."""
    round_id = await commands.round_of(parts, kind, target_id, caller)
    async with parts.db.read(snapshot=True) as session:
        return await history.of_target(session, target_id, round_id, check=caller.role in READERS)


async def sheets(parts: Parts, round_id: UUID) -> Sheets:
    """The published sheets of a round, newest first; none for a round that is not ours."""
    async with parts.db.read() as session:
        return Sheets(sheets=await history.sheets_of(session, round_id))


async def sheet_file(parts: Parts, sheet_id: UUID) -> bytes:
    """The file whose SHA-256 is the sheet's digest. 404 when there is none."""
    async with parts.db.read() as session:
        text = await history.sheet_file(session, sheet_id)
    if text is None:
        raise not_found()
    return text


async def fix(parts: Parts, round_id: UUID) -> SheetView:
    """Makes a sheet now, beside the daily ones; the newest one when nothing has happened since.

    404 when nothing has happened in the round at all.
    """

    async with parts.db.unit_of_work() as session:
        await history.make_sheet(session, round_id)
        made = await history.sheets_of(session, round_id)
    if not made:
        raise not_found()
    return made[0]
