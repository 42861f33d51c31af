"""From components to a frozen ranking, its release, and what each may see of it."""

from __future__ import annotations

import asyncio
import io
import random
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from contracts.commands import CommandName
from kit.errors import DomainError
from services.scoring.models import CandidateRow
from tests.integration.scoring.world import Person, World


async def six(world: World) -> dict[str, Person]:
    """Four juniors ranked 1, 2, 2, 4 with a tie at the cut, one absent, one intermediate."""
    scores: dict[str, dict[str, str]] = {
        "first": {"portfolio": "90/1", "exam": "95/1"},
        "second": {"portfolio": "80/1", "exam": "80/1"},
        "third": {"portfolio": "70/1", "exam": "90/1"},
        "last": {"portfolio": "200/3", "exam": "10/1"},
    }
    people = {name: await world.receive(n, given) for n, (name, given) in enumerate(scores.items(), 1)}
    people["absent"] = await world.receive(5, {"portfolio": "99/1"}, absent=True)
    middle = {"portfolio": "80/1", "exam": "70/1", "defence": "251/3"}
    people["middle"] = await world.receive(6, middle, level_id="intermediate")
    return people


async def ranking(world: World, **params: Any) -> dict[str, Any]:
    answer = await world.ask("/ranking", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.clause("T1")
async def test_components_are_taken_in_once(world: World) -> None:
    person = world.person(1)
    request = world.components(person, {"portfolio": "160/2", "exam": "255/4"})
    await asyncio.gather(*(world.service.receive_components(request) for _ in range(5)))
    async with world.db.read() as session:
        rows = (await session.execute(select(CandidateRow))).scalars().all()
    assert [(row.application_id, row.components, row.absent) for row in rows] == [
        (person.case.application_id, {"portfolio": "80/1", "exam": "255/4"}, False)
    ]
    (event,) = await world.sent("event")
    assert (event["type"], event["seq"], event["transition"]["stage"]) == ("ComponentsReceived", 9, "totals")
    assert "80" not in str(event["data"])


@pytest.mark.parametrize("scores", [{"defence": "80/1", "exam": "80/1"}, {"exam": "101/1"}, {"exam": "1/0"}])
async def test_wrong_components_are_refused(world: World, scores: dict[str, str]) -> None:
    with pytest.raises(DomainError) as caught:
        await world.receive(1, scores)
    assert caught.value.code == "wrong_components"
    assert await world.sent("event") == []


@pytest.mark.clause("T1", "T2", "X3")
async def test_every_level_is_ranked_and_cut_by_its_filed_base(world: World) -> None:
    await six(world)
    made = await world.rank(junior=5, intermediate=1)
    found = await ranking(world)
    assert (found["ranking_id"], found["digest"], found["version"]) == (str(made.ranking_id), made.digest, 1)
    assert found["released_at"] is None
    assert [
        (
            one["level"],
            one["filed"],
            one["candidates"],
            one["ranked"],
            one["places"],
            one["in_cut"],
            one["cut_total"],
        )
        for one in found["levels"]
    ] == [("intermediate", 1, 1, 1, 1, 1, "79.47"), ("junior", 5, 5, 4, 2, 3, "80.00")]
    rows = [(row["application_number"], row["total"], row["rank"], row["outcome"]) for row in found["rows"]]
    assert rows == [
        ("2024-00006", "79.47", 1, "in_cut"),
        ("2024-00001", "92.50", 1, "in_cut"),
        ("2024-00002", "80.00", 2, "in_cut"),
        ("2024-00003", "80.00", 2, "in_cut"),
        ("2024-00004", "38.33", 4, "not_in_cut"),
        ("2024-00005", None, None, "not_ranked"),
    ]
    assert found["rows"][0]["components"] == {"portfolio": "80/1", "exam": "70/1", "defence": "251/3"}
    assert found["rows"][-1]["absent"] is True


@pytest.mark.clause("T2")
async def test_a_ranking_is_made_once_and_its_event_carries_the_digest(world: World) -> None:
    await six(world)
    request = world.making(2, {"junior": 5, "intermediate": 1})
    made = await asyncio.gather(*(world.service.make_ranking(request) for _ in range(4)))
    assert len({(one.ranking_id, one.digest) for one in made}) == 1
    events = [one for one in await world.sent("event") if one["type"] == "RankingMade"]
    assert [(one["round_transition"]["stage"], one["data"]["digest"]) for one in events] == [
        ("ranked", made[0].digest)
    ]
    assert events[0]["data"]["levels"]["junior"] == {"filed": 5, "ranked": 4, "in_cut": 3}


@pytest.mark.clause("T2")
async def test_order_of_arrival_changes_neither_list_nor_digest(world: World) -> None:
    dice = random.Random(3)
    scores = [
        {"portfolio": f"{dice.randint(0, 30)}/1", "exam": f"{dice.randint(0, 90)}/3"} for _ in range(30)
    ]
    seen = set()
    for seed in range(3):
        world.round_id = uuid4()
        order = list(enumerate(scores))
        random.Random(seed).shuffle(order)
        for number, given in order:
            await world.receive(number, given)
        made = await world.rank(junior=33)
        seen.add((made.digest, str((await ranking(world))["rows"])))
    assert len(seen) == 1


@pytest.mark.clause("T2")
async def test_a_frozen_ranking_takes_no_more_scores_and_stays(world: World) -> None:
    people = await six(world)
    made = await world.rank(junior=5, intermediate=1)
    before = await ranking(world)
    with pytest.raises(DomainError) as caught:
        await world.receive(7, {"portfolio": "100/1", "exam": "100/1"})
    assert caught.value.code == "ranking_frozen"
    again = world.components(people["first"], {"portfolio": "90/1", "exam": "95/1"})
    await world.service.receive_components(again)  # the same act told again is no new score
    assert await ranking(world) == before
    second = await world.rank(seq=4, junior=5, intermediate=1)
    assert (second.digest, second.ranking_id == made.ranking_id) == (made.digest, False)
    assert (await ranking(world))["version"] == 2


async def test_a_base_below_the_candidates_makes_no_ranking(world: World) -> None:
    await six(world)
    with pytest.raises(ValueError, match="少于"):
        await world.rank(junior=3, intermediate=1)
    assert (await world.ask("/ranking")).json()["code"] == "no_ranking"


@pytest.mark.clause("T3", "X3")
async def test_release_tells_everybody_once(world: World) -> None:
    people = await six(world)
    made = await world.rank(junior=5, intermediate=1)
    await asyncio.gather(*(world.service.release_ranking(world.releasing(made.ranking_id)) for _ in range(4)))
    await world.service.release_ranking(world.releasing(made.ranking_id, seq=7))  # another act, same ranking
    commands = await world.commands()
    names = {person.case.application_id: name for name, person in people.items()}
    told = {names[one.target_id]: (one.body["in_cut"], one.body["rank"]) for one in commands}
    assert len(commands) == 6
    assert {one.name for one in commands} == {CommandName.record_rank}
    assert {one.body["ranking_id"] for one in commands} == {str(made.ranking_id)}
    assert told == {
        "first": (True, 1),
        "second": (True, 2),
        "third": (True, 2),
        "last": (False, 4),
        "absent": (False, None),
        "middle": (True, 1),
    }
    moved = [one for one in await world.sent("event") if one["type"] == "RoundMoved"]
    assert [one["round_transition"]["stage"] for one in moved] == ["released", "released"]
    assert (await ranking(world))["released_at"] is not None


async def test_another_rounds_ranking_is_not_released(world: World) -> None:
    await six(world)
    made = await world.rank(junior=5, intermediate=1)
    world.round_id = uuid4()
    with pytest.raises(DomainError) as caught:
        await world.service.release_ranking(world.releasing(made.ranking_id))
    assert caught.value.code == "no_ranking"
    assert await world.commands() == []


@pytest.mark.clause("T3")
async def test_own_scores_are_seen_after_the_release_only(world: World) -> None:
    people = await six(world)
    made = await world.rank(junior=5, intermediate=1)
    sealed = (await world.own(people["last"])).json()
    assert (sealed["released"], sealed["components"], sealed["total"], sealed["rank"]) == (
        False,
        [],
        None,
        None,
    )
    await world.service.release_ranking(world.releasing(made.ranking_id))
    seen = (await world.own(people["last"])).json()
    assert seen["components"] == [
        {"stage": "portfolio", "weight": 50, "score": "66.67", "exact": "200/3"},
        {"stage": "exam", "weight": 50, "score": "10.00", "exact": "10/1"},
    ]
    assert (seen["total"], seen["rank"], seen["ranked"], seen["outcome"]) == ("38.33", 4, 4, "not_in_cut")
    absent = (await world.own(people["absent"])).json()
    assert (absent["absent"], absent["rank"], absent["outcome"]) == (True, None, "not_ranked")


async def test_foreign_scores_are_as_absent_as_none(world: World) -> None:
    people = await six(world)
    made = await world.rank(junior=5, intermediate=1)
    await world.service.release_ranking(world.releasing(made.ranking_id))
    foreign = await world.own(people["first"], subject=people["last"].id)
    absent = await world.own(world.person(99))
    assert (foreign.status_code, foreign.json()["code"]) == (404, "no_scores")
    assert foreign.json() | {"request_id": ""} == absent.json() | {"request_id": ""}


@pytest.mark.clause("T3")
async def test_pages_join_to_the_whole_list(world: World) -> None:
    await six(world)
    await world.rank(junior=5, intermediate=1)
    whole = (await ranking(world))["rows"]
    paged: list[Any] = []
    cursor: str | None = "-1"
    while cursor is not None:
        page = await ranking(world, cursor=cursor, limit=2)
        assert len(page["rows"]) <= 2
        paged += page["rows"]
        cursor = page["next_cursor"]
    assert paged == whole
    junior = (await ranking(world, level="junior"))["rows"]
    assert junior == [row for row in whole if row["level"] == "junior"]


@pytest.mark.parametrize("role", ["applicant", "expert", "reviewer", "panel_chair", "district", "operator"])
async def test_the_ranking_is_for_the_office_only(world: World, role: str) -> None:
    await six(world)
    await world.rank(junior=5, intermediate=1)
    for path in ("/ranking", "/ranking.xlsx"):
        answer = await world.ask(path, role=role)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.clause("T3")
async def test_the_workbook_holds_texts_and_numbers_and_no_formula(world: World) -> None:
    await six(world)
    evil = world.person(7)
    evil = Person(evil.id, evil.case.model_copy(update={"application_number": "=1+1"}))
    await world.service.receive_components(world.components(evil, {"portfolio": "1/1", "exam": "1/1"}))
    made = await world.rank(junior=6, intermediate=1)
    answer = await world.ask("/ranking.xlsx", role="approver")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment;")
    book = zipfile.ZipFile(io.BytesIO(answer.content))
    sheets = "".join(book.read(name).decode() for name in book.namelist() if "worksheets/" in name)
    strings = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheets
    for text in ("=1+1", "2024-00001", "拟认定", "缺考", made.digest, "业绩和成果（50%）", "答辩（40%）"):
        assert text in strings
    assert "<v>92.5</v>" in sheets
    names = book.read("xl/workbook.xml").decode()
    assert [one in names for one in ("说明", "初级", "中级")] == [True, True, True]


async def test_nothing_before_a_ranking(world: World) -> None:
    answer = await world.ask("/ranking")
    assert (answer.status_code, answer.json()["code"], answer.json()["clause"]) == (404, "no_ranking", "T2")
