"""Help at the counter (A9): only with the person's code, for minutes, noted step by step, ended by the person."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from contracts.commands import Role
from contracts.http.gateway import KnownCase
from contracts.lifecycle import ActionRequiredBy, Stage, Status
from gateway.assistance import CONSENT
from gateway.models import Assistance, Audit
from tests.conftest import TestDatabase
from tests.integration.gateway.world import World, instant

PHONE = "13800000001"


async def begin(world: World, office: str, code: str | None = None) -> httpx.Response:
    world.services.put("notification", "POST", "/internal/messages", 200, {})
    async with world.client(office) as client:
        page = await client.post("/staff/help/code", data={"phone": PHONE})
        assert CONSENT in page.text
        message = json.loads(world.services.last("notification")["body"])
        assert (message["kind"], message["phone"]) == ("help_code", PHONE)
        return await client.post(
            "/staff/help", data={"phone": PHONE, "code": code or message["params"]["code"]}
        )


def token_of(world: World, answer: httpx.Response) -> str:
    return answer.cookies[world.settings.cookie]


@pytest.mark.clause("A9")
async def test_help_acts_as_the_person_and_every_step_bears_the_helper(world: World) -> None:
    person, own = await world.person(PHONE)
    round_id = await world.round()
    application = await world.application(person, round_id)
    world.read_model.known[application] = KnownCase(
        application_id=application,
        round_id=round_id,
        application_number="2024-J-00007",
        level="junior",
        seq=4,
        stage=Stage.qualification,
        status=Status.under_review,
        action_required_by=ActionRequiredBy.reviewer,
        since=instant(),
        updated_at=instant(),
    )
    helper, office = await world.staff(Role.secretariat)
    begun = await begin(world, office)
    assert begun.headers["location"] == "/my"
    helping = token_of(world, begun)
    form = f"/applications/{application}/form"
    world.services.put("registration", "PATCH", form, 200, {"version": 2, "completeness": {}})
    async with world.client(office) as client:
        assert (await client.get("/api/v1/me")).status_code == 401  # nobody acts as two at once
    async with world.client(helping) as client, world.answering():
        me = (await client.get("/api/v1/me")).json()
        changed = await client.patch(
            f"/api/v1{form}", json={"version": 1, "changes": {"fields.unit": "一中"}}
        )
        sent = await client.post(
            f"/api/v1/applications/{application}/commands/withdraw",
            json={},
            headers={"idempotency-key": "k1"},
        )
        banner = await client.get("/my/help")
        staff = await client.get("/api/v1/staff")
    assert (me["account_id"], me["roles"]) == (str(person), ["applicant"])
    assert (changed.status_code, sent.status_code, staff.status_code) == (200, 200, 403)
    assert "柜台协助中" in banner.text
    assert [(row.subject, row.role, row.assisted_by) for row in await world.stored()] == [
        (person, "applicant", helper)
    ]
    async with world.db.read() as session:
        rows = list(await session.scalars(select(Audit).order_by(Audit.id)))
        (record,) = list(await session.scalars(select(Assistance)))
    assert (record.helper_id, record.person_id, record.consent) == (helper, person, CONSENT)
    assert [(row.action, row.account_id, row.details.get("route")) for row in rows] == [
        ("help_started", helper, None),
        ("helped", helper, "PATCH /api/v1/applications/{application_id}/form"),
        ("helped", helper, "POST /api/v1/applications/{application_id}/commands/withdraw"),
    ]
    async with world.client(own) as client:
        case = (await client.get(f"/api/v1/applications/{application}")).json()
        mine = await client.get("/my/help")
    told = [entry["text"] for entry in case["timeline"]]
    assert "撤回申报（柜台协助）：已受理" in told
    assert any("开始协助填报" in text for text in told)
    assert "柜台协助中" not in mine.text
    assert "张三" in mine.text


@pytest.mark.clause("A9")
async def test_without_the_code_there_is_no_help(world: World) -> None:
    await world.person(PHONE)
    _, office = await world.staff(Role.secretariat)
    wrong = await begin(world, office, "000000")
    async with world.db.read() as session:
        records = list(await session.scalars(select(Assistance)))
    assert (wrong.status_code, world.settings.cookie in wrong.cookies, records) == (401, False, [])
    _, reviewer = await world.staff(Role.reviewer)
    async with world.client(reviewer) as client:
        assert (await client.get("/staff/help")).status_code == 403


@pytest.mark.clause("A9")
async def test_the_person_ends_it_at_once_and_time_ends_it_anyway(
    world: World, database: TestDatabase
) -> None:
    person, own = await world.person(PHONE)
    _, office = await world.staff(Role.secretariat)
    first = token_of(world, await begin(world, office))
    async with world.client(own) as client:
        assert (await client.post("/my/help/end")).status_code == 303
        assert (await client.get("/api/v1/me")).status_code == 200
    async with world.client(first) as client:
        assert (await client.get("/api/v1/me")).status_code == 401
    await database.move_clock(timedelta(minutes=2))
    _, office = await world.staff(Role.secretariat)
    second = token_of(world, await begin(world, office))
    await database.move_clock(timedelta(minutes=2 + world.settings.help_minutes))
    async with world.client(second) as client:
        assert (await client.get("/api/v1/me")).status_code == 401
    async with world.db.read() as session:
        ended = [
            one.ended_at is not None
            for one in await session.scalars(select(Assistance).order_by(Assistance.id))
        ]
    assert ended == [True, False]
    assert person
