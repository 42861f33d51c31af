"""What the gateway reads; it runs in the gateway's own session, whose role may only look at schema `readmodel`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, MetaData, RowMapping, Select, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.events import EventType
from contracts.http.gateway import (
    CaseFilters,
    CaseOrder,
    CasePage,
    Funnel,
    FunnelLine,
    KnownCase,
    TimelineEntry,
)
from contracts.lifecycle import RoundStage, Stage
from readmodel.districts import district_groups as district_groups  # one door for the gateway
from readmodel.districts import district_page as district_page
from readmodel.models import Base
from readmodel.texts import say

_THERE = MetaData(schema="readmodel")
_tables = {name: table.to_metadata(_THERE) for name, table in Base.metadata.tables.items()}
_case, _person = _tables["known_case"].c, _tables["person"].c
_line, _round = _tables["timeline"].c, _tables["known_round"].c


def _cases() -> Select[Any]:
    joined = _tables["known_case"].outerjoin(_tables["person"], _case.person_id == _person.person_id)
    return select(_tables["known_case"], _person.name, _person.unit, _person.district).select_from(joined)


def _known(row: RowMapping) -> KnownCase:
    return KnownCase.model_validate(dict(row))


async def case(session: AsyncSession, application_id: UUID, /) -> KnownCase | None:
    """One case, or None while no event of it has come."""
    found = await session.execute(_cases().where(_case.application_id == application_id))
    row = found.mappings().one_or_none()
    return None if row is None else _known(row)


async def cases(
    session: AsyncSession, round_id: UUID, filters: CaseFilters, cursor: str | None, limit: int, /
) -> CasePage:
    """A page of a round's cases in the order wished for; `cursor` comes from the page before, of the same order."""
    query = _cases().where(_case.round_id == round_id)
    for name in ("stage", "status", "level", "action_required_by"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(_case[name] == str(value))
    if filters.district is not None:
        query = query.where(_person.district == filters.district)
    if filters.text:
        part = f"%{_escape(filters.text)}%"
        query = query.where(
            or_(
                _case.application_number.like(f"{_escape(filters.text)}%"),
                _person.name.like(part),
                _person.unit.like(part),
            )
        )
    if filters.held is not None:
        query = query.where(_case.held == filters.held)
    order = _order(filters.order)
    if cursor is not None:
        query = query.where(tuple_(*order) > tuple_(*_read_cursor(filters.order, cursor)))
    query = query.order_by(*order).limit(limit + 1)
    rows = (await session.execute(query)).mappings().all()
    page = tuple(_known(row) for row in rows[:limit])
    return CasePage(cases=page, next_cursor=_cursor(filters.order, page[-1]) if len(rows) > limit else None)


def _order(order: CaseOrder) -> tuple[ColumnElement[Any], ...]:
    """What has ended stands behind what goes on; the number tells equals apart."""
    if order is CaseOrder.number:
        return (_case.application_number,)
    return (_case.stage == Stage.ended.value, _case.since, _case.application_number)


def _cursor(order: CaseOrder, last: KnownCase) -> str:
    if order is CaseOrder.number:
        return last.application_number
    ended = int(last.stage is Stage.ended)
    return f"{ended}~{last.since.isoformat()}~{last.application_number}"


def _read_cursor(order: CaseOrder, cursor: str) -> tuple[Any, ...]:
    """What is no cursor of this order begins before everything."""
    if order is CaseOrder.number:
        return (cursor,)
    try:
        ended, since, number = cursor.split("~", 2)
        return (ended == "1", datetime.fromisoformat(since), number)
    except ValueError:
        return (False, datetime(1970, 1, 1, tzinfo=UTC), "")


async def funnel(session: AsyncSession, round_id: UUID, /) -> Funnel:
    """How many applications of each level are where, and since when the oldest of them."""
    query = (
        select(
            _case.level,
            _case.stage,
            _case.status,
            func.count().label("count"),
            func.min(_case.since).label("oldest_since"),
        )
        .where(_case.round_id == round_id)
        .group_by(_case.level, _case.stage, _case.status)
        .order_by(_case.level, _case.stage, _case.status)
    )
    rows = (await session.execute(query)).mappings().all()
    lines = tuple(FunnelLine.model_validate(dict(row)) for row in rows)
    stage = (
        await session.execute(select(_round.stage).where(_round.round_id == round_id))
    ).scalar_one_or_none()
    return Funnel(
        round_id=round_id,
        stage=None if stage is None else RoundStage(stage),
        total=sum(line.count for line in lines),
        lines=lines,
    )


async def timeline(session: AsyncSession, application_id: UUID, /) -> Sequence[TimelineEntry]:
    """What happened to an application, oldest first, in plain Chinese."""
    query = (
        select(_tables["timeline"])
        .where(_line.application_id == application_id)
        .order_by(_line.occurred_at, _line.seq)
    )
    entries: list[TimelineEntry] = []
    for row in (await session.execute(query)).mappings():
        if row["data"].get("reversed"):
            # the workflow refused what a service had prepared: neither happened
            if entries and entries[-1].code == row["type"]:
                entries.pop()
            continue
        said = say(EventType(row["type"]), row["status"], row["data"])
        if said is not None:
            entries.append(
                TimelineEntry(
                    at=row["occurred_at"], code=row["type"], text=said[0], clause=said[1], stage=row["stage"]
                )
            )
    return entries


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
