"""The reviewers' queue at full size: 20,000 tasks, 30 reviewers with 5 seconds of thinking between two pages.

Real PostgreSQL, the review service's real HTTP application and the gateway's page in front of it, in one process on
loopback; each reviewer opens the queue, now and then with a filter, and takes the next task. The baseline is the same
page on a queue of 50 tasks, right before.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from pydantic import SecretStr
from sqlalchemy import text

from bench.table import Line, Table
from contracts.commands import Role
from kit.db import ROLES, Database, bootstrap, migrate
from kit.storage import ObjectStore
from kit.tokens import Actor
from services.review import api
from services.review.adapters import Content
from services.review.service import ReviewService
from services.review.settings import ReviewSettings
from tests.conftest import PASSWORD, TestDatabase, _settings
from tests.integration.gateway.world import World, running, settings_from
from tests.integration.review.world import World as Review
from tests.servers import Servers, dsn_of

TASKS, SMALL = 20_000, 50
REVIEWERS, THINK, SECONDS = 30, 5.0, 40.0
LIMIT_MS = 300.0

_FILL = text(
    """
    with made as (
        insert into review_case (application_id, round_id, application_number, level, route, pack_key, unit_hash,
                                 round_seed)
        select gen_random_uuid(), cast(:round as uuid), '2024-' || lpad(cast(:first + n as text), 6, '0'),
               case when n % 3 = 0 then 'intermediate' else 'junior' end, 'regular', 'sha256/0',
               'unit' || (n % 400), ''
        from generate_series(1, :count) as n
        returning application_id, round_id, level, unit_hash, application_number
    )
    insert into task (id, kind, role, target_id, round_id, priority, due_at, unit_hash, data, created_at)
    select gen_random_uuid(), 'qualification', 'reviewer', application_id, round_id, abs(hashtext(unit_hash)) % 3,
           public.fudao_now() + make_interval(hours => abs(hashtext(application_number)) % 90 - 20), unit_hash,
           jsonb_build_object('look', 1 + abs(hashtext(application_number)) % 2, 'level', level),
           public.fudao_now() - make_interval(hours => abs(hashtext(application_number)) % 200)
    from made
    """
)


def run() -> Table:
    """Fills the queue, lets thirty people work, prints the page's times."""
    return asyncio.run(_run())


async def _run() -> Table:
    servers = Servers()
    server = await servers.postgres()
    s3 = await servers.s3()
    name = f"bench_{secrets.token_hex(4)}"
    await bootstrap(dsn_of(server, name), dict.fromkeys(ROLES, PASSWORD))
    base = _settings(dsn_of(server, name), name)
    try:
        return await _with(server, name, base, s3)
    finally:
        connection = await asyncpg.connect(server)
        await connection.execute(f"drop database if exists {name} with (force)")
        await connection.close()
        await servers.stop()


async def _with(server: str, name: str, base: Any, s3: Any) -> Table:
    made = TestDatabase(dsn_of(server, name), base)
    await migrate(made.settings("gateway"), "gateway")
    settings = settings_from(made.settings("gateway"))
    given: dict[str, Any] = {
        **made.settings("review", db_pool=6, db_overflow=6).model_dump(),
        "s3_endpoint": s3.endpoint,
        "s3_access_key": s3.access_key,
        "s3_secret_key": SecretStr(s3.secret_key),
        "actor_public_key": settings.actor_public_key,
    }
    own = ReviewSettings(**given)
    await migrate(own, "services.review")
    db, store = Database(own), ObjectStore(own)
    service = ReviewService(db, Content(store, own.link_lifetime), own)
    review = Review(service, db, store, settings, own)
    app = api.make_app(own, db, service)
    async with running(settings) as world:
        fake = world.services._open

        def opened(service_name: str) -> httpx.AsyncClient:
            if service_name != "review":
                return fake(service_name)
            return httpx.AsyncClient(base_url="http://review", transport=httpx.ASGITransport(app))

        world.services._open = opened  # type: ignore[method-assign]
        people = [await _reviewer(world, review, n) for n in range(REVIEWERS)]
        await _fill(db, SMALL, 0)
        small = await _work(world, people[:5], 10.0)
        await _fill(db, TASKS, SMALL)
        large = await _work(world, people, SECONDS)
    await review.close()
    await db.close()
    await store.close()
    return Table(
        title=f"The queue page: {TASKS:,} tasks, {REVIEWERS} reviewers, {THINK:.0f} s between two pages",
        baseline=f"the same page with {SMALL} tasks and 5 reviewers, ms",
        lines=[
            Line(name="queue page p50, ms", ours=_at(large["queue"], 0.5), baseline=_at(small["queue"], 0.5)),
            Line(
                name="queue page p95, ms",
                ours=_at(large["queue"], 0.95),
                baseline=_at(small["queue"], 0.95),
                limit=LIMIT_MS,
            ),
            Line(name="claim next p95, ms", ours=_at(large["next"], 0.95), baseline=_at(small["next"], 0.95)),
            Line(name="pages measured", ours=len(large["queue"])),
        ],
    )


async def _reviewer(world: World, review: Review, n: int) -> str:
    account, token = await world.staff(Role.reviewer)
    actor = Actor(subject=account, role=Role.reviewer)
    body = {"unit": f"审查单位第{n}号", "role": "reviewer"}
    await review.get(review.secretariat, "PUT", f"/experts/{actor.subject}", body)
    return token


async def _fill(db: Database, count: int, first: int) -> None:
    async with db.unit_of_work() as session:
        await session.execute(_FILL, {"round": str(_ROUND), "count": count, "first": first})
    async with db.engine.connect() as connection:
        await connection.execute(text("analyze task"))
        await connection.execute(text("analyze review_case"))


_ROUND: UUID = uuid4()


async def _work(world: World, tokens: Sequence[str], seconds: float) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {"queue": [], "next": []}
    end = time.perf_counter() + seconds
    await asyncio.gather(*(_one(world, token, n, end, times) for n, token in enumerate(tokens)))
    return times


async def _one(world: World, token: str, n: int, end: float, times: dict[str, list[float]]) -> None:
    chance = random.Random(n)
    await asyncio.sleep(chance.uniform(0, THINK))
    async with world.client(cookie=token) as browser:
        while time.perf_counter() < end:
            query = chance.choice(("", "", "?level=junior", "?look=2", "?overdue=true", "?mine=true"))
            start = time.perf_counter()
            answer = await browser.get(f"/staff/queue{query}")
            times["queue"].append((time.perf_counter() - start) * 1000)
            if answer.status_code != 200:
                raise RuntimeError(f"queue page answered {answer.status_code}")
            if chance.random() < 0.4:
                start = time.perf_counter()
                await browser.post("/api/v1/tasks/next", json={})
                times["next"].append((time.perf_counter() - start) * 1000)
            await asyncio.sleep(THINK * chance.uniform(0.8, 1.2))


def _at(values: list[float], share: float) -> float:
    if not values:
        return 0.0
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))], 1)
