"""The one connection of a relay: it holds the schema's relay lock, listens, reads and marks rows. Lost = no relay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from kit.db import Database
from kit.outbox.rows import channel

BATCH = 500
_LOCK = "select pg_try_advisory_lock(hashtextextended('relay:' || current_schema(), 0))"
_FETCH = """
select position, id, topic, target_id, body::text as body from outbox
where kind = $1 and sent_at is null and target_id <> all($2::uuid[]) order by position limit $3
"""
_SENT = "update outbox set sent_at = public.fudao_now(), last_error = null where position = any($1::bigint[])"
_GIVEN_UP = """
update outbox set sent_at = public.fudao_now(), attempts = attempts + 1, last_error = $2 where position = $1
"""
_FAILED = "update outbox set attempts = attempts + 1, last_error = $2 where position = $1"
_OFFSET = """
insert into relay_offset (topic, partition, last_offset, event_id) values ($1, $2, $3, $4)
on conflict (topic, partition) do update set last_offset = excluded.last_offset, event_id = excluded.event_id
"""
_AGAIN = "update outbox set sent_at = null where kind = 'event' and topic = $1 and sent_at is not null"


@dataclass(frozen=True, slots=True)
class Row:
    """An unsent outbox row; `body` is JSON text."""

    position: int
    id: UUID
    topic: str | None
    target_id: UUID
    body: str


@dataclass(frozen=True, slots=True)
class Offset:
    """Where the last event of ours stands in a partition, and which one it is."""

    topic: str
    partition: int
    last_offset: int
    event_id: UUID


@dataclass(slots=True)
class Marks:
    """What became of a batch. `given_up`: answered for good with an error; `failed`: to be sent again."""

    sent: list[int]
    given_up: list[tuple[int, str]]
    failed: list[tuple[int, str]]
    offsets: dict[tuple[str, int], Offset]


class Leader:
    """Exclusive access to a schema's outbox. All methods raise asyncpg errors once the connection is gone."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self.lost = asyncio.Event()
        self._connection = connection
        self._turn = asyncio.Lock()  # two pumps share the connection
        connection.add_termination_listener(lambda _connection: self.lost.set())

    async def fetch(self, kind: str, without: Sequence[UUID]) -> list[Row]:
        """The oldest unsent rows of a kind, except those for the targets `without`."""
        async with self._turn:
            return [Row(**row) for row in await self._connection.fetch(_FETCH, kind, list(without), BATCH)]

    async def mark(self, marks: Marks) -> None:
        """Records what became of a batch, in one transaction."""
        async with self._turn, self._connection.transaction():
            if marks.sent:
                await self._connection.execute(_SENT, marks.sent)
            if marks.given_up:
                await self._connection.executemany(_GIVEN_UP, marks.given_up)
            if marks.failed:
                await self._connection.executemany(_FAILED, marks.failed)
            for one in marks.offsets.values():
                await self._connection.execute(
                    _OFFSET, one.topic, one.partition, one.last_offset, one.event_id
                )

    async def offsets(self) -> dict[tuple[str, int], Offset]:
        """The last offset of ours per partition."""
        async with self._turn:
            rows: list[Mapping[str, object]] = await self._connection.fetch(
                "select topic, partition, last_offset, event_id from relay_offset"
            )
        found = [Offset(**row) for row in rows]  # type: ignore[arg-type]
        return {(one.topic, one.partition): one for one in found}

    async def publish_again(self, topic: str) -> None:
        """Makes every event of a topic unsent: the broker has forgotten some of them, consumers know repeats."""
        async with self._turn, self._connection.transaction():
            await self._connection.execute(_AGAIN, topic, timeout=600)
            await self._connection.execute("delete from relay_offset where topic = $1", topic)


@asynccontextmanager
async def lead(db: Database, wake: Callable[[], None]) -> AsyncIterator[Leader | None]:
    """Leadership of the schema's outbox, or None when another process has it. `wake` is called when rows came."""
    connection = await db.connect("relay")
    name = channel(db.schema)
    try:
        if not await connection.fetchval(_LOCK):
            yield None
            return
        leader = Leader(connection)
        await connection.add_listener(name, lambda *_: wake())
        db.on_wake(name, wake)
        yield leader
    finally:
        db.on_wake(name, None)
        connection.terminate() if connection.is_in_transaction() else await connection.close(timeout=2)
