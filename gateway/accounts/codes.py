"""Login by phone: a six-digit code that is good for minutes and a few tries; known and unknown phones look alike."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.gateway import AccountKind
from gateway.accounts import limits
from gateway.models import Account, LoginCode
from gateway.settings import GatewaySettings
from kit import crypto, db
from kit.errors import DomainError, Kind

MAX_TRIES = 5
_HOUR, _QUARTER = 3600, 900


@dataclass(frozen=True, kw_only=True)
class NewCode:
    """What has to be sent; `id` makes the sending idempotent."""

    id: UUID
    code: str


def wrong_code() -> DomainError:
    """One answer to a wrong, expired, used or overtried code."""
    return DomainError(Kind.unauthenticated, "wrong_code", "验证码不正确或已失效，请核对或重新获取。")


async def ask(session: AsyncSession, settings: GatewaySettings, phone: str, address: str) -> NewCode:
    """A new code for this phone; earlier ones stay good until they run out. Errors: 429 `too_many_requests`."""
    owner = phone_hash(settings, phone)
    await limit_address(session, settings, "code", address, settings.codes_per_address_hour, _HOUR)
    await limits.hit(session, f"code:{owner}", limit=settings.codes_per_phone_hour, seconds=_HOUR)
    if settings.code_again_seconds:
        await limits.hit(session, f"again:{owner}", limit=1, seconds=settings.code_again_seconds)
    new = NewCode(id=uuids.uuid7(), code=f"{secrets.randbelow(10**6):06}")
    session.add(
        LoginCode(
            id=new.id,
            phone_hash=owner,
            code_hash=_code_hash(settings, new.id, new.code),
            expires_at=await db.now(session) + timedelta(seconds=settings.code_seconds),
        )
    )
    return new


async def redeem(session: AsyncSession, settings: GatewaySettings, phone: str, code: str) -> Account | None:
    """The account of the phone (made at its first login), or None; every try is counted in this transaction.

    The caller must commit before it refuses.
    """
    if not await prove(session, settings, phone, code):
        return None
    return await _account(session, settings, phone, phone_hash(settings, phone))


async def prove(session: AsyncSession, settings: GatewaySettings, phone: str, code: str) -> bool:
    """Whether the code is one that was sent to this phone; then it is used up. No account is made.

    The caller must commit before it refuses: the try is counted in this transaction.
    """
    owner = phone_hash(settings, phone)
    await db.lock(session, f"login:{owner}")  # tries of one phone come one after the other
    now = func.public.fudao_now()
    good = (LoginCode.phone_hash == owner) & LoginCode.used_at.is_(None) & (LoginCode.expires_at > now)
    tried = (
        await session.execute(
            update(LoginCode)
            .where(good, LoginCode.tries < MAX_TRIES)
            .values(tries=LoginCode.tries + 1)
            .returning(LoginCode.id, LoginCode.code_hash)
        )
    ).all()
    # compare with every code that is still good: messages may arrive in another order
    match = [
        row.id for row in tried if secrets.compare_digest(row.code_hash, _code_hash(settings, row.id, code))
    ]
    if match:
        await session.execute(update(LoginCode).where(LoginCode.phone_hash == owner).values(used_at=now))
    return bool(match)


async def open_account(session: AsyncSession, settings: GatewaySettings, phone: str) -> UUID:
    """The account of this phone, made if there is none: its person logs in with a code like everybody (S1)."""
    return (await _account(session, settings, phone, phone_hash(settings, phone))).id


async def account_with(session: AsyncSession, settings: GatewaySettings, phone: str) -> Account | None:
    """The account that logs in with this phone, locked."""
    query = select(Account).where(Account.phone_hash == phone_hash(settings, phone)).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def holder(session: AsyncSession, settings: GatewaySettings, phone: str) -> UUID | None:
    """The ID of the account that logs in with this phone."""
    query = select(Account.id).where(Account.phone_hash == phone_hash(settings, phone))
    return (await session.execute(query)).scalar_one_or_none()


def seal_phone(settings: GatewaySettings, account_id: UUID, phone: str) -> bytes:
    """The phone as its account keeps it."""
    return crypto.encrypt_field(settings, phone, bind=_place(account_id))


async def limit_address(
    session: AsyncSession, settings: GatewaySettings, what: str, address: str, limit: int, seconds: int
) -> None:
    """Counts one use by a network address; in embedded mode loopback is everybody and has no limit."""
    if settings.embedded and address in ("127.0.0.1", "::1", ""):
        return
    key = crypto.keyed_hash(settings, address, purpose="address")
    await limits.hit(session, f"{what}@{key}", limit=limit, seconds=seconds)


async def limit_tries(session: AsyncSession, settings: GatewaySettings, address: str) -> None:
    """Counts one attempt to log in. Errors: 429 `too_many_requests`."""
    await limit_address(session, settings, "try", address, settings.tries_per_address_quarter, _QUARTER)


async def phone_of(session: AsyncSession, settings: GatewaySettings, account_id: UUID) -> str | None:
    """The phone of a person's account, in clear: only to hand it to the service that needs it."""
    query = select(Account.phone_sealed).where(Account.id == account_id)
    sealed = (await session.execute(query)).scalar_one_or_none()
    return None if sealed is None else crypto.decrypt_field(settings, sealed, bind=_place(account_id))


def phone_hash(settings: GatewaySettings, phone: str) -> str:
    return crypto.keyed_hash(settings, phone, purpose="phone")


def masked(phone: str) -> str:
    """138****5678"""
    return f"{phone[:3]}****{phone[-4:]}"


async def _account(session: AsyncSession, settings: GatewaySettings, phone: str, owner: str) -> Account:
    identity = uuids.uuid7()
    sealed = crypto.encrypt_field(settings, phone, bind=_place(identity))
    await session.execute(
        insert(Account)
        .values(id=identity, kind=AccountKind.person.value, phone_hash=owner, phone_sealed=sealed)
        .on_conflict_do_nothing(index_elements=["phone_hash"])
    )
    account = (await session.execute(select(Account).where(Account.phone_hash == owner))).scalar_one()
    if account.disabled_at is not None:
        raise DomainError(Kind.forbidden, "account_disabled", "这个账号已停用，请联系秘书处。")
    return account


def _code_hash(settings: GatewaySettings, code_id: UUID, code: str) -> str:
    return crypto.keyed_hash(settings, f"{code_id}:{code}", purpose="login_code")


def _place(account_id: UUID) -> str:
    return f"account.phone/{account_id}"
