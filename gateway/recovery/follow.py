"""What follows a decision: registration's phone, messages to both phones, expiry, erasure; each may be repeated."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid5

from sqlalchemy import func, or_, select, update

from contracts.http.notification import MessageKind, SendMessage
from gateway.accounts import codes
from gateway.accounts.messages import send
from gateway.models import Recovery
from gateway.parts import Parts
from gateway.recovery.asking import forget_pictures
from gateway.recovery.claims import Claim, State, read, seal
from kit.errors import DomainError, Kind
from kit.http import SYSTEM
from kit.logging import get_logger
from kit.loops import sleep

log = get_logger(__name__)
_NOW = func.public.fudao_now()
_SECONDS = 60.0
_ENDED = (State.approved.value, State.rejected.value)


async def run(parts: Parts, stop: asyncio.Event) -> None:
    """Every minute: whatever a stopped process or an absent service has left undone."""
    while not stop.is_set():
        try:
            await sweep(parts)
        except DomainError as error:
            if error.kind is not Kind.unavailable:
                raise
            log.warning("recovery_waits", code=error.code)  # asked again in a minute
        await sleep(stop, _SECONDS)


async def sweep(parts: Parts) -> None:
    """Ends what has run out, tells of what was decided, erases what was kept long enough.

    Errors: 503 while a service is away.
    """
    async with parts.db.unit_of_work() as session:
        late = Recovery.state.in_([State.open.value, State.proposed.value]) & (Recovery.expires_at <= _NOW)
        await session.execute(update(Recovery).where(late).values(state=State.expired.value))
    async with parts.db.read() as session:
        untold = Recovery.state.in_(_ENDED) & Recovery.done_at.is_(None)
        waiting = list(await session.scalars(select(Recovery.id).where(untold).order_by(Recovery.id)))
        kept = timedelta(days=parts.settings.recovery_keep_days)
        old = or_(Recovery.decided_at <= _NOW - kept, Recovery.expires_at <= _NOW - kept)
        ended = Recovery.state.in_((*_ENDED, State.expired.value)) & Recovery.erased_at.is_(None)
        done = Recovery.done_at.is_not(None) | (Recovery.state == State.expired.value)
        erasable = list(await session.scalars(select(Recovery.id).where(ended, old, done)))
    for recovery_id in waiting:
        await carry_on(parts, recovery_id)
    for recovery_id in erasable:
        await erase(parts, recovery_id)


async def carry_on(parts: Parts, recovery_id: UUID) -> None:
    """Everything that a decided request still needs. Errors: 503; the next round of the loop goes on."""
    async with parts.db.read() as session:
        row = await session.get(Recovery, recovery_id)
    claim = None if row is None else read(parts.settings, row)
    if row is None or claim is None or row.state not in _ENDED or row.done_at is not None:
        return
    if row.state == State.approved:
        await parts.services.request(
            "registration",
            "PUT",
            f"/internal/people/{row.person_id}/phone",
            actor=SYSTEM,
            json={"phone": claim.new_phone},
        )
    for message in messages(row, claim):
        await send(parts.services, message)
    async with parts.db.unit_of_work() as session:
        sealed = seal(parts.settings, recovery_id, claim.model_copy(update={"old_phone": ""}))
        await session.execute(
            update(Recovery).where(Recovery.id == recovery_id).values(done_at=_NOW, sealed=sealed)
        )


def messages(row: Recovery, claim: Claim) -> list[SendMessage]:
    """To both phones after an approval, to the new one after a rejection; one each, however often it is asked."""
    if row.state == State.rejected:
        params = {"reason": row.reason or ""}
        return [_message(row, MessageKind.recovery_rejected, claim.new_phone, params)]
    told = [_message(row, MessageKind.recovery_done_new, claim.new_phone, {})]
    if claim.old_phone and claim.old_phone != claim.new_phone:
        masked = {"phone": codes.masked(claim.new_phone)}
        told.append(_message(row, MessageKind.recovery_done_old, claim.old_phone, masked))
    return told


async def erase(parts: Parts, recovery_id: UUID) -> None:
    """Pictures and what was said are gone; that there was a request, and who decided it, stays."""
    await forget_pictures(parts, recovery_id)
    async with parts.db.unit_of_work() as session:
        await session.execute(
            update(Recovery).where(Recovery.id == recovery_id).values(erased_at=_NOW, sealed=b"")
        )


def _message(row: Recovery, kind: MessageKind, phone: str, params: dict[str, str]) -> SendMessage:
    return SendMessage(id=uuid5(row.id, kind.value), kind=kind, phone=phone, params=params)
