"""Rows fall due by the database's clock, happen once, and are tried again when their handler fails."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db import Database, now
from kit.due import DueLoop, DueRow, cancel, reschedule, schedule
from kit.tables import due
from tests.conftest import TestDatabase
from tests.integration.kit.conftest import running, until


async def put(db: Database, key: str, after: timedelta, kind: str = "remind", **payload: Any) -> bool:
    async with db.unit_of_work() as session:
        return await schedule(session, kind, key, await now(session) + after, payload)


async def row(db: Database, key: str) -> Any:
    async with db.read() as session:
        return (await session.execute(select(due).where(due.c.key == key))).one()


class Recorder:
    def __init__(self, *, fails: int = 0) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.fails = fails

    async def __call__(self, session: AsyncSession, one: DueRow) -> None:
        await session.execute(text("insert into effect (key) values (:key)"), {"key": one.key})
        self.seen.append((one.key, one.payload))
        if self.fails and one.key == "bad":
            self.fails -= 1
            raise KeyError("孙悟空")


async def drain(loop: DueLoop) -> int:
    count = 0
    while await loop.step():
        count += 1
    return count


async def test_rows_happen_in_order_when_the_clock_reaches_them(db: Database, database: TestDatabase) -> None:
    recorder = Recorder()
    loop = DueLoop(db, {"remind": recorder})
    assert [
        await put(db, "third", timedelta(days=3), n=3),
        await put(db, "first", timedelta(days=1), n=1),
    ] == [True] * 2
    assert await drain(loop) == 0
    await database.move_clock(timedelta(days=2))
    assert await drain(loop) == 1
    await database.move_clock(timedelta(days=4))
    assert await drain(loop) == 1
    assert recorder.seen == [("first", {"n": 1}), ("third", {"n": 3})]
    assert await drain(loop) == 0


async def test_the_loop_itself_notices_within_its_second(db: Database, database: TestDatabase) -> None:
    recorder = Recorder()
    await put(db, "k", timedelta(hours=1))
    async with running(DueLoop(db, {"remind": recorder}).run):
        await asyncio.sleep(0.3)
        assert recorder.seen == []
        await database.move_clock(timedelta(hours=2))

        async def seen() -> bool:
            return bool(recorder.seen)

        await until(seen, 5)
    assert recorder.seen == [("k", {})]


async def test_scheduling_again_keeps_the_first_moment(db: Database) -> None:
    assert await put(db, "k", timedelta(days=1), n=1)
    first = await row(db, "k")
    assert not await put(db, "k", timedelta(days=9), n=2)
    assert await row(db, "k") == first
    assert await put(db, "k", timedelta(days=1), kind="escalate")  # another kind is another matter


async def test_cancelled_and_rescheduled_rows(db: Database, database: TestDatabase) -> None:
    recorder = Recorder()
    loop = DueLoop(db, {"remind": recorder})
    for key in ("cancelled", "later", "done"):
        await put(db, key, timedelta(0) if key == "done" else timedelta(hours=1))
    assert await drain(loop) == 1
    async with db.unit_of_work() as session:
        moment: datetime = await now(session)
        changed = [
            await cancel(session, "remind", "cancelled"),
            await cancel(session, "remind", "cancelled"),
            await reschedule(session, "remind", "later", moment + timedelta(days=2)),
            await reschedule(session, "remind", "done", moment + timedelta(days=2)),
            await cancel(session, "remind", "unknown"),
        ]
    assert changed == [True, False, True, False, False]
    await database.move_clock(timedelta(days=1))
    assert await drain(loop) == 0
    await database.move_clock(timedelta(days=3))
    assert await drain(loop) == 1
    assert [key for key, _ in recorder.seen] == ["done", "later"]


async def test_a_failing_handler_is_undone_and_tried_again_later(
    db: Database, database: TestDatabase
) -> None:
    recorder = Recorder(fails=2)
    loop = DueLoop(db, {"remind": recorder})
    await put(db, "bad", timedelta(0))
    assert await drain(loop) == 1  # one try; the next one only after a pause
    failed = await row(db, "bad")
    assert (failed.attempts, failed.last_error, failed.done_at) == (1, "KeyError", None)
    assert failed.due_at < failed.next_at
    async with db.read() as session:
        assert (await session.execute(text("select count(*) from effect"))).scalar_one() == 0
    await put(db, "good", timedelta(0))
    assert await drain(loop) == 1  # others are not held up
    for hours in (1, 2):
        await database.move_clock(timedelta(hours=hours))
        assert await drain(loop) == 1
    ended = await row(db, "bad")
    assert (ended.attempts, ended.last_error, ended.done_at is not None) == (2, None, True)
    assert [key for key, _ in recorder.seen] == ["bad", "good", "bad", "bad"]


async def test_kinds_of_others_stay(db: Database) -> None:
    await put(db, "k", timedelta(0), kind="of_another_process")
    assert await drain(DueLoop(db, {"remind": Recorder()})) == 0
    assert (await row(db, "k")).done_at is None


@pytest.mark.timeout(120)
async def test_two_loops_share_200_rows_and_each_happens_once(db: Database) -> None:
    recorder = Recorder()
    async with db.unit_of_work() as session:
        moment = await now(session)
        for n in range(200):
            await schedule(session, "remind", str(n), moment)
    done = await asyncio.gather(*(drain(DueLoop(db, {"remind": recorder})) for _ in range(2)))
    assert sum(done) == 200
    assert min(done) > 0
    assert sorted(key for key, _ in recorder.seen) == sorted(str(n) for n in range(200))
