"""Messages that did not arrive, with the phone to call: for the office, each look is logged."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from contracts.http.notification import ToldMessage, Undelivered
from gateway.accounts import codes
from gateway.guard import Caller
from gateway.models import Application
from gateway.parts import Parts
from kit.logging import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message; who it was for comes from the read model and the account."""

    message: ToldMessage
    number: str
    name: str
    unit: str
    phone: str


@dataclass(frozen=True, kw_only=True)
class Worklist:
    lines: tuple[Line, ...]
    found: int


async def worklist(parts: Parts, caller: Caller, page: int) -> Worklist:
    """One page, the oldest first."""
    answer = await parts.services.request(
        "notification", "GET", "/undelivered", actor=caller.actor(), params={"page": page}
    )
    found = Undelivered.model_validate_json(answer.content)
    lines = []
    async with parts.db.read() as session:
        ids = {one.application_id for one in found.messages}
        query = select(Application.id, Application.person_id).where(Application.id.in_(ids))
        owners: dict[UUID, UUID] = {row.id: row.person_id for row in await session.execute(query)}
        for one in found.messages:
            person = owners.get(one.application_id)
            known = await parts.read_model.case(session, one.application_id)
            phone = await codes.phone_of(session, parts.settings, person) if person is not None else None
            lines.append(
                Line(
                    message=one,
                    number=known.application_number if known else "",
                    name=(known.name or "") if known else "",
                    unit=(known.unit or "") if known else "",
                    phone=phone or "",
                )
            )
    log.info("undelivered_opened", account_id=str(caller.account_id), lines=len(lines))
    return Worklist(lines=tuple(lines), found=found.found)
