"""Help at the counter (A9): begun by the person's one-time code, for minutes, noted step by step, ended by either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.gateway import AskCode, OpenSession, TimelineEntry
from contracts.http.notification import MessageKind
from gateway import audit
from gateway.accounts import codes, sessions
from gateway.accounts.messages import send_code
from gateway.audit import Action
from gateway.guard import Caller
from gateway.models import Account, Assistance, Session
from gateway.parts import Parts
from kit import db

_NOW = func.public.fudao_now()
CONSENT = (
    "本人同意由秘书处工作人员在柜台协助填报本人的申报，时间不超过 30 分钟；"
    "所填内容由本人核对，每一步都有记录，本人可以随时结束。"
)
"""What the code consents to; kept with every record, since it may be worded anew."""


@dataclass(frozen=True, kw_only=True)
class Help:
    """One record as the person sees it."""

    id: UUID
    helper: str
    started_at: datetime
    until: datetime
    open: bool


async def ask(parts: Parts, asked: AskCode, address: str) -> None:
    """Sends the consent code to the person's phone, known or not. Errors: 429; 503."""
    async with parts.db.unit_of_work() as session:
        new = await codes.ask(session, parts.settings, asked.phone, address)
    await send_code(parts.services, new, asked.phone, parts.settings.code_seconds, MessageKind.help_code)


async def begin(parts: Parts, helper: Caller, given: OpenSession, address: str) -> sessions.Opened:
    """A session of the person's account in the helper's hands, for minutes. Errors: 401 `wrong_code`, 429."""
    opened: sessions.Opened | None = None
    async with parts.db.unit_of_work() as session:
        await codes.limit_tries(session, parts.settings, address)
        account = await codes.redeem(session, parts.settings, given.phone, given.code)
        if account is not None:
            opened = await _begin(session, parts, helper, account)
    if opened is None:  # only now: the try must stay counted
        raise codes.wrong_code()
    return opened


async def _begin(session: AsyncSession, parts: Parts, helper: Caller, account: Account) -> sessions.Opened:
    lasts = timedelta(minutes=parts.settings.help_minutes)
    row = Assistance(
        id=uuids.uuid7(),
        helper_id=helper.account_id,
        person_id=account.id,
        consent=CONSENT,
        expires_at=await db.now(session) + lasts,
    )
    session.add(row)
    await session.flush()
    audit.note(session, helper, Action.help_started, account.id, assistance_id=str(row.id))
    # the desk is left for as long as the help lasts: nobody acts as two at once
    await sessions.revoke(session, helper.known.session_id)
    return await sessions.open_session(session, account, lasts, assistance_id=row.id)


async def end(parts: Parts, caller: Caller) -> None:
    """Ends every help that is open for this person; their own sessions stay."""
    async with parts.db.unit_of_work() as session:
        mine = (Assistance.person_id == caller.account_id) & Assistance.ended_at.is_(None)
        ended = await session.scalars(
            update(Assistance).where(mine).values(ended_at=_NOW).returning(Assistance.id)
        )
        ids = list(ended)
        await session.execute(
            update(Session)
            .where(Session.assistance_id.in_(ids), Session.revoked_at.is_(None))
            .values(revoked_at=_NOW)
        )
        for one in ids:
            audit.note(session, caller, Action.help_ended, caller.account_id, assistance_id=str(one))


async def listed(session: AsyncSession, person_id: UUID) -> Sequence[Help]:
    """Newest first."""
    query = (
        select(Assistance, Account.display_name, Account.username, _NOW)
        .join(Account, Account.id == Assistance.helper_id)
        .where(Assistance.person_id == person_id)
        .order_by(Assistance.id.desc())
        .limit(20)
    )
    return [
        Help(
            id=row.id,
            helper=name or username or "",
            started_at=row.started_at,
            until=row.ended_at or row.expires_at,
            open=row.ended_at is None and row.expires_at > now,
        )
        for row, name, username, now in await session.execute(query)
    ]


async def entries(session: AsyncSession, person_id: UUID, since: datetime) -> list[TimelineEntry]:
    """What the timeline of a case tells of help since it began."""
    return [
        TimelineEntry(
            at=one.started_at,
            code="counter_help",
            text=f"经本人验证码同意，秘书处工作人员（{one.helper}）开始协助填报",
            clause="A9",
        )
        for one in await listed(session, person_id)
        if one.until >= since
    ]
