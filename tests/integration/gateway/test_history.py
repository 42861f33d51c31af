"""Sealed histories over HTTP: the owner keeps theirs, the office sees whether the log agrees, sheets are public."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import update

from contracts.commands import Role
from contracts.http.history import History, Sheets, SheetView
from contracts.refusals import refused
from gateway.intake.models import CommandRow
from rules.history import covered, first_break, sheet_digest
from tests.integration.gateway.world import World


async def with_history(world: World) -> tuple[str, UUID, UUID]:
    """Somebody's token, the round, an application with a refused and an accepted command."""
    person, token = await world.person()
    round_id = await world.round()
    application = await world.application(person, round_id)
    path = f"/api/v1/applications/{application}/commands/withdraw"
    for outcome in (refused("wrong_stage"), None):
        async with world.answering(outcome), world.client(token) as client:
            await client.post(path, headers={"idempotency-key": uuid4().hex})
    return token, round_id, application


async def test_the_owner_keeps_a_history_that_a_sheet_proves(world: World) -> None:
    token, round_id, application = await with_history(world)
    _, office = await world.staff(Role.secretariat)
    async with world.client(office) as client:
        made = await client.post(f"/api/v1/rounds/{round_id}/history-sheets")
        again = await client.post(f"/api/v1/rounds/{round_id}/history-sheets")
    sheet = SheetView.model_validate_json(made.content)
    assert again.json() == made.json()  # nothing has happened since
    async with world.client(token) as client:
        answer = await client.get(f"/api/v1/applications/{application}/history")
    found = History.model_validate_json(answer.content)
    assert [one.record.outcome for one in found.records] == ["wrong_stage", "accepted"]
    assert first_break(application, found.records) is None
    assert found.matches_log is None  # only staff are told
    async with world.client() as anybody:
        listed = await anybody.get(f"/api/v1/public/rounds/{round_id}/history-sheets")
        file = await anybody.get(f"/api/v1/public/history-sheets/{sheet.id}")
        page = await anybody.get(f"/records/{sheet.id}")
        absent = await anybody.get(f"/api/v1/public/history-sheets/{uuid4()}")
    assert Sheets.model_validate_json(listed.content).sheets == (sheet,)
    assert file.content == page.content
    assert sheet_digest(file.content) == sheet.digest
    assert covered(found, file.content) == 2
    assert absent.status_code == 404


async def test_who_may_see_and_who_may_fix(world: World) -> None:
    _, round_id, application = await with_history(world)
    _, stranger = await world.person("13700000000")
    _, expert = await world.staff(Role.expert)
    _, approver = await world.staff(Role.approver)
    at = f"/api/v1/applications/{application}/history"
    for token, status in ((stranger, 404), (expert, 403), (approver, 200), (None, 401)):
        async with world.client(token) as client:
            assert (await client.get(at)).status_code == status
    for token, status in ((stranger, 403), (approver, 403), (None, 401)):
        async with world.client(token) as client:
            made = await client.post(f"/api/v1/rounds/{round_id}/history-sheets")
            assert made.status_code == status


async def test_staff_see_when_the_log_was_changed_behind_it(world: World) -> None:
    _, _, application = await with_history(world)
    _, supervisor = await world.staff(Role.supervisor)
    at = f"/staff/cases/{application}/history"
    _, approver = await world.staff(Role.approver)
    async with world.client(cookie=approver) as client:  # who may not open the case is led back to the desk
        page = (await client.get(at)).text
        assert f'href="/staff/cases/{application}"' not in page
        assert f'href="{at}.json"' in page
    async with world.client(cookie=supervisor) as client:
        assert f'href="/staff/cases/{application}"' in (await client.get(at)).text
        assert "与命令日志一致" in (await client.get(at)).text
        async with world.db.unit_of_work() as session:
            await session.execute(update(CommandRow).values(outcome={"kind": "accepted"}))
        assert "有操作在办结后被改动过" in (await client.get(at)).text


async def test_the_page_tells_the_refusal_and_gives_the_file(world: World) -> None:
    token, _, application = await with_history(world)
    at = f"/my/applications/{application}/history"
    async with world.client(cookie=token) as client:
        page = (await client.get(at)).text
        file = await client.get(f"{at}.json")
    assert refused("wrong_stage").message in page
    assert "共 2 条，前后相接，没有改动。" in page
    assert file.headers["content-disposition"].startswith("attachment")
    assert first_break(application, History.model_validate_json(file.content).records) is None
