"""Staff: username and password (argon2), roles given by an operator, the first operator by a one-time link."""

from __future__ import annotations

import asyncio
import functools
import secrets
from collections.abc import Collection, Iterable
from uuid import UUID

import uuid_utils.compat as uuids
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import Role
from contracts.http.gateway import AccountKind, CreateStaff, SetUp, Staff
from gateway.accounts import limits, sessions
from gateway.models import Account, StaffRole
from gateway.settings import GatewaySettings
from kit import crypto, db
from kit.errors import DomainError, Kind

_QUARTER = 900
_APART: tuple[tuple[Role, frozenset[Role], str, str], ...] = (
    (
        Role.supervisor,
        frozenset({Role.secretariat, Role.reviewer, Role.expert, Role.panel_chair, Role.approver}),
        "监督委员会独立受理投诉，监督员不能同时在秘书处、审查、评审或审批岗位。",
        "O4",
    ),
    (
        Role.secretariat,
        frozenset({Role.expert, Role.panel_chair}),
        "秘书处不参与评分，不能同时担任专家或答辩组长。",
        "O2",
    ),
)
"""Roles that one account must not hold together, why, and the clause."""


@functools.lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


@functools.lru_cache(maxsize=1)
def _nobody() -> str:
    """A hash that no password opens, so that unknown names cost the same time."""
    return _hasher().hash(secrets.token_urlsafe(32))


async def hash_password(password: str) -> str:
    """In a thread: argon2 takes tens of milliseconds on purpose."""
    return await asyncio.to_thread(_hasher().hash, password)


async def limit_username(session: AsyncSession, settings: GatewaySettings, username: str) -> None:
    """Counts one attempt on this name. Errors: 429 `too_many_requests`."""
    key = crypto.keyed_hash(settings, username.lower(), purpose="username")
    await limits.hit(session, f"user:{key}", limit=settings.tries_per_username_quarter, seconds=_QUARTER)


async def authenticate(session: AsyncSession, username: str, password: str) -> Account:
    """The account with this name and password. Errors: 401 `wrong_password`, the same for unknown and disabled."""
    query = select(Account).where(Account.username == username.lower(), Account.disabled_at.is_(None))
    account = (await session.execute(query)).scalar_one_or_none()
    stored = account.password_hash if account is not None and account.password_hash else _nobody()
    good = await asyncio.to_thread(_hasher().verify, password, stored)
    if account is None or not good:
        raise DomainError(Kind.unauthenticated, "wrong_password", "用户名或密码不正确。")
    return account


def check_roles(roles: Collection[Role], district: str | None) -> None:
    """Errors: 422 `district_needed` (O7), `roles_conflict` (O2, O4)."""
    if Role.district in roles and not district:
        raise DomainError(Kind.invalid, "district_needed", "区县角色必须填写所属区县。", "O7")
    for role, others, message, clause in _APART:
        if role in roles and others.intersection(roles):
            raise DomainError(Kind.invalid, "roles_conflict", message, clause)


async def create(
    session: AsyncSession, request: CreateStaff, *, hashed: str | None, by: UUID | None
) -> Staff:
    """A new member of staff. Errors: 409 `username_taken`, 422 `district_needed`, `roles_conflict`."""
    check_roles(request.roles, request.district)
    identity = uuids.uuid7()
    made = await session.execute(
        insert(Account)
        .values(
            id=identity,
            kind=AccountKind.staff.value,
            username=request.username,
            password_hash=hashed,
            display_name=request.display_name,
            unit=request.unit,
            district=request.district,
        )
        .on_conflict_do_nothing(index_elements=["username"])
        .returning(Account.id)
    )
    if made.scalar_one_or_none() is None:
        raise DomainError(Kind.conflict, "username_taken", "这个用户名已经有人使用，请换一个。")
    await _grant(session, identity, request.roles, by)
    return Staff(
        account_id=identity,
        username=request.username,
        display_name=request.display_name,
        unit=request.unit,
        district=request.district,
        roles=sessions.in_order([role.value for role in request.roles]),
        has_password=hashed is not None,
    )


async def set_up(session: AsyncSession, settings: GatewaySettings, request: SetUp, *, hashed: str) -> Staff:
    """The first operator. Errors: 403 `wrong_setup_token`, 409 `already_set_up`."""
    expected = settings.operator_token.get_secret_value()
    if not expected or not secrets.compare_digest(expected.encode(), request.token.encode()):
        raise DomainError(Kind.forbidden, "wrong_setup_token", "这个初始化链接无效或已经用过。")
    await db.lock(session, "set_up")
    if await is_set_up(session):
        raise DomainError(Kind.conflict, "already_set_up", "系统已经有管理员，初始化链接只能用一次。")
    wanted = CreateStaff(
        username=request.username,
        password=request.password,
        roles=(Role.operator,),
        display_name=request.display_name,
    )
    return await create(session, wanted, hashed=hashed, by=None)


async def is_set_up(session: AsyncSession) -> bool:
    """Whether somebody has ever been made operator."""
    query = select(func.count()).select_from(StaffRole).where(StaffRole.role == Role.operator.value)
    return int((await session.execute(query)).scalar_one()) > 0


async def set_roles(session: AsyncSession, account_id: UUID, roles: Iterable[Role], *, by: UUID) -> Staff:
    """Exactly these roles from now on; all sessions of the account end (they log in again with the new ones).

    Errors: 404, 409 `last_operator`, 422 `district_needed`, `roles_conflict`.
    """
    await db.lock(session, "set_up")
    account = await _member(session, account_id)
    wanted = tuple(roles)
    check_roles(wanted, account.district)
    await session.execute(delete(StaffRole).where(StaffRole.account_id == account_id))
    await _grant(session, account_id, wanted, by)
    if not await is_set_up(session):
        raise DomainError(Kind.conflict, "last_operator", "至少要保留一位系统管理员。")
    await sessions.revoke_all(session, account_id)
    return _staff(account, [role.value for role in wanted])


async def disable(session: AsyncSession, account_id: UUID) -> Staff:
    """Nobody can log in with it any more, and all its sessions end. A repeat answers alike.

    Errors: 404, 409 `last_operator`.
    """
    await db.lock(session, "set_up")
    account = await _member(session, account_id)
    if account.disabled_at is None:
        account.disabled_at = await db.now(session)
        await session.flush()
    others = (
        select(func.count())
        .select_from(StaffRole)
        .join(Account, Account.id == StaffRole.account_id)
        .where(StaffRole.role == Role.operator.value, Account.disabled_at.is_(None))
    )
    if not (await session.execute(others)).scalar_one():
        raise DomainError(Kind.conflict, "last_operator", "至少要保留一位系统管理员。")
    await sessions.revoke_all(session, account_id)
    roles = await session.scalars(select(StaffRole.role).where(StaffRole.account_id == account_id))
    return _staff(account, list(roles))


async def enable(session: AsyncSession, account_id: UUID) -> Staff:
    """The account may log in again, with the roles it had. A repeat answers alike. Errors: 404."""
    account = await _member(session, account_id)
    account.disabled_at = None
    return await read(session, account_id)


async def read(session: AsyncSession, account_id: UUID) -> Staff:
    """One member of staff. Errors: 404."""
    account = await _member(session, account_id)
    roles = await session.scalars(select(StaffRole.role).where(StaffRole.account_id == account_id))
    return _staff(account, list(roles))


async def change_password(session: AsyncSession, account_id: UUID, old: str, hashed: str) -> None:
    """The new password's hash in place of the old one's. Errors: 401 `wrong_password`."""
    account = await _member(session, account_id)
    stored = account.password_hash or _nobody()
    if not await asyncio.to_thread(_hasher().verify, old, stored):
        raise DomainError(Kind.unauthenticated, "wrong_password", "原密码不正确。")
    account.password_hash = hashed


async def _member(session: AsyncSession, account_id: UUID) -> Account:
    account = await session.get(Account, account_id)
    if account is None or account.kind != AccountKind.staff:
        raise DomainError(Kind.not_found, "not_found", "没有找到这位工作人员。")
    return account


async def listed(session: AsyncSession) -> tuple[Staff, ...]:
    """All staff, by username."""
    roles = await session.execute(select(StaffRole.account_id, StaffRole.role))
    by_account: dict[UUID, list[str]] = {}
    for account_id, role in roles:
        by_account.setdefault(account_id, []).append(role)
    query = select(Account).where(Account.kind == AccountKind.staff.value).order_by(Account.username)
    found = (await session.execute(query)).scalars()
    return tuple(_staff(account, by_account.get(account.id, [])) for account in found)


async def _grant(session: AsyncSession, account_id: UUID, roles: Iterable[Role], by: UUID | None) -> None:
    rows = [{"account_id": account_id, "role": role.value, "granted_by": by} for role in dict.fromkeys(roles)]
    if rows:
        await session.execute(insert(StaffRole).values(rows))


def _staff(account: Account, roles: list[str]) -> Staff:
    return Staff(
        account_id=account.id,
        username=account.username or "",
        display_name=account.display_name,
        unit=account.unit,
        district=account.district,
        roles=sessions.in_order(roles),
        disabled=account.disabled_at is not None,
        has_password=account.password_hash is not None,
        second_factor=account.totp_sealed is not None,
    )
