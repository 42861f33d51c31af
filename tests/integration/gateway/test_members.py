"""Accounts of staff: joining by a link, the second factor, roles that exclude each other, what is noted."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import Role
from gateway.accounts import sessions
from gateway.models import Account, Audit
from tests.conftest import TestDatabase
from tests.integration.gateway.factor import code_of, enrolled
from tests.integration.gateway.world import World

PASSWORD = "correct horse battery"
LOGIN = "/api/v1/auth/staff-session"


async def joined(world: World, *roles: str, username: str = "li.si") -> UUID:
    """A member whose own person has set a password by the operator's link."""
    _, operator = await world.staff(Role.operator)
    async with world.client(operator) as http, world.client() as theirs:
        new = {"username": username, "display_name": "李四", "roles": roles or ("secretariat",)}
        made = (await http.post("/api/v1/staff", json=new)).json()
        assert made["has_password"] is False
        link = (await http.post(f"/api/v1/staff/{made['account_id']}/link")).json()
        token = link["path"].split("token=")[1]
        set_ = await theirs.post("/api/v1/auth/join", json={"token": token, "password": PASSWORD})
        assert (set_.status_code, set_.json()["has_password"]) == (200, True)
    return UUID(made["account_id"])


async def logged_in(
    world: World, code: str | None = None, username: str = "li.si", password: str = PASSWORD
) -> httpx.Response:
    given = {"username": username, "password": password} | ({"code": code} if code else {})
    async with world.client() as http:
        return await http.post(LOGIN, json=given)


async def test_before_the_second_factor_is_set_up_nothing_else_can_be_done(world: World) -> None:
    await joined(world)
    opened = (await logged_in(world)).json()
    assert opened["awaiting"] == "enrol"
    async with world.client(opened["token"]) as http:
        refused = await http.get("/api/v1/staff")
        assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")
        page = await http.get("/staff")
        assert (page.status_code, page.headers["location"]) == (303, "/staff/account/factor")
        assert "工作人员登录" in (await http.get("/")).text  # for public pages it is nobody's session
        first = (await http.post("/api/v1/me/second-factor")).json()
        assert (await http.post("/api/v1/me/second-factor")).json() == first
        wrong = await http.put("/api/v1/me/second-factor", json={"code": "000000"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_second_factor")
        answer = await http.put("/api/v1/me/second-factor", json={"code": code_of(first["secret"])})
        assert len(set(answer.json()["codes"])) == 10
        assert (await http.get("/api/v1/me")).status_code == 401  # the token of before is good no more
    whole = answer.cookies[world.settings.cookie]
    async with world.client(cookie=whole) as http:
        assert (await http.get("/api/v1/me")).json()["roles"] == ["secretariat"]
        again = await http.post("/api/v1/me/second-factor")
        assert (again.status_code, again.json()["code"]) == (409, "second_factor_set")


async def test_a_code_opens_one_session_and_a_recovery_code_too(world: World) -> None:
    await joined(world)
    async with world.client((await logged_in(world)).json()["token"]) as http:
        secret, codes = await enrolled(http)
    without = await logged_in(world)
    assert (without.status_code, without.json()["code"]) == (401, "second_factor_needed")
    # the code that set it up is spent; that of the next half minute is taken, and once
    assert (await logged_in(world, code_of(secret))).json()["code"] == "wrong_second_factor"
    fresh = code_of(secret, later=30)
    assert (await logged_in(world, fresh)).json()["awaiting"] is None
    assert (await logged_in(world, fresh)).json()["code"] == "wrong_second_factor"
    assert (await logged_in(world, code_of(secret, later=90))).status_code == 401  # not of now
    shouted = codes[0].upper().replace("-", " ")
    assert (await logged_in(world, shouted)).status_code == 200
    assert (await logged_in(world, codes[0])).json()["code"] == "wrong_second_factor"
    assert (await logged_in(world, "000000")).json()["code"] == "wrong_second_factor"
    wrong = await logged_in(world, codes[1], password="wrong password")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_password")
    async with world.db.read() as session:
        noted = await session.scalars(select(Audit.action).order_by(Audit.id))
    assert [one for one in noted if one != "staff_created"] == [
        "join_link_made",
        "password_set",
        "factor_set",
        "recovery_code_used",
    ]


async def test_codes_may_be_tried_a_few_times_only(world: World) -> None:
    await joined(world)
    async with world.client((await logged_in(world)).json()["token"]) as http:
        await http.post("/api/v1/me/second-factor")
        path, limit = "/api/v1/me/second-factor", world.settings.tries_per_username_quarter
        tries = [(await http.put(path, json={"code": "000000"})).status_code for _ in range(limit + 1)]
    assert tries == [401] * limit + [429]


async def test_a_link_works_once_in_its_time_and_the_newest_only(
    world: World, database: TestDatabase
) -> None:
    _, operator = await world.staff(Role.operator)
    member, _ = await world.staff(Role.reviewer)
    async with world.client(operator) as http, world.client() as theirs:

        async def link() -> str:
            made = (await http.post(f"/api/v1/staff/{member}/link")).json()
            return str(made["path"].split("token=")[1])

        async def used(token: str) -> str:
            answer = await theirs.post("/api/v1/auth/join", json={"token": token, "password": PASSWORD})
            return str(answer.json().get("code", "set"))

        old, new = await link(), await link()
        assert [await used(old), await used(new), await used(new)] == [
            "wrong_join_link",
            "set",
            "wrong_join_link",
        ]
        late = await link()
        await database.move_clock(timedelta(hours=world.settings.join_link_hours))
        assert await used(late) == "wrong_join_link"
        await database.move_clock(timedelta(0))
        assert (await theirs.get(f"/staff/join?token={late}")).status_code == 200
        unknown = await theirs.get("/staff/join?token=guess")
        assert (unknown.status_code, "这个链接不能用了" in unknown.text) == (403, True)
        missing = await http.post(f"/api/v1/staff/{uuid4()}/link")
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
        world.services.put("review", "POST", f"/internal/accounts/{member}/release", 200, {"tasks": 0})
        await http.post(f"/api/v1/staff/{member}/disable", json={"reason": "离职"})
        assert await used(late) == "wrong_join_link"
        ended = await http.post(f"/api/v1/staff/{member}/link")
        assert (ended.status_code, ended.json()["code"]) == (409, "account_disabled")
        back = await http.post(f"/api/v1/staff/{member}/enable", json={"reason": "返聘"})
        assert (back.json()["disabled"], back.json()["roles"]) == (False, ["reviewer"])


@pytest.mark.clause("O2")
@pytest.mark.clause("O4")
async def test_roles_that_watch_each_other_are_not_one_person_s(world: World) -> None:
    _, operator = await world.staff(Role.operator)
    member, _ = await world.staff(Role.reviewer)
    apart = (["supervisor", "secretariat"], ["approver", "supervisor"], ["expert", "secretariat"])
    async with world.client(operator) as http:
        for roles in apart:
            refused = await http.put(f"/api/v1/staff/{member}/roles", json={"roles": roles})
            assert (refused.status_code, refused.json()["code"]) == (422, "roles_conflict")
        new = {"username": "wang.wu", "display_name": "王五", "roles": ["supervisor", "expert"]}
        made = await http.post("/api/v1/staff", json=new)
        assert (made.status_code, made.json()["code"], made.json()["clause"]) == (422, "roles_conflict", "O4")
        district = await http.put(f"/api/v1/staff/{member}/roles", json={"roles": ["district"]})
        assert (district.status_code, district.json()["code"]) == (422, "district_needed")
        both = await http.put(
            f"/api/v1/staff/{member}/roles", json={"roles": ["secretariat", "operator"], "reason": "接替"}
        )
        assert both.json()["roles"] == ["secretariat", "operator"]
    async with world.db.read() as session:
        entry = (await session.scalars(select(Audit).where(Audit.action == "roles_changed"))).one()
    assert (entry.reason, entry.details) == (
        "接替",
        {"old": ["reviewer"], "new": ["secretariat", "operator"]},
    )


async def test_another_operator_resets_a_lost_factor_and_nobody_their_own(world: World) -> None:
    mine, operator = await world.staff(Role.operator)
    member, token = await world.staff(Role.reviewer)
    async with world.client(operator) as http, world.client(token) as theirs:
        path = "second-factor/reset"
        none = await http.post(f"/api/v1/staff/{member}/{path}", json={"reason": "手机丢失"})
        assert (none.status_code, none.json()["code"]) == (409, "no_second_factor")
        await enrolled(theirs)
        unsaid = await http.post(f"/api/v1/staff/{member}/{path}", json={})
        assert unsaid.status_code == 422
        reset = await http.post(f"/api/v1/staff/{member}/{path}", json={"reason": "手机丢失"})
        assert (reset.status_code, reset.json()["second_factor"]) == (200, False)
        assert (await theirs.get("/api/v1/me")).status_code == 401
        own = await http.post(f"/api/v1/staff/{mine}/{path}", json={"reason": "手机丢失"})
        assert (own.status_code, own.json()["code"]) == (409, "own_account")
    async with world.client((await world.staff(Role.secretariat))[1]) as office:
        forbidden = await office.post(f"/api/v1/staff/{member}/{path}", json={"reason": "手机丢失"})
        assert (forbidden.status_code, forbidden.json()["code"]) == (403, "forbidden")


async def test_a_new_password_ends_other_sessions_and_needs_the_old_one(world: World) -> None:
    member = await joined(world)
    async with world.db.unit_of_work() as session:
        account = await session.get_one(Account, member)
        first, second = (await _session(session, account), await _session(session, account))
    async with world.client(first) as here, world.client(second) as there:
        wrong = await here.post(
            "/api/v1/me/password", json={"old": "not this one", "password": "another one"}
        )
        assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_password")
        short = await here.post("/api/v1/me/password", json={"old": PASSWORD, "password": "short"})
        assert short.status_code == 422
        good = await here.post("/api/v1/me/password", json={"old": PASSWORD, "password": "another one"})
        assert good.status_code == 204
        assert [(await one.get("/api/v1/me")).status_code for one in (here, there)] == [200, 401]
    assert (await logged_in(world)).status_code == 401
    assert (await logged_in(world, password="another one")).status_code == 200


async def _session(session: AsyncSession, account: Account) -> str:
    return (await sessions.open_session(session, account, timedelta(hours=1))).token


async def test_changing_phones_waits_for_the_new_one(world: World) -> None:
    await joined(world)
    async with world.client((await logged_in(world)).json()["token"]) as http:
        _, codes = await enrolled(http)
    opened = (await logged_in(world, codes[0])).json()
    async with world.client(opened["token"]) as http:
        renewed = await http.post("/api/v1/me/second-factor/codes", json={"code": codes[1]})
        fresh = renewed.json()["codes"]
        old = await http.post("/api/v1/me/second-factor/remove", json={"code": codes[2]})
        assert (old.status_code, old.json()["code"]) == (401, "wrong_second_factor")
        assert (await http.get("/api/v1/me")).status_code == 200
        gone = await http.post("/api/v1/me/second-factor/remove", json={"code": fresh[0]})
        assert gone.status_code == 204
        waits = await http.get("/api/v1/me")
        assert (waits.status_code, waits.json()["code"]) == (403, "second_factor_required")
        assert len((await enrolled(http))[1]) == 10


async def test_pages_ask_for_the_code_next_and_go_where_one_wanted(world: World) -> None:
    await joined(world)
    async with world.client((await logged_in(world)).json()["token"]) as http:
        _, codes = await enrolled(http)
    async with world.client(cookie="none") as http:
        http.cookies.clear()
        form = {"username": "li.si", "password": PASSWORD}
        asked = await http.post("/staff/login?next=/staff/audit", data=form)
        assert (asked.status_code, asked.headers["location"]) == (303, "/staff/login/code?next=/staff/audit")
        inside = await http.get("/staff/audit")
        assert (inside.status_code, inside.headers["location"]) == (303, "/staff/login?next=/staff/audit")
        enrol = await http.get("/staff/account/factor")
        assert enrol.status_code == 303  # who has not given the code cannot set up another factor
        wrong = await http.post("/staff/login/code?next=/staff/audit", data={"code": "000000"})
        assert (wrong.status_code, "动态码不正确" in wrong.text) == (401, True)
        right = await http.post("/staff/login/code?next=/staff/audit", data={"code": codes[0]})
        assert (right.status_code, right.headers["location"]) == (303, "/staff/audit")
        listed = await http.get("/staff/audit")
        assert listed.status_code == 200
        assert re.findall(r"用恢复码登录|设置两步验证|设置密码", listed.text.split("<ul")[-1]) == [
            "用恢复码登录",
            "设置两步验证",
            "设置密码",
            "设置密码",  # the link to it
        ]
