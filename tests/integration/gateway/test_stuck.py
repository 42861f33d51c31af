"""Commands that stand still (O2): seen with the cause in plain words, tried again, or set aside without loss."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from contracts.commands import CommandName, Role, TargetKind
from contracts.lifecycle import RoundStage
from contracts.refusals import refused
from gateway.intake.models import CommandRow
from gateway.models import Audit
from tests.integration.gateway.console import a_case, a_round, a_stuck_command
from tests.integration.gateway.world import World

SURE = {"confirmed": "1"}


async def row(world: World, command_id: object) -> CommandRow:
    return next(one for one in await world.stored() if one.id == command_id)


async def audited(world: World) -> list[tuple[str, str]]:
    async with world.db.read() as session:
        return [(one.action, one.reason) for one in await session.scalars(select(Audit).order_by(Audit.id))]


@pytest.mark.clause("O2")
async def test_a_stuck_command_is_told_and_tried_again_by_the_office(world: World) -> None:
    round_id = await a_round(world)
    application = await a_case(world, round_id, "2024-J-00001")
    command = await a_stuck_command(world, round_id, application)
    await a_stuck_command(world, round_id, application, CommandName.withdraw, state="received", attempts=0)
    _, office = await world.staff(Role.secretariat)
    _, board = await world.staff(Role.supervisor)
    page = f"/staff/rounds/{round_id}/stuck"
    async with world.client(cookie=office) as one, world.client(cookie=board) as two:
        text, told, first = (
            (await one.get(page)).text,
            (await two.get(page)).text,
            (await one.get(f"/staff/rounds/{round_id}")).text,
        )
        asked = (await one.get(f"{page}/{command}/retry")).text
        assert (await two.post(f"{page}/{command}/retry")).status_code == 403
        async with world.answering():
            sent = await one.post(f"{page}/{command}/retry")
            again = await one.post(f"{page}/{command}/retry")
        gone = await one.get(f"{page}/{command}/retry")
    for said in ("提交申报书", "2024-J-00001", "KeyError", "后面还有 1 项在等", f"{page}/{command}/refuse"):
        assert said in text
    assert f"{page}/{command}" not in told  # the supervisory committee looks only
    assert "1 项操作被搁置" in first
    assert "提交人不用重新提交" in asked
    assert (sent.status_code, again.status_code, gone.status_code) == (303, 409, 404)
    assert (await row(world, command)).state == "answered"
    assert await audited(world) == [("command_retried", "")]


@pytest.mark.clause("O2")
async def test_what_can_never_get_through_is_set_aside_and_undone_first(world: World) -> None:
    round_id = await a_round(world)
    application = await a_case(world, round_id, "2024-J-00001")
    command = await a_stuck_command(world, round_id, application)
    world.services.put("registration", "POST", "/internal/unprepare", 200, {})
    _, office = await world.staff(Role.secretariat)
    path = f"/api/v1/commands/{command}/refuse"
    page = f"/staff/rounds/{round_id}/stuck/{command}/refuse"
    async with world.client(cookie=office) as client:
        short = await client.post(page, data={"reason": "x", **SURE})
        unsure = await client.post(page, data={"reason": "表单损坏"})
        assert (await row(world, command)).state == "quarantined"
        both = await asyncio.gather(
            client.post(page, data={"reason": "表单损坏", **SURE}),
            client.post(path, json={"reason": "表单损坏"}),
        )
        late = await client.post(path, json={"reason": "表单损坏"})
    assert (short.status_code, unsure.status_code) == (422, 422)
    assert sorted(answer.status_code for answer in both)[-1] == 409  # one of them came first
    assert (late.status_code, late.json()["code"]) == (409, "not_quarantined")
    settled = await row(world, command)
    assert (settled.state, settled.outcome) == ("refused", refused("set_aside").model_dump(mode="json"))
    undone = [one for one in world.services.asked if one["path"] == "/internal/unprepare"]
    assert undone
    assert {one["actor"].role for one in undone} == {"system"}
    assert await audited(world) == [("command_set_aside", "表单损坏")]


@pytest.mark.clause("O2")
async def test_nothing_that_may_have_happened_is_set_aside(world: World) -> None:
    round_id = await a_round(world, RoundStage.ranked)
    application = await a_case(world, round_id, "2024-J-00001")
    sent = await a_stuck_command(world, round_id, application, prepared={"form_version": 1})
    machine = await a_stuck_command(
        world, round_id, application, CommandName.confirm_payment, role=Role.system.value, subject=None
    )
    ranking = await a_stuck_command(
        world,
        round_id,
        round_id,
        CommandName.release_ranking,
        target_kind=TargetKind.round.value,
        role=Role.secretariat.value,
    )
    _, office = await world.staff(Role.secretariat)
    async with world.client(cookie=office) as client:
        for command in (sent, machine, ranking):
            answer = await client.post(f"/api/v1/commands/{command}/refuse", json={"reason": "办不成"})
            assert (answer.status_code, answer.json()["code"]) == (409, "may_have_happened")
            page = await client.get(f"/staff/rounds/{round_id}/stuck/{command}/refuse")
            assert page.status_code == 404
        other = await a_round(world)
        elsewhere = await client.get(f"/staff/rounds/{other}/stuck/{sent}/retry")
        moved = await client.post(f"/staff/rounds/{other}/stuck/{sent}/retry")
    assert (elsewhere.status_code, moved.status_code) == (404, 404)
    assert {one.state for one in await world.stored()} == {"quarantined"}


async def test_when_the_service_is_away_nothing_is_set_aside(world: World) -> None:
    round_id = await a_round(world)
    application = await a_case(world, round_id, "2024-J-00001")
    command = await a_stuck_command(world, round_id, application)
    away = {
        "type": "urn:x",
        "title": "x",
        "status": 503,
        "detail": "请稍后再试。",
        "code": "service_unavailable",
    }
    world.services.put("registration", "POST", "/internal/unprepare", 503, away)
    _, office = await world.staff(Role.operator)
    async with world.client(office) as client:
        answer = await client.post(f"/api/v1/commands/{command}/refuse", json={"reason": "办不成"})
    assert answer.status_code == 503
    assert (await row(world, command)).state == "quarantined"
    assert await audited(world) == []
