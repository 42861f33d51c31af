"""Per-person keys on a real PostgreSQL: who may read, what erasure erases, what a race leaves."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from kit.crypto import Undecryptable
from kit.db import Database
from kit.keyring import decrypt_for, encrypt_for, erase
from tests.conftest import TestDatabase

PROFILE = {"name": "张三", "unit": "渝中区某小学", "phone": "13912345678"}
TABLE = (
    "create table person_key (person_id uuid primary key, wrapped bytea not null, created_at timestamptz not null)",
    "grant usage on schema registration to readmodel",
    "grant select on person_key to readmodel",
)


@pytest_asyncio.fixture(loop_scope="session")
async def owner(database: TestDatabase) -> AsyncIterator[Database]:
    """Registration, which owns the table."""
    opened = Database(database.settings("registration"))
    async with opened.unit_of_work() as session:
        for statement in TABLE:
            await session.execute(text(statement))
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def reader(database: TestDatabase, owner: Database) -> AsyncIterator[Database]:
    """The read model, which may only read the table."""
    opened = Database(database.settings("readmodel"))
    yield opened
    await opened.close()


async def test_one_role_seals_and_another_reads(owner: Database, reader: Database) -> None:
    person = uuid4()
    async with owner.unit_of_work() as session:
        one = await encrypt_for(session, owner.settings, person, PROFILE)
        two = await encrypt_for(session, owner.settings, person, {**PROFILE, "unit": "别处"})
    assert "张三".encode() not in base64.b64decode(one)
    async with reader.read() as session:
        assert await decrypt_for(session, reader.settings, person, one) == PROFILE
        assert await decrypt_for(session, reader.settings, person, two) == {**PROFILE, "unit": "别处"}


async def test_a_reader_makes_no_keys(owner: Database, reader: Database) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with reader.unit_of_work() as session:
            await encrypt_for(session, reader.settings, uuid4(), PROFILE)


async def test_erasure_is_final(owner: Database, reader: Database) -> None:
    person, other = uuid4(), uuid4()
    async with owner.unit_of_work() as session:
        sealed = await encrypt_for(session, owner.settings, person, PROFILE)
        kept = await encrypt_for(session, owner.settings, other, PROFILE)
    async with owner.unit_of_work() as session:
        assert await erase(session, person) is True
        assert await erase(session, person) is False
    async with reader.read() as session:
        assert await decrypt_for(session, reader.settings, person, sealed) is None
        assert await decrypt_for(session, reader.settings, other, kept) == PROFILE
    async with owner.unit_of_work() as session:  # the person comes back: a new key opens nothing old
        again = await encrypt_for(session, owner.settings, person, {"name": "李四"})
        assert await decrypt_for(session, owner.settings, person, sealed) is None
        assert await decrypt_for(session, owner.settings, person, again) == {"name": "李四"}


async def test_what_was_touched_is_not_called_erased(owner: Database) -> None:
    person = uuid4()
    async with owner.unit_of_work() as session:
        data = bytearray(base64.b64decode(await encrypt_for(session, owner.settings, person, PROFILE)))
        data[-1] ^= 1
        with pytest.raises(Undecryptable):
            await decrypt_for(session, owner.settings, person, base64.b64encode(data).decode())


async def test_a_key_row_moved_to_another_person_does_not_open(owner: Database) -> None:
    person, thief = uuid4(), uuid4()
    async with owner.unit_of_work() as session:
        sealed = await encrypt_for(session, owner.settings, person, PROFILE)
        await session.execute(
            text("update person_key set person_id = :thief where person_id = :person"),
            {"thief": thief, "person": person},
        )
        with pytest.raises(Undecryptable):
            await decrypt_for(session, owner.settings, thief, sealed)


async def test_a_race_makes_one_key(owner: Database) -> None:
    person = uuid4()

    async def seal(n: int) -> str:
        async with owner.unit_of_work() as session:
            sealed = await encrypt_for(session, owner.settings, person, {"n": n})
            await asyncio.sleep(0.02)  # the row is locked meanwhile, and the others wait for it
            return sealed

    sealed = await asyncio.gather(*(seal(n) for n in range(5)))
    async with owner.read() as session:
        opened = [await decrypt_for(session, owner.settings, person, one) for one in sealed]
    assert opened == [{"n": n} for n in range(5)]
