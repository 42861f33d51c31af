"""What is done to accounts of staff, by the operator and by their own persons, each noted with who and why."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from contracts.commands import Role
from contracts.http.gateway import CreateStaff, SetRoles, Staff
from contracts.http.staff import ChangePassword, Enrolment, JoinLink, RecoveryCodes
from gateway import audit
from gateway.accounts import joining, second_factor, sessions, staff
from gateway.audit import Action
from gateway.guard import Caller
from gateway.parts import Parts
from kit.errors import DomainError, Kind
from kit.http import Actor

DESKS = ("review",)
"""Services with human tasks."""


# The operator ---------------------------------------------------------------------------------------------------


async def create(parts: Parts, caller: Caller, wanted: CreateStaff) -> Staff:
    """A new member. Errors: 409 `username_taken`, 422 `district_needed`, `roles_conflict`."""
    hashed = await staff.hash_password(wanted.password) if wanted.password is not None else None
    async with parts.db.unit_of_work() as session:
        made = await staff.create(session, wanted, hashed=hashed, by=caller.account_id)
        audit.note(session, caller, Action.staff_created, made.account_id, roles=_names(made.roles))
        return made


async def link(parts: Parts, caller: Caller, account_id: UUID) -> JoinLink:
    """A one-time link to set the password. Errors: 404, 409 `account_disabled`."""
    async with parts.db.unit_of_work() as session:
        lasts = timedelta(hours=parts.settings.join_link_hours)
        made = await joining.make(session, account_id, by=caller.account_id, lasts=lasts)
        audit.note(session, caller, Action.join_link_made, account_id)
        return made


async def set_roles(parts: Parts, caller: Caller, account_id: UUID, wanted: SetRoles) -> Staff:
    """Exactly these roles. Errors: 404, 409 `last_operator`, 422 `district_needed`, `roles_conflict`."""
    async with parts.db.unit_of_work() as session:
        before = await staff.read(session, account_id)
        after = await staff.set_roles(session, account_id, wanted.roles, by=caller.account_id)
        audit.note(
            session,
            caller,
            Action.roles_changed,
            account_id,
            wanted.reason,
            old=_names(before.roles),
            new=_names(after.roles),
        )
        return after


async def disable(parts: Parts, caller: Caller, account_id: UUID, reason: str = "") -> Staff:
    """The account ends; whatever it held or was given goes back to its queues. A repeat finishes what was left over
    when a service could not be reached (503). Errors: 404, 409 `last_operator`."""
    async with parts.db.unit_of_work() as session:
        before = await staff.read(session, account_id)
        ended = await staff.disable(session, account_id)
        await joining.end(session, account_id)
        if not before.disabled:
            audit.note(session, caller, Action.staff_disabled, account_id, reason)
    actor = Actor(subject=account_id, role=Role.system.value)
    for service in DESKS:
        await parts.services.request(
            service, "POST", f"/internal/accounts/{account_id}/release", actor=actor, json={}
        )
    return ended


async def enable(parts: Parts, caller: Caller, account_id: UUID, reason: str = "") -> Staff:
    """The account may log in again; what it held before stays with the others. Errors: 404."""
    async with parts.db.unit_of_work() as session:
        before = await staff.read(session, account_id)
        after = await staff.enable(session, account_id)
        if before.disabled:
            audit.note(session, caller, Action.staff_enabled, account_id, reason)
        return after


async def reset_factor(parts: Parts, caller: Caller, account_id: UUID, reason: str) -> Staff:
    """Somebody lost phone and recovery codes: no factor any more, all sessions end; one's own is never reset so.

    Errors: 404, 409 `own_account`, `no_second_factor`.
    """
    if account_id == caller.account_id:
        raise DomainError(
            Kind.conflict,
            "own_account",
            "自己的两步验证请在“我的账号”里停用；丢了手机和恢复码请另一位管理员办理。",
        )
    async with parts.db.unit_of_work() as session:
        await staff.read(session, account_id)
        if not await second_factor.remove(session, account_id):
            raise second_factor.none_set()
        await sessions.revoke_all(session, account_id)
        audit.note(session, caller, Action.factor_removed, account_id, reason)
        return await staff.read(session, account_id)


# One's own ------------------------------------------------------------------------------------------------------


async def change_password(parts: Parts, caller: Caller, wanted: ChangePassword) -> None:
    """Another password; all other sessions end. Errors: 401 `wrong_password`, 429."""
    async with parts.db.unit_of_work() as session:
        await second_factor.limit(session, parts.settings, caller.account_id)
    hashed = await staff.hash_password(wanted.password)
    async with parts.db.unit_of_work() as session:
        await staff.change_password(session, caller.account_id, wanted.old, hashed)
        await joining.end(session, caller.account_id)
        await sessions.revoke_all(session, caller.account_id, but=caller.known.session_id)
        audit.note(session, caller, Action.password_set, caller.account_id)


async def begin_factor(parts: Parts, caller: Caller) -> Enrolment:
    """The key for an authenticator. Errors: 409 `second_factor_set`."""
    async with parts.db.unit_of_work() as session:
        return await second_factor.begin(session, parts.settings, caller.account_id)


async def confirm_factor(
    parts: Parts, caller: Caller, code: str
) -> tuple[RecoveryCodes, sessions.Opened | None]:
    """The key counts from now on. A session that waited for it becomes a whole one (the second value); others end.

    Errors: 401 `wrong_second_factor`, 409 `no_second_factor`, 429.
    """
    async with parts.db.unit_of_work() as session:
        await second_factor.limit(session, parts.settings, caller.account_id)
    async with parts.db.unit_of_work() as session:
        made = await second_factor.confirm(session, parts.settings, caller.account_id, code)
        await sessions.revoke_all(session, caller.account_id, but=caller.known.session_id)
        audit.note(session, caller, Action.factor_set, caller.account_id)
        opened = None
        if caller.known.awaiting is not None:
            lasts = timedelta(hours=parts.settings.staff_session_hours)
            opened = await sessions.complete(session, caller.known, lasts)
        return made, opened


async def new_codes(parts: Parts, caller: Caller, code: str) -> RecoveryCodes:
    """New recovery codes, for a code of the factor. Errors: 401 `wrong_second_factor`, 409, 429."""
    async with parts.db.unit_of_work() as session:
        await second_factor.limit(session, parts.settings, caller.account_id)
    async with parts.db.unit_of_work() as session:
        await second_factor.use(session, parts.settings, caller.account_id, code)
        audit.note(session, caller, Action.recovery_codes_made, caller.account_id)
        return await second_factor.new_codes(session, parts.settings, caller.account_id)


async def remove_factor(parts: Parts, caller: Caller, code: str) -> None:
    """No factor any more, for one of its codes: also the way to another phone. Where one is required, this session
    waits for the new one. Errors: 401 `wrong_second_factor`, 409 `no_second_factor`, 429."""
    async with parts.db.unit_of_work() as session:
        await second_factor.limit(session, parts.settings, caller.account_id)
    async with parts.db.unit_of_work() as session:
        await second_factor.use(session, parts.settings, caller.account_id, code)
        await second_factor.remove(session, caller.account_id)
        await sessions.revoke_all(session, caller.account_id, but=caller.known.session_id)
        if parts.settings.second_factor_required:
            await sessions.await_enrolment(session, caller.known.session_id)
        audit.note(session, caller, Action.factor_removed, caller.account_id)


async def end_other_sessions(parts: Parts, caller: Caller) -> None:
    """All sessions of one's own but this one end at once."""
    async with parts.db.unit_of_work() as session:
        await sessions.revoke_all(session, caller.account_id, but=caller.known.session_id)


def _names(roles: tuple[Role, ...]) -> list[str]:
    return [role.value for role in roles]
