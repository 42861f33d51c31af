"""Windows as people see and extend them; the rules are the intake's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import TargetKind
from contracts.http.gateway import ExtendWindow, Windows, WindowView
from contracts.lifecycle import Stage
from gateway.guard import Caller, not_found
from gateway.intake import windows
from gateway.intake.models import WindowExtensionRow, WindowRow
from gateway.models import Account
from gateway.parts import Parts

_NOW = func.public.fudao_now()


@dataclass(frozen=True, kw_only=True)
class Extension:
    """Who moved an end, from when to when, and why."""

    target_id: UUID
    stage: Stage
    old: datetime
    new: datetime
    who: str
    reason: str
    at: datetime


async def listed(parts: Parts, target_ids: list[UUID]) -> Windows:
    """All windows of these targets, by opening."""
    async with parts.db.read() as session:
        rows = await windows.windows_of(session, target_ids)
    return Windows(windows=tuple(view(row) for row in rows))


async def extend(
    parts: Parts,
    caller: Caller,
    kind: TargetKind,
    *,
    target_id: UUID,
    round_id: UUID,
    stage: Stage,
    wanted: ExtendWindow,
    seen: datetime | None = None,
) -> WindowView:
    """`seen`: the end that was looked at. Errors: 404 `window_unknown`; 409 `window_closed`, `window_not_later`,
    `window_moved`."""
    async with parts.db.unit_of_work() as session:
        row = await windows.extend(
            session,
            target_id=target_id,
            round_id=round_id,
            stage=stage,
            closes_at=wanted.closes_at,
            subject=caller.account_id,
            role=caller.role,
            reason=wanted.reason,
            seen=seen,
        )
        return view(row)


async def of_round(session: AsyncSession, round_id: UUID) -> list[WindowView]:
    """The round's own windows and that of its public notice, by opening."""
    query = select(WindowRow).where(
        WindowRow.round_id == round_id, WindowRow.target_kind != TargetKind.application.value
    )
    return [view(row) for row in await session.scalars(query.order_by(WindowRow.opens_at))]


async def open_ones_of_cases(
    session: AsyncSession, round_id: UUID, limit: int
) -> tuple[list[WindowView], int]:
    """Windows of single applications that are open now, those that end first; and how many there are."""
    still = (
        WindowRow.round_id == round_id,
        WindowRow.target_kind == TargetKind.application.value,
        WindowRow.closes_at > _NOW,
    )
    query = select(WindowRow).where(*still).order_by(WindowRow.closes_at).limit(limit)
    found = [view(row) for row in await session.scalars(query)]
    total = await session.scalar(select(func.count()).select_from(WindowRow).where(*still))
    return found, int(total or 0)


async def one_of(session: AsyncSession, round_id: UUID, target_id: UUID, stage: Stage) -> WindowView:
    """A window of this round. 404."""
    row = await session.get(WindowRow, (target_id, stage.value))
    if row is None or row.round_id != round_id:
        raise not_found()
    return view(row)


async def extensions_of(
    session: AsyncSession, round_id: UUID, target_id: UUID | None = None, limit: int = 50
) -> Sequence[Extension]:
    """The newest first, of all windows of a round or of one target."""
    query = (
        select(WindowExtensionRow, Account.display_name)
        .join(
            WindowRow,
            (WindowRow.target_id == WindowExtensionRow.target_id)
            & (WindowRow.stage == WindowExtensionRow.stage),
        )
        .outerjoin(Account, Account.id == WindowExtensionRow.subject)
        .where(WindowRow.round_id == round_id)
        .order_by(WindowExtensionRow.position.desc())
        .limit(limit)
    )
    if target_id is not None:
        query = query.where(WindowExtensionRow.target_id == target_id)
    return [
        Extension(
            target_id=row.target_id,
            stage=Stage(row.stage),
            old=row.old_closes_at,
            new=row.new_closes_at,
            who=name or "",
            reason=row.reason,
            at=row.extended_at,
        )
        for row, name in await session.execute(query)
    ]


def view(row: WindowRow) -> WindowView:
    return WindowView(
        target_kind=TargetKind(row.target_kind),
        target_id=row.target_id,
        stage=Stage(row.stage),
        opens_at=row.opens_at,
        closes_at=row.closes_at,
    )
