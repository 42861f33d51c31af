"""Windows as people see and extend them; the rules are the intake's."""

from __future__ import annotations

from uuid import UUID

from contracts.commands import TargetKind
from contracts.http.gateway import ExtendWindow, Windows, WindowView
from contracts.lifecycle import Stage
from gateway.guard import Caller
from gateway.intake import windows
from gateway.intake.models import WindowRow
from gateway.parts import Parts


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
) -> WindowView:
    """Errors: 404 `window_unknown`; 409 `window_closed`, `window_not_later`."""
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
        )
        return view(row)


def view(row: WindowRow) -> WindowView:
    return WindowView(
        target_kind=TargetKind(row.target_kind),
        target_id=row.target_id,
        stage=Stage(row.stage),
        opens_at=row.opens_at,
        closes_at=row.closes_at,
    )
