"""Bars (E9): in force by two people, with a hearing and an end, gone after it: on real PostgreSQL and S3."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from contracts.commands import CommandName, PrepareRequest, PrepareResult, Role
from contracts.lifecycle import ActionRequiredBy, RoundRef, RoundStage, RoundTransition
from contracts.prepared import FormPrepared
from contracts.registration import MoveRound
from kit.tokens import SYSTEM, Actor
from tests.integration.registration.test_claims import explained, snapshot_of
from tests.integration.registration.world import (
    RECEIVED,
    Applicant,
    World,
)

KEY = "sha256/" + "d" * 64
OFFICE = Actor(subject=uuid4(), role="secretariat")
REVIEWER = Actor(subject=uuid4(), role="reviewer")


def bar_command(world: World, name: CommandName, bar_id: str) -> dict[str, Any]:
    return PrepareRequest(
        command_id=uuid4(),
        name=name,
        target_id=world.round_id,
        round_id=world.round_id,
        subject=OFFICE.subject,
        role=Role.secretariat,
        body={"bar_id": bar_id},
        received_at=RECEIVED,
    ).model_dump(mode="json")


async def ask(world: World, command: dict[str, Any], *, undo: bool = False) -> str | None:
    path = "/internal/unprepare" if undo else "/internal/prepare"
    result = PrepareResult.model_validate(await world.good("POST", path, SYSTEM, command))
    return result.refused.code if result.refused else None


async def draft_bar(world: World, number: str, **changes: Any) -> dict[str, Any]:
    body = {
        "id_number": number,
        "document_number": "渝青科教文〔2024〕8号",
        "document_key": KEY,
        "heard_on": "2024-05-10",
        "decided_on": "2024-05-20",
        **changes,
    }
    answer = await world.ask("POST", f"/rounds/{world.round_id}/bars", OFFICE, body)
    return {"status": answer.status_code, **answer.json()}


async def no_bar(one: Applicant) -> str:
    rules = (await explained(one))["explanation"]["rules"]
    return str(next(rule["verdict"] for rule in rules if rule["rule_id"] == "no_bar"))


@pytest.mark.clause("E9")
async def test_a_bar_counts_only_while_two_people_have_put_it_in_force(world: World) -> None:
    one = await world.applicant()
    await one.fill()
    made = await draft_bar(world, one.number)
    assert (made["status"], made["state"]) == (201, "drafted")
    assert one.number not in json.dumps(made)
    assert await no_bar(one) == "declared"
    command = bar_command(world, CommandName.bar_person, made["id"])
    assert await ask(world, command) is None
    assert await ask(world, command) is None  # once, however often it is asked
    assert await no_bar(one) == "fail"
    assert await ask(world, bar_command(world, CommandName.bar_person, made["id"])) == "bar_not_drafted"
    submitted = await one.submit()
    frozen = await snapshot_of(world, FormPrepared.model_validate(submitted.data).snapshot_key)
    assert [(bar.document, bar.until) for bar in frozen.bars] == [("渝青科教文〔2024〕8号", None)]
    lift = bar_command(world, CommandName.lift_bar, made["id"])
    assert await ask(world, lift) is None
    assert await no_bar(one) == "declared"
    await ask(world, lift, undo=True)
    assert await no_bar(one) == "fail"
    assert await ask(world, bar_command(world, CommandName.lift_bar, str(uuid4()))) == "unknown_bar"


@pytest.mark.clause("E9")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"heard_on": "2024-05-21"}, "bar_invalid"),  # decided before anybody was heard
        ({"decided_on": "2999-01-01"}, "bar_invalid"),
        ({"until": "2024-05-19"}, "bar_invalid"),
        ({"id_number": "500112199001010000"}, "identity_invalid"),
    ],
)
async def test_a_bar_without_hearing_or_end_is_none(world: World, changes: dict[str, str], code: str) -> None:
    one = await world.person()
    made = await draft_bar(world, one.number, **changes)
    assert (made["status"], made["code"], made["clause"]) == (422, code, "E9")


@pytest.mark.clause("E9")
async def test_a_bar_of_an_applicant_needs_no_number_and_is_drafted_once(world: World) -> None:
    one = await world.applicant()
    await one.fill()
    path = f"{one.path}/bars"
    body = {
        "document_number": "渝青科教文〔2024〕8号",
        "document_key": KEY,
        "heard_on": "2024-05-10",
        "decided_on": "2024-05-20",
        "until": "2999-12-31",
    }
    both = await asyncio.gather(*(world.good("POST", path, OFFICE, body) for _ in range(2)))
    typed = await draft_bar(world, one.number, until="2999-12-31")
    assert {made["id"] for made in both} == {typed["id"]}
    assert one.number not in json.dumps(both)
    assert both[0]["id_number_masked"].startswith(one.number[:6])
    assert await ask(world, bar_command(world, CommandName.bar_person, typed["id"])) is None
    assert await no_bar(one) == "fail"
    again = await world.good("POST", path, OFFICE, body)
    assert (again["state"], again["id"] == typed["id"]) == ("drafted", False)
    for actor in (one.actor, REVIEWER, Actor(subject=uuid4(), role="supervisor")):
        assert (await world.ask("POST", path, actor, body)).status_code == 403
    late = await world.ask("POST", path, OFFICE, {**body, "until": "2024-05-19"})
    assert (late.status_code, late.json()["code"], late.json()["clause"]) == (422, "bar_invalid", "E9")
    assert (await world.ask("POST", path, OFFICE, {**body, "document_key": "../etc"})).status_code == 422
    assert (await world.ask("POST", f"/applications/{uuid4()}/bars", OFFICE, body)).status_code == 404


@pytest.mark.clause("E9")
async def test_only_the_office_drafts_and_only_staff_reads(world: World) -> None:
    one = await world.applicant()
    for actor, method in ((one.actor, "GET"), (one.actor, "POST"), (REVIEWER, "GET")):
        body = None
        if method == "POST":
            body = {
                "id_number": one.number,
                "document_number": "1",
                "document_key": KEY,
                "heard_on": "2024-05-10",
                "decided_on": "2024-05-20",
            }
        answer = await world.ask(method, f"/rounds/{world.round_id}/bars", actor, body)
        assert answer.status_code == 403


@pytest.mark.clause("E9")
async def test_a_draft_can_be_taken_away_and_nothing_that_was_in_force(world: World) -> None:
    one = await world.applicant()
    mistaken, right = (
        await draft_bar(world, one.number),
        await draft_bar(world, one.number, until="2999-12-31"),
    )
    at = f"/rounds/{world.round_id}/bars"
    assert (await world.ask("DELETE", f"{at}/{mistaken['id']}", REVIEWER)).status_code == 403
    assert (await world.ask("DELETE", f"/rounds/{uuid4()}/bars/{mistaken['id']}", OFFICE)).status_code == 204
    for _ in range(2):  # twice is once
        assert (await world.ask("DELETE", f"{at}/{mistaken['id']}", OFFICE)).status_code == 204
    assert [bar["id"] for bar in (await world.good("GET", at, OFFICE))["bars"]] == [right["id"]]
    assert await ask(world, bar_command(world, CommandName.bar_person, mistaken["id"])) == "unknown_bar"
    assert await ask(world, bar_command(world, CommandName.bar_person, right["id"])) is None
    refused = await world.ask("DELETE", f"{at}/{right['id']}", OFFICE)
    assert (refused.status_code, refused.json()["code"]) == (409, "bar_state")


@pytest.mark.clause("E9")
async def test_nothing_of_a_bar_outlives_its_end(world: World) -> None:
    people = [await world.person() for _ in range(3)]
    ends = (None, "2024-12-31", "2999-12-31")
    made = [await draft_bar(world, one.number, until=end) for one, end in zip(people, ends, strict=True)]
    for one in made:
        assert await ask(world, bar_command(world, CommandName.bar_person, one["id"])) is None
    move = MoveRound(
        key=f"{world.round_id}:9",
        round=RoundRef(round_id=world.round_id, pack_key=world.pack_key),
        transition=RoundTransition(
            seq=9, stage=RoundStage.closed, action_required_by=ActionRequiredBy.nobody, closes_at=None
        ),
    )
    await world.service.rounds.move(move)
    left = (await world.good("GET", f"/rounds/{world.round_id}/bars", OFFICE))["bars"]
    assert [one["until"] for one in left] == ["2999-12-31"]
