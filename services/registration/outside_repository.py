"""SQL of imports from an outside system (S1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.outside import RowVerdict
from services.registration.models import Application, DraftRow, OutsideRow, Person

T = TypeVar("T")
_BATCH = 1000


async def row(session: AsyncSession, import_id: UUID, number: int) -> OutsideRow | None:
    return await session.get(OutsideRow, (import_id, number))


async def rows(
    session: AsyncSession,
    import_id: UUID,
    *,
    verdict: RowVerdict | None = None,
    after: int = 0,
    limit: int | None = None,
) -> Sequence[OutsideRow]:
    """By row number."""
    query = select(OutsideRow).where(OutsideRow.import_id == import_id, OutsideRow.row > after)
    if verdict is not None:
        query = query.where(OutsideRow.verdict == verdict.value)
    return (await session.scalars(query.order_by(OutsideRow.row).limit(limit))).all()


async def people(session: AsyncSession, hashes: Sequence[str]) -> dict[str, Person]:
    """By the keyed hash of their document."""
    found: dict[str, Person] = {}
    for some in _parts(hashes):
        for person in await session.scalars(select(Person).where(Person.id_hash.in_(some))):
            found[person.id_hash] = person
    return found


async def cases(
    session: AsyncSession, round_id: UUID, person_ids: Sequence[UUID]
) -> dict[UUID, tuple[Application, DraftRow]]:
    """Application and draft of these people in a round, by person."""
    found: dict[UUID, tuple[Application, DraftRow]] = {}
    for some in _parts(person_ids):
        query = (
            select(Application, DraftRow)
            .join(DraftRow, DraftRow.application_id == Application.id)
            .where(Application.round_id == round_id, Application.person_id.in_(some))
        )
        for application, draft in await session.execute(query):
            found[application.person_id] = (application, draft)
    return found


async def filed(session: AsyncSession, round_id: UUID) -> list[tuple[Application, Person, DraftRow]]:
    """Everybody of a round whose form is frozen, by application number."""
    query = (
        select(Application, Person, DraftRow)
        .join(Person, Person.id == Application.person_id)
        .join(DraftRow, DraftRow.application_id == Application.id)
        .where(Application.round_id == round_id, Application.form_version.is_not(None))
        .order_by(Application.number)
    )
    return [(one[0], one[1], one[2]) for one in await session.execute(query)]


def _parts(all_of_them: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(all_of_them), _BATCH):
        yield all_of_them[start : start + _BATCH]
