"""What two applications claim (E10), bars (E9), who holds a phone or a document (A1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from contracts.commands import PrepareResult
from kit.effects import stored
from services.registration.models import (
    Application,
    Bar,
    Claim,
    Form,
    Person,
)
from services.registration.repository.cases import NOT_FILED

_now = func.public.fudao_now()


async def twins(
    session: AsyncSession, application_id: UUID, round_id: UUID
) -> list[tuple[Literal["award", "file"], str, str, str, bool]]:
    """(kind, own item, other application's number, other item, sure) of current forms, in a fixed order.

    Equal certificate numbers are the same award; without both numbers equal title, year and school may be,
    unless two different works are named.
    """
    mine, other = aliased(Claim), aliased(Claim)
    my_form, other_form = aliased(Form), aliased(Form)
    same_number = and_(mine.number.is_not(None), mine.number == other.number)
    may_be = and_(
        mine.key == other.key,
        or_(mine.number.is_(None), other.number.is_(None)),
        or_(mine.work.is_(None), other.work.is_(None), mine.work == other.work),
    )
    sure = or_(mine.kind == "file", func.coalesce(same_number, False))
    query = (
        select(mine.kind, mine.item_id, Application.number, other.item_id, func.bool_or(sure))
        .join(my_form, _form_of(mine, my_form))
        .join(other, and_(other.round_id == mine.round_id, other.kind == mine.kind))
        .join(other_form, _form_of(other, other_form))
        .join(Application, Application.id == other.application_id)
        .where(
            mine.application_id == application_id,
            mine.round_id == round_id,
            other.application_id != application_id,
            or_(
                and_(mine.kind == "file", mine.key == other.key),
                and_(mine.kind == "award", or_(same_number, may_be)),
            ),
            func.coalesce(Application.status, "").not_in(NOT_FILED),
        )
        .group_by(mine.kind, mine.item_id, Application.number, other.item_id)
        .order_by(mine.kind, mine.item_id, Application.number, other.item_id)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in await session.execute(query)]


def _form_of(claim: type[Claim], one: type[Form]) -> ColumnElement[bool]:
    return and_(
        one.application_id == claim.application_id,
        one.version == claim.form_version,
        one.state == "current",
    )


async def bar(session: AsyncSession, round_id: UUID, bar_id: UUID) -> Bar | None:
    """Locked; None when it is not of this round."""
    query = select(Bar).where(Bar.id == bar_id, Bar.round_id == round_id).with_for_update()
    return (await session.scalars(query)).one_or_none()


async def drafted_bar(session: AsyncSession, **said: Any) -> Bar | None:
    """A draft that says exactly this."""
    query = select(Bar).filter_by(state="drafted", **said).order_by(Bar.id).limit(1)
    return (await session.scalars(query)).one_or_none()


async def bars_of_round(session: AsyncSession, round_id: UUID) -> Sequence[Bar]:
    query = select(Bar).where(Bar.round_id == round_id).order_by(Bar.created_at.desc(), Bar.id.desc())
    return (await session.scalars(query)).all()


async def bars_in_force(session: AsyncSession, person_hash: str, round_id: UUID) -> Sequence[Bar]:
    """Against a person: those of this round, and those of others that have an end of their own."""
    query = (
        select(Bar)
        .where(
            Bar.person_hash == person_hash,
            Bar.state == "in_force",
            or_(Bar.round_id == round_id, Bar.until.is_not(None)),
        )
        .order_by(Bar.decided_on, Bar.id)
    )
    return (await session.scalars(query)).all()


async def forget_bars(session: AsyncSession, round_id: UUID) -> None:
    """When a round closes: its bars without an end of their own, what was never in force, and all that have ended."""
    ended = Bar.until < func.date(func.timezone("Asia/Shanghai", _now))
    of_round = and_(Bar.round_id == round_id, or_(Bar.until.is_(None), Bar.state != "in_force"))
    await session.execute(delete(Bar).where(or_(of_round, ended)))


async def prepared(session: AsyncSession, command_id: UUID) -> PrepareResult | None:
    """What was answered when a command was prepared."""
    return await stored(session, f"{command_id}/prepare", PrepareResult)


async def phone_holder(session: AsyncSession, phone_hash: str) -> UUID | None:
    """Whose phone it is (A1)."""
    return (await session.scalars(select(Person.id).where(Person.phone_hash == phone_hash))).one_or_none()


async def document_holder(session: AsyncSession, id_hash: str) -> UUID | None:
    """Whose document it is (A1)."""
    return (await session.scalars(select(Person.id).where(Person.id_hash == id_hash))).one_or_none()


async def without_phone_hash(
    session: AsyncSession, before: tuple[datetime, UUID] | None, limit: int
) -> list[tuple[UUID, bytes, datetime]]:
    """(person, sealed phone, created) of rows older than the column, the newest first, after `before`."""
    query = select(Person.id, Person.phone, Person.created_at).where(Person.phone_hash.is_(None))
    if before is not None:
        query = query.where(tuple_(Person.created_at, Person.id) < before)
    query = query.order_by(Person.created_at.desc(), Person.id.desc()).limit(limit)
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def give_phone(session: AsyncSession, person_id: UUID, sealed: bytes, phone_hash: str) -> bool:
    """Sets the hash of a row that has none, unless its phone changed meanwhile; the hash must be locked and free."""
    change = (
        update(Person)
        .where(Person.id == person_id, Person.phone_hash.is_(None), Person.phone == sealed)
        .values(phone_hash=phone_hash)
        .returning(Person.id)
    )
    return (await session.execute(change)).scalar_one_or_none() is not None
