"""Rounds, persons, applications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.lifecycle import Phase, RoundTransition, Status, Transition
from services.registration.models import (
    Application,
    Counter,
    Person,
    Round,
)

_now = func.public.fudao_now()
NOT_FILED = (Status.lapsed.value, Status.discarded.value)
"""Ends that come before filing: everybody else who is past it was filed (T2)."""


async def round_of(session: AsyncSession, round_id: UUID) -> Round | None:
    return await session.get(Round, round_id)


async def rounds(session: AsyncSession) -> Sequence[Round]:
    return (await session.scalars(select(Round).order_by(Round.opened_at.desc(), Round.id))).all()


async def rounds_under(session: AsyncSession, pack_hash: str) -> int:
    """How many rounds run or ran under a pack."""
    query = select(func.count()).select_from(Round).where(Round.pack_hash == pack_hash)
    return (await session.execute(query)).scalar_one()


async def move_round(session: AsyncSession, round_id: UUID, transition: RoundTransition) -> None:
    """Applied only for a higher `seq`."""
    change = update(Round).where(Round.id == round_id, Round.seq < transition.seq)
    await session.execute(
        change.values(stage=transition.stage.value, seq=transition.seq, closes_at=transition.closes_at)
    )


async def next_number(session: AsyncSession, round_id: UUID, letter: str) -> int:
    """The next number of a counter; its row stays locked until the transaction ends, so none is left out."""
    row = insert(Counter).values(round_id=round_id, letter=letter, last=1)
    counted = row.on_conflict_do_update(
        index_elements=["round_id", "letter"], set_={"last": Counter.last + 1}
    ).returning(Counter.last)
    return (await session.execute(counted)).scalar_one()


async def person(session: AsyncSession, person_id: UUID, *, lock: bool = False) -> Person | None:
    return await session.get(
        Person, person_id, with_for_update=True if lock else None, populate_existing=lock
    )


async def person_by_document(session: AsyncSession, id_hash: str) -> Person | None:
    return (await session.scalars(select(Person).where(Person.id_hash == id_hash))).one_or_none()


async def add_person(session: AsyncSession, values: dict[str, Any]) -> bool:
    """False when the person, or another one with the same document, is there already."""
    row = insert(Person).values(values).on_conflict_do_nothing().returning(Person.id)
    return (await session.execute(row)).scalar_one_or_none() is not None


async def application(
    session: AsyncSession, application_id: UUID, *, lock: bool = False
) -> Application | None:
    return await session.get(
        Application, application_id, with_for_update=True if lock else None, populate_existing=lock
    )


async def add_application(session: AsyncSession, values: dict[str, Any]) -> bool:
    """L1: UNIQUE(round, person) decides; False when there is one (a concurrent one is waited for)."""
    row = insert(Application).values(values)
    claim = row.on_conflict_do_nothing(index_elements=["round_id", "person_id"]).returning(Application.id)
    return (await session.execute(claim)).scalar_one_or_none() is not None


async def set_number(session: AsyncSession, application_id: UUID, number: str) -> None:
    await session.execute(update(Application).where(Application.id == application_id).values(number=number))


async def note_transition(session: AsyncSession, application_id: UUID, transition: Transition) -> None:
    """Keeps the latest status, for a higher `seq` only."""
    change = update(Application).where(Application.id == application_id, Application.seq < transition.seq)
    await session.execute(change.values(seq=transition.seq, status=transition.status.value))


async def phases(session: AsyncSession, round_id: UUID) -> list[tuple[str, Phase, int]]:
    """(level, phase, count) of a round."""
    query = (
        select(Application.level, Application.phase, func.count())
        .where(Application.round_id == round_id)
        .group_by(Application.level, Application.phase)
        .order_by(Application.level, Application.phase)
    )
    return [(level, Phase(phase), n) for level, phase, n in await session.execute(query)]


async def filed(session: AsyncSession, round_id: UUID) -> dict[str, int]:
    """Filed regular applications by level: the base of the cut, later withdrawals in, the direct route out (T2)."""
    query = (
        select(Application.level, func.count())
        .where(
            Application.round_id == round_id,
            Application.route == "regular",
            Application.phase != Phase.open.value,
            func.coalesce(Application.status, "").not_in(NOT_FILED),
        )
        .group_by(Application.level)
        .order_by(Application.level)
    )
    return {level: n for level, n in await session.execute(query)}  # noqa: C416 - rows are no plain tuples
