"""The office: announcing, what was done and why, candidates without answers, excuses of two persons (X3, O2)."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from contracts.commands import CommandName, PrepareRequest, Role
from contracts.keys import Regraded
from kit.tokens import Actor
from services.exam.domain import holds
from services.exam.models import RegradeRow
from tests.integration.exam.world import DURATION, KEYS, Candidate, World

KEY = "sha256/" + "cd" * 32
OVER = DURATION + timedelta(seconds=1)


async def ask(world: World, method: str, path: str, role: str, who: UUID, **more: Any) -> httpx.Response:
    headers = world.token(Actor(subject=who, role=role))
    return await world.http.request(method, f"/rounds/{world.round_id}{path}", headers=headers, **more)


class Office:
    """A secretary and an approver who is somebody else."""

    def __init__(self, world: World) -> None:
        self.world, self.secretary, self.approver = world, uuid4(), uuid4()

    async def sitting(self, place: int = 0) -> str:
        return str((await self.world.sittings())[place]["id"])

    async def detail(self, sitting: str) -> dict[str, Any]:
        answer = await ask(self.world, "GET", f"/sittings/{sitting}/detail", "supervisor", uuid4())
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def file(self, candidate: Candidate, sitting: str, by: UUID | None = None) -> httpx.Response:
        body = {
            "application_id": str(candidate.case.application_id),
            "reason": "住院，有诊断证明",
            "document_key": KEY,
        }
        path = f"/sittings/{sitting}/excuses"
        return await ask(self.world, "POST", path, "secretariat", by or self.secretary, json=body)

    async def decide(self, excuse: str, decision: str = "grant", by: UUID | None = None) -> httpx.Response:
        body = {"decision": "证明属实"}
        path = f"/excuses/{excuse}/{decision}"
        return await ask(self.world, "POST", path, "approver", by or self.approver, json=body)


@pytest.mark.clause("X3")
async def test_a_start_is_announced_to_candidates_and_opens_nothing(world: World) -> None:
    candidate, office = await world.enrol(), Office(world)
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    path = "/sittings/junior/announce"
    for body, code in (({"starts_at": "2020-01-01T00:00:00Z"}, "start_past"), ({}, "invalid_input")):
        said = await ask(world, "POST", path, "secretariat", office.secretary, json=body)
        assert said.json()["code"] == code
    body = {"starts_at": at.isoformat()}
    assert (await ask(world, "POST", path, "operator", uuid4(), json=body)).status_code == 403
    for _ in range(2):
        assert (await ask(world, "POST", path, "secretariat", office.secretary, json=body)).status_code == 200
    exam = (await candidate.ask("GET")).json()
    assert (exam["status"], datetime.fromisoformat(exam["starts_at"])) == ("waiting", at)
    await world.database.move_clock(timedelta(days=4))
    assert (await candidate.ask("GET")).json()["status"] == "waiting"
    (change,) = (await office.detail(await office.sitting()))["changes"]
    assert (change["what"], change["by"], datetime.fromisoformat(change["new"])) == (
        "announced",
        str(office.secretary),
        at,
    )


@pytest.mark.clause("X2", "X3")
async def test_what_the_office_did_is_kept_with_its_reason(world: World) -> None:
    await world.enrol()
    opened = await world.open()
    await world.office("POST", "/sittings/junior/open")
    body = {"minutes": 10, "closes_at": opened["closes_at"], "reason": "停电十分钟"}
    office = Office(world)
    assert (
        await ask(world, "POST", "/sittings/junior/extend", "secretariat", office.secretary, json=body)
    ).status_code == 200
    for wrong in ({"minutes": 5}, {"minutes": 5, "reason": " "}, {"minutes": 0, "reason": "没有时间"}):
        assert (await world.office("POST", "/sittings/junior/extend", json=wrong)).status_code == 422
    changes = (await office.detail(await office.sitting()))["changes"]
    assert [(one["what"], one["reason"]) for one in changes] == [("opened", ""), ("extended", "停电十分钟")]
    assert changes[1]["old"] == opened["closes_at"]
    assert changes[1]["by"] == str(office.secretary)


@pytest.mark.clause("X2")
async def test_the_office_sees_how_far_everybody_is_and_no_answer(world: World) -> None:
    sat, away = await world.enrol(), await world.enrol()
    await world.open()
    item = (await sat.start())["items"][0]
    await sat.answer(item["id"], 1, item["options"][0]["id"])
    office = Office(world)
    told = await office.detail(await office.sitting())
    numbers = [one.case.application_number for one in (sat, away)]
    assert [(one["application_number"], one["state"], one["answered"]) for one in told["candidates"]] == [
        (numbers[0], "started", 1),
        (numbers[1], "enrolled", 0),
    ]
    assert set(told["candidates"][0]) == {
        "application_id",
        "application_number",
        "state",
        "started_at",
        "finished_at",
        "finished_by",
        "answered",
        "last_saved_at",
    }
    assert (told["seconds"], told["excused_absence"]) == (3600, "make_up")
    for role in ("applicant", "expert", "reviewer", "district"):
        path = f"/sittings/{told['sitting']['id']}/detail"
        assert (await ask(world, "GET", path, role, uuid4())).status_code == 403
    missing = await ask(world, "GET", f"/sittings/{uuid4()}/detail", "secretariat", uuid4())
    assert missing.json()["code"] == "no_sitting"


@pytest.mark.clause("X3", "O2")
async def test_an_excuse_takes_two_persons_and_leads_to_the_next_sitting(world: World) -> None:
    sick, well = await world.enrol(), await world.enrol()
    office = Office(world)
    await world.open()
    sitting = await office.sitting()
    filed = (await office.file(sick, sitting)).json()
    assert (filed["state"], filed["proposed_by"]) == ("open", str(office.secretary))
    assert (await office.file(sick, sitting)).json()["code"] == "already_filed"
    assert (await office.decide(filed["id"], by=office.secretary)).json()["code"] == "own_proposal"
    path = f"/excuses/{filed['id']}/grant"
    body = {"decision": "证明属实"}
    assert (await ask(world, "POST", path, "secretariat", office.approver, json=body)).status_code == 403
    granted = (await office.decide(filed["id"])).json()
    assert (granted["state"], granted["decided_by"]) == ("granted", str(office.approver))
    assert (await office.decide(filed["id"])).json() == granted
    assert (await office.decide(filed["id"], "refuse")).json()["code"] == "already_decided"
    assert [(one["number"], one["state"], one["enrolled"]) for one in await world.sittings()] == [
        (1, "open", 1),
        (2, "planned", 1),
    ]
    await well.start()
    await world.database.move_clock(OVER)
    await world.close_due()
    assert await world.commands(sick.case.application_id) == []
    waiting = (await sick.ask("GET")).json()
    assert (waiting["status"], waiting["sitting"]) == ("waiting", 2)
    await world.open()
    await sick.start()
    await sick.finish()
    assert [one["body"]["result"] for one in await world.commands(sick.case.application_id)] == ["graded"]


@pytest.mark.clause("X3")
async def test_an_excuse_that_waits_at_the_end_makes_nobody_absent(world: World) -> None:
    granted, refused, away = [await world.enrol() for _ in range(3)]
    office = Office(world)
    await world.open()
    sitting = await office.sitting()
    first = (await office.file(granted, sitting)).json()["id"]
    second = (await office.file(refused, sitting)).json()["id"]
    await world.database.move_clock(OVER)
    assert await world.close_due() == 1
    assert (await office.file(away, sitting)).json()["code"] == "already_started"
    states = [(await one.ask("GET")).json()["status"] for one in (granted, refused, away)]
    assert states == ["excuse_pending", "excuse_pending", "absent"]
    assert (await granted.ask("POST", "/start")).json()["code"] == "sitting_closed"
    await office.decide(first)
    await office.decide(second, "refuse")
    results = [
        [one["body"]["result"] for one in await world.commands(who.case.application_id)]
        for who in (granted, refused, away)
    ]
    assert results == [[], ["absent"], ["absent"]]
    assert [(await one.ask("GET")).json()["status"] for one in (granted, refused)] == ["waiting", "absent"]
    await office.decide(second, "refuse")
    assert len(await world.commands(refused.case.application_id)) == 1


@pytest.mark.clause("X3")
async def test_too_late_or_for_somebody_else_there_is_no_excuse(world: World) -> None:
    candidate, other = await world.enrol(), await world.enrol()
    office = Office(world)
    sitting = await office.sitting()
    await world.open()
    assert (await office.file(candidate, str(uuid4()))).json()["code"] == "no_candidate"
    await other.start()
    assert (await office.file(other, sitting)).json()["code"] == "already_started"
    await world.database.move_clock(OVER)
    late = await office.file(candidate, sitting)  # before the clock has closed it
    assert (late.status_code, late.json()["code"]) == (409, "excuse_too_late")
    assert (await office.decide(str(uuid4()))).json()["code"] == "no_excuse"


@pytest.mark.clause("X3")
async def test_granted_before_the_opening_the_next_sitting_is_theirs(world: World) -> None:
    sick, well = await world.enrol(), await world.enrol()
    office = Office(world)
    filed = (await office.file(sick, await office.sitting())).json()["id"]
    assert (await office.decide(filed)).json()["state"] == "granted"
    assert (await sick.ask("GET")).json()["status"] == "waiting"
    await world.open()
    assert [(one["number"], one["state"], one["enrolled"]) for one in await world.sittings()] == [
        (1, "open", 1),
        (2, "planned", 1),
    ]
    assert (await sick.ask("POST", "/start")).json()["code"] == "sitting_not_open"
    assert (await well.start())["status"] == "started"


@pytest.mark.clause("X3")
async def test_who_comes_after_all_needs_no_excuse(world: World) -> None:
    candidate, office = await world.enrol(), Office(world)
    await world.open()
    filed = (await office.file(candidate, await office.sitting())).json()["id"]
    assert (await candidate.start())["status"] == "started"
    assert (await office.decide(filed)).json()["code"] == "already_decided"
    (excuse,) = (await office.detail(await office.sitting()))["excuses"]
    assert excuse["state"] == "void"


@pytest.mark.clause("X3")
async def test_an_excuse_and_the_end_meet_and_one_of_them_stands(world: World) -> None:
    """Filed in the last moment while the clock closes: either the excuse waits, or the candidate is absent."""
    candidates = [await world.enrol() for _ in range(8)]
    await world.open()
    office = Office(world)
    sitting = await office.sitting()
    left = await world.seconds_left()
    await world.database.move_clock(timedelta(seconds=left - 0.3))

    async def close() -> None:
        while [one["state"] for one in await world.sittings()] != ["closed"]:
            await world.due.step()
            await asyncio.sleep(0.01)

    async def file(candidate: Candidate, after: float) -> httpx.Response:
        await asyncio.sleep(after)
        return await office.file(candidate, sitting)

    async with asyncio.TaskGroup() as group:
        group.create_task(close())
        filings = [group.create_task(file(one, n * 0.07)) for n, one in enumerate(candidates)]
    for candidate, filing in zip(candidates, filings, strict=True):
        answer = filing.result()
        commands = [one["body"]["result"] for one in await world.commands(candidate.case.application_id)]
        assert commands == ([] if answer.status_code == 201 else ["absent"]), answer.text


@pytest.mark.clause("X4", "O5")
async def test_item_statistics_are_sealed_while_somebody_has_to_sit(world: World) -> None:
    good, weak, late = await world.enrol(), await world.enrol(), await world.enrol()
    await world.open()
    for who in (good, weak, late):
        for item in (await who.start())["items"]:
            right = KEYS[item["id"]]
            wrong = next(one["id"] for one in item["options"] if one["id"] not in right)
            await who.answer(item["id"], 1, *(right if who is good else [wrong]))
    await good.finish()
    await weak.finish()
    path = "/sittings/junior/statistics"
    sealed = (await ask(world, "GET", path, "secretariat", uuid4())).json()
    assert (sealed["papers"], sealed["sealed"]) == (2, True)
    assert {one["stem"] for one in sealed["items"]} == {""}
    assert {(option["text"], option["right"]) for one in sealed["items"] for option in one["options"]} == {
        ("", None)
    }
    await late.finish()
    told = (await ask(world, "GET", path, "supervisor", uuid4())).json()
    assert (told["papers"], told["sealed"]) == (3, False)
    for one in told["items"]:
        assert {option["id"] for option in one["options"] if option["right"]} == set(KEYS[one["item_id"]])
    whole = [one for one in told["items"] if one["shown"] == 3]
    assert {(one["facility"], one["discrimination"]) for one in whole} <= {("0.333", "1.000")}
    assert sum(one["shown"] for one in told["items"]) == 27
    for role in ("operator", "applicant", "expert"):
        assert (await ask(world, "GET", path, role, uuid4())).status_code == 403


class Kept:
    """Stands for the content store of the exam service."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    async def put(self, content: bytes, _media_type: str) -> str:
        key = f"sha256/{hashlib.sha256(content).hexdigest()}"
        self.content[key] = content
        return key


def told(world: World, correction: str, command: UUID) -> PrepareRequest:
    return PrepareRequest(
        command_id=command,
        name=CommandName.key_corrected,
        target_id=world.round_id,
        round_id=world.round_id,
        subject=None,
        role=Role.system,
        body={"correction_id": correction},
        received_at=datetime.now(UTC),
    )


async def wrong_item(world: World, *people: Candidate) -> dict[str, Any]:
    """Everybody chooses the second option of the one true/false item, and the right ones elsewhere."""
    items = {}
    for who in people:
        for item in (await who.start())["items"]:
            items[item["id"]] = item
            choice = ("f",) if item["form"] == "true_false" else KEYS[item["id"]]
            await who.answer(item["id"], 1, *choice)
        await who.finish()
    return next(one for one in items.values() if one["form"] == "true_false")


@pytest.mark.clause("X4", "O2")
async def test_a_wrong_key_is_corrected_for_everybody_and_both_grades_are_kept(world: World) -> None:
    kept = Kept()
    world.service._keep = kept.put
    people = [await world.enrol() for _ in range(8)]
    await world.open()
    office = Office(world)
    path = "/sittings/junior/corrections"
    await people[0].start()
    body = {"item_id": "q31", "key": ["f"], "reason": "教材第三版已更正"}
    early = await ask(world, "POST", path, "secretariat", office.secretary, json=body)
    assert early.json()["code"] in ("still_sitting", "no_item")
    await wrong_item(world, *people)
    await world.database.move_clock(OVER)
    await world.close_due()
    papers = {row.application_id: row.paper for row in await world.attempts()}
    concerned = [one for one in people if holds(papers[one.case.application_id], "q31")]
    assert 0 < len(concerned) < 8  # drawn by seed: some papers hold the other item

    for wrong, code in (
        ({**body, "key": ["t"]}, "nothing_changes"),
        ({**body, "key": ["t", "f"]}, "wrong_key"),
        ({**body, "key": ["z"]}, "wrong_key"),
        ({**body, "item_id": "q999"}, "no_item"),
        ({**body, "reason": ""}, "invalid_input"),
    ):
        said = await ask(world, "POST", path, "secretariat", office.secretary, json=wrong)
        assert said.json()["code"] == code, wrong
    assert (await ask(world, "POST", path, "approver", uuid4(), json=body)).status_code == 403
    made = (await ask(world, "POST", path, "secretariat", office.secretary, json=body)).json()
    assert (made["state"], made["old_key"], made["new_key"]) == ("drafted", ["t"], ["f"])
    assert (made["papers"], made["changed"]) == (len(concerned), len(concerned))
    again = await ask(world, "POST", path, "secretariat", office.secretary, json=body)
    assert again.json()["code"] == "already_drafted"
    regraded = Regraded.model_validate_json(kept.content[made["grades_key"]])
    assert {one.application_id for one in regraded.grades} == {one.case.application_id for one in concerned}
    assert {(one.old, one.new) for one in regraded.grades} == {("90/1", "100/1")}
    assert {row.score for row in await world.attempts()} == {"90/1"}  # nothing has changed yet

    late = await world.enrol()
    refused = await world.office("POST", "/sittings/junior/open")
    assert refused.json()["code"] == "correction_pending"
    command = uuid4()
    for _ in range(2):
        assert (await world.service.prepare(told(world, made["id"], command))).refused is None
    scores = {row.application_id: row.score for row in await world.attempts() if row.score}
    assert all(scores[one.case.application_id] == ("100/1" if one in concerned else "90/1") for one in people)
    async with world.db.read() as session:
        rows = list(await session.scalars(select(RegradeRow)))
    assert {(row.old_score, row.new_score) for row in rows} == {("90/1", "100/1")}
    assert len(rows) == len(concerned)
    assert len(await world.commands()) == 8  # nobody's exam is completed twice

    await world.open()
    await wrong_item(world, late)  # whoever sits later is graded by the corrected key
    paper = (await world.attempts(late.case.application_id))[0].paper
    expected = "100/1" if holds(paper, "q31") else "90/1"
    assert [one["body"]["score"] for one in await world.commands(late.case.application_id)] == [expected]


@pytest.mark.clause("X4")
async def test_a_draft_goes_and_an_unknown_correction_is_refused(world: World) -> None:
    world.service._keep = Kept().put
    people = [await world.enrol() for _ in range(6)]
    await world.open()
    await wrong_item(world, *people)
    await world.database.move_clock(OVER)
    await world.close_due()
    office = Office(world)
    item = next(
        one["item_id"]
        for row in await world.attempts()
        for one in row.paper["items"]
        if one["form"] == "true_false"
    )
    body = {"item_id": item, "key": ["f"], "reason": "教材第三版已更正"}
    path = "/sittings/junior/corrections"
    made = (await ask(world, "POST", path, "secretariat", office.secretary, json=body)).json()
    gone = await ask(world, "POST", f"/corrections/{made['id']}/discard", "secretariat", office.secretary)
    assert gone.json()["state"] == "discarded"
    assert (await ask(world, "POST", path, "secretariat", office.secretary, json=body)).status_code == 201
    unknown = await world.service.prepare(told(world, str(uuid4()), uuid4()))
    assert unknown.refused is not None
    assert unknown.refused.code == "unknown_correction"
    other = await ask(world, "POST", f"/corrections/{uuid4()}/discard", "secretariat", office.secretary)
    assert other.json()["code"] == "no_correction"


async def test_only_the_system_prepares(world: World) -> None:
    body = told(world, str(uuid4()), uuid4()).model_dump(mode="json")

    async def post(path: str, role: str) -> httpx.Response:
        headers = world.token(Actor(subject=uuid4(), role=role))
        return await world.http.post(path, json=body, headers=headers)

    for path in ("/internal/prepare", "/internal/unprepare"):
        assert [(await post(path, role)).status_code for role in ("secretariat", "applicant")] == [403, 403]
    said = (await post("/internal/prepare", "system")).json()
    assert said["refused"]["code"] == "unknown_correction"
    assert (await post("/internal/unprepare", "system")).json() == {"data": None, "refused": None}
