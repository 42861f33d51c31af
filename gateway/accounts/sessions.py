"""Server-side sessions: a random token with its owner, only its hash with us; revocable at once."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import Role
from contracts.http.gateway import AccountKind, Awaiting
from gateway.models import Account, Assistance, LoginCode, RateCount, Session, StaffRole
from kit import db

_NOW = func.public.fudao_now()


@dataclass(frozen=True, kw_only=True)
class Known:
    """The account behind a valid session. `roles` are in the order of `Role`."""

    session_id: UUID
    account_id: UUID
    kind: AccountKind
    roles: tuple[Role, ...]
    display_name: str
    unit: str
    district: str | None
    assistance_id: UUID | None = None
    assisted_by: UUID | None = None
    """The helper at the counter who holds this session with the account's consent (A9)."""
    awaiting: Awaiting | None = None
    """The session opens nothing but what leads to this."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    token: str
    account_id: UUID
    roles: tuple[Role, ...]
    expires_at: datetime
    awaiting: Awaiting | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One open session as its owner sees it."""

    id: UUID
    created_at: datetime
    expires_at: datetime


def in_order(names: list[str]) -> tuple[Role, ...]:
    """Roles by name, in the order of the enum."""
    return tuple(role for role in Role if role.value in names)


async def open_session(
    session: AsyncSession,
    account: Account,
    lasts: timedelta,
    assistance_id: UUID | None = None,
    awaiting: Awaiting | None = None,
) -> Opened:
    """A new session of this account; `lasts` is its whole life, there is no sliding."""
    token = secrets.token_urlsafe(32)
    expires_at = await db.now(session) + lasts
    session.add(
        Session(
            id=uuids.uuid7(),
            account_id=account.id,
            token_hash=_hash(token),
            expires_at=expires_at,
            assistance_id=assistance_id,
            awaiting=awaiting,
        )
    )
    await session.flush()
    roles = (Role.applicant,) if account.kind == AccountKind.person else await roles_of(session, account.id)
    return Opened(token=token, account_id=account.id, roles=roles, expires_at=expires_at, awaiting=awaiting)


async def complete(session: AsyncSession, known: Known, lasts: timedelta) -> Opened:
    """A whole session in place of one that waited for the second factor; the old token is good no more."""
    await revoke(session, known.session_id)
    account = await session.get_one(Account, known.account_id)
    return await open_session(session, account, lasts)


async def await_enrolment(session: AsyncSession, session_id: UUID) -> None:
    """From now on this session leads to nothing but setting up a second factor."""
    waits = update(Session).where(Session.id == session_id).values(awaiting=Awaiting.enrol.value)
    await session.execute(waits)


async def listed(session: AsyncSession, account_id: UUID) -> list[Line]:
    """Open sessions of an account, newest first."""
    query = (
        select(Session.id, Session.created_at, Session.expires_at)
        .where(Session.account_id == account_id, Session.revoked_at.is_(None), Session.expires_at > _NOW)
        .order_by(Session.created_at.desc())
    )
    return [
        Line(id=one.id, created_at=one.created_at, expires_at=one.expires_at)
        for one in await session.execute(query)
    ]


async def find_session(session: AsyncSession, token: str) -> Known | None:
    """The account that this token stands for, None when unknown, expired, revoked or the account is disabled."""
    found = (await session.execute(_query(token))).one_or_none()
    if found is None:
        return None
    kind = AccountKind(found.kind)
    return Known(
        session_id=found.session_id,
        account_id=found.id,
        kind=kind,
        roles=(Role.applicant,) if kind is AccountKind.person else in_order(found.roles),
        display_name=found.display_name,
        unit=found.unit,
        district=found.district,
        assistance_id=found.assistance_id,
        assisted_by=found.helper_id,
        awaiting=Awaiting(found.awaiting) if found.awaiting else None,
    )


async def revoke(session: AsyncSession, session_id: UUID) -> None:
    """Ends one session at once."""
    await session.execute(update(Session).where(Session.id == session_id).values(revoked_at=_NOW))


async def revoke_all(session: AsyncSession, account_id: UUID, *, but: UUID | None = None) -> None:
    """Ends every session of an account at once (role change, disabled), except the one given."""
    mine = (Session.account_id == account_id) & Session.revoked_at.is_(None)
    if but is not None:
        mine &= Session.id != but
    await session.execute(update(Session).where(mine).values(revoked_at=_NOW))


async def roles_of(session: AsyncSession, account_id: UUID) -> tuple[Role, ...]:
    """The roles of a member of staff."""
    found = await session.execute(select(StaffRole.role).where(StaffRole.account_id == account_id))
    return in_order(list(found.scalars()))


async def sweep(session: AsyncSession) -> None:
    """Forgets what has run out: codes and counters after a day, sessions a month after their end."""
    day, month = timedelta(days=1), timedelta(days=30)
    await session.execute(delete(LoginCode).where(LoginCode.expires_at < _NOW - day))
    await session.execute(delete(RateCount).where(RateCount.since < _NOW - day))
    await session.execute(delete(Session).where(Session.expires_at < _NOW - month))


def _query(
    token: str,
) -> Select[UUID, UUID, str, str, str, str | None, UUID | None, str | None, UUID | None, list[str]]:
    roles = (
        select(func.coalesce(func.array_agg(StaffRole.role), []))
        .where(StaffRole.account_id == Account.id)
        .scalar_subquery()
    )
    return (
        select(
            Session.id.label("session_id"),
            Account.id,
            Account.kind,
            Account.display_name,
            Account.unit,
            Account.district,
            Session.assistance_id,
            Session.awaiting,
            Assistance.helper_id,
            roles.label("roles"),
        )
        .join(Account, Account.id == Session.account_id)
        .outerjoin(Assistance, Assistance.id == Session.assistance_id)
        .where(
            Session.token_hash == _hash(token),
            Session.revoked_at.is_(None),
            Session.expires_at > _NOW,
            Account.disabled_at.is_(None),
        )
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
