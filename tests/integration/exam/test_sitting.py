"""A sitting from enrolment to its closing: papers, who may open, extend, sit; graded and absent; make-up sittings."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.exam.world import DURATION, KEYS, World, graded


def counts(sitting: dict[str, Any]) -> tuple[int, int, int, int]:
    return sitting["enrolled"], sitting["started"], sitting["finished"], sitting["absent"]


@pytest.mark.clause("X1")
async def test_enrolment_draws_a_paper_by_seed_once(world: World) -> None:
    first, second = await world.enrol(), await world.enrol()
    await world.service.enrol(first.enrolled)
    (one,), (other,) = [await world.attempts(who.case.application_id) for who in (first, second)]
    assert len(one.paper["items"]) == 9
    assert one.paper != other.paper
    assert "key" not in str(one.paper)
    again = await world.enrol(case=first.case, seq=9)  # told twice under another key: still one attempt
    assert [row.id for row in await world.attempts(again.case.application_id)] == [one.id]


async def test_enrolment_publishes_its_transition_once(world: World) -> None:
    candidate = await world.enrol()
    await world.service.enrol(candidate.enrolled)
    (event,) = await world.events(candidate.case.application_id)
    assert (event["type"], event["seq"], event["transition"]["stage"]) == ("ExamEnrolled", 5, "exam")
    assert event["data"]["sitting"] == 1


@pytest.mark.clause("X1")
async def test_the_same_paper_is_drawn_anywhere(world: World) -> None:
    candidate = await world.enrol()
    (kept,) = await world.attempts(candidate.case.application_id)
    await world.cancel(candidate)
    await world.enrol(case=candidate.case, seq=11)
    _, again = await world.attempts(candidate.case.application_id)
    assert again.paper == kept.paper
    assert again.seed == kept.seed


@pytest.mark.clause("X3")
async def test_a_sitting_that_nobody_waits_for_is_not_opened(world: World) -> None:
    answer = await world.office("POST", "/sittings/junior/open")
    assert (answer.status_code, answer.json()["code"]) == (409, "nobody_enrolled")
    await world.cancel(await world.enrol())
    answer = await world.office("POST", "/sittings/junior/open", json={})
    assert (answer.status_code, answer.json()["code"], answer.json()["clause"]) == (
        409,
        "nobody_enrolled",
        "X3",
    )


@pytest.mark.clause("X2")
async def test_opening_lasts_as_long_as_the_pack_says_and_is_idempotent(world: World) -> None:
    await world.enrol()
    first, second = await asyncio.gather(world.open(), world.open())
    assert first == second
    opens, closes = (datetime.fromisoformat(first[name]) for name in ("opens_at", "closes_at"))
    assert closes - opens == DURATION
    assert counts(first) == (1, 0, 0, 0)
    assert (first["number"], first["state"]) == (1, "open")


@pytest.mark.parametrize("role", ["applicant", "expert", "reviewer", "supervisor", "district"])
async def test_only_the_secretariat_opens_and_extends(world: World, role: str) -> None:
    await world.enrol()
    for path, body in (("open", {}), ("extend", {"minutes": 5, "reason": "网络故障"})):
        answer = await world.office("POST", f"/sittings/junior/{path}", role=role, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert [one["state"] for one in await world.sittings()] == ["planned"]


@pytest.mark.clause("X2")
async def test_extension_moves_the_end_only_while_open(world: World) -> None:
    candidate = await world.enrol()
    opened = await world.open()
    body = {"minutes": 10, "closes_at": opened["closes_at"], "reason": "网络故障"}
    longer = (await world.office("POST", "/sittings/junior/extend", json=body)).json()
    assert datetime.fromisoformat(longer["closes_at"]) - datetime.fromisoformat(
        opened["closes_at"]
    ) == timedelta(minutes=10)
    again = await world.office("POST", "/sittings/junior/extend", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "sitting_changed")

    await world.database.move_clock(DURATION + timedelta(minutes=5))
    assert await world.close_due() == 1  # the first end finds that it is no longer the end
    assert (await candidate.start())["status"] == "started"
    await world.database.move_clock(DURATION + timedelta(minutes=11))
    late = await world.office("POST", "/sittings/junior/extend", json={"minutes": 5, "reason": "网络故障"})
    assert (late.status_code, late.json()["code"]) == (409, "sitting_not_open")
    assert await world.close_due() == 1
    assert [one["state"] for one in await world.sittings()] == ["closed"]


@pytest.mark.clause("O5", "X2")
async def test_paper_is_sealed_before_the_sitting_and_its_key_never_shown(world: World) -> None:
    candidate = await world.enrol()
    waiting = (await candidate.ask("GET")).json()
    assert (waiting["status"], waiting["items"], waiting["closes_at"]) == ("waiting", [], None)
    early = await candidate.ask("POST", "/start")
    assert (early.status_code, early.json()["code"]) == (409, "sitting_not_open")
    await world.open()
    assert ((await candidate.ask("GET")).json()["status"], (await candidate.ask("GET")).json()["items"]) == (
        "ready",
        [],
    )

    begun = await candidate.start()
    assert begun["status"] == "started"
    assert set(begun["items"][0]) == {"id", "area", "form", "stem", "options", "points"}
    assert set(begun["items"][0]["options"][0]) == {"id", "text"}
    assert 3590 <= begun["remaining_seconds"] <= 3600


@pytest.mark.clause("X2")
async def test_starting_again_gives_the_same_paper_and_what_is_saved(world: World) -> None:
    candidate = await world.enrol()
    await world.open()
    begun = await candidate.start()
    item = begun["items"][3]
    await candidate.answer(item["id"], 1, item["options"][0]["id"])
    await world.database.move_clock(timedelta(minutes=30))
    again = await candidate.start()
    assert again["items"] == begun["items"]
    assert again["started_at"] == begun["started_at"]
    assert again["answers"] == [{"item_id": item["id"], "rev": 1, "choice": [item["options"][0]["id"]]}]
    assert 1790 <= again["remaining_seconds"] <= 1800
    assert (await candidate.ask("GET")).json()["items"] == begun["items"]


@pytest.mark.clause("X1", "X2")
async def test_finish_grades_at_once_and_once(world: World) -> None:
    candidate = await world.enrol()
    await world.open()
    for place, item in enumerate((await candidate.start())["items"]):
        right = KEYS[item["id"]]
        await candidate.answer(
            item["id"], 1, *(right[:1] if item["form"] == "multiple" else right[: place % 2])
        )
    (attempt,) = await world.attempts(candidate.case.application_id)
    stored = await world.stored(candidate.case.application_id)
    expected = graded(attempt.paper, {name: choice for name, (_, choice) in stored.items()})

    first, second = await asyncio.gather(candidate.finish(), candidate.finish())
    assert [first.json()["status"], second.json()["status"]] == ["finished", "finished"]
    assert "score" not in first.json()
    (command,) = await world.commands(candidate.case.application_id)
    assert (command["name"], command["body"]) == ("complete_exam", {"result": "graded", "score": expected})
    assert [one["type"] for one in await world.events(candidate.case.application_id)] == [
        "ExamEnrolled",
        "ExamGraded",
    ]
    assert (await world.events(candidate.case.application_id))[1]["data"]["result"] == "graded"
    closed = await candidate.answer(attempt.paper["items"][0]["item_id"], 9, "t")
    assert (closed.status_code, closed.json()["code"]) == (409, "already_finished")


async def test_full_marks_and_nothing(world: World) -> None:
    best, idle = await world.enrol(), await world.enrol()
    await world.open()
    for item in (await best.start())["items"]:
        assert (await best.answer(item["id"], 1, *KEYS[item["id"]])).status_code == 200
    await idle.start()
    for who in (best, idle):
        await who.finish()
    scores = [(await world.commands(who.case.application_id))[0]["body"]["score"] for who in (best, idle)]
    assert scores == ["100/1", "0/1"]


@pytest.mark.clause("X2", "X3")
async def test_the_sitting_closes_by_itself(world: World) -> None:
    sat, away, gone = await world.enrol(), await world.enrol(), await world.enrol()
    await world.open()
    item = next(one for one in (await sat.start())["items"] if one["form"] == "single")
    await sat.answer(item["id"], 1, *KEYS[item["id"]])
    await world.cancel(gone)
    assert await world.close_due() == 0
    await world.database.move_clock(DURATION + timedelta(seconds=1))
    late = await sat.answer(item["id"], 2, *KEYS[item["id"]])
    assert (late.status_code, late.json()["code"], late.json()["clause"]) == (409, "sitting_closed", "X2")
    assert "考试时间已到" in late.json()["detail"]
    assert (await sat.finish()).json()["status"] == "closing"
    opening = await world.office("POST", "/sittings/junior/open")
    assert (opening.status_code, opening.json()["code"]) == (409, "sitting_closing")

    assert await world.close_due() == 1
    bodies = [
        [one["body"] for one in await world.commands(who.case.application_id)] for who in (sat, away, gone)
    ]
    assert bodies == [[{"result": "graded", "score": "10/1"}], [{"result": "absent", "score": None}], []]
    (sitting,) = await world.sittings()
    assert (sitting["state"], counts(sitting)) == ("closed", (2, 0, 1, 1))
    states = [(await who.ask("GET")).json()["status"] for who in (sat, away, gone)]
    assert states == ["finished", "absent", "cancelled"]
    assert await world.close_due() == 0


@pytest.mark.clause("X3")
async def test_who_comes_later_waits_for_the_next_sitting(world: World) -> None:
    await world.enrol()
    await world.open()
    during = await world.enrol()
    assert (await during.ask("POST", "/start")).json()["code"] == "sitting_not_open"
    await world.database.move_clock(DURATION + timedelta(seconds=1))
    await world.close_due()
    after = await world.enrol()
    assert [(one["number"], one["state"], one["enrolled"]) for one in await world.sittings()] == [
        (1, "closed", 1),
        (2, "planned", 2),
    ]
    assert (await world.open())["number"] == 2
    assert [(await who.start())["status"] for who in (during, after)] == ["started", "started"]


@pytest.mark.clause("X3")
async def test_absent_with_excuse_can_be_enrolled_for_a_make_up_sitting(world: World) -> None:
    candidate = await world.enrol()
    await world.open()
    await world.database.move_clock(DURATION + timedelta(seconds=1))
    await world.close_due()
    await world.enrol(case=candidate.case, seq=20)
    await world.open()
    await candidate.start()
    await candidate.finish()
    assert [row.state for row in await world.attempts(candidate.case.application_id)] == [
        "absent",
        "finished",
    ]
    results = [one["body"]["result"] for one in await world.commands(candidate.case.application_id)]
    assert results == ["absent", "graded"]


async def test_another_round_has_its_own_sittings(world: World) -> None:
    await world.enrol()
    mine, world.round_id = world.round_id, uuid4()
    assert await world.sittings() == []
    world.round_id = mine
    assert len(await world.sittings()) == 1
