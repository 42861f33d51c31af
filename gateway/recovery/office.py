"""The office's side: look at a request beside what registration knows, propose, approve by another person, reject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from contracts.http.persons import FindPerson, FoundPerson, PersonLookup
from gateway import audit
from gateway.accounts import codes, sessions
from gateway.audit import Action
from gateway.guard import Caller, not_found
from gateway.models import Account, Application, Recovery, Session
from gateway.parts import Parts
from gateway.recovery import asking
from gateway.recovery.claims import Claim, State, key_of, mask, read, seal
from kit import db
from kit.db import sqlstate
from kit.errors import DomainError, Kind
from kit.http import SYSTEM

_NOW = func.public.fudao_now()
_LISTED = 100
_UNIQUE_VIOLATION = "23505"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One request as staff see it: what was said and what is known, both masked."""

    row: Recovery
    proposer: str
    decider: str
    claim: Claim | None
    found: FoundPerson | None

    @property
    def number_masked(self) -> str:
        return mask(self.claim.id_number, 6, 4) if self.claim else ""

    @property
    def phone_masked(self) -> str:
        return codes.masked(self.claim.new_phone) if self.claim else ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the list."""

    id: UUID
    state: State
    created_at: datetime
    expires_at: datetime
    proposed_by: UUID | None


async def listed(parts: Parts) -> Sequence[Line]:
    """Open ones first, then the newest."""
    order = (Recovery.state.in_([State.open.value, State.proposed.value]).desc(), Recovery.id.desc())
    async with parts.db.read() as session:
        rows = await session.scalars(select(Recovery).order_by(*order).limit(_LISTED))
        return [
            Line(
                id=row.id,
                state=State(row.state),
                created_at=row.created_at,
                expires_at=row.expires_at,
                proposed_by=row.proposed_by,
            )
            for row in rows
        ]


async def view(parts: Parts, caller: Caller, recovery_id: UUID) -> Seen:
    """The request with the masked facts of the person whose document it names; the look is noted. 404."""
    proposer, decider = aliased(Account), aliased(Account)
    query = (
        select(Recovery, proposer.display_name, decider.display_name)
        .outerjoin(proposer, proposer.id == Recovery.proposed_by)
        .outerjoin(decider, decider.id == Recovery.decided_by)
        .where(Recovery.id == recovery_id)
    )
    async with parts.db.unit_of_work() as session:
        found = (await session.execute(query)).one_or_none()
        if found is None:
            raise not_found()
        audit.note(session, caller, Action.recovery_viewed, recovery_id)
    row: Recovery = found[0]
    claim = read(parts.settings, row)
    person = await _whose(parts, claim) if claim is not None else None
    return Seen(row=row, proposer=found[1] or "", decider=found[2] or "", claim=claim, found=person)


async def picture(parts: Parts, recovery_id: UUID, which: str) -> tuple[str, bytes]:
    """Media type and bytes of one picture. 404 also when it was erased."""
    async with parts.db.read() as session:
        row = await session.get(Recovery, recovery_id)
    if row is None or row.erased_at is not None:
        raise not_found()
    kind = row.picture_type if which == "picture" else row.letter_type
    return kind, await parts.store.get(parts.store.uploads, key_of(recovery_id, which))


async def propose(parts: Parts, caller: Caller, recovery_id: UUID) -> None:
    """The secretariat vouches for the identity.

    Errors: 404; 409 `recovery_decided`, `recovery_expired`, `person_unknown`, `phone_taken`, `recovery_proposed`.
    """
    async with parts.db.read() as session:
        row = await session.get(Recovery, recovery_id)
    claim = None if row is None else read(parts.settings, row)
    if row is None or claim is None:
        raise not_found()
    found = await _whose(parts, claim)
    if found is None or not found.name_matches:
        raise DomainError(
            Kind.conflict,
            "person_unknown",
            "姓名和证件号码与已实名的人员对不上，不能提议；请驳回并写明原因。",
            "A1",
        )
    await asking.refuse_taken(parts, claim.new_phone, found.person_id)
    try:
        async with parts.db.unit_of_work() as session:
            row = await _locked(session, recovery_id, State.open)
            now = await db.now(session)  # before the row is touched: a query would write half of it
            row.state, row.person_id = State.proposed.value, found.person_id
            row.proposed_by, row.proposed_at = caller.account_id, now
            audit.note(session, caller, Action.recovery_proposed, recovery_id, person_id=str(found.person_id))
    except IntegrityError as error:
        if sqlstate(error) != _UNIQUE_VIOLATION:
            raise
        raise DomainError(
            Kind.conflict, "recovery_proposed", "这位人员另有一份找回申请正在等待批准，请先办结那一份。", "A1"
        ) from None


async def approve(parts: Parts, caller: Caller, recovery_id: UUID) -> None:
    """Another person approves: the account's phone is replaced and every session of it ends, in one transaction.

    Errors: 403 `own_proposal`; 404; 409 `recovery_decided`, `recovery_expired`, `not_proposed`, `phone_taken`.
    """
    async with parts.db.read() as session:
        row = await session.get(Recovery, recovery_id)
    claim = None if row is None else read(parts.settings, row)
    if row is None or claim is None:
        raise not_found()
    if row.state == State.proposed:
        await asking.refuse_taken(parts, claim.new_phone, row.person_id)
    async with parts.db.unit_of_work() as session:
        row = await _locked(session, recovery_id, State.proposed)
        if row.proposed_by == caller.account_id:
            raise DomainError(
                Kind.forbidden, "own_proposal", "提议人不能批准自己的提议，需由另一位审批人办理。", "O2"
            )
        assert row.person_id is not None
        old, now = await _hand_over(parts, session, row.person_id, claim.new_phone), await db.now(session)
        row.state, row.decided_by, row.decided_at = State.approved.value, caller.account_id, now
        row.sealed = seal(parts.settings, row.id, claim.model_copy(update={"old_phone": old}))
        audit.note(session, caller, Action.recovery_approved, recovery_id, person_id=str(row.person_id))


async def reject(parts: Parts, caller: Caller, recovery_id: UUID, reason: str) -> None:
    """With a reason that the new phone is told. Errors: 404; 409 `recovery_decided`, `recovery_expired`."""
    async with parts.db.unit_of_work() as session:
        row = await _locked(session, recovery_id, State.open, State.proposed)
        now = await db.now(session)
        row.state, row.decided_by, row.decided_at = State.rejected.value, caller.account_id, now
        row.reason = reason
        audit.note(session, caller, Action.recovery_rejected, recovery_id, reason)


async def _hand_over(parts: Parts, session: AsyncSession, person_id: UUID, phone: str) -> str:
    """The account's phone becomes `phone`; the old one is returned. An account without a person gives way."""
    settings = parts.settings
    await db.lock(session, f"login:{codes.phone_hash(settings, phone)}")  # nobody logs in with it meanwhile
    account = await session.get(Account, person_id, with_for_update=True)
    if account is None:
        raise not_found()
    old = await codes.phone_of(session, settings, person_id) or ""
    other = await codes.account_with(session, settings, phone)
    if other is not None and other.id != person_id:
        owned = select(func.count()).select_from(Application).where(Application.person_id == other.id)
        if (await session.execute(owned)).scalar_one():
            raise DomainError(
                Kind.conflict, "phone_taken", "这个手机号的账号已有申报，不能换给另一个人。", "A1"
            )
        await session.execute(delete(Session).where(Session.account_id == other.id))
        await session.delete(other)
        await session.flush()
    account.phone_hash = codes.phone_hash(settings, phone)
    account.phone_sealed = codes.seal_phone(settings, person_id, phone)
    await session.flush()
    await sessions.revoke_all(session, person_id)
    return old


async def _locked(session: AsyncSession, recovery_id: UUID, *states: State) -> Recovery:
    query = select(Recovery, _NOW).where(Recovery.id == recovery_id).with_for_update()
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise not_found()
    row: Recovery = found[0]
    if row.state == State.expired or (
        row.state in (State.open, State.proposed) and row.expires_at <= found[1]
    ):
        raise DomainError(Kind.conflict, "recovery_expired", "这份申请已经过期，请申请人重新提交。", "A1")
    if row.state in (State.approved, State.rejected):
        raise DomainError(Kind.conflict, "recovery_decided", "这份申请已经办结，不能重复办理。", "A1")
    if row.state not in states:
        said = "还没有人提议" if row.state == State.open else "已经有人提议，等待批准"
        raise DomainError(Kind.conflict, "not_proposed", f"这份申请{said}，现在不能这样办理。", "O2")
    return row


async def _whose(parts: Parts, claim: Claim) -> FoundPerson | None:
    asked = FindPerson(name=claim.name, id_kind=claim.id_kind, id_number=claim.id_number)
    answer = await parts.services.request(
        "registration", "POST", "/internal/people/find", actor=SYSTEM, json=asked
    )
    return PersonLookup.model_validate_json(answer.content).person
