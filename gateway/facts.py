"""What is known of one case, gathered: read model, command log, windows, and the services its stage calls for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from contracts.commands import CommandName, CommandState, Role
from contracts.http.complaints import AccusedViews
from contracts.http.exam import Exam
from contracts.http.gateway import KnownCase, TimelineEntry
from contracts.http.panels import Appointment
from contracts.http.payment import Order
from contracts.http.registration import RegistrationView
from contracts.lifecycle import Stage
from gateway import assistance
from gateway.guard import Caller, not_found
from gateway.intake import log, windows
from gateway.intake.models import CommandRow, WindowRow
from gateway.models import Application
from gateway.parts import Parts
from kit.errors import DomainError, Kind
from kit.logging import get_logger

M = TypeVar("M", bound=BaseModel)
logger = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that was found of one case; what a service could not tell just now is None."""

    application: Application
    known: KnownCase | None
    events: Sequence[TimelineEntry]
    commands: Sequence[CommandRow]
    windows: Sequence[WindowRow]
    registration: RegistrationView | None = None
    order: Order | None = None
    exam: Exam | None = None
    defence: Appointment | None = None
    complaints: AccusedViews | None = None


async def gather(parts: Parts, caller: Caller, application_id: UUID) -> Facts:
    """Reads log, windows and read model, then asks the services that the stage calls for."""
    async with parts.db.read() as session:
        application = await session.get(Application, application_id)
        if application is None:
            raise not_found()
        known = await parts.read_model.case(session, application_id)
        events = list(await parts.read_model.timeline(session, application_id))
        events += await assistance.entries(session, application.person_id, application.created_at)
        rows = await log.latest(session, application_id)
        spans = await windows.windows_of(session, [application_id, application.round_id])
    stage = known.stage if known else Stage.filing
    path = f"/applications/{application_id}"
    held = known is not None and known.held
    registration, order, exam, defence, complaints = await asyncio.gather(
        _ask(parts, caller, "registration", f"{path}/registration", RegistrationView),
        _ask(parts, caller, "payment", f"{path}/order", Order) if stage is Stage.filing else _nothing(),
        _ask(parts, caller, "exam", f"{path}/exam", Exam)
        if stage is Stage.exam and caller.role is Role.applicant
        else _nothing(),
        _ask(parts, caller, "review", f"{path}/defence", Appointment)
        if stage is Stage.defence and caller.role is Role.applicant
        else _nothing(),
        _ask(parts, caller, "publication", f"{path}/complaints", AccusedViews)
        if caller.role is Role.applicant and (held or stage is not Stage.filing)
        else _nothing(),
    )
    return Facts(
        application=application,
        known=known,
        events=events,
        commands=rows,
        windows=spans,
        registration=registration,
        order=order,
        exam=exam,
        defence=defence,
        complaints=complaints,
    )


def begun(facts: Facts) -> bool:
    """Something is known of it, or an `apply` is under way or was accepted."""
    if facts.known is not None or facts.registration is not None:
        return True
    return any(row.name == CommandName.apply and row.state != CommandState.refused for row in facts.commands)


async def _nothing() -> None:
    return None


async def _ask(parts: Parts, caller: Caller, service: str, path: str, model: type[M]) -> M | None:
    """The service's facts; None when it has none for this caller or cannot answer now (the page still comes)."""
    try:
        answer = await parts.services.request(service, "GET", path, actor=caller.actor(), timeout=3.0)
        return model.model_validate_json(answer.content)
    except ValidationError:
        logger.warning("facts_unreadable", target=service)
    except DomainError as error:
        if error.kind is Kind.unavailable:
            logger.warning("facts_missing", target=service)
    return None
