"""Announcements 通知 (R2): what was posted where and when. Rows are only added, a trigger refuses all else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.announcements import (
    AnnouncementHistory,
    Announcements,
    AnnouncementView,
    CorrectAnnouncement,
    PostAnnouncement,
)
from contracts.rulepack import Announcement as Draft
from gateway import audit
from gateway.guard import Caller, not_found
from gateway.models import Announcement as Row
from gateway.parts import Parts
from kit import db
from kit.errors import DomainError, Kind


async def post(
    parts: Parts, caller: Caller, round_id: UUID, wanted: PostAnnouncement, key: str
) -> AnnouncementView:
    """A new one; the same key and content again: the same one. 409 `idempotency_conflict`, 422 `posted_in_future`."""
    return await _add(parts, caller, round_id, uuids.uuid7(), wanted, key)


async def correct(
    parts: Parts,
    caller: Caller,
    round_id: UUID,
    announcement_id: UUID,
    wanted: CorrectAnnouncement,
    key: str,
) -> AnnouncementView:
    """A new version; the one before stays to be read. 404; 409 `announcement_changed`; 422 `posted_in_future`."""
    return await _add(parts, caller, round_id, announcement_id, wanted, key)


async def in_force(parts: Parts, round_id: UUID, limit: int | None = None) -> Announcements:
    """The version in force of each, the newest post first."""
    newest = (
        select(Row.id, func.max(Row.version).label("version"))
        .where(Row.round_id == round_id)
        .group_by(Row.id)
        .subquery()
    )
    query = (
        select(Row)
        .join(newest, (newest.c.id == Row.id) & (newest.c.version == Row.version))
        .order_by(Row.posted_at.desc(), Row.id.desc())
        .limit(limit)
    )
    async with parts.db.read() as session:
        return Announcements(announcements=tuple(_view(row) for row in await session.scalars(query)))


async def history(parts: Parts, round_id: UUID, announcement_id: UUID) -> AnnouncementHistory:
    """All versions of one, the newest first. 404."""
    async with parts.db.read() as session:
        rows = await _versions(session, round_id, announcement_id)
    if not rows:
        raise not_found()
    return AnnouncementHistory(versions=tuple(_view(row) for row in rows))


def filled(draft: Draft, tokens: Mapping[str, str]) -> tuple[str, str]:
    """Title and text of the pack with what is known put in; what is not known keeps its braces."""

    def put(text: str) -> str:
        for name, value in tokens.items():
            text = text.replace("{" + name + "}", value)
        return text

    return put(draft.title), put(draft.text)


async def _add(
    parts: Parts, caller: Caller, round_id: UUID, announcement_id: UUID, wanted: PostAnnouncement, key: str
) -> AnnouncementView:
    correction = wanted if isinstance(wanted, CorrectAnnouncement) else None
    if "{" in wanted.title + wanted.text or "}" in wanted.title + wanted.text:
        message = "正文里还有没有填的内容（花括号里的字），请补上后再登记。"
        raise DomainError(Kind.invalid, "announcement_unfilled", message, "R2")
    async with parts.db.unit_of_work() as session:
        await db.lock(session, f"announcement:{caller.account_id}:{key}")
        if known := await _repeated(session, caller, key):
            return _same(known, round_id, wanted)
        now = await db.now(session)
        if wanted.posted_at > now:
            message = "发布时间不能晚于现在；请先在平台发布，再按平台上的时间登记。"
            raise DomainError(Kind.invalid, "posted_in_future", message, "R2")
        version = 1
        if correction is not None:
            await db.lock(session, announcement_id)
            versions = await _versions(session, round_id, announcement_id)
            if not versions:
                raise not_found()
            if versions[0].version != correction.seen:
                message = "这条通知刚刚有人更正过，请看清现在的内容再更正。"
                raise DomainError(Kind.conflict, "announcement_changed", message, "R2")
            version = correction.seen + 1
        row = Row(
            id=announcement_id,
            version=version,
            round_id=round_id,
            title=wanted.title,
            body=wanted.text,
            url=wanted.url,
            posted_at=wanted.posted_at.astimezone(UTC),
            reason=correction.reason if correction else "",
            noted_by=caller.account_id,
            noted_at=now,
            idempotency_key=key,
        )
        session.add(row)
        action = audit.Action.announcement_corrected if correction else audit.Action.announcement_posted
        audit.note(session, caller, action, announcement_id, row.reason, version=version)
        await session.flush()
        return _view(row)


async def _repeated(session: AsyncSession, caller: Caller, key: str) -> Row | None:
    query = select(Row).where(Row.noted_by == caller.account_id, Row.idempotency_key == key)
    return (await session.execute(query)).scalar_one_or_none()


def _same(known: Row, round_id: UUID, wanted: PostAnnouncement) -> AnnouncementView:
    said = (wanted.title, wanted.text, wanted.url, wanted.posted_at)
    if (known.round_id, known.title, known.body, known.url, known.posted_at) != (round_id, *said):
        raise DomainError(
            Kind.conflict,
            "idempotency_conflict",
            "同一个 Idempotency-Key 已用于另一项内容不同的操作，请换一个新的键再提交。",
        )
    return _view(known)


async def _versions(session: AsyncSession, round_id: UUID, announcement_id: UUID) -> Sequence[Row]:
    query = select(Row).where(Row.id == announcement_id, Row.round_id == round_id)
    return (await session.scalars(query.order_by(Row.version.desc()))).all()


def _view(row: Row) -> AnnouncementView:
    return AnnouncementView(
        id=row.id,
        version=row.version,
        round_id=row.round_id,
        title=row.title,
        text=row.body,
        url=row.url,
        posted_at=row.posted_at,
        noted_at=row.noted_at,
        reason=row.reason,
    )
