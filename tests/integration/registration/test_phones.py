"""Persons who are older than the hash of their phone get it when the service starts (A1), on real PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from kit.tokens import Actor
from services.registration.service.phones import Filled
from tests.integration.registration.world import Applicant, World, id_number


async def older(world: World, phones: list[str]) -> list[Applicant]:
    """People as they were stored before the column was there, the first the oldest; phones may be shared."""
    people = [await world.person() for _ in phones]
    async with world.service.parts.db.unit_of_work() as session:
        for n, (one, phone) in enumerate(zip(people, phones, strict=True)):
            sealed = world.service.people._seal_phone(one.id, phone)
            await session.execute(
                text(
                    "update person set phone_hash = null, phone = :sealed,"
                    " created_at = timestamptz '2024-12-01' + :n * interval '1 day' where id = :id"
                ),
                {"sealed": sealed, "n": n, "id": one.id},
            )
    return people


async def hashes(world: World) -> dict[UUID, str | None]:
    async with world.service.parts.db.read() as session:
        return {row[0]: row[1] for row in await session.execute(text("select id, phone_hash from person"))}


async def identify(world: World, person: UUID, name: str, number: str, phone: str) -> tuple[int, Any]:
    body = {"name": name, "id_kind": "id_card", "id_number": number}
    actor = Actor(subject=person, role="applicant")
    answer = await world.ask("PUT", "/me/identity", actor, body, {"X-Actor-Phone": phone})
    return answer.status_code, answer.json().get("code")


@pytest.mark.clause("A1")
async def test_old_rows_are_filled_in_batches_and_the_newest_keeps_a_shared_phone(world: World) -> None:
    phones = [f"1390000{n:04}" for n in range(7)]
    phones[2] = phones[5] = phones[0]  # three share one
    people = await older(world, phones)
    fill = world.service.phones.fill
    assert await fill(batch=2) == Filled(filled=5, shared=2)
    now = await hashes(world)
    told = world.service.parts.phone_hash
    assert [now[one.id] for one in people] == [
        told(phone) if n not in (0, 2) else None for n, phone in enumerate(phones)
    ]
    assert await fill(batch=2) == Filled(shared=2)
    assert await hashes(world) == now


@pytest.mark.clause("A1")
async def test_one_phone_holds_one_person_also_among_old_rows(world: World) -> None:
    phone = "13900002222"
    one, two = await older(world, [phone, phone])
    await world.service.phones.fill()
    new = await identify(world, uuid4(), "赵六", id_number(998), phone)
    again = await identify(world, one.id, one.name, one.number, phone)
    assert (new, again) == ((409, "phone_taken"), (409, "phone_taken"))
    # the newer one has it, and the older one takes a phone of its own
    assert (await identify(world, two.id, two.name, two.number, phone))[0] == 200
    assert (await identify(world, one.id, one.name, one.number, "13900003333"))[0] == 200
    assert await world.service.phones.fill() == Filled()


@pytest.mark.clause("A1")
async def test_somebody_who_confirmed_the_phone_since_goes_before_old_rows(world: World) -> None:
    phone = "13900004444"
    (old,) = await older(world, [phone])
    newer = uuid4()
    assert (await identify(world, newer, "赵六", id_number(997), phone))[0] == 200
    assert await world.service.phones.fill() == Filled(shared=1)
    now = await hashes(world)
    assert (now[old.id], now[newer] is not None) == (None, True)


@pytest.mark.clause("A1")
async def test_two_processes_and_a_person_at_the_same_time(world: World) -> None:
    phones = [f"1390001{n:04}" for n in range(20)]
    await older(world, phones)
    fill = world.service.phones.fill
    done, other, *answers = await asyncio.gather(
        fill(batch=3),
        fill(batch=4),
        *(identify(world, uuid4(), "赵六", id_number(900 + n), phones[n]) for n in range(0, 20, 4)),
    )
    assert isinstance(done, Filled)
    assert isinstance(other, Filled)
    taken = [answer for answer in answers if answer == (409, "phone_taken")]
    assert done.filled + other.filled == 20 - (len(answers) - len(taken))
    held = [one for one in (await hashes(world)).values() if one is not None]
    assert len(held) == len(set(held)) == 20


@pytest.mark.clause("A1", "O2")
async def test_the_log_counts_and_names_nobody(world: World) -> None:
    people = await older(world, ["13900005555", "13900005555", "13900006666"])
    async with world.service.parts.db.unit_of_work() as session:
        await session.execute(
            text("update person set phone = 'x'::bytea where id = :id"), {"id": people[2].id}
        )
    stop = asyncio.Event()
    with capture_logs() as said:
        running = asyncio.create_task(world.service.phones.run(stop))
        async with asyncio.timeout(10):
            while list((await hashes(world)).values()).count(None) > 2:
                await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(running, 5)
    lines = [one for one in said if one["event"] == "phones_filled"]
    assert lines == [
        {"event": "phones_filled", "log_level": "warning", "filled": 1, "shared": 1, "unreadable": 1}
    ]
