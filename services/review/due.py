"""Rows that fall due: overdue tasks rise in their queue, draws that were short are tried again."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.due import DueHandler, DueRow
from services.review.service import DRAW, OVERDUE, ReviewService


def handlers(service: ReviewService) -> Mapping[str, DueHandler]:
    """Handlers by kind of row."""

    async def overdue(session: AsyncSession, row: DueRow) -> None:
        await service.office.step(session, row)

    async def draw(_session: AsyncSession, row: DueRow) -> None:
        await service.assessments.fill(UUID(row.payload["assessment_id"]))

    return {OVERDUE: overdue, DRAW: draw}
