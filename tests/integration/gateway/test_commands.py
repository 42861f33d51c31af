"""Commands of people: roles, ownership, idempotency, size, refusals, two persons."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from contracts.commands import CommandName, Refused, Role
from contracts.http.publication import Notice, NoticeState
from contracts.lifecycle import application_id
from contracts.refusals import refused
from tests.integration.gateway.world import World

KEY = {"idempotency-key": "k-1"}


async def with_application(world: World, phone: str = "13800000001") -> tuple[UUID, str, UUID, UUID]:
    """Person, token, round, application."""
    person, token = await world.person(phone)
    round_id = await world.round()
    return person, token, round_id, await world.application(person, round_id)


async def test_accepted_command_answers_200_and_is_stored_once(world: World) -> None:
    person, token, round_id, application = await with_application(world)
    path = f"/api/v1/applications/{application}/commands/withdraw"
    async with world.answering(), world.client(token) as client:
        first = await client.post(path, headers=KEY)
        again = await client.post(path, headers=KEY, json={})
    assert (first.status_code, first.json()["outcome"]) == (200, {"kind": "accepted"})
    assert again.json() == first.json()
    rows = await world.stored()
    assert [(row.name, row.subject, row.role, row.round_id, row.body) for row in rows] == [
        ("withdraw", person, "applicant", round_id, {})
    ]


async def test_two_requests_at_once_under_one_key_are_one_command(world: World) -> None:
    _, token, _, application = await with_application(world)
    path = f"/api/v1/applications/{application}/commands/withdraw"
    async with world.answering(), world.client(token) as client:
        answers = await asyncio.gather(*(client.post(path, headers=KEY) for _ in range(5)))
    assert {answer.json()["id"] for answer in answers} == {str((await world.stored())[0].id)}
    assert len(await world.stored()) == 1


async def test_same_key_with_other_content_is_a_conflict(world: World) -> None:
    person, token, round_id, application = await with_application(world)
    other = await world.application(person, await world.round())
    async with world.answering(), world.client(token) as client:
        await client.post(f"/api/v1/applications/{application}/commands/withdraw", headers=KEY)
        name = await client.post(f"/api/v1/applications/{application}/commands/discard", headers=KEY)
        target = await client.post(f"/api/v1/applications/{other}/commands/withdraw", headers=KEY)
    assert [(one.status_code, one.json()["code"]) for one in (name, target)] == [
        (409, "idempotency_conflict")
    ] * 2
    assert len(await world.stored()) == 1
    assert round_id


async def test_one_key_for_two_targets_at_once_is_a_conflict_not_an_error(world: World) -> None:
    person, token, _, first = await with_application(world)
    second = await world.application(person, await world.round())
    async with world.answering(), world.client(token) as client:
        answers = await asyncio.gather(
            *(
                client.post(f"/api/v1/applications/{one}/commands/withdraw", headers=KEY)
                for one in (first, second)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_refused_command_is_a_problem_with_clause_and_receipt(world: World) -> None:
    _, token, _, application = await with_application(world)
    said = refused("already_filed")
    async with world.answering(said), world.client(token) as client:
        answer = await client.post(f"/api/v1/applications/{application}/commands/withdraw", headers=KEY)
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["detail"], problem["clause"]) == (
            409,
            said.code,
            said.message,
            "A6",
        )
        receipt = await client.get(f"/api/v1/commands/{problem['details']['command_id']}")
    assert Refused.model_validate(receipt.json()["outcome"]) == said


async def test_a_command_under_way_answers_202_with_its_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token, _, application = await with_application(world)
    wait = world.parts.answers.wait
    monkeypatch.setattr(world.parts.answers, "wait", lambda identity: wait(identity, 0.05))
    async with world.client(token) as client:
        answer = await client.post(f"/api/v1/applications/{application}/commands/withdraw", headers=KEY)
        assert (answer.status_code, answer.json()["outcome"]) == (202, None)
        found = await client.get(answer.headers["location"])
    assert found.json() == answer.json()


async def test_body_over_one_kilobyte_is_413(world: World) -> None:
    _, token, _, application = await with_application(world)
    body = {"form_version": 1, "file_ids": [str(uuid4()) for _ in range(20)], "more": "x" * 300}
    async with world.client(token) as client:
        answer = await client.post(
            f"/api/v1/applications/{application}/commands/attach_scan", headers=KEY, json=body
        )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert await world.stored() == []


async def test_key_body_and_role_are_checked(world: World) -> None:
    _, token, _, application = await with_application(world)
    _, reviewer = await world.staff(Role.reviewer)
    path = f"/api/v1/applications/{application}/commands"
    async with world.client(token) as client:
        no_key = await client.post(f"{path}/withdraw")
        odd_key = await client.post(f"{path}/withdraw", headers={"idempotency-key": "x" * 65})
        extra = await client.post(
            f"{path}/submit", headers=KEY, json={"draft_version": 1, "status": "certified"}
        )
        machine = await client.post(f"{path}/confirm_payment", headers=KEY, json={})
        no_such = await client.post(f"{path}/crown", headers=KEY, json={})
        other_door = await client.post(f"{path}/apply", headers=KEY, json={"level": "junior"})
    async with world.client(reviewer) as client:
        role = await client.post(f"{path}/submit", headers=KEY, json={"draft_version": 1})
    got = [one.status_code for one in (no_key, odd_key, extra, machine, no_such, other_door, role)]
    assert got == [422, 422, 422, 403, 404, 404, 403]
    assert await world.stored() == []


async def test_foreign_and_absent_applications_answer_alike(world: World) -> None:
    _, _, _, application = await with_application(world)
    _, stranger = await world.person("13900000002")
    async with world.client(stranger) as client:
        for method, tail in (
            ("GET", ""),
            ("GET", "/windows"),
            ("GET", "/form"),
            ("POST", "/commands/withdraw"),
            ("POST", "/commands/attach_scan"),
            ("PUT", "/exam/answers/q1"),
        ):
            foreign = await client.request(method, f"/api/v1/applications/{application}{tail}", headers=KEY)
            absent = await client.request(method, f"/api/v1/applications/{uuid4()}{tail}", headers=KEY)
            assert (foreign.status_code, foreign.json() | {"request_id": ""}) == (
                404,
                absent.json() | {"request_id": ""},
            )
    assert await world.stored() == []
    assert [one for one in world.services.asked if one["method"] != "GET"] == []


async def test_foreign_receipts_are_not_found(world: World) -> None:
    _, token, _, application = await with_application(world)
    _, stranger = await world.person("13900000002")
    _, expert = await world.staff(Role.expert)
    _, office = await world.staff(Role.secretariat)
    async with world.answering(), world.client(token) as client:
        made = await client.post(f"/api/v1/applications/{application}/commands/withdraw", headers=KEY)
    path = f"/api/v1/commands/{made.json()['id']}"
    got = []
    for one in (token, stranger, expert, office):
        async with world.client(one) as client:
            got.append((await client.get(path)).status_code)
    assert got == [200, 404, 404, 200]


@pytest.mark.clause("L1", "A1")
async def test_apply_needs_identity_and_names_one_application(world: World) -> None:
    person, token = await world.person()
    round_id = await world.round()
    path = f"/api/v1/rounds/{round_id}/applications"
    body = {"level": "junior"}
    async with world.answering(), world.client(token) as client:
        nobody = await client.post(path, headers=KEY, json=body)
        assert (nobody.status_code, nobody.json()["code"]) == (409, "identity_needed")
        unknown = await client.post(f"/api/v1/rounds/{uuid4()}/applications", headers=KEY, json=body)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_round")
        world.services.put("registration", "GET", "/me/person", 200, {"person_id": str(person)})
        async with world.db.unit_of_work() as session:
            from gateway.intake.models import WindowRow
            from tests.integration.gateway.world import instant

            session.add(
                WindowRow(
                    target_kind="round",
                    target_id=round_id,
                    stage="filing",
                    round_id=round_id,
                    opens_at=instant().replace(year=2020),
                    closes_at=instant().replace(year=2099),
                )
            )
        made = await client.post(path, headers=KEY, json=body)
    assert made.status_code == 201
    assert made.json()["application_id"] == str(application_id(round_id, person))
    assert made.json()["receipt"]["outcome"] == {"kind": "accepted"}
    assert [(row.name, row.in_time) for row in await world.stored()] == [("apply", True)]


@pytest.mark.clause("A5")
async def test_apply_before_the_window_is_refused_in_the_log(world: World) -> None:
    person, token = await world.person()
    round_id = await world.round()
    world.services.put("registration", "GET", "/me/person", 200, {"person_id": str(person)})
    async with world.client(token) as client:
        answer = await client.post(
            f"/api/v1/rounds/{round_id}/applications", headers=KEY, json={"level": "junior"}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "window_not_open")
        mine = await client.get("/api/v1/applications")
    assert mine.json() == {"applications": []}
    assert [row.state for row in await world.stored()] == ["refused"]


@pytest.mark.clause("O2")
async def test_two_person_command_needs_another_approver(world: World) -> None:
    round_id = await world.round()
    proposer, proposer_token = await world.staff(Role.secretariat, Role.approver)
    _, other = await world.staff(Role.approver)
    _, third = await world.staff(Role.approver)
    _, reviewer = await world.staff(Role.reviewer)
    path = f"/api/v1/rounds/{round_id}/commands/publish_final_list"
    body = {"document_number": "渝青科协〔2025〕9号"}
    async with world.answering():
        async with world.client(proposer_token) as client:
            made = await client.post(path, headers=KEY, json=body)
            assert (made.status_code, made.json()["state"]) == (202, "open")
            assert (await client.post(path, headers=KEY, json=body)).json()["id"] == made.json()["id"]
            changed = await client.post(path, headers=KEY, json={"document_number": "other"})
            assert (changed.status_code, changed.json()["code"]) == (409, "idempotency_conflict")
            proposal = f"/api/v1/proposals/{made.json()['id']}"
            own = await client.post(f"{proposal}/approve")
            assert (own.status_code, own.json()["code"]) == (403, "own_proposal")
        assert await world.stored() == []
        async with world.client(reviewer) as client:
            assert (await client.post(f"{proposal}/approve")).status_code == 403
        async with world.client(other) as client:
            done = await client.post(f"{proposal}/approve")
            assert (done.status_code, done.json()["outcome"]) == (200, {"kind": "accepted"})
            assert (await client.post(f"{proposal}/approve")).json() == done.json()
            seen = (await client.get(proposal)).json()
            assert (seen["state"], seen["receipt"]["id"]) == ("approved", done.json()["id"])
        async with world.client(third) as client:
            late = await client.post(f"{proposal}/approve")
            assert (late.status_code, late.json()["code"]) == (409, "already_decided")
    rows = await world.stored()
    assert [(row.name, row.role, row.subject, row.body) for row in rows] == [
        (CommandName.publish_final_list, "secretariat", proposer, body)
    ]


@pytest.mark.clause("O2")
async def test_rejected_proposal_stores_nothing(world: World) -> None:
    round_id = await world.round()
    _, proposer = await world.staff(Role.secretariat)
    _, other = await world.staff(Role.approver)
    path = f"/api/v1/rounds/{round_id}/commands/release_ranking"
    async with world.client(proposer) as client:
        made = await client.post(path, headers=KEY, json={"digest": "0" * 64})
    async with world.client(other) as client:
        proposal = f"/api/v1/proposals/{made.json()['id']}"
        rejected = await client.post(f"{proposal}/reject", json={"reason": "名单有误"})
        assert (rejected.json()["state"], rejected.json()["reason"]) == ("rejected", "名单有误")
        assert (await client.post(f"{proposal}/approve")).status_code == 409
        listed = (await client.get("/api/v1/proposals", params={"state": "rejected"})).json()["proposals"]
        assert [one["id"] for one in listed] == [made.json()["id"]]
        assert (await client.get("/api/v1/proposals", params={"state": "open"})).json()["proposals"] == []
    assert await world.stored() == []


@pytest.mark.clause("N1")
async def test_notice_command_finds_its_round_at_publication(world: World) -> None:
    round_id, notice = await world.round(), uuid4()
    _, token = await world.staff(Role.secretariat)
    shown = Notice(
        notice_id=notice,
        round_id=round_id,
        title="公示",
        state=NoticeState.made,
        people=0,
        posted_at=None,
        closes_at=None,
        digest="",
        objection="",
        targets=(),
        sections=(),
    )
    path = f"/rounds/{round_id}/notice"
    world.services.put("publication", "GET", path, 200, shown.model_dump(mode="json"))
    body = {"target": "platform", "url": "https://example.org/1"}
    async with world.client(token) as client:
        script = {**body, "url": "javascript:alert(1)"}  # approvers are shown it as a link
        bad = await client.post(f"/api/v1/notices/{notice}/commands/confirm_posted", headers=KEY, json=script)
        assert bad.status_code == 422
        made = await client.post(f"/api/v1/notices/{notice}/commands/confirm_posted", headers=KEY, json=body)
        absent = await client.post(
            f"/api/v1/notices/{uuid4()}/commands/confirm_posted", headers=KEY, json=body
        )
    assert (made.status_code, made.json()["round_id"]) == (202, str(round_id))
    assert absent.status_code == 404
