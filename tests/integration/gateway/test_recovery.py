"""Recovery of an account (A1): nothing can be learnt by asking, two persons decide, everything follows once."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import select

from contracts.commands import Role
from gateway.accounts import codes
from gateway.models import Audit, Recovery
from gateway.recovery import follow
from gateway.recovery.claims import key_of
from kit.errors import DomainError
from tests.conftest import TestDatabase
from tests.integration.gateway.world import World, running, settings_from
from tests.servers import Servers

OLD, NEW = "13800000001", "13900000002"
NUMBER = "500112199001010010"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "JPEG")
    return out.getvalue()


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: TestDatabase, servers: Servers) -> AsyncIterator[World]:
    s3 = await servers.s3()
    settings = settings_from(
        database.settings("gateway"),
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=SecretStr(s3.secret_key),
        code_again_seconds=0,
    )
    async with running(settings) as opened:
        await opened.parts.store.ensure_buckets()
        opened.services.put("notification", "POST", "/internal/messages", 200, {"id": str(uuid4())})
        opened.services.put("registration", "POST", "/internal/uploads/inspect", 200, {"clean": True})
        yield opened


def known(world: World, person: UUID | None, *, name_matches: bool = True) -> None:
    """What registration says of the document, and of that person's phone once it is changed."""
    found = None
    if person is not None:
        found = {
            "person_id": str(person),
            "name": "王小明",
            "name_matches": name_matches,
            "id_kind": "id_card",
            "id_number_masked": "500112********0010",
            "phone_masked": "138****0001",
            "unit": "渝北区实验小学校",
            "district": "500112",
        }
        world.services.put("registration", "GET", f"/internal/people/{person}", 200, view(person))
        world.services.put("registration", "PUT", f"/internal/people/{person}/phone", 200, view(person))
    world.services.put("registration", "POST", "/internal/people/find", 200, {"person": found})


def view(person: UUID) -> dict[str, str]:
    return {
        "person_id": str(person),
        "name": "王小明",
        "id_kind": "id_card",
        "id_number_masked": "500112********0010",
        "phone_masked": "139****0002",
    }


async def prove(client: httpx.AsyncClient, world: World, phone: str = NEW) -> httpx.Response:
    await client.post("/recover/code", data={"phone": phone})
    code = json.loads(world.services.last("notification")["body"])["params"]["code"]
    return await client.post("/recover/details", data={"phone": phone, "code": code})


async def ask(
    world: World, phone: str = NEW, number: str = NUMBER, data: bytes | None = None
) -> httpx.Response:
    """All steps of the applicant."""
    async with world.client() as client:
        page = await prove(client, world, phone)
        assert page.status_code == 200, page.text
        proof = page.text.split('name="proof" value="')[1].split('"')[0]
        form = {"phone": phone, "proof": proof, "name": "王小明", "id_kind": "id_card", "id_number": number}
        files = {
            "picture": ("id.jpg", picture() if data is None else data, "image/jpeg"),
            "letter": ("l.jpg", picture(), "image/jpeg"),
        }
        return await client.post("/recover", data=form, files=files)


async def the_request(world: World) -> Recovery:
    async with world.db.read() as session:
        return (await session.scalars(select(Recovery).order_by(Recovery.id.desc()).limit(1))).one()


async def decided(world: World, token: str, row: Recovery, decision: str, **form: Any) -> httpx.Response:
    async with world.client(token) as client:
        return await client.post(f"/staff/recoveries/{row.id}/{decision}", data=form)


def sent(world: World) -> list[tuple[str, str]]:
    """Kind and phone of every message but codes."""
    bodies = [json.loads(one["body"]) for one in world.services.asked if one["service"] == "notification"]
    return [(one["kind"], one["phone"]) for one in bodies if one["kind"] != "recovery_code"]


@pytest.mark.clause("A1")
async def test_two_persons_hand_the_account_over_and_everybody_is_told(world: World) -> None:
    person, token = await world.person(OLD)
    known(world, person)
    assert (await ask(world)).status_code == 200
    row = await the_request(world)
    _, office = await world.staff(Role.secretariat, Role.approver)
    _, approver = await world.staff(Role.approver)
    async with world.client(office) as client:
        page = await client.get(f"/staff/recoveries/{row.id}")
        shown = await client.get(f"/staff/recoveries/{row.id}/picture")
    assert "500112********0010" in page.text
    assert NUMBER not in page.text
    assert (shown.content, shown.headers["content-security-policy"]) == (
        picture(),
        "default-src 'none'; sandbox",
    )
    assert (await decided(world, approver, row, "approve")).status_code == 409  # nobody has proposed
    assert (await decided(world, office, row, "propose")).status_code == 303
    own = await decided(world, office, row, "approve")
    assert (own.status_code, "提议人不能批准自己的提议" in own.text) == (403, True)
    assert (await decided(world, approver, row, "propose")).status_code == 403
    assert (await decided(world, approver, row, "approve")).status_code == 303
    assert (await decided(world, approver, row, "approve")).status_code == 409  # twice
    async with world.client(token) as client:
        assert (await client.get("/api/v1/me")).status_code == 401
    async with world.db.read() as session:
        assert await codes.phone_of(session, world.settings, person) == NEW
        assert await codes.holder(session, world.settings, OLD) is None
        actions = list(await session.scalars(select(Audit.action).order_by(Audit.id)))
    changed = [one for one in world.services.asked if one["method"] == "PUT"]
    assert [json.loads(one["body"]) for one in changed] == [{"phone": NEW}]
    assert sent(world) == [("recovery_done_new", NEW), ("recovery_done_old", OLD)]
    assert [one for one in actions if one != "recovery_viewed"] == ["recovery_proposed", "recovery_approved"]


@pytest.mark.clause("A1")
async def test_the_answer_is_the_same_for_known_and_unknown_people_and_nothing_is_looked_up(
    world: World,
) -> None:
    person, _ = await world.person(OLD)
    known(world, person)
    pages = [(await ask(world)).text, (await ask(world, "13900000003", "500112199001019999")).text]
    assert pages[0] == pages[1]
    assert [one for one in world.services.asked if one["path"] == "/internal/people/find"] == []
    async with world.db.read() as session:
        assert await codes.holder(session, world.settings, NEW) is None  # no account is made by asking


@pytest.mark.clause("A1")
async def test_wrong_people_and_taken_phones_are_refused_in_words(world: World) -> None:
    person, _ = await world.person(OLD)
    other, _ = await world.person("13900000009")
    known(world, other)
    async with world.client() as client:
        taken = await prove(client, world, "13900000009")
    assert (taken.status_code, "一个手机号只能对应一个人" in taken.text) == (409, True)
    _, office = await world.staff(Role.secretariat)
    assert (await ask(world)).status_code == 200
    row = await the_request(world)
    known(world, person, name_matches=False)
    wrong = await decided(world, office, row, "propose")
    known(world, None)
    nobody = await decided(world, office, row, "propose")
    assert (wrong.status_code, nobody.status_code) == (409, 409)
    # the phone became somebody's between asking and deciding
    late, _ = await world.person(NEW)
    known(world, late)
    known(world, person)
    between = await decided(world, office, row, "propose")
    assert (between.status_code, "已经是另一位实名人员" in between.text) == (409, True)
    assert (await the_request(world)).state == "open"


@pytest.mark.clause("A1")
async def test_an_account_without_a_person_gives_its_phone_away(world: World) -> None:
    person, _ = await world.person(OLD)
    empty, token = await world.person(NEW)
    known(world, person)
    await ask(world)
    row = await the_request(world)
    _, office = await world.staff(Role.secretariat)
    _, approver = await world.staff(Role.approver)
    await decided(world, office, row, "propose")
    assert (await decided(world, approver, row, "approve")).status_code == 303
    async with world.client(token) as client:
        assert (await client.get("/api/v1/me")).status_code == 401
    async with world.db.read() as session:
        assert await codes.holder(session, world.settings, NEW) == person
    assert empty != person


@pytest.mark.clause("A1")
async def test_a_second_request_a_bad_picture_and_a_wrong_code_are_refused(world: World) -> None:
    assert (await ask(world)).status_code == 200
    again = await ask(world)
    script = await ask(world, "13900000004", data=b"<script>alert(1)</script>")
    bad = {"clean": False, "code": "does_not_open", "message": "文件打不开或已损坏。"}
    world.services.put("registration", "POST", "/internal/uploads/inspect", 200, bad)
    broken = await ask(world, "13900000005")
    async with world.client() as client:
        forged = await client.post(
            "/recover",
            data={
                "phone": "13900000006",
                "proof": f"99999999999.{'0' * 64}",
                "name": "王小明",
                "id_kind": "id_card",
                "id_number": NUMBER,
            },
            files={"picture": ("a.jpg", picture()), "letter": ("b.jpg", picture())},
        )
    assert [one.status_code for one in (again, script, broken, forged)] == [409, 422, 422, 401]
    async with world.db.read() as session:
        assert len(list(await session.scalars(select(Recovery.id)))) == 1


@pytest.mark.clause("A1")
async def test_rejection_is_told_with_its_reason_and_limits_hold(world: World) -> None:
    _, office = await world.staff(Role.secretariat)
    for _ in range(world.settings.recoveries_per_phone_day):
        assert (await ask(world)).status_code == 200
        row = await the_request(world)
        assert (await decided(world, office, row, "reject", reason="证件照片不清楚")).status_code == 303
    assert (await ask(world)).status_code == 429
    told = json.loads(world.services.last("notification")["body"])
    assert sent(world)[-1] == ("recovery_rejected", NEW)
    assert told["kind"] == "recovery_code" or told["params"] == {"reason": "证件照片不清楚"}


@pytest.mark.clause("A1")
async def test_an_expired_request_is_dead_and_what_was_kept_long_enough_is_erased(
    world: World, database: TestDatabase
) -> None:
    person, _ = await world.person(OLD)
    known(world, person)
    await ask(world)
    row = await the_request(world)
    _, office = await world.staff(Role.secretariat)
    await database.move_clock(timedelta(hours=20))
    await decided(world, office, row, "propose")
    await database.move_clock(timedelta(days=world.settings.recovery_days, hours=1))
    _, approver = await world.staff(Role.approver)
    async with world.db.unit_of_work() as session:  # their sessions of a day have run out
        approver = (await _session(session, approver)).token
    late = await decided(world, approver, row, "approve")
    assert (late.status_code, "已经过期" in late.text) == (409, True)
    await follow.sweep(world.parts)
    assert (await the_request(world)).state == "expired"
    await database.move_clock(timedelta(days=world.settings.recovery_keep_days + 30))
    await follow.sweep(world.parts)
    gone = await the_request(world)
    assert (gone.sealed, gone.erased_at is not None) == (b"", True)
    with pytest.raises(DomainError):
        await world.parts.store.get(world.parts.store.uploads, key_of(row.id, "picture"))


async def _session(session: Any, token: str) -> Any:
    from gateway.accounts import sessions
    from gateway.models import Account, StaffRole

    account_id = (
        await session.scalars(select(StaffRole.account_id).where(StaffRole.role == "approver"))
    ).one()
    account = await session.get(Account, account_id)
    return await sessions.open_session(session, account, timedelta(days=1))


@pytest.mark.clause("A1")
async def test_a_service_that_is_away_is_caught_up_with(world: World) -> None:
    person, _ = await world.person(OLD)
    known(world, person)
    await ask(world)
    row = await the_request(world)
    _, office = await world.staff(Role.secretariat)
    _, approver = await world.staff(Role.approver)
    await decided(world, office, row, "propose")
    away = {"type": "urn:x", "title": "x", "status": 503, "detail": "稍后", "code": "service_unavailable"}
    world.services.put("registration", "PUT", f"/internal/people/{person}/phone", 503, away)
    assert (await decided(world, approver, row, "approve")).status_code == 303
    assert ((await the_request(world)).done_at, sent(world)) == (None, [])
    known(world, person)
    await follow.sweep(world.parts)
    await follow.sweep(world.parts)
    assert sent(world) == [("recovery_done_new", NEW), ("recovery_done_old", OLD)]
