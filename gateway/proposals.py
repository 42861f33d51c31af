"""Two-person commands (O2): one proposes, another of the approver pool approves, then the command is stored."""

from __future__ import annotations

from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from contracts.commands import CommandName, Receipt, Refused, Role, TargetKind
from contracts.events import derived_id
from contracts.http.gateway import Proposal, ProposalPage, ProposalState
from gateway import commands, words
from gateway.guard import Caller, not_found
from gateway.intake import log
from gateway.models import Account
from gateway.models import Proposal as Row
from gateway.parts import Parts
from kit.db import lock
from kit.errors import DomainError, Kind

_NOW = func.public.fudao_now()


async def propose(
    parts: Parts, command: log.NewCommand, *, once_for: str | None = None, alone: bool = False
) -> Proposal:
    """Puts the command before the approver pool; same key and content: the same proposal. 409 otherwise.

    `once_for`: a field of the body, of whose value only one proposal may wait; `alone`: only one may wait on the
    target, whatever it says (409 `already_proposed`).
    """
    async with parts.db.unit_of_work() as session:
        if alone or once_for is not None:
            await _only_one(session, command, once_for)
        values = {
            "id": uuids.uuid7(),
            "idempotency_key": command.idempotency_key,
            "target_kind": command.target_kind.value,
            "target_id": command.target_id,
            "round_id": command.round_id,
            "name": command.name.value,
            "body": command.body,
            "proposed_by": command.subject,
            "proposed_role": command.role.value,
        }
        once = insert(Row).values(**values)
        await session.execute(once.on_conflict_do_nothing(index_elements=["proposed_by", "idempotency_key"]))
        query = _query().where(
            Row.proposed_by == command.subject, Row.idempotency_key == command.idempotency_key
        )
        found = (await session.execute(query)).one()
        row: Row = found[0]
        if (row.target_id, row.name, row.body) != (command.target_id, command.name.value, command.body):
            raise DomainError(
                Kind.conflict,
                "idempotency_conflict",
                "同一个 Idempotency-Key 已用于另一项内容不同的操作，请换一个新的键再提交。",
            )
        return _view(row, found[1], found[2], None)


async def _only_one(session: AsyncSession, command: log.NewCommand, field: str | None) -> None:
    """409 `already_proposed` while another proposal on the same thing waits; two at once are told apart here."""
    await lock(session, f"proposal:{command.target_id}:{command.name}")
    query = select(Row).where(
        Row.target_id == command.target_id,
        Row.name == command.name.value,
        Row.state == ProposalState.open.value,
    )
    if field is not None:
        query = query.where(Row.body[field].astext == str(command.body[field]))
    mine = (command.subject, command.idempotency_key, command.body)
    for row in await session.scalars(query):
        if (row.proposed_by, row.idempotency_key, row.body) != mine:
            message = "已经有人提议，正在等待另一位审批人批准，不用重复提议；要改内容的，请审批人先驳回。"
            raise DomainError(Kind.conflict, "already_proposed", message, "O2")


async def approve(parts: Parts, caller: Caller, proposal_id: UUID) -> Receipt:
    """Approves and stores the command in one transaction; a repeat by the same person gives the same receipt.

    Errors: 403 `own_proposal`, 404, 409 `already_decided`.
    """

    async def work(session: AsyncSession) -> Receipt:
        row = await _locked(session, proposal_id, caller, ProposalState.approved)
        command = log.NewCommand(
            id=derived_id(f"proposal:{row.id}"),
            target_kind=TargetKind(row.target_kind),
            target_id=row.target_id,
            round_id=row.round_id,
            name=CommandName(row.name),
            role=Role(row.proposed_role),
            body=row.body,
            subject=row.proposed_by,
            idempotency_key=f"proposal:{row.id}",
        )
        if row.state == ProposalState.open:
            decided = {"state": ProposalState.approved.value, "decided_by": caller.account_id}
            await session.execute(
                update(Row).where(Row.id == row.id).values(**decided, decided_at=_NOW, command_id=command.id)
            )
        return await log.store(session, command)

    return await commands.settle(parts, await parts.db.run(work))


async def reject(parts: Parts, caller: Caller, proposal_id: UUID, reason: str) -> Proposal:
    """Rejects with a reason. Errors as `approve`."""
    async with parts.db.unit_of_work() as session:
        row = await _locked(session, proposal_id, caller, ProposalState.rejected)
        if row.state == ProposalState.open:
            decided = {"state": ProposalState.rejected.value, "decided_by": caller.account_id}
            await session.execute(
                update(Row).where(Row.id == row.id).values(**decided, decided_at=_NOW, reason=reason)
            )
    async with parts.db.read() as session:
        return await find(session, proposal_id)


async def find(session: AsyncSession, proposal_id: UUID) -> Proposal:
    """One proposal with its receipt. 404 otherwise."""
    found = (await session.execute(_query().where(Row.id == proposal_id))).one_or_none()
    if found is None:
        raise not_found()
    return await _with_receipt(session, found[0], found[1], found[2])


async def listed(
    session: AsyncSession, *, state: ProposalState | None, cursor: UUID | None, limit: int
) -> ProposalPage:
    """Newest first; the cursor is the last ID of the page before."""
    query = _query().order_by(Row.id.desc()).limit(limit + 1)
    if state is not None:
        query = query.where(Row.state == state.value)
    if cursor is not None:
        query = query.where(Row.id < cursor)
    rows = (await session.execute(query)).all()
    page = [await _with_receipt(session, row[0], row[1], row[2]) for row in rows[:limit]]
    more = str(page[-1].id) if len(rows) > limit else None
    return ProposalPage(proposals=tuple(page), next_cursor=more)


async def about(session: AsyncSession, target_id: UUID, *names: CommandName) -> tuple[Proposal, ...]:
    """What was proposed on one thing under these names, the newest first."""
    query = _query().where(Row.target_id == target_id, Row.name.in_([one.value for one in names]))
    rows = (await session.execute(query.order_by(Row.id.desc()))).all()
    return tuple([await _with_receipt(session, row[0], row[1], row[2]) for row in rows])


async def _locked(session: AsyncSession, proposal_id: UUID, caller: Caller, wanted: ProposalState) -> Row:
    """The row, locked, if this person may decide it so (or has)."""
    query = select(Row).where(Row.id == proposal_id).with_for_update()
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise not_found()
    if row.proposed_by == caller.account_id:
        raise DomainError(
            Kind.forbidden, "own_proposal", "提议人不能审批自己的提议，需由另一位审批人办理。", "O2"
        )
    if row.state != ProposalState.open and (row.state, row.decided_by) != (wanted, caller.account_id):
        raise DomainError(Kind.conflict, "already_decided", "这项提议已经有结果，不能重复办理。", "O2")
    return row


def _query() -> Select[Row, str, str]:
    proposer, decider = aliased(Account), aliased(Account)
    return (
        select(Row, proposer.display_name, decider.display_name)
        .join(proposer, proposer.id == Row.proposed_by)
        .outerjoin(decider, decider.id == Row.decided_by)
    )


async def _with_receipt(session: AsyncSession, row: Row, proposer: str, decider: str | None) -> Proposal:
    stored = None if row.command_id is None else await log.find(session, row.command_id)
    return _view(row, proposer, decider, None if stored is None else log.receipt(stored))


def _view(row: Row, proposer: str, decider: str | None, receipt: Receipt | None) -> Proposal:
    name = CommandName(row.name)
    return Proposal(
        id=row.id,
        target_kind=TargetKind(row.target_kind),
        target_id=row.target_id,
        round_id=row.round_id,
        name=name,
        title=words.COMMAND[name],
        body=row.body,
        state=ProposalState(row.state),
        proposed_by=row.proposed_by,
        proposed_by_name=proposer,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_by_name=decider,
        decided_at=row.decided_at,
        reason=row.reason,
        receipt=receipt,
    )


def waits(one: Proposal | None) -> bool:
    """For the other person, or for the command's answer."""
    return one is not None and (
        one.state is ProposalState.open or (one.receipt is not None and one.receipt.outcome is None)
    )


def why_not(one: Proposal | None) -> str | None:
    """Why it came to nothing: the other person's reason, or the refusal of what was approved."""
    if one is None or one.state is ProposalState.rejected:
        return None if one is None else one.reason
    outcome = one.receipt.outcome if one.receipt else None
    return outcome.message if isinstance(outcome, Refused) else None
