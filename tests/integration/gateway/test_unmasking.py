"""A whole ID number: for a reason, for minutes, for oneself only, and the supervisor sees who looked."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from contracts.commands import Role
from contracts.http.gateway import KnownCase
from contracts.lifecycle import ActionRequiredBy, Stage, Status
from tests.conftest import TestDatabase
from tests.integration.gateway.world import World, instant

NUMBER, CARD = "2024-J-00007", "500112199001010010"


async def a_case(world: World) -> UUID:
    person, _ = await world.person()
    round_id = await world.round()
    application = await world.application(person, round_id)
    world.read_model.known[application] = KnownCase(
        application_id=application,
        round_id=round_id,
        application_number=NUMBER,
        level="junior",
        seq=1,
        stage=Stage.filing,
        status=Status.draft,
        action_required_by=ActionRequiredBy.applicant,
        since=instant(),
        updated_at=instant(),
    )
    told = {"name": "王小明", "id_kind": "id_card", "id_number": CARD, "application_number": NUMBER}
    world.services.put("registration", "GET", f"/applications/{application}/id-number", 200, told)
    return application


async def test_it_is_shown_for_a_reason_for_minutes_and_kept_for_the_supervisor(
    world: World, database: TestDatabase
) -> None:
    application = await a_case(world)
    _, office = await world.staff(Role.secretariat)
    _, colleague = await world.staff(Role.secretariat)
    _, supervisor = await world.staff(Role.supervisor)
    form = {"application_number": NUMBER, "reason": "核对证件复印件"}
    async with world.client(office) as client:
        bare = await client.post("/staff/unmask", data={**form, "reason": ""})
        unknown = await client.post("/staff/unmask", data={**form, "application_number": "2024-J-0000"})
        asked = await client.post("/staff/unmask", data=form)
        page = await client.get(asked.headers["location"])
    async with world.client(colleague) as client:
        foreign = await client.get(asked.headers["location"])
    await database.move_clock(timedelta(seconds=world.settings.unmask_seconds))
    async with world.client(office) as client:
        late = await client.get(asked.headers["location"])
    async with world.client(supervisor) as client:
        denied = await client.get("/staff/unmask")
        listed = await client.get("/staff/audit", params={"action": "id_number_unmasked"})
    assert (bare.status_code, unknown.status_code, asked.status_code) == (422, 404, 303)
    assert CARD in page.text
    assert page.headers["refresh"] == f"{world.settings.unmask_seconds}; url=/staff/unmask"
    assert page.headers["cache-control"] == "no-store"
    assert [(one.status_code, CARD in one.text) for one in (foreign, late)] == [(404, False), (404, False)]
    assert denied.status_code == 403
    assert "核对证件复印件" in listed.text
    assert str(application) in listed.text
    assert CARD not in listed.text


@pytest.mark.parametrize("role", [Role.applicant, Role.reviewer, Role.expert, Role.district, Role.operator])
async def test_nobody_else_may_ask_or_read_the_list(world: World, role: Role) -> None:
    token = (await world.person("13800000077"))[1] if role is Role.applicant else (await world.staff(role))[1]
    async with world.client(token) as client:
        asked = await client.post(
            "/staff/unmask", data={"application_number": NUMBER, "reason": "核对证件复印件"}
        )
        listed = await client.get("/staff/audit")
    assert (asked.status_code, listed.status_code) == (403, 403)
