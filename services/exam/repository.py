"""All SQL of the exam. Row locks decide every race: answer, finish and closing lock the attempt, nobody reads first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.exam.models import (
    AnswerRow,
    AttemptRow,
    ExcuseRow,
    KeyCorrectionRow,
    SittingChangeRow,
    SittingRow,
)

Found = tuple[AttemptRow, SittingRow]
UNDER_WAY = ("enrolled", "started")


def sitting_id(round_id: UUID, level: str, number: int) -> UUID:
    """The same sitting has the same ID wherever and whenever it is made."""
    return uuid5(round_id, f"sitting/{level}/{number}")


# Sittings ---------------------------------------------------------------------------------------------------


async def planned_sitting(session: AsyncSession, round_id: UUID, level: str, pack_key: str) -> SittingRow:
    """The sitting that gathers candidates of the level now, made if there is none. Caller holds the level's lock."""
    query = select(SittingRow).where(SittingRow.round_id == round_id, SittingRow.level == level)
    found = (await session.execute(query.where(SittingRow.state == "planned"))).scalar_one_or_none()
    if found is not None:
        return found
    last = (
        await session.execute(select(func.max(SittingRow.number)).where(_of(round_id, level)))
    ).scalar_one()
    number = (last or 0) + 1
    made = SittingRow(
        id=sitting_id(round_id, level, number),
        round_id=round_id,
        level=level,
        number=number,
        pack_key=pack_key,
        state="planned",
    )
    session.add(made)
    await session.flush()
    return made


async def sitting_in(session: AsyncSession, round_id: UUID, level: str, state: str) -> SittingRow | None:
    """The level's planned or open sitting (never more than one of each)."""
    query = select(SittingRow).where(_of(round_id, level), SittingRow.state == state)
    return (await session.execute(query)).scalar_one_or_none()


async def open_sitting(
    session: AsyncSession, sitting: UUID, opens_at: datetime, closes_at: datetime
) -> SittingRow:
    """planned → open. Caller holds the level's lock."""
    change = (
        update(SittingRow)
        .where(SittingRow.id == sitting, SittingRow.state == "planned")
        .values(state="open", opens_at=opens_at, closes_at=closes_at)
        .returning(SittingRow)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(change)).scalar_one()


async def extend_sitting(
    session: AsyncSession, round_id: UUID, level: str, by: timedelta, known: datetime | None
) -> SittingRow | None:
    """Moves the end of the open sitting, only before it has come and only if it is still `known`; else None."""
    conditions = [
        _of(round_id, level),
        SittingRow.state == "open",
        SittingRow.closes_at > text("public.fudao_now()"),
    ]
    if known is not None:
        conditions.append(SittingRow.closes_at == known)
    change = (
        update(SittingRow)
        .where(*conditions)
        .values(closes_at=SittingRow.closes_at + by)
        .returning(SittingRow)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(change)).scalar_one_or_none()


async def sitting_for_closing(session: AsyncSession, sitting: UUID) -> SittingRow | None:
    """The sitting, locked until the transaction ends, so that nobody extends it meanwhile."""
    query = select(SittingRow).where(SittingRow.id == sitting).with_for_update(key_share=True)
    return (await session.execute(query)).scalar_one_or_none()


async def close_sitting(session: AsyncSession, sitting: UUID) -> None:
    """open → closed."""
    await session.execute(
        update(SittingRow).where(SittingRow.id == sitting, SittingRow.state == "open").values(state="closed")
    )


async def sittings(
    session: AsyncSession, round_id: UUID, only: UUID | None = None
) -> Sequence[tuple[SittingRow, dict[str, int]]]:
    """A round's sittings by level and number, each with its number of attempts by state."""
    query = select(SittingRow).where(SittingRow.round_id == round_id)
    if only is not None:
        query = query.where(SittingRow.id == only)
    rows = (await session.execute(query.order_by(SittingRow.level, SittingRow.number))).scalars().all()
    counts: dict[UUID, dict[str, int]] = {row.id: {} for row in rows}
    counting = (
        select(AttemptRow.sitting_id, AttemptRow.state, func.count())
        .where(AttemptRow.sitting_id.in_(counts))
        .group_by(AttemptRow.sitting_id, AttemptRow.state)
    )
    for sitting, state, count in await session.execute(counting):
        counts[sitting][state] = count
    waiting = (
        select(AttemptRow.sitting_id, func.count())
        .where(AttemptRow.sitting_id.in_(counts), AttemptRow.excuse == "open")
        .group_by(AttemptRow.sitting_id)
    )
    for sitting, count in await session.execute(waiting):
        counts[sitting]["excuses"] = count
    return [(row, counts[row.id]) for row in rows]


async def candidates(session: AsyncSession, sitting: UUID) -> int:
    """How many wait for a sitting; whose excuse was granted waits for the one after it."""
    query = select(func.count()).where(
        AttemptRow.sitting_id == sitting,
        AttemptRow.state == "enrolled",
        AttemptRow.excuse.is_distinct_from("granted"),
    )
    return (await session.execute(query)).scalar_one()


async def lines(session: AsyncSession, sitting: UUID) -> Sequence[tuple[AttemptRow, int, datetime | None]]:
    """Candidates of a sitting by number, each with how many items are answered and when the last was saved."""
    counted = (
        select(
            AnswerRow.attempt_id,
            func.count().filter(func.cardinality(AnswerRow.choice) > 0).label("answered"),
            func.max(AnswerRow.saved_at).label("last"),
        )
        .join(AttemptRow, AttemptRow.id == AnswerRow.attempt_id)
        .where(AttemptRow.sitting_id == sitting)
        .group_by(AnswerRow.attempt_id)
        .subquery()
    )
    query = (
        select(AttemptRow, func.coalesce(counted.c.answered, 0), counted.c.last)
        .outerjoin(counted, counted.c.attempt_id == AttemptRow.id)
        .where(AttemptRow.sitting_id == sitting, AttemptRow.state != "cancelled")
        .order_by(AttemptRow.application_number)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def changes(session: AsyncSession, sitting: UUID) -> Sequence[SittingChangeRow]:
    """What the office did with a sitting, in its order."""
    query = select(SittingChangeRow).where(SittingChangeRow.sitting_id == sitting)
    return (await session.execute(query.order_by(SittingChangeRow.at, SittingChangeRow.id))).scalars().all()


async def graded(session: AsyncSession, round_id: UUID, level: str) -> Sequence[AttemptRow]:
    """Everybody of a level who has a grade, by number."""
    query = select(AttemptRow).where(
        AttemptRow.round_id == round_id, AttemptRow.level == level, AttemptRow.state == "finished"
    )
    return (await session.execute(query.order_by(AttemptRow.application_number))).scalars().all()


async def somebody_waits(session: AsyncSession, round_id: UUID, level: str) -> bool:
    """Whether somebody of a level has still to sit or sits."""
    query = select(AttemptRow.id).where(
        AttemptRow.round_id == round_id, AttemptRow.level == level, AttemptRow.state.in_(UNDER_WAY)
    )
    return (await session.execute(query.limit(1))).scalar_one_or_none() is not None


# Corrected keys ---------------------------------------------------------------------------------------------


async def corrections(session: AsyncSession, round_id: UUID, level: str) -> Sequence[KeyCorrectionRow]:
    """Of one level, the newest first."""
    query = select(KeyCorrectionRow).where(
        KeyCorrectionRow.round_id == round_id, KeyCorrectionRow.level == level
    )
    newest = (KeyCorrectionRow.drafted_at.desc(), KeyCorrectionRow.id.desc())
    return (await session.execute(query.order_by(*newest))).scalars().all()


async def keys_in_force(session: AsyncSession, round_id: UUID, level: str) -> dict[str, tuple[str, ...]]:
    """The corrected keys of a level, the latest of each item."""
    query = select(KeyCorrectionRow.item_id, KeyCorrectionRow.new_key).where(
        KeyCorrectionRow.round_id == round_id,
        KeyCorrectionRow.level == level,
        KeyCorrectionRow.state == "applied",
    )
    rows = await session.execute(query.order_by(KeyCorrectionRow.applied_at, KeyCorrectionRow.id))
    return {item_id: tuple(key) for item_id, key in rows}


async def correction(session: AsyncSession, round_id: UUID, identity: UUID) -> KeyCorrectionRow | None:
    """One of a round, locked."""
    query = select(KeyCorrectionRow).where(
        KeyCorrectionRow.id == identity, KeyCorrectionRow.round_id == round_id
    )
    query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


# Excuses ----------------------------------------------------------------------------------------------------


async def excuses(session: AsyncSession, sitting: UUID) -> Sequence[tuple[ExcuseRow, AttemptRow]]:
    """Those of a sitting with their attempts, wherever these sit now; the newest first."""
    query = (
        select(ExcuseRow, AttemptRow)
        .join(AttemptRow, AttemptRow.id == ExcuseRow.attempt_id)
        .where(ExcuseRow.sitting_id == sitting)
        .order_by(ExcuseRow.proposed_at.desc(), ExcuseRow.id.desc())
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def excuse(
    session: AsyncSession, round_id: UUID, identity: UUID
) -> tuple[ExcuseRow, AttemptRow] | None:
    """One of a round, not locked."""
    query = (
        select(ExcuseRow, AttemptRow)
        .join(AttemptRow, AttemptRow.id == ExcuseRow.attempt_id)
        .where(ExcuseRow.id == identity, AttemptRow.round_id == round_id)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else (row[0], row[1])


async def excuse_for_deciding(session: AsyncSession, identity: UUID) -> ExcuseRow | None:
    """Locked."""
    query = select(ExcuseRow).where(ExcuseRow.id == identity).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def void_excuse(session: AsyncSession, attempt_id: UUID, at: datetime) -> None:
    """open → void."""
    await session.execute(
        update(ExcuseRow)
        .where(ExcuseRow.attempt_id == attempt_id, ExcuseRow.state == "open")
        .values(state="void", decided_at=at)
    )


async def has_granted(session: AsyncSession, sitting: UUID) -> bool:
    """Whether somebody of the sitting goes to the next one."""
    query = select(AttemptRow.id).where(AttemptRow.sitting_id == sitting, AttemptRow.excuse == "granted")
    return (await session.execute(query.limit(1))).scalar_one_or_none() is not None


async def move_granted(session: AsyncSession, sitting: UUID, later: UUID) -> None:
    """Those with a granted excuse to the next sitting. Caller holds the level's lock."""
    await session.execute(
        update(AttemptRow)
        .where(AttemptRow.sitting_id == sitting, AttemptRow.excuse == "granted")
        .values(sitting_id=later, excuse=None)
    )


# Attempts ---------------------------------------------------------------------------------------------------


async def enrol(session: AsyncSession, values: dict[str, Any]) -> bool:
    """A new attempt; False when one of the application is under way already."""
    row = insert(AttemptRow).values(values)
    row = row.on_conflict_do_nothing(
        index_elements=["application_id"], index_where=text("state in ('enrolled', 'started')")
    )
    return (await session.execute(row.returning(AttemptRow.id))).scalar_one_or_none() is not None


async def cancel(session: AsyncSession, application: UUID) -> UUID | None:
    """Cancels the attempt under way, if there is one; which it was."""
    change = (
        update(AttemptRow)
        .where(AttemptRow.application_id == application, AttemptRow.state.in_(UNDER_WAY))
        .values(state="cancelled", excuse=None)
        .returning(AttemptRow.id)
    )
    return (await session.execute(change)).scalar_one_or_none()


async def attempt(session: AsyncSession, application: UUID, *, lock: str = "") -> Found | None:
    """The application's latest attempt with its sitting. `lock`: "share" (answers) or "update" (start, finish)."""
    query = (
        select(AttemptRow, SittingRow)
        .join(SittingRow, SittingRow.id == AttemptRow.sitting_id)
        .where(AttemptRow.application_id == application)
        .order_by(AttemptRow.enrolled_at.desc(), AttemptRow.id.desc())
        .limit(1)
    )
    if lock:
        query = query.with_for_update(of=AttemptRow, read=lock == "share")
    row = (await session.execute(query.execution_options(populate_existing=True))).one_or_none()
    return None if row is None else (row[0], row[1])


async def under_way(session: AsyncSession, sitting: UUID, limit: int) -> Sequence[AttemptRow]:
    """The next attempts that a closing sitting must settle, locked; not those whose excuse waits."""
    query = (
        select(AttemptRow)
        .where(
            AttemptRow.sitting_id == sitting,
            AttemptRow.state.in_(UNDER_WAY),
            AttemptRow.excuse.is_distinct_from("open"),
        )
        .order_by(AttemptRow.id)
        .limit(limit)
        .with_for_update()
    )
    return (await session.execute(query.execution_options(populate_existing=True))).scalars().all()


# Answers ----------------------------------------------------------------------------------------------------


async def save_answer(
    session: AsyncSession, attempt_id: UUID, item_id: str, rev: int, choice: Sequence[str], at: datetime
) -> AnswerRow:
    """Stores an answer unless a revision as high is there already; what stands then."""
    row = insert(AnswerRow).values(
        attempt_id=attempt_id, item_id=item_id, rev=rev, choice=list(choice), saved_at=at
    )
    given = row.excluded
    row = row.on_conflict_do_update(
        index_elements=["attempt_id", "item_id"],
        set_={"rev": given.rev, "choice": given.choice, "saved_at": given.saved_at},
        where=AnswerRow.rev < given.rev,
    )
    stored = (await session.execute(row.returning(AnswerRow))).scalar_one_or_none()
    if stored is not None:
        return stored
    query = select(AnswerRow).where(AnswerRow.attempt_id == attempt_id, AnswerRow.item_id == item_id)
    return (await session.execute(query)).scalar_one()


async def answers(session: AsyncSession, attempts: Sequence[UUID]) -> dict[UUID, list[AnswerRow]]:
    """All stored answers of these attempts, by attempt and item."""
    found: dict[UUID, list[AnswerRow]] = {one: [] for one in attempts}
    query = select(AnswerRow).where(AnswerRow.attempt_id.in_(attempts)).order_by(AnswerRow.item_id)
    for row in (await session.execute(query)).scalars():
        found[row.attempt_id].append(row)
    return found


def _of(round_id: UUID, level: str) -> ColumnElement[bool]:
    return (SittingRow.round_id == round_id) & (SittingRow.level == level)
