"""Commands that do not get through: what stands still and why in plain words, put back in line, or set aside (O2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import COMMANDS, CommandName, CommandState, PrepareRequest, Receipt, Role
from contracts.refusals import message_of, refused
from gateway import audit
from gateway.guard import Caller, not_found
from gateway.intake import log
from gateway.intake.delivery import HttpPreparer, prepare_request
from gateway.intake.dispatcher import retry_quarantined
from gateway.intake.models import CommandRow
from gateway.parts import Parts
from kit import db
from kit.errors import DomainError, Kind

LATE = timedelta(minutes=2)
"""A command that has waited so long waits for something that is down."""
_NOW = func.public.fudao_now()


@dataclass(frozen=True, kw_only=True)
class Stuck:
    """One command that stands still. `behind`: how many later commands of the same target wait for it."""

    row: CommandRow
    behind: int

    @property
    def quarantined(self) -> bool:
        return self.row.state == CommandState.quarantined.value

    @property
    def name(self) -> CommandName:
        return CommandName(self.row.name)

    @property
    def why(self) -> str:
        return why(self.row.last_error)

    @property
    def may_refuse(self) -> bool:
        return self.quarantined and can_be_set_aside(self.row)


def why(last_error: str | None) -> str:
    """The cause in plain words; the class or code stays in brackets for whoever reads logs."""
    if not last_error:
        return "还没有轮到，或者所需的服务暂时不可用。"
    kind, _, code = last_error.partition(" ")
    if kind == "Malformed":
        return f"流程不认识这项操作的内容，是系统的问题，不是提交人的问题（{last_error}）。"
    if kind == "DomainError":
        said = message_of(code)
        return f"负责的服务没有受理：{said}（{code}）"
    return f"处理时出错，是系统的问题，不是提交人的问题（{last_error}）。"


def can_be_set_aside(row: CommandRow) -> bool:
    """Only what no workflow can have seen: what preparing it gives is not there. And only people's commands: without
    a machine's own the case would stand still for good."""
    gives_something = COMMANDS[CommandName(row.name)].prepared is not None
    return gives_something and row.prepared is None and row.role != Role.system.value


async def listed(session: AsyncSession, round_id: UUID, limit: int = 50) -> Sequence[Stuck]:
    """Quarantined commands of a round first, then those that have waited too long; the oldest first."""
    stuck = or_(
        CommandRow.state == CommandState.quarantined.value,
        and_(
            CommandRow.state.in_((CommandState.received.value, CommandState.prepared.value)),
            CommandRow.attempts > 0,
            CommandRow.received_at < _NOW - LATE,
        ),
    )
    order = (CommandRow.state != CommandState.quarantined.value, CommandRow.position)
    query = select(CommandRow).where(CommandRow.round_id == round_id, stuck).order_by(*order).limit(limit)
    rows = list(await session.scalars(query))
    return [Stuck(row=row, behind=await _behind(session, row)) for row in rows]


async def count(session: AsyncSession, round_id: UUID) -> int:
    """How many commands of a round were put aside."""
    query = select(func.count()).where(
        CommandRow.round_id == round_id, CommandRow.state == CommandState.quarantined.value
    )
    return int(await session.scalar(query) or 0)


async def find(session: AsyncSession, round_id: UUID, command_id: UUID) -> Stuck:
    """A command of this round. 404."""
    row = await log.find(session, command_id)
    if row is None or row.round_id != round_id:
        raise not_found()
    return Stuck(row=row, behind=await _behind(session, row))


async def retry(parts: Parts, caller: Caller, command_id: UUID) -> Receipt:
    """A quarantined command back in line, after its cause was mended. 404; 409 `not_quarantined`."""
    async with parts.db.unit_of_work() as session:
        if await log.find(session, command_id) is None:
            raise not_found()
        if not await retry_quarantined(session, command_id):
            raise _not_quarantined()
        audit.note(session, caller, audit.Action.command_retried, command_id)
    return await parts.answers.wait(command_id)


async def refuse(parts: Parts, caller: Caller, command_id: UUID, reason: str) -> Receipt:
    """Answers a quarantined command as refused, so that what stands behind it goes on. What a service may have
    prepared is undone first.

    Errors: 404; 409 `not_quarantined`, `may_have_happened`.
    """
    async with parts.db.read() as session:
        row = await log.find(session, command_id)
    if row is None:
        raise not_found()
    _check(row)
    service = COMMANDS[CommandName(row.name)].prepare
    assert service is not None
    request: PrepareRequest = prepare_request(row)
    await HttpPreparer(parts.services).unprepare(service, request)
    async with parts.db.unit_of_work() as session:
        await db.lock(session, row.target_id)
        now = await session.get(CommandRow, command_id, with_for_update=True)
        assert now is not None
        _check(now)
        if now.next_try_at != row.next_try_at:
            # somebody put it back in line meanwhile, and it failed anew: look at it anew
            raise _not_quarantined()
        await log.answer(session, row.target_id, command_id, refused("set_aside"))
        audit.note(session, caller, audit.Action.command_set_aside, command_id, reason, command=row.name)
    async with parts.db.read() as session:
        settled = await log.find(session, command_id)
    assert settled is not None
    return log.receipt(settled)


def _check(row: CommandRow) -> None:
    if row.state != CommandState.quarantined.value:
        raise _not_quarantined()
    if not can_be_set_aside(row):
        raise DomainError(
            Kind.conflict,
            "may_have_happened",
            "这项操作可能已经部分生效，或者是系统自己的步骤，不能撤下；请排除原因后重新办理。",
        )


def _not_quarantined() -> DomainError:
    message = "这项操作没有被搁置，无需重新处理。请查看它的处理结果。"
    return DomainError(Kind.conflict, "not_quarantined", message)


async def _behind(session: AsyncSession, row: CommandRow) -> int:
    waiting = (CommandState.received.value, CommandState.prepared.value, CommandState.quarantined.value)
    query = select(func.count()).where(
        CommandRow.target_id == row.target_id,
        CommandRow.position > row.position,
        CommandRow.state.in_(waiting),
    )
    return int(await session.scalar(query) or 0)
