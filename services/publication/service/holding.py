"""What complaints do to a certificate: each holds one person by itself, until it is decided (N3, C1).

Settled under the round's lock, in the transactions that receive a complaint, accept it, decide it, and close the
notice: whatever came before the end by PostgreSQL's clock holds, whatever came later does not (F29).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import CommandName, ServiceCommand, TargetKind
from contracts.events import derived_id
from kit import outbox
from services.publication import repository
from services.publication.models import ComplaintRow
from services.publication.repository import complaints as rows


async def came_after_close(session: AsyncSession, round_id: UUID, received_at: datetime) -> bool:
    """Whether the round's public notice had ended; the caller holds the round's lock."""
    notice = await repository.notice_of(session, round_id)
    if notice is None or notice.state == "made":
        return False
    return notice.state == "closed" or (notice.closes_at is not None and received_at >= notice.closes_at)


async def ask(session: AsyncSession, key: str, row: ComplaintRow) -> None:
    """The complaint holds its person from now on, if it is about one and came in time."""
    if row.application_id is None or row.after_close or row.holds:
        return
    row.holds = True
    await outbox.add_command(session, _hold(f"{key}/hold/{row.id}", row))


async def let_go(session: AsyncSession, key: str, row: ComplaintRow) -> None:
    """The complaint holds nobody any more."""
    if not row.holds:
        return
    row.holds = False
    await outbox.add_command(
        session,
        _command(f"{key}/unhold/{row.id}", row, CommandName.unhold, {"reference": str(row.id)}),
    )


async def at_close(session: AsyncSession, key: str, application_ids: list[UUID]) -> set[UUID]:
    """The notice closes: what nobody has examined yet holds, too. Returns whom complaints hold now."""
    for row in await rows.unexamined(session, application_ids):
        await ask(session, key, row)
    await session.flush()
    return await rows.holding(session, application_ids)


async def longer(session: AsyncSession, key: str, round_id: UUID, closes_at: datetime) -> None:
    """The end of the notice has moved: what came after the old end and before the new one came in time."""
    for row in await rows.in_time_after_all(session, round_id, closes_at):
        row.after_close = False
        if row.stage != "received":
            await ask(session, key, row)


def _hold(key: str, row: ComplaintRow) -> ServiceCommand:
    return _command(key, row, CommandName.hold, {"reason": "complaint", "reference": str(row.id)})


def _command(key: str, row: ComplaintRow, name: CommandName, body: dict[str, str]) -> ServiceCommand:
    assert row.application_id is not None
    return ServiceCommand(
        id=derived_id(key),
        target_kind=TargetKind.application,
        target_id=row.application_id,
        round_id=row.round_id,
        name=name,
        body=body,
    )
