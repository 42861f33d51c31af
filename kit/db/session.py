"""Units of work on PostgreSQL: one session, one transaction, committed here and nowhere else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from kit.settings import Settings
from kit.traces import sqlstate

T = TypeVar("T")

NAMING = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
}
"""Constraint names for every MetaData: `MetaData(naming_convention=NAMING)`, never a schema (search_path decides)."""

_RETRYABLE = frozenset({"40001", "40P01"})  # serialization failure, deadlock
_RETRIES = 3
_WAKE = "wake_after_commit"
_LIMITS = {
    "lock_timeout": "10s",
    "statement_timeout": "30s",
    # an open write transaction that nobody drives keeps rows and advisory locks: better lose it
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
    "jit": "off",
}


class UnitSession(AsyncSession):
    """A session whose transaction belongs to `Database`: use-cases may flush and use savepoints, never commit."""

    async def commit(self) -> NoReturn:
        raise RuntimeError("only kit.db commits: leave the unit of work instead")

    async def rollback(self) -> NoReturn:
        raise RuntimeError("only kit.db rolls back: raise instead")


class Database:
    """One pool for one role (= one schema). Open it in the process's event loop, `await close()` at the end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.schema = settings.db_user or settings.service
        self._wakers: dict[str, Callable[[], None]] = {}
        self.engine: AsyncEngine = create_async_engine(
            settings.database_url,
            pool_size=settings.db_pool,
            max_overflow=settings.db_overflow,
            pool_timeout=10,
            hide_parameters=True,  # row values must not end up in logs
            connect_args={
                "server_settings": {"application_name": _application_name(settings), **_LIMITS},
                "timeout": 5,
            },
        )
        event.listen(self.engine.sync_engine, "checkout", _discard_closed)
        self._sessions = async_sessionmaker(self.engine, class_=UnitSession, expire_on_commit=False)

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self._sessions() as session:
            async with session.begin():
                yield session
            await self._wake(session)

    @asynccontextmanager
    async def read(self, *, snapshot: bool = False) -> AsyncIterator[AsyncSession]:
        """A read-only transaction; a write raises. `snapshot`: all statements see one moment (REPEATABLE READ)."""
        options: dict[str, object] = {"postgresql_readonly": True}
        if snapshot:
            options["isolation_level"] = "REPEATABLE READ"
        async with self._sessions() as session:
            await session.connection(execution_options=options)
            yield session

    async def run(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """`work` in a unit of work, tried again up to 3 times after a serialization failure or a deadlock.

        `work` must have no effect outside the transaction. Every other error passes through at once.
        """
        for attempt in range(_RETRIES):
            try:
                async with self.unit_of_work() as session:
                    return await work(session)
            except DBAPIError as error:
                if sqlstate(error) not in _RETRYABLE:
                    raise
                await asyncio.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311 - only spreads retries
        async with self.unit_of_work() as session:
            return await work(session)

    async def connect(self, purpose: str) -> asyncpg.Connection[asyncpg.Record]:
        """A connection outside the pool and outside SQLAlchemy, for LISTEN and session locks. Close it yourself."""
        url = self.settings.database_url
        host = url.host or str(url.query["host"])
        return await asyncpg.connect(
            host=host,
            port=self.settings.db_port,
            user=url.username,
            password=url.password,
            database=url.database,
            timeout=5,
            command_timeout=10,
            server_settings={"application_name": f"{_application_name(self.settings)}-{purpose}"},
        )

    async def ping(self) -> None:
        """Raises when the database cannot be reached (readiness check)."""
        async with self.engine.connect() as connection:
            await connection.execute(text("select 1"))

    async def close(self) -> None:
        """Closes the pool."""
        await self.engine.dispose()

    def on_wake(self, channel: str, callback: Callable[[], None] | None) -> None:
        """Who is called in this process after a commit that woke `channel`; None removes it (then NOTIFY is sent)."""
        if callback is None:
            self._wakers.pop(channel, None)
        else:
            self._wakers[channel] = callback

    async def _wake(self, session: AsyncSession) -> None:
        """Wakes relays after the commit: NOTIFY inside would make all committing transactions queue on one lock."""
        for channel in sorted(session.info.pop(_WAKE, ())):
            if waker := self._wakers.get(channel):
                waker()
                continue
            try:
                async with self.engine.connect() as connection:
                    await connection.execute(text("select pg_notify(:channel, '')"), {"channel": channel})
                    await connection.commit()
            except (OSError, DBAPIError, PoolTimeout):
                pass  # the work is committed; who listens also polls once a second


async def now(session: AsyncSession) -> datetime:
    """The moment by PostgreSQL's clock (`public.fudao_now()`), aware, UTC: the only "now" for a decision."""
    moment: datetime = (await session.execute(text("select public.fudao_now()"))).scalar_one()
    return moment


async def lock(session: AsyncSession, key: UUID | str) -> None:
    """Holds `key` until the transaction ends. The key is the schema's own: two services never wait for each other."""
    statement = text("select pg_advisory_xact_lock(hashtextextended(current_schema() || ':' || :key, 0))")
    await session.execute(statement, {"key": str(key)})


async def schema_of(session: AsyncSession) -> str:
    """The schema this session works in."""
    name: str = (await session.execute(text("select current_schema()"))).scalar_one()
    return name


def wake_after_commit(session: AsyncSession, channel: str) -> None:
    """Asks for one NOTIFY on `channel` once this unit of work has committed."""
    session.info.setdefault(_WAKE, set()).add(channel)


def is_unavailable(error: BaseException) -> bool:
    """Whether the error says "the database cannot serve now" (down, starting, full, timed out): retry, answer 503."""
    if isinstance(error, OSError | PoolTimeout | asyncpg.InterfaceError | asyncpg.InternalClientError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = sqlstate(error) or ""
    # connection, resources, operator intervention (shutdown, crash), lock not available, deadlock and its sister
    return state[:2] in {"08", "53", "57"} or state in {"55P03", "25P03", "40001", "40P01"}


def _discard_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Has the pool replace a connection that the server closed while it lay idle.

    Instead of `pool_pre_ping`, which asks the server: three round trips before each unit of work.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _application_name(settings: Settings) -> str:
    return f"fudao-{settings.service or settings.db_user}"
