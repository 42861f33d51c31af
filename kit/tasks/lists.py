"""Lists of human tasks: keyset pages with a total, and how long each queue is."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, DateTime, cast, func, literal_column, or_, select, tuple_
from sqlalchemy import Uuid as UuidType
from sqlalchemy import literal as lit
from sqlalchemy.ext.asyncio import AsyncSession

from kit.errors import DomainError, Kind
from kit.tables import task
from kit.tasks.claims import DUE, Task, claimable, columns, held_by, live

_MOST = 200  # tasks a page
_now = func.public.fudao_now()


@dataclass(frozen=True, kw_only=True)
class Page:
    """`total` counts the list (no further than `count_to`); `next`: cursor of the following page, None at the end."""

    items: list[Task]
    total: int
    next: str | None


@dataclass(frozen=True, kw_only=True)
class Work:
    """One person's tasks: in hand, in hand and overdue, done, and the median time from claim to done."""

    subject: UUID
    held: int
    overdue: int
    done: int
    median: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Age:
    """Unfinished tasks of one kind that were opened on one local day."""

    kind: str
    role: str
    day: date
    count: int


@dataclass(frozen=True, kw_only=True)
class Queue:
    """How one kind of task stands: waiting or in somebody's hands, overdue, and since when the oldest is there."""

    kind: str
    role: str
    open: int
    overdue: int
    oldest: datetime


async def listing(
    session: AsyncSession,
    *,
    roles: Collection[str] | None = None,
    available_to: UUID | None = None,
    held: UUID | None = None,
    unit_hash: str | None = None,
    states: Sequence[str] = ("open", "claimed"),
    kinds: Collection[str] | None = None,
    round_id: UUID | None = None,
    target_id: UUID | None = None,
    owner: UUID | None = None,
    overdue: bool = False,
    data: Mapping[str, Any] | None = None,
    count_to: int | None = None,
    limit: int = 20,
    after: str | None = None,
) -> Page:
    """Tasks by priority, then due moment, then ID.

    `available_to`: only what this person (of the unit `unit_hash`) may take or holds; `held`: only what this person
    holds; `owner`: what this person has, or is the only one to take; `data`: what the task's own data contain.
    DomainError invalid_cursor for an `after` that is not a cursor of ours.
    """
    where: list[ColumnElement[bool]] = [task.c.state.in_(list(states))]
    if roles is not None:
        where.append(task.c.role.in_(list(roles)))
    if kinds is not None:
        where.append(task.c.kind.in_(list(kinds)))
    if round_id is not None:
        where.append(task.c.round_id == round_id)
    if target_id is not None:
        where.append(task.c.target_id == target_id)
    if available_to is not None:
        where.append(claimable(available_to, unit_hash))
    if held is not None:
        where.append(held_by(held))
    if owner is not None:
        where.append(or_(held_by(owner), task.c.assigned_to == owner))
    if overdue:
        where.append(task.c.due_at < _now)
    if data:
        where.append(task.c.data.contains(dict(data)))
    counted = select(task.c.id).where(*where).limit(count_to).subquery()
    total = (await session.execute(select(func.count()).select_from(counted))).scalar_one()
    limit = max(1, min(limit, _MOST))
    query = select(*columns()).where(*where).order_by(-task.c.priority, DUE, task.c.id).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(-task.c.priority, DUE, task.c.id) > _position(after))
    items = [Task(**row) for row in (await session.execute(query)).mappings()]
    more = len(items) > limit
    items = items[:limit]
    return Page(items=items, total=total, next=_cursor(items[-1]) if more else None)


async def queues(session: AsyncSession, *, round_id: UUID | None = None) -> list[Queue]:
    """Every queue with something in it (secretariat's console: queues with age)."""
    query = (
        select(
            task.c.kind,
            task.c.role,
            func.count().label("open"),
            func.count().filter(task.c.due_at < _now).label("overdue"),
            func.min(task.c.created_at).label("oldest"),
        )
        .where(task.c.state.in_(("open", "claimed")))
        .group_by(task.c.kind, task.c.role)
        .order_by(task.c.kind, task.c.role)
    )
    if round_id is not None:
        query = query.where(task.c.round_id == round_id)
    return [Queue(**row) for row in (await session.execute(query)).mappings()]


async def workload(
    session: AsyncSession, *, round_id: UUID | None = None, kinds: Collection[str] | None = None
) -> list[Work]:
    """Everybody who has something in hand or has done something, who holds most first."""
    held = live()
    took = func.percentile_cont(0.5).within_group(func.extract("epoch", task.c.done_at - task.c.claimed_at))
    query = (
        select(
            task.c.owner.label("subject"),
            func.count().filter(held).label("held"),
            func.count().filter(held, task.c.due_at < _now).label("overdue"),
            func.count().filter(task.c.state == "done").label("done"),
            took.filter(task.c.state == "done", task.c.claimed_at.is_not(None)).label("seconds"),
        )
        .where(task.c.owner.is_not(None))
        .group_by(task.c.owner)
    )
    if round_id is not None:
        query = query.where(task.c.round_id == round_id)
    if kinds is not None:
        query = query.where(task.c.kind.in_(list(kinds)))
    found = [
        Work(
            subject=row.subject,
            held=row.held,
            overdue=row.overdue,
            done=row.done,
            median=None if row.seconds is None else timedelta(seconds=float(row.seconds)),
        )
        for row in await session.execute(query)
    ]
    return sorted(found, key=lambda one: (-one.held, -one.done, one.subject))


async def ages(session: AsyncSession, *, tz: str, round_id: UUID | None = None) -> list[Age]:
    """How many unfinished tasks there are by kind and local day of opening (the caller counts working days)."""
    day = cast(func.timezone(tz, task.c.created_at), Date)
    query = (
        select(task.c.kind, task.c.role, day.label("day"), func.count().label("count"))
        .where(task.c.state.in_(("open", "claimed")))
        .group_by(task.c.kind, task.c.role, day)
        .order_by(task.c.kind, task.c.role, day)
    )
    if round_id is not None:
        query = query.where(task.c.round_id == round_id)
    return [Age(**row) for row in (await session.execute(query)).mappings()]


def _cursor(last: Task) -> str:
    parts = [last.priority, last.due_at.isoformat() if last.due_at else None, str(last.id)]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _position(cursor: str) -> Any:
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        priority, due_at, task_id = int(raw[0]), raw[1], UUID(raw[2])
        moment = datetime.fromisoformat(due_at) if due_at is not None else None
        if len(raw) != 3 or abs(priority) > 2**31 or (moment is not None and moment.tzinfo is None):
            raise ValueError
    except (ValueError, TypeError, IndexError, KeyError, AttributeError):
        raise DomainError(Kind.invalid, "invalid_cursor", "翻页标记无效，请从第一页重新查看。") from None
    due_part: ColumnElement[object] = (
        lit(moment, DateTime(timezone=True))
        if moment is not None
        else literal_column("'infinity'::timestamptz", DateTime(timezone=True))
    )
    return tuple_(lit(-priority), due_part, lit(task_id, UuidType))
