"""A confirmed import goes row by row into the command log: once, in order, whatever is away or repeated (S1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from contracts.commands import Role
from contracts.http.registration import Rounds
from contracts.lifecycle import application_id
from gateway import outside
from gateway.accounts import codes
from gateway.intake.models import WindowRow
from gateway.models import Application, Audit
from kit.db import check
from kit.errors import DomainError
from tests.browser.site import round_view
from tests.integration.gateway.world import World

PHONES = ("13700000001", "13700000002")


async def checked(world: World, *, closed: bool = False) -> tuple[UUID, UUID]:
    """A round in its filing window, and an import with two new rows that registration has checked."""
    round_id, import_id = await world.round(), uuid4()
    now = datetime.now(UTC)
    async with world.db.unit_of_work() as session:
        session.add(
            WindowRow(
                target_kind="round",
                target_id=round_id,
                stage="filing",
                round_id=round_id,
                opens_at=now - timedelta(days=3),
                closes_at=now + timedelta(days=-1 if closed else 1),
            )
        )
    plan = {
        "import_id": str(import_id),
        "round_id": str(round_id),
        "created_at": now.isoformat(),
        "counts": {"new": 2, "same": 0, "differs": 1, "error": 1},
        "lines": [
            {
                "row": 4,
                "verdict": "differs",
                "name": "李雷",
                "id_number_masked": "500112********0010",
                "changes": [{"label": "工作单位", "old": "一中", "new": "二中"}],
            },
            {
                "row": 5,
                "verdict": "error",
                "name": "韩梅",
                "problems": [{"column": "级别", "message": "没有“特级”这个级别。"}],
            },
        ],
        "truncated": False,
    }
    rounds = Rounds(rounds=(round_view(round_id),)).model_dump(mode="json")
    world.services.put("registration", "GET", "/rounds", 200, rounds)
    world.services.put("registration", "POST", f"/rounds/{round_id}/imports", 201, plan)
    world.services.put("registration", "GET", f"/imports/{import_id}", 200, plan)
    for n in (2, 3):
        world.services.put("registration", "POST", f"/internal/imports/{import_id}/rows/{n}", 204, "")
    rows(world, round_id, import_id, *({"row": n, "phone": PHONES[n - 2], "level": "junior"} for n in (2, 3)))
    return round_id, import_id


def rows(world: World, round_id: UUID, import_id: UUID, *told: dict[str, Any]) -> None:
    body = {"round_id": str(round_id), "rows": [{"person_id": None, **one} for one in told]}
    world.services.put("registration", "GET", f"/internal/imports/{import_id}/rows", 200, body)


@pytest.mark.clause("S1")
async def test_nothing_is_filed_before_the_second_click_and_everything_once_after_it(world: World) -> None:
    round_id, import_id = await checked(world)
    office, token = await world.staff(Role.secretariat)
    async with world.client(token) as client:
        sent = await client.post(
            "/staff/imports", data={"round": str(round_id)}, files={"file": ("a.xlsx", b"PK\x03\x04 rows")}
        )
        page = await client.get(sent.headers["location"])
        assert await outside.step(world.parts) is False
        for _ in range(2):
            assert (await client.post(f"/staff/imports/{import_id}/confirm")).status_code == 303
    assert sent.headers["location"] == f"/staff/imports/{import_id}"
    assert world.services.asked[0]["body"] == b"PK\x03\x04 rows"
    for text in ("二中", "没有“特级”这个级别", "确认导入"):
        assert text in page.text
    assert await outside.step(world.parts) is True
    rows(world, round_id, import_id)
    assert [await outside.step(world.parts), await outside.step(world.parts)] == [True, False]
    stored = [(row.name, row.role, row.body) for row in await world.stored()]
    assert stored == [
        ("apply", "system", {"level": "junior"}),
        ("file_outside", "system", {"import_id": str(import_id), "row": 2}),
        ("apply", "system", {"level": "junior"}),
        ("file_outside", "system", {"import_id": str(import_id), "row": 3}),
    ]
    async with world.db.read() as session:
        people = [await codes.holder(session, world.settings, phone) for phone in PHONES]
        owned = set(await session.scalars(select(Application.id)))
        audited = [
            (one.action, one.account_id) for one in await session.scalars(select(Audit).order_by(Audit.id))
        ]
    assert owned == {application_id(round_id, person) for person in people if person}
    assert audited == [("import_checked", office), ("import_confirmed", office)]
    async with world.answering():
        for row in await world.stored():
            await world.parts.answers.wait(row.id)
    told = await outside.progress(world.parts, import_id)
    assert told is not None
    assert (told.filed, told.waiting, told.refused) == (2, 0, [])


@pytest.mark.clause("S1")
async def test_a_stop_in_the_middle_repeats_rows_and_files_them_once(world: World) -> None:
    _, import_id = await checked(world)
    _, token = await world.staff(Role.secretariat)
    async with world.client(token) as client:
        await client.post(f"/staff/imports/{import_id}/confirm")
    away = {"type": "urn:x", "title": "x", "status": 503, "detail": "稍后", "code": "service_unavailable"}
    world.services.put("registration", "POST", f"/internal/imports/{import_id}/rows/3", 503, away)
    with pytest.raises(DomainError):
        await outside.step(world.parts)
    assert len(await world.stored()) == 2
    world.services.put("registration", "POST", f"/internal/imports/{import_id}/rows/3", 204, "")
    await outside.step(world.parts)
    assert [row.body.get("row") for row in await world.stored()] == [None, 2, None, 3]


@pytest.mark.clause("S1")
async def test_rows_that_cannot_be_filed_are_told_by_number(world: World) -> None:
    _, import_id = await checked(world)
    _, token = await world.staff(Role.secretariat)
    taken = {"type": "urn:x", "title": "x", "status": 409, "detail": "不能更改", "code": "identity_fixed"}
    world.services.put("registration", "POST", f"/internal/imports/{import_id}/rows/2", 409, taken)
    async with world.client(token) as client:
        await client.post(f"/staff/imports/{import_id}/confirm")
        await outside.step(world.parts)
        page = await client.get(f"/staff/imports/{import_id}")
    told = await outside.progress(world.parts, import_id)
    assert told is not None
    assert told.refused == [(2, "手机号码已是另一位实名人员的登录手机号，请核对。")]
    assert "第 2 行" in page.text


@pytest.mark.clause("S1", "A5")
async def test_an_import_after_the_deadline_is_late_like_everybody(world: World) -> None:
    _, import_id = await checked(world, closed=True)
    _, token = await world.staff(Role.secretariat)
    async with world.client(token) as client:
        await client.post(f"/staff/imports/{import_id}/confirm")
    await outside.step(world.parts)
    told = await outside.progress(world.parts, import_id)
    assert told is not None
    assert (told.filed, [row for row, _ in told.refused]) == (0, [2, 3])
    assert {row.state for row in await world.stored()} == {"refused"}


async def test_migrations_say_what_the_models_say(world: World) -> None:
    await check(world.settings, "gateway")
