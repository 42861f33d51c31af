"""Opening a round: the pack is checked, pinned in the real content store, and the command names it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from contracts.commands import OpenRound, Role
from gateway.models import Round
from rules.pack import from_canonical, load
from tests.conftest import TestDatabase
from tests.integration.gateway.world import World, running, settings_from
from tests.servers import Servers

PACKS = Path(__file__).parents[3] / "rulepacks"
KEY = {"idempotency-key": "open-1"}


@pytest_asyncio.fixture(loop_scope="session")
async def stored(database: TestDatabase, servers: Servers) -> AsyncIterator[World]:
    s3 = await servers.s3()
    settings = settings_from(
        database.settings("gateway"),
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=SecretStr(s3.secret_key),
    )
    async with running(settings) as world:
        yield world


async def test_a_good_pack_is_pinned_and_its_round_opened_once(stored: World) -> None:
    _, token = await stored.staff(Role.secretariat)
    async with stored.answering(), stored.client(token) as client:
        made = await client.post("/api/v1/rounds", headers=KEY, json={"pack": "demo", "seed": "42"})
        again = await client.post("/api/v1/rounds", headers=KEY, json={"pack": "demo", "seed": "42"})
        other = await client.post("/api/v1/rounds", headers=KEY, json={"pack": "demo", "seed": "43"})
    assert (made.status_code, again.json()) == (201, made.json())
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    pack = load(PACKS / "demo")
    [row] = await stored.stored()
    body = OpenRound.model_validate(row.body)
    assert (body.pack_name, body.pack_hash, body.seed) == ("demo", pack.hash, "42")
    assert from_canonical(await stored.parts.store.get_content(body.pack_key)).hash == pack.hash
    async with stored.db.read() as session:
        found = await session.get(Round, row.target_id)
    assert found is not None
    assert (str(found.id), found.pack_key) == (made.json()["round_id"], body.pack_key)


@pytest.mark.clause("R1", "A1")
async def test_a_pack_with_placeholders_is_refused_with_every_place(stored: World) -> None:
    _, token = await stored.staff(Role.secretariat)
    async with stored.client(token) as client:
        answer = await client.post("/api/v1/rounds", headers=KEY, json={"pack": "chongqing-2024"})
        absent = await client.post("/api/v1/rounds", headers=KEY, json={"pack": "nowhere"})
        outside = await client.post("/api/v1/rounds", headers=KEY, json={"pack": "../contracts"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "pack_has_problems")
    assert {"file", "line", "field", "message"} == set(problem["details"]["problems"][0])
    assert any("placeholder" in one["field"] for one in problem["details"]["problems"])
    assert (absent.status_code, absent.json()["code"], outside.status_code) == (404, "unknown_pack", 422)
    assert await stored.stored() == []


async def test_without_the_content_store_it_says_so(world: World) -> None:
    _, token = await world.staff(Role.secretariat)
    async with world.client(token) as client:
        answer = await client.post("/api/v1/rounds", headers=KEY, json={"pack": "demo"})
    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert await world.stored() == []
