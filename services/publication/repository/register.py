"""SQL of the register: versions of certificates, rulings, status lists."""

import secrets
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, extract, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.certificates import REGISTER_PAGE, RegisterQuery
from services.publication.models import CertificateRow, CertificateRulingRow, CertificateVersionRow

_FILL = 65_536
"""Places of a list that are used: half of them, so that a free one is drawn soon."""
_PLACES = 131_072


async def by_id(session: AsyncSession, certificate_id: UUID, *, lock: bool = False) -> CertificateRow | None:
    """Once its PDF is there."""
    query = select(CertificateRow).where(
        CertificateRow.id == certificate_id, CertificateRow.pdf_key.is_not(None)
    )
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def version(session: AsyncSession, certificate_id: UUID, number: int) -> CertificateVersionRow | None:
    return await session.get(CertificateVersionRow, (certificate_id, number))


async def versions(session: AsyncSession, certificate_id: UUID) -> Sequence[CertificateVersionRow]:
    """The newest first."""
    query = select(CertificateVersionRow).where(CertificateVersionRow.certificate_id == certificate_id)
    return (await session.execute(query.order_by(CertificateVersionRow.version.desc()))).scalars().all()


async def by_pdf(session: AsyncSession, pdf_key: str) -> tuple[CertificateRow, CertificateVersionRow] | None:
    """Whose document these bytes are."""
    query = (
        select(CertificateRow, CertificateVersionRow)
        .join(CertificateVersionRow, CertificateVersionRow.certificate_id == CertificateRow.id)
        .where(CertificateVersionRow.pdf_key == pdf_key)
    )
    row = (await session.execute(query)).first()
    return None if row is None else (row[0], row[1])


async def add_version(session: AsyncSession, **values: Any) -> CertificateVersionRow:
    """A version at a place of a status list that is drawn among the free ones; the same version again is the first."""
    key = (values["certificate_id"], values["version"])
    while True:
        known = await session.get(CertificateVersionRow, key)
        if known is not None:
            return known
        used = (await session.execute(select(func.count()).select_from(CertificateVersionRow))).scalar_one()
        place = {"list_number": 1 + used // _FILL, "list_index": secrets.randbelow(_PLACES)}
        await session.execute(
            insert(CertificateVersionRow).values(**values, **place).on_conflict_do_nothing()
        )


async def gone(session: AsyncSession, list_number: int) -> Sequence[int] | None:
    """Places of a list whose documents do not hold any more; None: there is no such list."""
    of_list = CertificateVersionRow.list_number == list_number
    if (await session.execute(select(CertificateVersionRow.version).where(of_list).limit(1))).first() is None:
        return None
    query = (
        select(CertificateVersionRow.list_index)
        .join(CertificateRow, CertificateRow.id == CertificateVersionRow.certificate_id)
        .where(
            of_list,
            or_(CertificateRow.status == "revoked", CertificateVersionRow.version < CertificateRow.version),
        )
    )
    return (await session.execute(query)).scalars().all()


# The register -----------------------------------------------------------------------------------------------


async def found(
    session: AsyncSession, query: RegisterQuery, *, whole: bool = False
) -> tuple[int, Sequence[CertificateRow]]:
    """How many, and a page of them by number; `whole`: all of them."""
    condition = _wanted(query)
    count = select(func.count()).select_from(CertificateRow).where(condition)
    rows: Select[CertificateRow] = select(CertificateRow).where(condition).order_by(CertificateRow.number)
    if not whole:
        rows = rows.limit(REGISTER_PAGE).offset((query.page - 1) * REGISTER_PAGE)
    number = int((await session.execute(count)).scalar_one())
    return number, (await session.execute(rows)).scalars().all()


def _wanted(query: RegisterQuery) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [CertificateRow.pdf_key.is_not(None)]
    if text := query.text.strip():
        conditions.append(
            or_(
                func.upper(CertificateRow.number).contains(text.upper(), autoescape=True),
                CertificateRow.name.contains(text, autoescape=True),
            )
        )
    if query.level:
        conditions.append(CertificateRow.level == query.level)
    if query.year is not None:
        start, end = date(query.year, 1, 1), date(query.year + 1, 1, 1)
        conditions.append(and_(CertificateRow.issued_on >= start, CertificateRow.issued_on < end))
    if query.application_id is not None:
        conditions.append(CertificateRow.application_id == query.application_id)
    if query.status is not None:
        conditions.append(CertificateRow.status == query.status.value)
    return and_(*conditions)


async def levels(session: AsyncSession) -> list[tuple[str, str]]:
    """Levels that the register has: ID and name."""
    query = select(CertificateRow.level, func.max(CertificateRow.level_name)).group_by(CertificateRow.level)
    rows = await session.execute(query.order_by(CertificateRow.level.desc()))
    return [(str(row[0]), str(row[1])) for row in rows]


async def years(session: AsyncSession) -> list[int]:
    """Years in which something was issued, the newest first."""
    year = extract("year", CertificateRow.issued_on)
    rows = await session.execute(select(year).distinct().order_by(year.desc()))
    return [int(one) for one in rows.scalars()]


# Rulings ----------------------------------------------------------------------------------------------------


async def ruling(
    session: AsyncSession, ruling_id: UUID, *, lock: bool = False
) -> CertificateRulingRow | None:
    query = select(CertificateRulingRow).where(CertificateRulingRow.id == ruling_id)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def rulings(session: AsyncSession, certificate_id: UUID) -> Sequence[CertificateRulingRow]:
    """The newest first."""
    query = select(CertificateRulingRow).where(CertificateRulingRow.certificate_id == certificate_id)
    return (await session.execute(query.order_by(CertificateRulingRow.id.desc()))).scalars().all()


async def drafted(session: AsyncSession, certificate_id: UUID) -> CertificateRulingRow | None:
    """The one that is not yet effective."""
    query = select(CertificateRulingRow).where(
        CertificateRulingRow.certificate_id == certificate_id, CertificateRulingRow.state == "drafted"
    )
    return (await session.execute(query.with_for_update())).scalar_one_or_none()
