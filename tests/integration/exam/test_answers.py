"""Answers: whose they are, which revision stays, and races of finish against the closing (F18–F20)."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kit.tokens import Actor
from tests.integration.exam.world import Candidate, World, graded
from tests.sizes import size


async def begun(world: World) -> tuple[Candidate, dict[str, Any]]:
    candidate = await world.enrol()
    await world.open()
    items = (await candidate.start())["items"]
    return candidate, next(one for one in items if one["form"] == "single")


@pytest.mark.clause("X2")
async def test_an_older_revision_never_replaces_a_newer_one(world: World) -> None:
    candidate, item = await begun(world)
    a, b, c = (one["id"] for one in item["options"][:3])
    assert (await candidate.answer(item["id"], 3, b)).json()["superseded"] is False
    late = (await candidate.answer(item["id"], 2, a)).json()
    assert (late["rev"], late["choice"], late["superseded"]) == (3, [b], True)
    same = (await candidate.answer(item["id"], 3, b)).json()
    assert (same["rev"], same["superseded"]) == (3, False)
    other_device = (await candidate.answer(item["id"], 3, c)).json()
    assert (other_device["choice"], other_device["superseded"]) == ([b], True)
    assert (await candidate.answer(item["id"], 4)).json()["choice"] == []
    assert await world.stored(candidate.case.application_id) == {item["id"]: (4, ())}


@pytest.mark.clause("X2")
@pytest.mark.parametrize("seed", range(3))
async def test_any_order_of_arrival_leaves_the_highest_revision(world: World, seed: int) -> None:
    candidate, item = await begun(world)
    options = [one["id"] for one in item["options"]]
    sent = [(rev, options[rev % 4]) for rev in range(1, 25)]
    random.Random(seed).shuffle(sent)
    await asyncio.gather(*(candidate.answer(item["id"], rev, choice) for rev, choice in sent))
    assert await world.stored(candidate.case.application_id) == {item["id"]: (24, (options[0],))}


async def test_a_foreign_attempt_is_as_absent_as_none(world: World) -> None:
    candidate, item = await begun(world)
    stranger, body = uuid4(), {"rev": 1, "choice": [item["options"][0]["id"]]}
    nobody = Candidate(
        world, stranger, candidate.case.model_copy(update={"application_id": uuid4()}), candidate.enrolled
    )
    requests: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("GET", "", {}),
        ("POST", "/start", {}),
        ("PUT", f"/answers/{item['id']}", {"json": body}),
        ("POST", "/finish", {}),
    )
    for method, rest, more in requests:
        foreign = await candidate.ask(method, rest, person=stranger, **more)
        absent = await nobody.ask(method, rest, **more)
        assert (foreign.status_code, foreign.json()["code"]) == (404, "no_exam")
        assert foreign.json() | {"request_id": ""} == absent.json() | {"request_id": ""}
    assert await world.stored(candidate.case.application_id) == {}
    assert (await candidate.ask("GET")).json()["status"] == "started"


async def test_office_and_experts_cannot_read_a_paper(world: World) -> None:
    candidate, _ = await begun(world)
    path = f"/applications/{candidate.case.application_id}/exam"
    for role in ("secretariat", "expert", "operator", "system"):
        headers = world.token(Actor(subject=candidate.person, role=role))
        assert (await world.http.get(path, headers=headers)).json()["code"] == "no_exam"
    assert (await world.http.get(path)).status_code == 401


@pytest.mark.parametrize(
    ("item", "choice", "code"),
    [("q999", ["a"], "no_item"), (None, ["z"], "wrong_choice"), (None, ["a", "b"], "wrong_choice")],
)
async def test_what_is_not_on_the_paper_is_refused(
    world: World, item: str | None, choice: list[str], code: str
) -> None:
    candidate, single = await begun(world)
    answer = await candidate.answer(item or single["id"], 1, *choice)
    assert answer.json()["code"] == code
    assert await world.stored(candidate.case.application_id) == {}


async def test_unknown_fields_are_refused(world: World) -> None:
    candidate, item = await begun(world)
    for more in ({"score": "100/1"}, {"saved_at": "2020-01-01T00:00:00Z"}):
        answer = await candidate.ask("PUT", f"/answers/{item['id']}", json={"rev": 1, "choice": [], **more})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_no_answer_before_the_start(world: World) -> None:
    candidate = await world.enrol()
    (attempt,) = await world.attempts(candidate.case.application_id)
    item = attempt.paper["items"][0]
    for _ in range(2):  # before the sitting, then in it but not started
        answer = await candidate.answer(item["item_id"], 1, item["options"][0])
        assert (answer.status_code, answer.json()["code"]) == (409, "not_started")
        await world.open()
    assert (await candidate.finish()).json()["code"] == "not_started"


async def until_served(ask: Callable[..., Awaitable[httpx.Response]], *what: Any) -> httpx.Response:
    """As the exam client does: what was not served (503) is sent again, the same revision."""
    while (answer := await ask(*what)).status_code == 503:
        await asyncio.sleep(0.1)
    return answer


class Sitter:
    """Answers as fast as it can from `begin` on and hands in at `hand_in` (seconds before or after the end)."""

    def __init__(self, candidate: Candidate, items: list[dict[str, Any]], hand_in: float | None) -> None:
        self.candidate, self.items, self.hand_in = candidate, items, hand_in
        self.acknowledged: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.refusals: Counter[str] = Counter()

    async def sit(self, left: float) -> None:
        clock = asyncio.get_running_loop()
        end = clock.time() + left
        dice = random.Random(str(self.candidate.case.application_number))
        await asyncio.sleep(max(0.0, left - dice.uniform(0.05, 0.8)))
        async with asyncio.TaskGroup() as group:
            if self.hand_in is not None:
                group.create_task(self._finish(end))
            await self._answer(dice)
        if self.hand_in is None:  # one answer is too late whatever the machine is busy with
            await asyncio.sleep(max(0.0, end + 0.05 - clock.time()))
            await self._too_late()

    async def _too_late(self) -> None:
        item = self.items[0]
        late = await until_served(self.candidate.answer, item["id"], 9, item["options"][0]["id"])
        self.refusals[late.json()["code"]] += 1

    async def _answer(self, dice: random.Random) -> None:
        for rev in range(1, 7):
            item = dice.choice(self.items[:3])
            choice = dice.choice(item["options"])["id"]
            answer = await until_served(self.candidate.answer, item["id"], rev, choice)
            if answer.status_code == 200:
                self.acknowledged[item["id"]] = (rev, (choice,))
            else:
                self.refusals[answer.json()["code"]] += 1

    async def _finish(self, end: float) -> None:
        assert self.hand_in is not None
        await asyncio.sleep(max(0.0, end + self.hand_in - asyncio.get_running_loop().time()))
        answer = await until_served(self.candidate.finish)
        assert answer.status_code == 200, answer.text


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.clause("X2")
async def test_races_of_finish_and_closing_give_one_grade_each(world: World) -> None:
    """Sittings of twenty, in full ten: one grade, one command, and it is that of exactly the acknowledged answers."""
    by: Counter[str | None] = Counter()
    refused: Counter[str] = Counter()
    dice, offset = random.Random(20), 0.0
    sittings = size(10, 3)
    for _ in range(sittings):
        world.round_id = uuid4()
        candidates = [await world.enrol() for _ in range(20)]
        await world.open()
        papers = [(await one.start())["items"] for one in candidates]
        plan = [-1.0, -0.5, None, None, *(dice.uniform(-0.2, 0.2) for _ in range(16))]
        sitters = [Sitter(*one) for one in zip(candidates, papers, plan, strict=True)]
        offset += await world.seconds_left() - 1.5
        await world.database.move_clock(timedelta(seconds=offset))
        await race(world, sitters)
        for sitter in sitters:
            by[await settled(world, sitter)] += 1
            refused += sitter.refusals
    assert by["candidate"] + by["clock"] == 20 * sittings
    assert by["clock"] >= 2 * sittings
    assert set(refused) <= {"already_finished", "sitting_closed"}
    assert refused["sitting_closed"] > 0


async def race(world: World, sitters: list[Sitter]) -> None:
    """Everybody answers and hands in while two processes' due loops wait for the end."""
    left, stop = await world.seconds_left(), asyncio.Event()
    closing = asyncio.create_task(world.due.run(stop))
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(close_early(world))
            for sitter in sitters:
                group.create_task(sitter.sit(left))
    finally:
        stop.set()
        await closing


async def close_early(world: World) -> None:
    """A due loop with hardly a pause, until the sitting is closed: it hits as early as it can."""
    while [one["state"] for one in await world.sittings()] != ["closed"]:
        await world.due.step()
        await asyncio.sleep(0.02)


async def settled(world: World, sitter: Sitter) -> str | None:
    """Who ended the attempt, after looking that it has the one grade of what was acknowledged."""
    application = sitter.candidate.case.application_id
    (attempt,) = await world.attempts(application)
    assert await world.stored(application) == sitter.acknowledged
    score = graded(attempt.paper, {name: choice for name, (_, choice) in sitter.acknowledged.items()})
    assert [one["body"] for one in await world.commands(application)] == [
        {"result": "graded", "score": score}
    ]
    assert attempt.score == score
    return attempt.finished_by
