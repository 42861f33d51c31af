"""Uploads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.registration.models import (
    DraftRow,
    File,
    Form,
    Scan,
)

_now = func.public.fudao_now()


async def file(session: AsyncSession, application_id: UUID, file_id: UUID) -> File | None:
    query = select(File).where(File.id == file_id, File.application_id == application_id)
    return (await session.scalars(query)).one_or_none()


async def files(
    session: AsyncSession, application_id: UUID, *, only: Iterable[UUID] | None = None
) -> Sequence[File]:
    query = select(File).where(File.application_id == application_id).order_by(File.created_at, File.id)
    if only is not None:
        query = query.where(File.id.in_(list(only)))
    return (await session.scalars(query)).all()


async def any_file(session: AsyncSession, file_id: UUID) -> File | None:
    return await session.get(File, file_id, populate_existing=True)


async def count_files(session: AsyncSession, application_id: UUID) -> tuple[int, int]:
    """How many uploads were begun in all, and how many of them are still in the list and not refused."""
    kept = File.removed_at.is_(None) & (File.state != "refused")
    query = select(func.count(), func.count().filter(kept)).where(File.application_id == application_id)
    begun, held = (await session.execute(query)).one()
    return begun, held


async def settle_file(session: AsyncSession, file_id: UUID, values: dict[str, Any]) -> bool:
    """Sets the outcome of a check once; False when somebody was faster."""
    change = update(File).where(File.id == file_id, File.state == "pending").returning(File.id)
    return (await session.execute(change.values(checked_at=_now, **values))).scalar_one_or_none() is not None


async def note_waiting(session: AsyncSession, file_id: UUID, code: str) -> None:
    """It stays pending, and says why."""
    change = update(File).where(File.id == file_id, File.state == "pending")
    await session.execute(change.values(reason_code=code))


async def remove_file(session: AsyncSession, file_id: UUID) -> None:
    """Out of the list; again: nothing."""
    change = update(File).where(File.id == file_id, File.removed_at.is_(None))
    await session.execute(change.values(removed_at=_now, ocr_wanted=False))


async def same_file(session: AsyncSession, file: File) -> File | None:
    """The first clean upload of the same bytes in this application, when that is an earlier one."""
    if file.original_sha256 is None or file.state != "clean" or file.source_id is not None:
        return None
    query = (
        select(File)
        .where(
            File.application_id == file.application_id,
            File.original_sha256 == file.original_sha256,
            File.state == "clean",
            File.source_id.is_(None),
            File.removed_at.is_(None),
        )
        .order_by(File.created_at, File.id)
        .limit(1)
    )
    found = (await session.scalars(query)).one_or_none()
    return found if found is not None and found.id != file.id else None


async def is_attached(session: AsyncSession, application_id: UUID, file_id: UUID) -> bool:
    """Whether the draft, the current form or a scan that counts names it."""
    named = f"%{file_id}%"
    drafts = select(DraftRow.version).where(
        DraftRow.application_id == application_id, cast(DraftRow.content, Text).like(named)
    )
    forms = select(Form.version).where(
        Form.application_id == application_id, Form.state == "current", cast(Form.content, Text).like(named)
    )
    scans = select(Scan.form_version).where(
        Scan.application_id == application_id, Scan.active, Scan.file_ids.contains([file_id])
    )
    found = await session.execute(select(drafts.exists() | forms.exists() | scans.exists()))
    return bool(found.scalar_one())


async def cropped_photo(session: AsyncSession, source_id: UUID, crop: list[int]) -> File | None:
    """The photo that this crop of an upload has given before."""
    query = select(File).where(File.source_id == source_id, File.crop == crop).order_by(File.created_at)
    return (await session.scalars(query.limit(1))).one_or_none()


async def next_for_ocr(session: AsyncSession) -> File | None:
    query = select(File).where(File.ocr_wanted).order_by(File.created_at).limit(1)
    return (await session.scalars(query)).one_or_none()


async def note_ocr(session: AsyncSession, file_id: UUID, key: str | None) -> None:
    await session.execute(update(File).where(File.id == file_id).values(ocr_wanted=False, ocr_key=key))
