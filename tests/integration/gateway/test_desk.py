"""The gateway's part of the desk: accounts that end, whom to call, two people for a mistaken flag."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from contracts.commands import Role
from contracts.http.gateway import KnownCase
from contracts.lifecycle import ActionRequiredBy, Stage, Status
from gateway.intake.models import WindowRow
from tests.integration.gateway.world import World

NOW = datetime.now(UTC)


@pytest.mark.clause("O2")
async def test_a_disabled_account_ends_at_once_and_its_tasks_go_back(world: World) -> None:
    _, operator = await world.staff(Role.operator)
    reviewer, token = await world.staff(Role.reviewer)
    path = f"/internal/accounts/{reviewer}/release"
    world.services.put("review", "GET", "/tasks", 200, {"tasks": [], "next_cursor": None, "total": 0})
    async with world.client(operator) as http, world.client(token) as theirs:
        assert (await theirs.get("/api/v1/tasks")).status_code == 200
        down = await http.post(f"/api/v1/staff/{reviewer}/disable")
        assert down.status_code == 404  # the service has no such route here: nothing is swallowed
        assert (await theirs.get("/api/v1/tasks")).status_code == 401
        world.services.put("review", "POST", path, 200, {"tasks": 3})
        again = await http.post(f"/api/v1/staff/{reviewer}/disable")
        assert (again.status_code, again.json()["disabled"]) == (200, True)
        asked = world.services.last("review")
        assert (asked["path"], asked["actor"].role) == (path, "system")
        own, _ = await world.staff()
        assert (await http.post(f"/api/v1/staff/{uuid4()}/disable")).status_code == 404
        world.services.put("review", "POST", f"/internal/accounts/{own}/release", 200, {"tasks": 0})
        assert (await http.post(f"/api/v1/staff/{own}/disable")).status_code == 200


@pytest.mark.clause("O2")
async def test_the_last_operator_stays(world: World) -> None:
    mine, operator = await world.staff(Role.operator)
    async with world.client(operator) as http:
        refused = await http.post(f"/api/v1/staff/{mine}/disable")
        assert (refused.status_code, refused.json()["code"]) == (409, "last_operator")
        assert (await http.get("/api/v1/me")).status_code == 200


@pytest.mark.clause("Q11")
async def test_the_call_list_has_the_phones_most_urgent_first(world: World) -> None:
    round_id = await world.round()
    ends = {"13800000011": NOW + timedelta(days=2), "13800000012": NOW + timedelta(hours=5)}
    for phone, closes_at in ends.items():
        person, _ = await world.person(phone)
        application = await world.application(person, round_id)
        world.read_model.known[application] = KnownCase(
            application_id=application,
            round_id=round_id,
            application_number=f"2024-{phone[-2:]}",
            level="junior",
            seq=4,
            stage=Stage.correction,
            status=Status.awaiting_correction,
            action_required_by=ActionRequiredBy.applicant,
            since=NOW,
            updated_at=NOW,
            name="测甲",
            unit="测试小学",
        )
        async with world.db.unit_of_work() as session:
            session.add(
                WindowRow(
                    target_kind="application",
                    target_id=application,
                    stage="correction",
                    round_id=round_id,
                    opens_at=NOW,
                    closes_at=closes_at,
                )
            )
    _, office = await world.staff(Role.secretariat)
    _, approver = await world.staff(Role.approver)
    async with world.client(office) as http, world.client(approver) as other:
        lines = (await http.get(f"/api/v1/rounds/{round_id}/call-list")).json()["lines"]
        assert [(one["application_number"], one["phone"]) for one in lines] == [
            ("2024-12", "13800000012"),
            ("2024-11", "13800000011"),
        ]
        assert (await other.get(f"/api/v1/rounds/{round_id}/call-list")).status_code == 403
    assert [one.stage for one in world.read_model.filters] == [Stage.correction]


@pytest.mark.clause("Q10", "O2")
async def test_a_mistaken_flag_takes_two_people_and_a_decision_takes_a_reviewer(world: World) -> None:
    person, _ = await world.person()
    application = await world.application(person, await world.round())
    _, reviewer = await world.staff(Role.reviewer, Role.approver)
    _, second = await world.staff(Role.approver)
    _, office = await world.staff(Role.secretariat)
    path = f"/api/v1/applications/{application}/commands"
    body = {"decision_key": "sha256/" + "d" * 64, "flags": [0], "reason": "mistaken_flag"}
    async with world.client(reviewer) as one, world.client(second) as two, world.client(office) as three:
        proposed = await one.post(f"{path}/cancel_flags", json=body, headers={"idempotency-key": "k1"})
        assert proposed.status_code == 202
        approve = f"/api/v1/proposals/{proposed.json()['id']}/approve"
        own = await one.post(approve)
        assert (own.status_code, own.json()["code"], own.json()["clause"]) == (403, "own_proposal", "O2")
        assert await world.stored() == []
        async with world.answering():
            assert (await two.post(approve)).status_code == 200
        decide = {"task_id": str(uuid4()), "fence": 1}
        wrong = await three.post(
            f"{path}/decide_qualification", json=decide, headers={"idempotency-key": "k2"}
        )
        assert (wrong.status_code, wrong.json()["code"]) == (403, "forbidden")
    assert [(row.name, row.role) for row in await world.stored()] == [("cancel_flags", "reviewer")]
