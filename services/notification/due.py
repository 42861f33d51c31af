"""What falls due in notification: reminders."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.due import DueHandler, DueRow
from services.notification.service import REMIND, NotificationService


def handlers(service: NotificationService) -> Mapping[str, DueHandler]:
    """Kind of due row → what to do."""

    async def remind(session: AsyncSession, row: DueRow) -> None:
        await service.remind(session, UUID(row.key), str(row.payload["number"]))

    return {REMIND: remind}
