"""Hands publication's messages about complaints to notification: only the gateway knows applicants' phones (O4)."""

from __future__ import annotations

import asyncio

from contracts.http.complaints import Outgoing, OutgoingPage, Told
from contracts.http.notification import MessageKind, SendMessage
from gateway.accounts import codes
from gateway.accounts.messages import send
from gateway.models import Application
from gateway.parts import Parts
from kit.errors import DomainError, Kind
from kit.http import SYSTEM
from kit.logging import get_logger
from kit.loops import sleep

log = get_logger(__name__)
_SECONDS = 10.0


async def run(parts: Parts, stop: asyncio.Event) -> None:
    """Looks every ten seconds. A message may be handed over twice: its ID makes it one."""
    while not stop.is_set():
        try:
            await hand_over(parts)
        except DomainError as error:
            if error.kind is not Kind.unavailable:
                raise
            log.warning("complaint_messages_wait", code=error.code)
        await sleep(stop, _SECONDS)


async def hand_over(parts: Parts) -> None:
    """Whatever waits now. Errors: 503 while a service is away."""
    answer = await parts.services.request("publication", "GET", "/internal/complaint-messages", actor=SYSTEM)
    messages = OutgoingPage.model_validate_json(answer.content).messages
    for one in messages:
        if (phone := await _phone(parts, one)) is not None:
            message = SendMessage(id=one.id, kind=MessageKind(one.kind), phone=phone, params=one.params)
            await send(parts.services, message)
        else:
            log.warning("complaint_message_to_nobody", message_id=str(one.id))
        told = Told(ids=(one.id,))
        path = "/internal/complaint-messages/told"
        await parts.services.request("publication", "POST", path, actor=SYSTEM, json=told)


async def _phone(parts: Parts, one: Outgoing) -> str | None:
    if one.application_id is None:
        return one.phone
    async with parts.db.read() as session:
        application = await session.get(Application, one.application_id)
        if application is None:
            return None
        return await codes.phone_of(session, parts.settings, application.person_id)
