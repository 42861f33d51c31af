"""An effect happens once, whoever asks how often."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from contracts.base import Data
from kit.db import Database
from kit.effects import once, stored


class Result(Data):
    id: UUID
    amount: Decimal
    names: tuple[str, ...] = ()


ledger = Table("ledger", MetaData(), Column("n", Integer))


async def test_twenty_concurrent_duplicates_write_once_and_all_get_the_same_result(db: Database) -> None:
    async with db.engine.begin() as connection:
        await connection.run_sync(ledger.create)
    runs = 0

    async def ask() -> Result:
        async with db.unit_of_work() as session:

            async def make() -> Result:
                nonlocal runs
                runs += 1
                await session.execute(insert(ledger).values(n=1))
                await asyncio.sleep(0.05)  # the others are waiting on the index by now
                return Result(id=uuid4(), amount=Decimal("10.50"), names=("甲", "乙"))

            return await once(session, "c1/charge", make, Result)

    results = await asyncio.gather(*(ask() for _ in range(20)))
    async with db.read() as session:
        assert (await session.execute(select(func.count()).select_from(ledger))).scalar_one() == 1
        assert await stored(session, "c1/charge", Result) == results[0]
    assert runs == 1
    assert set(results) == {results[0]}


async def test_a_failed_effect_leaves_nothing_and_the_waiting_duplicate_does_it(db: Database) -> None:
    first_is_in = asyncio.Event()

    async def fails() -> None:
        async with db.unit_of_work() as session:

            async def make() -> None:
                first_is_in.set()
                await asyncio.sleep(0.1)
                raise KeyError

            await once(session, "k", make, type(None))

    async def works() -> str:
        await first_is_in.wait()
        async with db.unit_of_work() as session:

            async def make() -> str:
                return "done by the second"

            return await once(session, "k", make, str)

    failed, worked = await asyncio.gather(fails(), works(), return_exceptions=True)
    assert isinstance(failed, KeyError)
    assert worked == "done by the second"


async def test_an_effect_without_a_result_is_remembered_too(db: Database) -> None:
    calls = []

    async def make() -> None:
        calls.append(1)

    for _ in range(2):
        async with db.unit_of_work() as session:
            await once(session, "k", make, type(None))
    assert calls == [1]
    async with db.read() as session:
        assert (await session.execute(text("select key, result from effect"))).all() == [("k", None)]
        assert await stored(session, "other", str) is None


async def test_rows_before_the_effect_are_a_mistake(db: Database) -> None:
    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "some_row"
        id: Mapped[int] = mapped_column(primary_key=True)

    async def make() -> None:
        raise AssertionError("never reached")

    with pytest.raises(RuntimeError, match="first write"):  # noqa: PT012 - the unit of work is what fails
        async with db.unit_of_work() as session:
            session.add(Row(id=1))
            await once(session, "k", make, type(None))
