"""Notes what staff look at and change outside the command log, and lists it for the supervisory committee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from contracts.http.gateway import AccountKind
from gateway.guard import Caller
from gateway.models import Account, Audit

SHOWN = 50


class Action(StrEnum):
    """Stable codes; `words.AUDIT` says them."""

    recovery_viewed = "recovery_viewed"
    recovery_proposed = "recovery_proposed"
    recovery_approved = "recovery_approved"
    recovery_rejected = "recovery_rejected"
    id_number_unmasked = "id_number_unmasked"
    import_checked = "import_checked"
    import_confirmed = "import_confirmed"
    export_made = "export_made"
    help_started = "help_started"
    help_ended = "help_ended"
    helped = "helped"
    paper_made = "paper_made"
    staff_created = "staff_created"
    roles_changed = "roles_changed"
    staff_disabled = "staff_disabled"
    staff_enabled = "staff_enabled"
    join_link_made = "join_link_made"
    password_set = "password_set"  # noqa: S105 a code
    factor_set = "factor_set"
    factor_removed = "factor_removed"
    recovery_code_used = "recovery_code_used"
    recovery_codes_made = "recovery_codes_made"
    command_retried = "command_retried"
    command_set_aside = "command_set_aside"
    announcement_posted = "announcement_posted"
    announcement_corrected = "announcement_corrected"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry as it is read."""

    id: UUID
    at: datetime
    who: str
    role: str
    action: str
    subject_id: UUID
    reason: str
    details: dict[str, Any]
    member: str = ""
    """Name and username, where the subject is an account of staff."""


def note(
    session: AsyncSession, caller: Caller, action: Action, subject_id: UUID, reason: str = "", **details: Any
) -> UUID:
    """One entry, in the transaction of what it tells of; its ID. `details`: codes, numbers, IDs, nothing personal."""
    return note_of(session, caller.account_id, caller.role.value, action, subject_id, reason, **details)


def note_of(
    session: AsyncSession,
    account_id: UUID,
    role: str,
    action: Action,
    subject_id: UUID,
    reason: str = "",
    **details: Any,
) -> UUID:
    """As note(), for somebody whose session is not open yet."""
    identity = uuids.uuid7()
    session.add(
        Audit(
            id=identity,
            account_id=account_id,
            role=role,
            action=action.value,
            subject_id=subject_id,
            reason=reason,
            details=details,
        )
    )
    return identity


async def listed(
    session: AsyncSession, *, action: Action | None = None, before: UUID | None = None
) -> Sequence[Line]:
    """Newest first, SHOWN and one more, so that the caller sees whether there are more."""
    member = aliased(Account)
    query = (
        select(Audit, Account.display_name, Account.username, member.display_name, member.username)
        .outerjoin(Account, Account.id == Audit.account_id)
        .outerjoin(member, (member.id == Audit.subject_id) & (member.kind == AccountKind.staff.value))
        .order_by(Audit.id.desc())
        .limit(SHOWN + 1)
    )
    if action is not None:
        query = query.where(Audit.action == action.value)
    if before is not None:
        query = query.where(Audit.id < before)
    return [
        Line(
            id=row.id,
            at=row.at,
            who=name or username or "",
            role=row.role,
            action=row.action,
            subject_id=row.subject_id,
            reason=row.reason,
            details=row.details,
            member=f"{subject_name} {subject_username}" if subject_username else "",
        )
        for row, name, username, subject_name, subject_username in await session.execute(query)
    ]
