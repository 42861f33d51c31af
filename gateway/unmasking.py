"""A whole ID number is shown for a reason, to the secretariat, for minutes; who, when, whose and why is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from contracts.base import Input
from contracts.http.gateway import CaseFilters, Reason
from contracts.http.persons import FullNumber
from gateway import audit
from gateway.audit import Action
from gateway.guard import Caller, not_found
from gateway.models import Audit, Round
from gateway.parts import Parts
from kit import db
from kit.errors import DomainError, Kind


class AskNumber(Input):
    """The form of /staff/unmask."""

    application_number: Annotated[str, Field(min_length=4, max_length=40)]
    reason: Reason


async def ask(parts: Parts, caller: Caller, asked: AskNumber) -> UUID:
    """Notes the access and opens it. Errors: 404 `unknown_application`."""
    application_id = await _find(parts, asked.application_number)
    async with parts.db.unit_of_work() as session:
        return audit.note(session, caller, Action.id_number_unmasked, application_id, asked.reason)


async def shown(parts: Parts, caller: Caller, entry_id: UUID) -> tuple[FullNumber, datetime]:
    """The number, and until when it may be seen: one's own access only. Errors: 404, also when it has run out."""
    async with parts.db.read() as session:
        entry = await session.get(Audit, entry_id)
        now = await db.now(session)
    if entry is None or entry.account_id != caller.account_id or entry.action != Action.id_number_unmasked:
        raise not_found()
    until = entry.at + timedelta(seconds=parts.settings.unmask_seconds)
    if now >= until:
        raise DomainError(Kind.not_found, "unmask_over", "显示时间已过。需要再看，请重新写明事由。")
    path = f"/applications/{entry.subject_id}/id-number"
    answer = await parts.services.request("registration", "GET", path, actor=caller.actor())
    return FullNumber.model_validate_json(answer.content), until


async def _find(parts: Parts, number: str) -> UUID:
    async with parts.db.read() as session:
        for round_id in await session.scalars(select(Round.id).order_by(Round.created_at.desc())):
            page = await parts.read_model.cases(session, round_id, CaseFilters(text=number), None, 50)
            for one in page.cases:
                if one.application_number == number:
                    return one.application_id
    raise DomainError(Kind.not_found, "unknown_application", "没有找到这个申报号，请核对。")
