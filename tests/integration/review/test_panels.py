"""Defence panels and slots on real PostgreSQL and S3 (D1, D2): who sits where and when, what is told and refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.lifecycle import CaseRef
from kit.tokens import Actor
from tests.conftest import TestDatabase
from tests.integration.review.test_assessment import UNIT, assigned, completed, experts
from tests.integration.review.world import World

NINE = (datetime.now(UTC) + timedelta(days=2)).replace(hour=1, minute=0, second=0, microsecond=0)
LINK = "https://meeting.example/1"


def panel_of(world: World, people: list[Actor], name: str = "第一组", **more: Any) -> dict[str, Any]:
    return {
        "round_id": str(world.round_id),
        "name": name,
        "form": "online",
        "place": LINK,
        "members": [str(one.subject) for one in people],
        "chair": str(people[0].subject),
        **more,
    }


async def made(world: World, people: list[Actor], name: str = "第一组") -> str:
    answer = await world.get(world.secretariat, "POST", "/panels", panel_of(world, people, name))
    return str(answer["panel"]["id"])


async def defended(world: World, number: str, unit: str = UNIT) -> CaseRef:
    case = await world.case(number, unit, level="intermediate")
    await world.open_defence(case)
    return case


async def placed(world: World, panel: str, cases: list[CaseRef], at: datetime = NINE) -> dict[str, Any]:
    body = {"starts_at": at.isoformat(), "applications": [str(one.application_id) for one in cases]}
    answer: dict[str, Any] = await world.get(world.secretariat, "POST", f"/panels/{panel}/slots", body)
    return answer


async def seen(world: World, who: Actor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.get(who, "GET", "/defences"))["defences"]
    return found


def chair(who: Actor) -> Actor:
    return Actor(subject=who.subject, role="panel_chair")


@pytest.mark.clause("D1", "D2")
async def test_a_panel_sits_for_its_candidates_one_after_the_other(
    world: World, database: TestDatabase
) -> None:
    people = await experts(world, 6)
    cases = [await defended(world, f"2024-0000{n}") for n in (1, 2, 3)]
    panel = await made(world, people[:3])
    assert await placed(world, panel, cases) == {"seated": 3, "refused": []}
    mine = await seen(world, people[1])
    assert [(one["application_number"], datetime.fromisoformat(one["starts_at"])) for one in mine] == [
        (f"2024-0000{n}", NINE + timedelta(minutes=15) * (n - 1)) for n in (1, 2, 3)
    ]
    assert {one["state"] for one in mine} == {"scheduled"}
    assert [await assigned(world, people[3:], one) for one in cases] == [{}, {}, {}]
    for stranger in people[3:]:
        assert await seen(world, stranger) == []
    case = cases[0]
    sheets = await assigned(world, people, case)
    assert sorted(sheets) == [1, 2, 3]
    expert, task = sheets[2]
    fence = (await world.get(expert, "POST", f"/tasks/{task}/claim"))["fence"]
    lines = (await world.get(expert, "GET", f"/tasks/{task}"))["lines"]
    assert [one["id"] for one in lines] == ["understanding", "literacy", "planning"]
    scores = {one["id"]: one["max"] for one in lines}
    await world.get(expert, "PUT", f"/tasks/{task}/sheet", {"fence": fence, "scores": scores})
    submit = f"/tasks/{task}/submit"
    assert await world.refused(expert, "POST", submit, {"fence": fence}) == (409, "defence_not_begun")
    absent = f"/applications/{case.application_id}/defence/absent"
    assert await world.refused(world.secretariat, "POST", absent, {}) == (409, "defence_not_begun")
    await database.move_clock(NINE - datetime.now(UTC) + timedelta(minutes=1))
    await world.mark(expert, task, 100)
    # the chair sees who has handed in, another member does not, and nobody sees marks
    (told,) = [one for one in await seen(world, chair(people[0])) if one["state"] == "marking"]
    assert [(one["chair"], one["handed_in"]) for one in told["seats"]] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert (told["chairs"], told["mine"]) == (True, "not_begun")
    other = next(one for one in await seen(world, people[2]) if one["state"] == "marking")
    assert [one["handed_in"] for one in other["seats"]] == [None, None, False]
    answer = await world.ask(chair(people[0]), "GET", "/defences")
    assert "100" not in answer.text.replace(str(case.application_id), "")
    assert await world.refused(chair(people[0]), "GET", f"/tasks/{task}") == (404, "not_found")
    await world.mark(*sheets[1], 70)
    await world.mark(*sheets[3], 70)
    assert await completed(world, case, "complete_defence") == [{"result": "graded", "score": "80/1"}]


@pytest.mark.clause("D1")
async def test_a_candidate_is_told_time_and_place_by_event_only_the_time(world: World) -> None:
    people = await experts(world, 4)
    case = await defended(world, "2024-00001")
    applicant = Actor(subject=uuid4(), role="applicant", application_id=case.application_id)
    path = f"/applications/{case.application_id}/defence"
    assert (await world.get(applicant, "GET", path))["state"] == "unscheduled"
    panel = await made(world, people[:3])
    await placed(world, panel, [case])
    told = await world.get(applicant, "GET", path)
    assert (told["state"], told["place"], told["form"]) == ("scheduled", LINK, "online")
    assert datetime.fromisoformat(told["ends_at"]) == NINE + timedelta(minutes=15)
    assert "seats" not in told
    assert await world.refused(
        Actor(subject=uuid4(), role="applicant", application_id=uuid4()), "GET", path
    ) == (
        404,
        "not_found",
    )
    moved = panel_of(world, people[:3], place="会展中心 301 室", form="on_site")
    await world.get(world.secretariat, "PUT", f"/panels/{panel}", moved)
    assert (await world.get(applicant, "GET", path))["place"] == "会展中心 301 室"
    chairs = chair(people[0])
    for stranger in (chair(people[1]), chair(people[3])):
        assert await world.refused(stranger, "POST", f"{path}/postpone", {"reason": "来不及"}) == (
            404,
            "not_found",
        )
    await world.get(chairs, "POST", f"{path}/postpone", {"reason": "评委生病"})
    assert await world.refused(chairs, "POST", f"{path}/postpone", {"reason": "再来"}) == (409, "no_slot")
    told = await world.get(applicant, "GET", path)
    assert (told["state"], told["postponed"], told["starts_at"], told["place"]) == (
        "unscheduled",
        True,
        None,
        "",
    )
    absent = f"/applications/{case.application_id}/defence/absent"
    assert await world.refused(chairs, "POST", absent, {}) == (409, "defence_not_begun")
    sent = [(name, data) for name, data in await world.sent(case) if name.startswith("Defence")]
    assert [name for name, _ in sent] == [
        "DefenceOpened",
        "DefenceScheduled",
        "DefenceScheduled",
        "DefencePostponed",
    ]
    assert LINK not in str(sent)
    assert "评委生病" not in str(sent)


@pytest.mark.clause("O3", "D1")
async def test_conflicts_clashes_and_too_few_are_refused_by_name_of_the_case(world: World) -> None:
    colleague = await world.register("expert", UNIT)
    people = [colleague, *await experts(world, 5)]
    first, second, third = [
        await defended(world, f"2024-0000{n}", unit)
        for n, unit in ((1, UNIT), (2, "重庆市某校"), (3, "重庆市某校"))
    ]
    one, two = await made(world, people[:3]), await made(world, people[2:5], "第二组")
    answer = await placed(world, one, [first, second])
    assert (answer["seated"], [(x["application_number"], x["code"]) for x in answer["refused"]]) == (
        1,
        [("2024-00001", "panel_conflict")],
    )
    # people[2] sits on both panels: not at the same time
    answer = await placed(world, two, [third], NINE + timedelta(minutes=20))
    assert [x["code"] for x in answer["refused"]] == ["slot_taken"]
    assert (await placed(world, two, [third], NINE + timedelta(minutes=30)))["seated"] == 1
    past = {"starts_at": (NINE - timedelta(days=9)).isoformat(), "applications": [str(third.application_id)]}
    slots = f"/panels/{two}/slots"
    assert await world.refused(world.secretariat, "POST", slots, past) == (422, "slot_past")
    junior = await world.case("2024-00009")
    assert [x["code"] for x in (await placed(world, two, [junior], NINE + timedelta(days=1)))["refused"]] == [
        "not_found"
    ]
    post, secretary = "/panels", world.secretariat
    for body, code in (
        (panel_of(world, people[:2], "两人"), "panel_size"),
        (panel_of(world, people[:3], "第一组"), "panel_name_taken"),
        (panel_of(world, [people[0], people[0], people[1]], "重复"), "panel_chair"),
        (panel_of(world, people[:3], "外人", chair=str(people[4].subject)), "panel_chair"),
        (panel_of(world, [*people[:2], Actor(subject=uuid4(), role="expert")], "不在库"), "panel_members"),
    ):
        assert (await world.refused(secretary, "POST", post, body))[1] == code
    assert await world.refused(people[0], "POST", post, panel_of(world, people[:3], "越权")) == (
        403,
        "forbidden",
    )
    assert await world.refused(people[0], "POST", slots, past) == (403, "forbidden")


@pytest.mark.clause("D1")
async def test_other_members_are_seated_with_what_is_written_kept_and_a_day_can_be_shifted(
    world: World,
) -> None:
    people = await experts(world, 7)
    cases = [await defended(world, f"2024-0000{n}") for n in (1, 2)]
    panel = await made(world, people[:3])
    await placed(world, panel, cases)
    before = await assigned(world, people, cases[0])
    (expert, task), (_, second) = before[1], before[2]
    fence = (await world.get(expert, "POST", f"/tasks/{task}/claim"))["fence"]
    await world.get(expert, "PUT", f"/tasks/{task}/sheet", {"fence": fence, "scores": {"planning": "9"}})
    other = panel_of(world, [people[0], *people[3:5]])
    assert (await world.get(world.secretariat, "PUT", f"/panels/{panel}", other))["refused"] == []
    now = await assigned(world, people, cases[0])
    assert [now[n][0] for n in (1, 2, 3)] == [people[0], people[3], people[4]]
    kept = await world.get(people[0], "GET", f"/tasks/{now[1][1]}")
    assert kept["scores"] == {"planning": "9"}
    # who has the old sheet open is told where it is now
    old = await world.ask(people[0], "GET", f"/tasks/{task}")
    assert (old.status_code, old.json()["code"], old.json()["details"]) == (
        409,
        "sheet_moved",
        {"task_id": now[1][1]},
    )
    assert await world.refused(people[1], "GET", f"/tasks/{second}") == (409, "sheet_set_aside")
    back = panel_of(world, people[:3])
    assert (await world.get(world.secretariat, "PUT", f"/panels/{panel}", back))["refused"] == []
    assert sorted(await assigned(world, people[:3], cases[1])) == [1, 2, 3]
    assert await placed(world, panel, cases, NINE + timedelta(minutes=15)) == {"seated": 2, "refused": []}
    mine = await seen(world, people[0])
    assert [datetime.fromisoformat(one["starts_at"]) - NINE for one in mine] == [
        timedelta(minutes=15),
        timedelta(minutes=30),
    ]


@pytest.mark.clause("D1", "O3")
async def test_a_member_who_stands_back_is_replaced_by_who_is_free_then_or_it_is_postponed(
    world: World, database: TestDatabase
) -> None:
    people = await experts(world, 6)
    first, second = [await defended(world, f"2024-0000{n}") for n in (1, 2)]
    one, two = await made(world, people[:3]), await made(world, people[3:], "第二组")
    await placed(world, one, [first])
    await placed(world, two, [second], NINE + timedelta(minutes=5))
    expert, task = (await assigned(world, people, first))[1]
    await world.get(expert, "POST", f"/tasks/{task}/recuse", {"reason": "师生关系"})
    (line,) = [x for x in await seen(world, world.secretariat) if x["application_number"] == "2024-00001"]
    assert (line["state"], len(line["seats"]), line["quorum"]) == ("short", 2, 3)
    # the chair stood back: who may chair among those who sit there does
    assert [x["chairs"] for x in await seen(world, chair(people[1]))] == [True]
    await database.move_clock(NINE - datetime.now(UTC) + timedelta(minutes=1))
    for number, who in (await assigned(world, people, first)).items():
        await world.mark(*who, 60 + number)
    assert await completed(world, first, "complete_defence") == []
    newcomer = await world.register("expert", "重庆市第九测试中学")
    ((who, late),) = (await assigned(world, [newcomer], first)).values()
    await world.mark(who, late, 63)
    assert await completed(world, first, "complete_defence") == [{"result": "graded", "score": "188/3"}]
