"""Human tasks: a queue from which one person at a time takes a task, under a lease and a fence.

Lease: an abandoned task returns to the queue by itself. Fence: a number that grows with every taking, so that who
lost a task cannot write any more. Both are settled in the WHERE of one UPDATE, never by reading first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, bindparam, case, func, null, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from kit.errors import DomainError, Kind
from kit.tables import task

LEASE = timedelta(minutes=30)
_now = func.public.fudao_now()
_live = and_(task.c.state == "claimed", task.c.lease_until > _now)
_open_or_claimed = task.c.state.in_(("open", "claimed"))
DUE = func.coalesce(task.c.due_at, text("'infinity'::timestamptz"))
"""As the index of queues has it: what is never due comes last."""
_free = or_(task.c.state == "open", and_(task.c.state == "claimed", task.c.lease_until <= _now))


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Proof of holding a task: send `fence` with everything written under it, until `expires_at` (UTC)."""

    task_id: UUID
    fence: int
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task as listed. `state` is open again once the lease has run out, `owner` then is who had it last."""

    id: UUID
    kind: str
    role: str
    target_id: UUID
    round_id: UUID
    subject_ref: UUID | None
    state: str
    owner: UUID | None
    fence: int
    lease_until: datetime | None
    priority: int
    due_at: datetime | None
    assigned_to: UUID | None
    created_at: datetime
    claimed_at: datetime | None
    done_at: datetime | None
    data: dict[str, Any]


async def open(  # noqa: A001 - reads as tasks.open(…)
    session: AsyncSession,
    *,
    id: UUID,  # noqa: A002
    kind: str,
    role: str,
    target_id: UUID,
    round_id: UUID,
    subject_ref: UUID | None = None,
    priority: int = 0,
    due_at: datetime | None = None,
    excluded: Iterable[UUID] = (),
    assigned_to: UUID | None = None,
    unit_hash: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> bool:
    """Puts a task into the queue of `role`; False when this ID is there already (it stays as it is).

    `excluded` may not take it, nor anybody of the unit `unit_hash` (conflict of interest); with `assigned_to` only
    that person may. Higher `priority` first, then the earlier `due_at`. `data`: IDs, codes and numbers.
    """
    row = {
        "id": id,
        "kind": kind,
        "role": role,
        "target_id": target_id,
        "round_id": round_id,
        "subject_ref": subject_ref,
        "priority": priority,
        "due_at": due_at,
        "excluded": sorted(set(excluded)),
        "assigned_to": assigned_to,
        "unit_hash": unit_hash,
        "data": dict(data or {}),
    }
    made = insert(task).values(row).on_conflict_do_nothing(index_elements=["id"]).returning(task.c.id)
    return (await session.execute(made)).scalar_one_or_none() is not None


async def claim(
    session: AsyncSession,
    task_id: UUID,
    subject: UUID,
    *,
    roles: Collection[str] | None = None,
    unit_hash: str | None = None,
    lease: timedelta = LEASE,
) -> Lease:
    """Takes a task that is open or whose lease ran out. Who holds it already gets the same fence, renewed.

    DomainError: task_not_found, task_ended, task_taken, task_conflict_of_interest, task_assigned, task_wrong_role.
    """
    own = and_(_live, task.c.owner == subject)
    allowed = [task.c.id == task_id, or_(_free, own), *_may(subject, unit_hash)]
    if roles is not None:
        allowed.append(task.c.role.in_(list(roles)))
    taking = (
        update(task)
        .where(*allowed)
        .values(
            state="claimed",
            owner=subject,
            fence=task.c.fence + case((own, 0), else_=1),
            claimed_at=case((own, task.c.claimed_at), else_=_now),
            lease_until=_after(lease),
        )
    )
    taken = await _lease(session, taking)
    if taken is None:
        await _refuse_claim(session, task_id, subject, roles, unit_hash)
    return taken


async def claim_next(
    session: AsyncSession,
    subject: UUID,
    *,
    roles: Collection[str],
    kinds: Collection[str] | None = None,
    round_id: UUID | None = None,
    not_targets: Collection[UUID] = (),
    unit_hash: str | None = None,
    lease: timedelta = LEASE,
) -> Lease | None:
    """Takes the most urgent task that is free for this person, in one statement; None when there is none.

    Of many who ask at once each gets another one: rows that somebody is just taking are passed over.
    `not_targets`: whose tasks are not for them (their own application).
    """
    free = [_open_or_claimed, _free, task.c.role.in_(list(roles)), *_may(subject, unit_hash)]
    if kinds is not None:
        free.append(task.c.kind.in_(list(kinds)))
    if round_id is not None:
        free.append(task.c.round_id == round_id)
    if not_targets:
        free.append(task.c.target_id.not_in(list(not_targets)))
    first = (
        select(task.c.id)
        .where(*free)
        .order_by(-task.c.priority, DUE, task.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    # the row was locked by the subquery, so it is as free now as it was found
    values = {"state": "claimed", "owner": subject, "fence": task.c.fence + 1, "claimed_at": _now}
    taking = update(task).where(task.c.id == first).values(**values, lease_until=_after(lease))
    return await _lease(session, taking)


async def renew(
    session: AsyncSession, task_id: UUID, subject: UUID, fence: int, lease: timedelta = LEASE
) -> Lease:
    """A longer lease for who holds the task. DomainError: task_not_found, task_ended, task_lost."""
    renewed = await _lease(session, _held(task_id, subject, fence).values(lease_until=_after(lease)))
    if renewed is None:
        await _refuse_holder(session, task_id)
    return renewed


async def holding(session: AsyncSession, task_id: UUID, subject: UUID, fence: int) -> Task:
    """The task, locked until the transaction ends, when the subject holds it (before saving a sheet under it).

    DomainError as `renew`.
    """
    query = _select().where(task.c.id == task_id, *_holds(subject, fence)).with_for_update()
    found = (await session.execute(query)).mappings().one_or_none()
    if found is None:
        await _refuse_holder(session, task_id)
    return Task(**found)


async def release(session: AsyncSession, task_id: UUID, subject: UUID, fence: int) -> None:
    """Gives a task back to the queue. DomainError as `renew`."""
    values = {"state": "open", "owner": None, "lease_until": None}
    if not await _one(session, _held(task_id, subject, fence).values(values)):
        await _refuse_holder(session, task_id)


async def complete(session: AsyncSession, task_id: UUID, subject: UUID, fence: int) -> None:
    """Ends a task; `owner` stays as who did it. DomainError as `renew`."""
    done = _held(task_id, subject, fence).values(state="done", done_at=_now, lease_until=None)
    if not await _one(session, done):
        await _refuse_holder(session, task_id)


async def reopen(
    session: AsyncSession, task_id: UUID, subject: UUID, fence: int, lease: timedelta = LEASE
) -> bool:
    """Undoes `complete` for the same person and fence (a decision that was refused); False when it is not so done."""
    undone = update(task).where(
        task.c.id == task_id, task.c.state == "done", task.c.owner == subject, task.c.fence == fence
    )
    return await _one(session, undone.values(state="claimed", done_at=None, lease_until=_after(lease)))


async def reassign(
    session: AsyncSession, task_id: UUID, to: UUID | None, *, unit_hash: str | None = None
) -> None:
    """Takes the task from whoever has it; from now on only `to` (of the unit `unit_hash`) may take it.

    None: anybody of the role again. DomainError: task_not_found, task_ended, task_conflict_of_interest.
    """
    allowed = [task.c.id == task_id, _open_or_claimed]
    if to is not None:
        allowed.append(~_excludes(to))
        if unit_hash is not None:
            allowed.append(task.c.unit_hash.is_distinct_from(unit_hash))
    moved = update(task).where(*allowed)
    values = {
        "state": "open",
        "owner": None,
        "lease_until": None,
        "assigned_to": to,
        "fence": task.c.fence + 1,
    }
    if not await _one(session, moved.values(values)):
        found = await get(session, task_id)
        raise _ended() if found.state in ("done", "cancelled") else _conflict()


async def release_all(session: AsyncSession, subject: UUID) -> int:
    """Returns everything a person holds or was assigned to the queue (left, ill, account closed); how many."""
    held = update(task).where(
        or_(
            and_(task.c.state == "claimed", task.c.owner == subject),
            and_(task.c.state.in_(("open", "claimed")), task.c.assigned_to == subject),
        )
    )
    values = {
        "state": "open",
        "owner": None,
        "lease_until": None,
        "assigned_to": None,
        "fence": task.c.fence + 1,
    }
    return cast(CursorResult[Any], await session.execute(held.values(values))).rowcount


async def cancel(session: AsyncSession, task_id: UUID) -> bool:
    """Ends a task that nobody needs to do any more; False when it has ended already."""
    return await _cancel(session, task.c.id == task_id) == 1


async def cancel_for(session: AsyncSession, target_id: UUID, kind: str | None = None) -> int:
    """Cancels all open tasks of a target (an application withdrawn), of one kind or all; how many."""
    of_kind = [task.c.kind == kind] if kind is not None else []
    return await _cancel(session, task.c.target_id == target_id, *of_kind)


async def get(session: AsyncSession, task_id: UUID) -> Task:
    """One task. DomainError task_not_found."""
    found = (await session.execute(_select().where(task.c.id == task_id))).mappings().one_or_none()
    if found is None:
        raise DomainError(Kind.not_found, "task_not_found", "找不到这项任务。")
    return Task(**found)


def claimable(subject: UUID, unit_hash: str | None = None) -> ColumnElement[bool]:
    """Condition on the task table: this person holds it, or may take it now."""
    return and_(or_(_free, and_(_live, task.c.owner == subject)), *_may(subject, unit_hash))


def live() -> ColumnElement[bool]:
    """Condition on the task table: somebody holds it now."""
    return _live


def held_by(subject: UUID) -> ColumnElement[bool]:
    """Condition on the task table: this person holds it now."""
    return and_(_live, task.c.owner == subject)


def columns() -> list[ColumnElement[Any]]:
    """What a Task is read from, with the state as it is by now."""
    state = case((and_(task.c.state == "claimed", _free), "open"), else_=task.c.state).label("state")
    plain = [name for name in Task.__dataclass_fields__ if name != "state"]
    return [*(task.c[name] for name in plain), state]


def _select() -> Any:
    return select(*columns())


def _after(lease: timedelta) -> Any:
    return text("public.fudao_now() + :lease").bindparams(lease=lease)


def _excludes(subject: UUID) -> ColumnElement[bool]:
    return bindparam(None, subject, type_=task.c.owner.type) == func.any(task.c.excluded)


def _may(subject: UUID, unit_hash: str | None) -> list[ColumnElement[bool]]:
    may = [
        ~_excludes(subject),
        or_(task.c.assigned_to == null(), task.c.assigned_to == subject),
    ]
    if unit_hash is not None:
        may.append(task.c.unit_hash.is_distinct_from(unit_hash))
    return may


def _holds(subject: UUID, fence: int) -> list[ColumnElement[bool]]:
    return [_live, task.c.owner == subject, task.c.fence == fence]


def _held(task_id: UUID, subject: UUID, fence: int) -> Any:
    return update(task).where(task.c.id == task_id, *_holds(subject, fence))


async def _one(session: AsyncSession, statement: Any) -> bool:
    return cast(CursorResult[Any], await session.execute(statement)).rowcount == 1


async def _lease(session: AsyncSession, statement: Any) -> Lease | None:
    row = (
        await session.execute(statement.returning(task.c.id, task.c.fence, task.c.lease_until))
    ).one_or_none()
    return Lease(task_id=row.id, fence=row.fence, expires_at=row.lease_until) if row else None


async def _cancel(session: AsyncSession, *which: ColumnElement[bool]) -> int:
    ended = update(task).where(task.c.state.in_(("open", "claimed")), *which)
    values = {"state": "cancelled", "lease_until": None, "done_at": _now, "fence": task.c.fence + 1}
    return cast(CursorResult[Any], await session.execute(ended.values(values))).rowcount


async def _refuse_claim(
    session: AsyncSession,
    task_id: UUID,
    subject: UUID,
    roles: Collection[str] | None,
    unit_hash: str | None,
) -> NoReturn:
    """Says why, after the UPDATE has found nothing; the row may have changed since, the refusal stands."""
    query = _select().add_columns(
        _excludes(subject).label("excluded"),
        (task.c.unit_hash == bindparam(None, unit_hash, type_=Text)).label("same_unit"),
    )
    row = (await session.execute(query.where(task.c.id == task_id))).mappings().one_or_none()
    if row is None:
        raise DomainError(Kind.not_found, "task_not_found", "找不到这项任务。")
    if row["state"] in ("done", "cancelled"):
        raise _ended()
    if roles is not None and row["role"] not in roles:
        raise DomainError(
            Kind.forbidden, "task_wrong_role", "这项任务不属于您的岗位，请从自己的任务列表中领取。"
        )
    if row["excluded"] or row["same_unit"]:
        raise _conflict()
    if row["assigned_to"] not in (None, subject):
        raise DomainError(Kind.forbidden, "task_assigned", "这项任务已指定由他人办理，请领取其他任务。")
    raise DomainError(Kind.conflict, "task_taken", "这项任务已被他人领取，请刷新列表后领取其他任务。")


async def _refuse_holder(session: AsyncSession, task_id: UUID) -> NoReturn:
    found = await get(session, task_id)
    if found.state in ("done", "cancelled"):
        raise _ended()
    raise DomainError(
        Kind.conflict,
        "task_lost",
        "您对这项任务的占用已到期或已转给他人，本次操作没有保存；请回到任务列表重新领取。",
    )


def _ended() -> DomainError:
    return DomainError(Kind.conflict, "task_ended", "这项任务已经办结或取消，不能再办理，请刷新列表。")


def _conflict() -> DomainError:
    return DomainError(
        Kind.forbidden,
        "task_conflict_of_interest",
        "您与这项任务的申报人有回避关系，不能办理，请领取其他任务。",
    )
