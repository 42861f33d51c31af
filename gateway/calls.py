"""Whom the office calls (Q11): corrections that are still open, the most urgent first, with the verified phone."""

from __future__ import annotations

from uuid import UUID

from pydantic import AwareDatetime
from sqlalchemy import select

from contracts.base import Data
from contracts.http.gateway import CaseFilters
from contracts.lifecycle import Stage
from gateway.accounts import codes
from gateway.guard import Caller
from gateway.intake.models import WindowRow
from gateway.models import Application
from gateway.parts import Parts
from kit.logging import get_logger

_PAGE = 200
log = get_logger(__name__)


class CallLine(Data):
    """One person to call."""

    application_id: UUID
    application_number: str
    level: str
    name: str
    unit: str
    district: str
    phone: str
    closes_at: AwareDatetime | None


class CallList(Data):
    """`GET /rounds/{round_id}/call-list`. That it was opened is logged: it shows phone numbers."""

    lines: tuple[CallLine, ...]


async def call_list(parts: Parts, caller: Caller, round_id: UUID) -> CallList:
    """Everybody in stage correction, by the end of their window."""
    lines: list[CallLine] = []
    cursor: str | None = None
    filters = CaseFilters(stage=Stage.correction)
    async with parts.db.read() as session:
        while True:
            page = await parts.read_model.cases(session, round_id, filters, cursor, _PAGE)
            ids = [one.application_id for one in page.cases]
            owners = {
                row.id: row.person_id
                for row in await session.execute(
                    select(Application.id, Application.person_id).where(Application.id.in_(ids))
                )
            }
            ends = {
                row.target_id: row.closes_at
                for row in await session.execute(
                    select(WindowRow.target_id, WindowRow.closes_at).where(
                        WindowRow.target_id.in_(ids), WindowRow.stage == Stage.correction.value
                    )
                )
            }
            for one in page.cases:
                person = owners.get(one.application_id)
                phone = await codes.phone_of(session, parts.settings, person) if person is not None else None
                lines.append(
                    CallLine(
                        application_id=one.application_id,
                        application_number=one.application_number,
                        level=one.level,
                        name=one.name or "",
                        unit=one.unit or "",
                        district=one.district or "",
                        phone=phone or "",
                        closes_at=ends.get(one.application_id, one.closes_at),
                    )
                )
            cursor = page.next_cursor
            if cursor is None:
                break
    log.info("call_list_opened", account_id=str(caller.account_id), round_id=str(round_id), lines=len(lines))
    return CallList(lines=tuple(sorted(lines, key=lambda one: (one.closes_at is None, one.closes_at))))
