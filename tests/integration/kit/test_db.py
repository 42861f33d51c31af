"""Units of work, the clock, locks and roles against a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db import Database, bootstrap, is_unavailable, lock, now, sqlstate
from tests.conftest import PASSWORD, TestDatabase

INSERT = text("insert into effect (key) values (:key)")


async def keys(db: Database) -> set[str]:
    async with db.read() as session:
        return set((await session.execute(text("select key from effect"))).scalars())


async def test_unit_of_work_commits_on_success_and_rolls_back_on_error(db: Database) -> None:
    async with db.unit_of_work() as session:
        await session.execute(INSERT, {"key": "kept"})
    with pytest.raises(KeyError):  # noqa: PT012 - the unit of work is what fails
        async with db.unit_of_work() as session:
            await session.execute(INSERT, {"key": "lost"})
            raise KeyError
    assert await keys(db) == {"kept"}


async def test_use_cases_cannot_commit_or_roll_back(db: Database) -> None:
    async with db.unit_of_work() as session:
        with pytest.raises(RuntimeError, match=r"only kit\.db commits"):
            await session.commit()
        with pytest.raises(RuntimeError, match=r"only kit\.db rolls back"):
            await session.rollback()


async def test_read_refuses_to_write_and_leaves_the_connection_writable(db: Database) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with db.read() as session:
            await session.execute(INSERT, {"key": "x"})
    assert sqlstate(caught.value) == "25006"
    async with db.unit_of_work() as session:
        await session.execute(INSERT, {"key": "y"})
    assert await keys(db) == {"y"}


async def test_snapshot_read_sees_one_moment(db: Database) -> None:
    count = text("select count(*) from effect")
    seen = {}
    for snapshot in (True, False):
        async with db.read(snapshot=snapshot) as session:
            before = (await session.execute(count)).scalar_one()
            async with db.unit_of_work() as other:
                await other.execute(INSERT, {"key": f"between {snapshot}"})
            seen[snapshot] = (await session.execute(count)).scalar_one() - before
    assert seen == {True: 0, False: 1}


async def test_run_retries_a_deadlock_until_both_are_through(db: Database) -> None:
    async with db.unit_of_work() as session:
        await session.execute(text("create table pair (id int primary key, n int)"))
        await session.execute(text("insert into pair values (1, 0), (2, 0)"))
    tries: list[int] = []
    both_hold_one = asyncio.Barrier(2)

    async def add(first: int, second: int) -> None:
        async def work(session: AsyncSession) -> None:
            tries.append(first)
            for n, row in enumerate((first, second)):
                await session.execute(text("update pair set n = n + 1 where id = :id"), {"id": row})
                if n == 0 and len(tries) <= 2:
                    await both_hold_one.wait()

        await db.run(work)

    await asyncio.gather(add(1, 2), add(2, 1))
    async with db.read() as session:
        assert (await session.execute(text("select n from pair order by id"))).scalars().all() == [2, 2]
    assert len(tries) == 3  # one was the victim


async def test_run_gives_up_after_three_retries_and_retries_nothing_else(db: Database) -> None:
    async def fails(state: str) -> int:
        tries = 0

        async def work(session: AsyncSession) -> None:
            nonlocal tries
            tries += 1
            await session.execute(text(f"do $$ begin raise exception using errcode = '{state}'; end $$"))

        with pytest.raises(DBAPIError) as caught:
            await db.run(work)
        assert sqlstate(caught.value) == state
        return tries

    assert (await fails("40001"), await fails("23505")) == (4, 1)


async def test_lock_makes_the_second_wait_for_the_first(db: Database) -> None:
    key, order, first_has_it = uuid4(), [], asyncio.Event()

    async def second() -> None:
        await first_has_it.wait()
        async with db.unit_of_work() as session:
            await lock(session, key)
            order.append("second")

    waiting = asyncio.create_task(second())
    async with db.unit_of_work() as session:
        await lock(session, key)
        first_has_it.set()
        async with db.unit_of_work() as other:
            await lock(other, uuid4())  # another key is free
        await asyncio.sleep(0.1)
        order.append("first")
    await waiting
    assert order == ["first", "second"]


async def test_the_same_key_of_two_services_is_two_locks(db: Database, database: TestDatabase) -> None:
    other = Database(database.settings("exam"))
    key = uuid4()
    async with db.unit_of_work() as session, other.unit_of_work() as theirs:
        await lock(session, key)
        async with asyncio.timeout(2):
            await lock(theirs, key)
    await other.close()


async def test_now_is_the_databases_clock_and_can_be_moved(db: Database, database: TestDatabase) -> None:
    async with db.read() as session:
        before = await now(session)
        assert before.tzinfo is not None
        assert before.utcoffset() == timedelta(0)
        assert abs(before - datetime.now(UTC)) < timedelta(seconds=5)
        first, second = await now(session), await now(session)
        assert (
            first < second
        )  # not the transaction's start: a transaction that waited for a lock sees the time go on
    await database.move_clock(timedelta(days=3))
    async with db.read() as session:
        assert await now(session) - before > timedelta(days=2, hours=23)


async def test_bootstrap_again_keeps_a_moved_clock_and_the_data(db: Database, database: TestDatabase) -> None:
    await database.move_clock(timedelta(days=3))
    async with db.unit_of_work() as session:
        await session.execute(INSERT, {"key": "kept"})
    await bootstrap(database.admin_dsn, {"review": PASSWORD})
    async with db.read() as session:
        assert await now(session) - datetime.now(UTC) > timedelta(days=2)
    assert await keys(db) == {"kept"}


async def test_a_role_reaches_its_own_schema_only(db: Database, database: TestDatabase) -> None:
    other = Database(database.settings("exam"))

    async def state(statement: str) -> str | None:
        with pytest.raises(DBAPIError) as caught:
            async with other.unit_of_work() as session:
                await session.execute(text(statement))
        return sqlstate(caught.value)

    assert [
        await state("select * from review.effect"),
        await state("create table public.mine (id int)"),
        await state("create schema mine"),
        await state("create temporary table mine (id int)"),
        await state(
            "create or replace function public.fudao_now() returns timestamptz language sql as 'select now()'"
        ),
        await state("select * from effect"),
    ] == ["42501", "42501", "42501", "42501", "42501", "42P01"]
    async with other.read() as session:
        assert (await session.execute(text("select current_schema()"))).scalar_one() == "exam"
    await other.close()


async def test_passwords_are_kept_as_verifiers_and_a_wrong_one_is_refused(database: TestDatabase) -> None:
    connection = await asyncpg.connect(database.admin_dsn)
    stored = await connection.fetchval("select rolpassword from pg_authid where rolname = 'exam'")
    await connection.close()
    assert stored.startswith("SCRAM-SHA-256$4096:")
    wrong = Database(database.settings("exam", db_password=type(database.base.db_password)("wrong")))
    with pytest.raises(DBAPIError) as caught:
        await wrong.ping()
    await wrong.close()
    assert sqlstate(caught.value) == "28P01"


async def test_errors_carry_no_row_values(db: Database) -> None:
    async with db.unit_of_work() as session:
        await session.execute(INSERT, {"key": "taken-secret"})
    with pytest.raises(DBAPIError) as caught:
        async with db.unit_of_work() as session:
            await session.execute(INSERT, {"key": "taken-secret"})
    assert "[SQL parameters hidden" in str(caught.value)


async def test_a_database_that_is_gone_counts_as_unavailable(database: TestDatabase) -> None:
    away = Database(database.settings("review", db_port=1))
    with pytest.raises(OSError) as refused:
        await away.ping()
    await away.close()
    assert is_unavailable(refused.value)
    assert not is_unavailable(KeyError("x"))


_KILL = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'review' and datname = $1"


async def test_connections_closed_while_idle_are_replaced_unseen(
    db: Database, database: TestDatabase
) -> None:
    await asyncio.gather(*(db.ping() for _ in range(3)))
    admin = await asyncpg.connect(database.admin_dsn)
    await admin.execute(_KILL, database.base.db_name)
    await admin.close()
    await asyncio.sleep(0.1)
    await asyncio.gather(*(db.ping() for _ in range(3)))
    async with db.unit_of_work() as session:
        await session.execute(INSERT, {"key": "after"})
    assert await keys(db) == {"after"}


async def test_a_killed_connection_is_unavailable_then_the_pool_recovers(
    db: Database, database: TestDatabase
) -> None:
    admin = await asyncpg.connect(database.admin_dsn)
    with pytest.raises(DBAPIError) as caught:  # noqa: PT012 - the unit of work is what fails
        async with db.unit_of_work() as session:
            await session.execute(INSERT, {"key": "cut"})
            await admin.execute(_KILL, database.base.db_name)
            await session.execute(INSERT, {"key": "cut too"})
    await admin.close()
    assert is_unavailable(caught.value)
    assert await keys(db) == set()
