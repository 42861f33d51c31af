"""One-time links by which members of staff set their own password: nobody else ever knows it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.gateway import AccountKind
from contracts.http.staff import JoinLink
from gateway.accounts import sessions
from gateway.models import Account
from gateway.models import JoinLink as Row
from kit import db
from kit.errors import DomainError, Kind

PATH = "/staff/join"
_NOW = func.public.fudao_now()


@dataclass(frozen=True, kw_only=True)
class Invited:
    """Whose link it is."""

    account_id: UUID
    username: str
    display_name: str
    expires_at: datetime


def wrong_link() -> DomainError:
    """One answer to an unknown, used, replaced or expired link."""
    return DomainError(
        Kind.forbidden, "wrong_join_link", "这个链接无效、已经用过或已过期，请向系统管理员要一个新的链接。"
    )


async def make(session: AsyncSession, account_id: UUID, *, by: UUID, lasts: timedelta) -> JoinLink:
    """A new link; an earlier one of the account ends. Errors: 404, 409 `account_disabled`."""
    query = select(Account).where(Account.id == account_id, Account.kind == AccountKind.staff.value)
    account = (await session.execute(query.with_for_update())).scalar_one_or_none()
    if account is None:
        raise DomainError(Kind.not_found, "not_found", "没有找到这位工作人员。")
    if account.disabled_at is not None:
        raise DomainError(Kind.conflict, "account_disabled", "这个账号已停用；请先恢复账号，再发链接。")
    await end(session, account_id)
    token = secrets.token_urlsafe(32)
    expires_at = await db.now(session) + lasts
    session.add(
        Row(
            id=uuids.uuid7(),
            account_id=account_id,
            token_hash=_hash(token),
            made_by=by,
            expires_at=expires_at,
        )
    )
    return JoinLink(path=f"{PATH}?token={token}", expires_at=expires_at)


async def find(session: AsyncSession, token: str) -> Invited | None:
    """Whose link this is, None when it is no good any more."""
    query = (
        select(Account.id, Account.username, Account.display_name, Row.expires_at)
        .join(Account, Account.id == Row.account_id)
        .where(_good(token), Account.disabled_at.is_(None))
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        return None
    return Invited(
        account_id=found.id,
        username=found.username or "",
        display_name=found.display_name,
        expires_at=found.expires_at,
    )


async def redeem(session: AsyncSession, token: str, hashed: str) -> Account:
    """The password is this one from now on, the link is used, all sessions end. Errors: 403 `wrong_join_link`."""
    used = update(Row).where(_good(token)).values(ended_at=_NOW).returning(Row.account_id)
    account_id = (await session.execute(used)).scalar_one_or_none()
    if account_id is None:
        raise wrong_link()
    account = await session.get(Account, account_id, with_for_update=True)
    if account is None or account.disabled_at is not None:
        raise wrong_link()
    account.password_hash = hashed
    await sessions.revoke_all(session, account_id)
    return account


async def end(session: AsyncSession, account_id: UUID) -> None:
    """No link of this account is good any more."""
    open_ones = (Row.account_id == account_id) & Row.ended_at.is_(None)
    await session.execute(update(Row).where(open_ones).values(ended_at=_NOW))


def _good(token: str) -> ColumnElement[bool]:
    return (Row.token_hash == _hash(token)) & Row.ended_at.is_(None) & (Row.expires_at > _NOW)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
