"""Login by phone code and by password: tries, limits, revocation, roles, the first operator."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest

from contracts.commands import Role
from tests.conftest import TestDatabase
from tests.integration.gateway.factor import enrolled
from tests.integration.gateway.world import OPERATOR_TOKEN, World

PHONE = "13812345678"
PASSWORD = "correct horse battery"


def sent_code(world: World) -> str:
    """The code in the last message that notification was asked to send."""
    asked = world.services.last("notification")
    found = json.loads(asked["body"])
    return str(found["params"]["code"])


async def ask(world: World, phone: str = PHONE) -> int:
    world.services.put("notification", "POST", "/internal/messages", 202, {})
    async with world.client() as client:
        return (await client.post("/api/v1/auth/code", json={"phone": phone})).status_code


@pytest.mark.clause("A1")
async def test_login_by_code_opens_one_account_per_phone(world: World) -> None:
    accounts = set()
    for _ in range(2):
        assert await ask(world) == 202
        async with world.client() as client:
            answer = await client.post(
                "/api/v1/auth/session", json={"phone": PHONE, "code": sent_code(world)}
            )
            assert answer.status_code == 200
            token = answer.json()["token"]
            assert answer.json()["roles"] == ["applicant"]
        async with world.client(token) as client:
            me = (await client.get("/api/v1/me")).json()
        assert me["phone"] == "138****5678"
        accounts.add(me["account_id"])
        await forget_pause(world)
    assert len(accounts) == 1


async def forget_pause(world: World) -> None:
    from sqlalchemy import delete

    from gateway.models import RateCount

    async with world.db.unit_of_work() as session:
        await session.execute(delete(RateCount))


async def test_a_code_works_once_and_not_after_five_wrong_tries(world: World) -> None:
    await ask(world)
    code = sent_code(world)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    async with world.client() as client:
        for _ in range(5):
            answer = await client.post("/api/v1/auth/session", json={"phone": PHONE, "code": wrong})
            assert (answer.status_code, answer.json()["code"]) == (401, "wrong_code")
        answer = await client.post("/api/v1/auth/session", json={"phone": PHONE, "code": code})
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_code")
        await forget_pause(world)
        await ask(world)
        good = {"phone": PHONE, "code": sent_code(world)}
        assert (await client.post("/api/v1/auth/session", json=good)).status_code == 200
        assert (await client.post("/api/v1/auth/session", json=good)).status_code == 401


async def test_a_code_runs_out(world: World, database: TestDatabase) -> None:
    await ask(world)
    await database.move_clock(timedelta(seconds=301))
    async with world.client() as client:
        answer = await client.post("/api/v1/auth/session", json={"phone": PHONE, "code": sent_code(world)})
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_code")


async def test_codes_are_limited_per_phone_and_per_address(world: World) -> None:
    assert await ask(world) == 202
    world.services.asked.clear()
    async with world.client() as client:
        answer = await client.post("/api/v1/auth/code", json={"phone": PHONE})
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
        assert 1 <= int(answer.headers["retry-after"]) <= 61
        assert world.services.asked == []
        statuses = [
            (await client.post("/api/v1/auth/code", json={"phone": f"139{n:08}"})).status_code
            for n in range(world.settings.codes_per_address_hour + 1)
        ]
    assert statuses.count(202) == world.settings.codes_per_address_hour - 1
    assert statuses[-1] == 429


async def test_known_and_unknown_phones_get_the_same_answer(world: World) -> None:
    await world.person("13900000000")
    world.services.put("notification", "POST", "/internal/messages", 202, {})
    async with world.client() as client:
        known = await client.post("/api/v1/auth/code", json={"phone": "13900000000"})
        unknown = await client.post("/api/v1/auth/code", json={"phone": "13900000009"})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


async def test_logout_and_role_change_end_sessions_at_once(world: World) -> None:
    operator, operator_token = await world.staff(Role.operator)
    reviewer, reviewer_token = await world.staff(Role.reviewer)
    assert operator != reviewer
    async with world.client(reviewer_token) as client:
        assert (await client.get("/api/v1/me")).json()["roles"] == ["reviewer"]
    async with world.client(operator_token) as client:
        changed = await client.put(f"/api/v1/staff/{reviewer}/roles", json={"roles": ["expert", "approver"]})
        assert changed.json()["roles"] == ["expert", "approver"]
        last = await client.put(f"/api/v1/staff/{operator}/roles", json={"roles": ["approver"]})
        assert (last.status_code, last.json()["code"]) == (409, "last_operator")
    async with world.client(reviewer_token) as client:
        assert (await client.get("/api/v1/me")).status_code == 401
    async with world.client(operator_token) as client:
        assert (await client.delete("/api/v1/auth/session")).status_code == 204
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_first_operator_once_then_staff(world: World) -> None:
    given = {"token": OPERATOR_TOKEN, "username": "admin", "password": PASSWORD, "display_name": "管理员"}
    async with world.client() as client:
        wrong = await client.post("/api/v1/setup", json={**given, "token": "guess"})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_setup_token")
        made = await client.post("/api/v1/setup", json=given)
        assert (made.status_code, made.json()["roles"]) == (201, ["operator"])
        again = await client.post("/api/v1/setup", json={**given, "username": "other"})
        assert (again.status_code, again.json()["code"]) == (409, "already_set_up")
        opened = await client.post(
            "/api/v1/auth/staff-session", json={"username": "admin", "password": PASSWORD}
        )
    async with world.client(opened.json()["token"]) as client:
        _, codes = await enrolled(client)
        opened = await client.post(
            "/api/v1/auth/staff-session", json={"username": "admin", "password": PASSWORD, "code": codes[0]}
        )
    new = {
        "username": "li.si",
        "password": PASSWORD,
        "roles": ["secretariat", "approver"],
        "display_name": "李四",
        "unit": "渝中区青少年宫",
    }
    async with world.client(opened.json()["token"]) as client:
        created = await client.post("/api/v1/staff", json=new)
        assert (created.status_code, created.json()["roles"]) == (201, ["secretariat", "approver"])
        UUID(created.json()["account_id"])
        twice = await client.post("/api/v1/staff", json=new)
        assert (twice.status_code, twice.json()["code"]) == (409, "username_taken")
        system = await client.post("/api/v1/staff", json={**new, "username": "x.y", "roles": ["system"]})
        assert system.status_code == 422
        listed = (await client.get("/api/v1/staff")).json()["staff"]
    assert [one["username"] for one in listed] == ["admin", "li.si"]


async def test_passwords_are_limited_per_name(world: World) -> None:
    given = {"username": "nobody", "password": "guess"}
    async with world.client() as client:
        statuses = [
            (await client.post("/api/v1/auth/staff-session", json=given)).status_code
            for _ in range(world.settings.tries_per_username_quarter + 1)
        ]
    assert statuses == [401] * world.settings.tries_per_username_quarter + [429]


async def test_a_cookie_needs_our_own_origin(world: World) -> None:
    _, token = await world.person()
    async with world.client(cookie=token) as client:
        assert (await client.get("/api/v1/me")).status_code == 200
        foreign = await client.delete("/api/v1/auth/session", headers={"origin": "https://evil.example"})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "cross_site")
        site = await client.delete("/api/v1/auth/session", headers={"sec-fetch-site": "cross-site"})
        assert site.json()["code"] == "cross_site"
        del client.headers["origin"]
        silent = await client.delete("/api/v1/auth/session")
        assert silent.json()["code"] == "cross_site"
        own = await client.delete("/api/v1/auth/session", headers={"sec-fetch-site": "same-origin"})
        assert own.status_code == 204
