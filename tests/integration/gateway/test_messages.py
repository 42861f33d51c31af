"""The office looks after messages that did not arrive: who to call, again, told; for nobody else."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from contracts.commands import Role
from contracts.http.gateway import KnownCase
from contracts.lifecycle import ActionRequiredBy, Phase, Stage, Status
from tests.integration.gateway.world import World

NOW = datetime(2025, 3, 6, 1, tzinfo=UTC)


async def test_the_office_sees_whom_to_call_and_does_one_thing_once(world: World) -> None:
    _, office = await world.staff(Role.secretariat)
    person, _ = await world.person("13800000011")
    application = await world.application(person, await world.round())
    world.read_model.known[application] = KnownCase(
        application_id=application,
        round_id=uuid4(),
        application_number="2024-J-00001",
        name="欧阳晓",
        unit="渝中区青少年宫",
        level="junior",
        seq=4,
        phase=Phase.open,
        stage=Stage.correction,
        status=Status.awaiting_correction,
        action_required_by=ActionRequiredBy.applicant,
        since=NOW,
        updated_at=NOW,
    )
    message = {
        "id": str(uuid4()),
        "application_id": str(application),
        "kind": "correction",
        "text": "【辅导】……",
        "state": "failed",
        "created_at": NOW.isoformat(),
        "failed_at": NOW.isoformat(),
        "reason": "FailedOperation.PhoneNumberInBlacklist",
    }
    put = world.services.put
    put("notification", "GET", "/undelivered", 200, {"messages": [message], "found": 51})
    async with world.client(cookie=office) as http:
        page = (await http.get("/staff/messages?page=2")).text
        assert world.services.last("notification")["query"] == {"page": "2"}
        said = ("2024-J-00001", "欧阳晓", "13800000011", "对方拒收短信或在黑名单中", "2 / 2")
        assert [one for one in said if one not in page] == []
        path = f"/undelivered/{message['id']}/told"
        put("notification", "POST", path, 200, {"id": message["id"]})
        done = await http.post(f"/staff/messages/{message['id']}/told")
        assert (done.status_code, done.headers["location"]) == (303, "/staff/messages?done=told")
        gone = {
            "type": "urn:x",
            "title": "x",
            "status": 404,
            "code": "no_message",
            "detail": "可能已有同事处理",
        }
        put("notification", "POST", path, 404, gone)
        late = await http.post(f"/staff/messages/{message['id']}/told")
        assert (late.status_code, "可能已有同事处理" in late.text) == (404, True)
        assert (await http.post(f"/staff/messages/{message['id']}/drop")).status_code == 422


async def test_nobody_else_sees_phones_of_the_list(world: World) -> None:
    world.services.put("notification", "GET", "/undelivered", 200, {"messages": [], "found": 0})
    for role in (Role.reviewer, Role.expert, Role.district, Role.approver, Role.supervisor, Role.operator):
        _, token = await world.staff(role, district="渝中区")
        async with world.client(cookie=token) as http:
            assert (await http.get("/staff/messages")).status_code == 403
            assert (await http.get("/api/v1/undelivered")).status_code == 403
