"""From a person's request to the command log: store, wait a little, answer; two-person commands become proposals."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import uuid_utils.compat as uuids
from fastapi import Header, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import CommandName, Receipt, Refused, TargetKind
from contracts.http.complaints import ComplaintView
from contracts.http.publication import Notice
from contracts.refusals import refused
from gateway.guard import Caller, not_found
from gateway.intake import log
from gateway.models import Application, Round
from gateway.parts import Parts
from gateway.policy import API
from kit.db import sqlstate
from kit.errors import DomainError, Kind

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[A-Za-z0-9._:-]{1,64}$",
        description="UUID 或 1–64 个字母数字：同一个键重复提交只算一次。",
    ),
]
_UNIQUE_VIOLATION = "23505"


def new_command(
    caller: Caller,
    *,
    target_kind: TargetKind,
    target_id: UUID,
    round_id: UUID,
    name: CommandName,
    body: dict[str, Any],
    key: str,
) -> log.NewCommand:
    """A command of this person; their key is its identity, the ID is minted here."""
    return log.NewCommand(
        id=uuids.uuid7(),
        target_kind=target_kind,
        target_id=target_id,
        round_id=round_id,
        name=name,
        role=caller.role,
        body=body,
        subject=caller.account_id,
        idempotency_key=key,
        assisted_by=caller.known.assisted_by,
    )


async def send(parts: Parts, command: log.NewCommand) -> Receipt:
    """Stores the command and waits up to 3 s for its answer. Errors: 409 `idempotency_conflict`, 413."""
    return await settle(parts, await store(parts, command))


async def store(parts: Parts, command: log.NewCommand) -> Receipt:
    """Stores the command in a transaction of its own."""

    async def work(session: AsyncSession) -> Receipt:
        return await log.store(session, command)

    try:
        return await parts.db.run(work)
    except IntegrityError as error:
        raise conflicting(error) from None


async def settle(parts: Parts, receipt: Receipt) -> Receipt:
    """The receipt with its outcome, if that comes within 3 s."""
    return receipt if receipt.outcome is not None else await parts.answers.wait(receipt.id)


def conflicting(error: IntegrityError) -> Exception:
    """Two targets at once under one key meet at the unique index only."""
    if sqlstate(error) != _UNIQUE_VIOLATION:
        return error
    return DomainError(
        Kind.conflict,
        "idempotency_conflict",
        "同一个 Idempotency-Key 已用于另一项内容不同的操作，请换一个新的键再提交。",
    )


def refuse_if_refused(receipt: Receipt) -> None:
    """409 with the refusal's own code, sentence and clause; `details.command_id` leads to the receipt."""
    if isinstance(receipt.outcome, Refused):
        said = receipt.outcome
        details = {"command_id": str(receipt.id)}
        raise DomainError(Kind.conflict, said.code, said.message, said.clause, details)


def answer(receipt: Receipt) -> Response:
    """200 accepted, 202 under way (with its Location), 409 problem refused."""
    refuse_if_refused(receipt)
    status = 202 if receipt.outcome is None else 200
    return JSONResponse(receipt.model_dump(mode="json"), status, headers=location(receipt))


def location(receipt: Receipt) -> dict[str, str]:
    return {"location": f"{API}/commands/{receipt.id}"}


async def of_case(
    parts: Parts, caller: Caller, application_id: UUID, name: CommandName, body: BaseModel, key: str
) -> log.NewCommand:
    """A page's command on an application, of which only the ID is known. 404 when there is none."""
    return new_command(
        caller,
        target_kind=TargetKind.application,
        target_id=application_id,
        round_id=await round_of(parts, TargetKind.application, application_id, caller),
        name=name,
        body=body.model_dump(mode="json"),
        key=key,
    )


async def round_of(parts: Parts, kind: TargetKind, target_id: UUID, caller: Caller) -> UUID:
    """The round that a target belongs to. 404 when there is no such target."""
    async with parts.db.read() as session:
        if kind is TargetKind.application:
            application = await session.get(Application, target_id)
            if application is None:
                raise not_found()
            return application.round_id
        if kind is TargetKind.round:
            if await session.get(Round, target_id) is None:
                raise unknown_round()
            return target_id
        if kind is TargetKind.complaint:
            return await _round_of_complaint(parts, target_id, caller)
        rounds = list(await session.scalars(select(Round.id).order_by(Round.created_at.desc())))
    return await _round_of_notice(parts, target_id, rounds, caller)


async def _round_of_complaint(parts: Parts, complaint_id: UUID, caller: Caller) -> UUID:
    """Publication knows it, and tells the committee alone (O4)."""
    found = await parts.services.request(
        "publication", "GET", f"/complaints/{complaint_id}", actor=caller.actor()
    )
    return ComplaintView.model_validate_json(found.content).round_id


async def _round_of_notice(parts: Parts, notice_id: UUID, rounds: list[UUID], caller: Caller) -> UUID:
    """Publication says which notice a round has; there are few rounds."""
    for round_id in rounds:
        try:
            found = await parts.services.request(
                "publication", "GET", f"/rounds/{round_id}/notice", actor=caller.actor()
            )
        except DomainError as error:
            if error.kind is not Kind.not_found:
                raise
            continue
        if Notice.model_validate_json(found.content).notice_id == notice_id:
            return round_id
    raise not_found()


def unknown_round() -> DomainError:
    said = refused("unknown_round")
    return DomainError(Kind.not_found, said.code, said.message, said.clause)
