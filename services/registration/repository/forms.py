"""Drafts, frozen forms, prints and scans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.registration.models import (
    DraftRow,
    Form,
    PrintedForm,
    Scan,
    SetAside,
)

_now = func.public.fudao_now()


async def draft(session: AsyncSession, application_id: UUID) -> DraftRow:
    """Of an application that is there (each has one)."""
    return (
        await session.execute(
            select(DraftRow)
            .where(DraftRow.application_id == application_id)
            .execution_options(populate_existing=True)
        )
    ).scalar_one()


async def save_draft(
    session: AsyncSession, application_id: UUID, version: int, content: dict[str, Any], private: bytes
) -> int | None:
    """The new version, or None when the draft is no longer at `version`."""
    change = (
        update(DraftRow)
        .where(DraftRow.application_id == application_id, DraftRow.version == version)
        .values(version=version + 1, content=content, private=private, updated_at=_now)
        .returning(DraftRow.version)
    )
    return (await session.execute(change)).scalar_one_or_none()


async def form(session: AsyncSession, application_id: UUID, version: int) -> Form | None:
    return await session.get(Form, (application_id, version))


async def form_by_command(session: AsyncSession, command_id: UUID) -> Form | None:
    return (await session.scalars(select(Form).where(Form.command_id == command_id))).one_or_none()


async def last_form_version(session: AsyncSession, application_id: UUID) -> int:
    """The highest version ever printed, 0 when there is none; numbers are not used twice."""
    query = select(func.coalesce(func.max(Form.version), 0)).where(Form.application_id == application_id)
    return (await session.execute(query)).scalar_one()


async def retire_form(session: AsyncSession, application_id: UUID, state: str) -> None:
    """The current version becomes `state`."""
    change = update(Form).where(Form.application_id == application_id, Form.state == "current")
    await session.execute(change.values(state=state))


async def restore_form(session: AsyncSession, application_id: UUID, version: int) -> None:
    """A superseded or taken-back version becomes the current one again."""
    change = update(Form).where(Form.application_id == application_id, Form.version == version)
    await session.execute(change.values(state="current"))


async def superseded_version(session: AsyncSession, application_id: UUID) -> int | None:
    """The version that a refused correction puts back in its place."""
    query = select(func.max(Form.version)).where(
        Form.application_id == application_id, Form.state == "superseded"
    )
    return (await session.execute(query)).scalar_one()


async def printed(session: AsyncSession, code: str) -> PrintedForm | None:
    """The print whose pages bear this code."""
    return await session.get(PrintedForm, code)


async def printed_versions(session: AsyncSession, application_id: UUID) -> dict[str, int]:
    """Versions of everything that was printed of an application, by code."""
    query = select(PrintedForm.code, PrintedForm.version).where(PrintedForm.application_id == application_id)
    return {code: version for code, version in await session.execute(query)}  # noqa: C416 - rows are no plain tuples


async def printed_pages(session: AsyncSession, application_id: UUID, version: int) -> Sequence[PrintedForm]:
    """Correction pages of a version, the newest first."""
    query = select(PrintedForm).where(
        PrintedForm.application_id == application_id,
        PrintedForm.version == version,
        PrintedForm.kind == "correction_page",
    )
    return (await session.scalars(query.order_by(PrintedForm.printed_at.desc(), PrintedForm.code))).all()


async def add_printed(session: AsyncSession, values: dict[str, Any]) -> PrintedForm:
    """The print with its code; what was printed first stays."""
    await session.execute(insert(PrintedForm).values(values).on_conflict_do_nothing(index_elements=["code"]))
    return await session.get_one(PrintedForm, values["code"])


async def scan(session: AsyncSession, application_id: UUID) -> Scan | None:
    """The scan that counts: the newest of those that were not taken back."""
    query = (
        select(Scan)
        .where(Scan.application_id == application_id, Scan.active)
        .order_by(Scan.form_version.desc(), Scan.received_at.desc(), Scan.command_id)
        .limit(1)
    )
    return (await session.scalars(query)).one_or_none()


async def drop_scan(session: AsyncSession, command_id: UUID) -> None:
    """The scan of a refused command counts no more."""
    await session.execute(update(Scan).where(Scan.command_id == command_id).values(active=False))


async def drop_scans(session: AsyncSession, application_id: UUID) -> list[UUID]:
    """After a take-back no scan counts; which ones counted until then."""
    change = update(Scan).where(Scan.application_id == application_id, Scan.active).values(active=False)
    return list((await session.execute(change.returning(Scan.command_id))).scalars())


async def put_back_scans(session: AsyncSession, command_ids: Iterable[UUID]) -> None:
    await session.execute(update(Scan).where(Scan.command_id.in_(list(command_ids))).values(active=True))


async def set_aside(session: AsyncSession, command_id: UUID) -> SetAside | None:
    return await session.get(SetAside, command_id)
