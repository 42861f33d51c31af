"""The inbox lets an event in once, also for two consumers at the same moment."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from kit.db import Database
from kit.inbox import first_time


async def test_one_of_many_takes_an_event_in(db: Database) -> None:
    event_id = uuid4()

    async def take() -> bool:
        async with db.unit_of_work() as session:
            mine = await first_time(session, event_id)
            await asyncio.sleep(0.02)
            return mine

    taken = await asyncio.gather(*(take() for _ in range(10)))
    assert sorted(taken) == [False] * 9 + [True]


async def test_a_rolled_back_take_leaves_the_event_for_the_next(db: Database) -> None:
    event_id = uuid4()
    try:
        async with db.unit_of_work() as session:
            assert await first_time(session, event_id)
            raise KeyError
    except KeyError:
        pass
    async with db.unit_of_work() as session:
        assert await first_time(session, event_id)
