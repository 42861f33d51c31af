"""Expert sheets and defence panels on real PostgreSQL and S3 (P2, P3, D1, O3, X3)."""

import asyncio
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.lifecycle import CaseRef, application_id
from kit.due import DueLoop
from kit.tokens import Actor
from services.review.due import handlers
from tests.integration.review.world import World

UNIT = "重庆市渝中区测试小学"


async def experts(world: World, count: int) -> list[Actor]:
    return [
        await world.register("expert", f"重庆市第{n}测试中学", discipline="科学") for n in range(1, count + 1)
    ]


async def assigned(world: World, people: list[Actor], case: CaseRef) -> dict[int, tuple[Actor, str]]:
    """Who has which sheet: {number: (expert, task)}."""
    found: dict[int, tuple[Actor, str]] = {}
    for one in people:
        card = await world.sheet(one, case)
        if card is not None:
            found[card["sheet"]] = (one, card["id"])
    return found


async def completed(world: World, case: CaseRef, name: str) -> list[dict[str, Any]]:
    return [body for sent, body in await world.sent(case) if sent == name]


@pytest.mark.clause("P2", "P3")
async def test_two_close_sheets_complete_the_stage(world: World) -> None:
    people = await experts(world, 5)
    case = await world.case("2024-00001")
    await world.open_portfolio(case)
    sheets = await assigned(world, people, case)
    assert sorted(sheets) == [1, 2]
    for number, percent in ((1, 80), (2, 70)):
        submitted = await world.mark(*sheets[number], percent)
        assert Fraction(submitted["total"]) == percent
        assert await completed(world, case, "complete_portfolio") == (
            [] if number == 1 else [{"score": "75/1", "sheets": 2}]
        )
    # a submitted sheet stays as it is, and submitting again answers alike
    expert, task = sheets[1]
    again = await world.get(expert, "POST", f"/tasks/{task}/submit", {"fence": 1})
    assert again["total"] == "80/1"
    late = {"fence": 1, "scores": {"students": "1"}}
    assert await world.refused(expert, "PUT", f"/tasks/{task}/sheet", late) == (409, "task_ended")
    assert [name for name, _ in await world.sent(case)] == [
        "PortfolioOpened",
        "PortfolioCompleted",
        "complete_portfolio",
    ]
    assert "score" not in (await completed(world, case, "PortfolioCompleted"))[0]


@pytest.mark.clause("P3")
async def test_divergence_opens_a_third_sheet_for_another_expert(world: World) -> None:
    people = await experts(world, 5)
    case = await world.case("2024-00001")
    await world.open_portfolio(case)
    first = await assigned(world, people, case)
    await world.mark(*first[1], 90)
    await world.mark(*first[2], 60)
    assert await completed(world, case, "complete_portfolio") == []
    third = await assigned(world, people, case)
    assert list(third) == [3]
    assert third[3][0].subject not in {one.subject for one, _ in first.values()}
    await world.mark(*third[3], 80)
    assert await completed(world, case, "complete_portfolio") == [{"score": "85/1", "sheets": 3}]


@pytest.mark.clause("P3")
async def test_sheets_submitted_at_once_complete_the_stage_once(world: World) -> None:
    people = await experts(world, 4)
    cases = [await world.case(f"2024-0000{n}") for n in range(1, 5)]
    for case in cases:
        await world.open_portfolio(case)
    sheets = [await assigned(world, people, case) for case in cases]
    await asyncio.gather(*(world.mark(*sheet[n], 70 + n) for sheet in sheets for n in (1, 2)))
    for case in cases:
        assert await completed(world, case, "complete_portfolio") == [{"score": "143/2", "sheets": 2}]


@pytest.mark.clause("P3", "O3")
async def test_experts_are_blind_and_see_only_what_was_given_to_them(world: World) -> None:
    people = await experts(world, 3)
    case = await world.case("2024-00001", UNIT)
    await world.open_portfolio(case)
    sheets = await assigned(world, people, case)
    expert, task = sheets[1]
    shown = await world.ask(expert, "GET", f"/tasks/{task}")
    assert [one["id"] for one in shown.json()["items"]] == ["c1"]
    for personal in ("测甲", UNIT):
        assert personal not in shown.text
    assert [one["file_id"] for one in shown.json()["files"]] == ["fc"]
    assert await world.refused(expert, "GET", f"/tasks/{task}/files/photo") == (404, "not_found")
    (other,) = [one for one in people if one not in [who for who, _ in sheets.values()]]
    second, second_task = sheets[2]
    for stranger, foreign in ((other, task), (expert, second_task)):
        assert await world.refused(stranger, "GET", f"/tasks/{foreign}") == (404, "not_found")
        assert await world.refused(stranger, "POST", f"/tasks/{foreign}/claim") == (404, "not_found")
    incomplete = await world.get(second, "POST", f"/tasks/{second_task}/claim")
    saved = await world.get(
        second, "PUT", f"/tasks/{second_task}/sheet", {"fence": incomplete["fence"], "scores": {"other": 5}}
    )
    assert saved["missing"] == ["students", "professional", "research", "training", "organising"]
    submit = f"/tasks/{second_task}/submit"
    assert await world.refused(second, "POST", submit, {"fence": incomplete["fence"]}) == (
        409,
        "sheet_incomplete",
    )


@pytest.mark.clause("O3")
async def test_a_conflict_is_never_drawn_and_the_draw_waits_for_somebody(world: World) -> None:
    colleague = await world.register("expert", UNIT)
    protege = await world.register("expert", "重庆市第一测试中学", recommender=UNIT)
    free = await world.register("expert", "重庆市第二测试中学")
    case = await world.case("2024-00001", UNIT)
    own = Actor(subject=uuid4(), role="expert")
    await world.get(world.secretariat, "PUT", f"/experts/{own.subject}", {"unit": "重庆市第三测试中学"})
    case = case.model_copy(update={"application_id": application_id(case.round_id, own.subject)})
    await world.open_portfolio(case)
    assert list(await assigned(world, [colleague, protege, free, own], case)) == [1]
    assert await world.sheet(free, case) is not None
    newcomer = await world.register("expert", "重庆市第四测试中学")
    assert list(await assigned(world, [newcomer], case)) == [2]


@pytest.mark.clause("O3")
async def test_recusal_and_leaving_give_the_sheet_to_another(world: World) -> None:
    people = await experts(world, 4)
    case = await world.case("2024-00001")
    await world.open_portfolio(case)
    before = await assigned(world, people, case)
    expert, task = before[1]
    await world.get(expert, "POST", f"/tasks/{task}/claim")
    await world.get(expert, "POST", f"/tasks/{task}/recuse", {"reason": "曾共同获奖"})
    assert await world.refused(expert, "POST", f"/tasks/{task}/claim") == (409, "task_ended")
    between = await assigned(world, people, case)
    assert sorted(between) == [1, 2]
    assert between[1][0] not in (before[1][0], before[2][0])
    gone = between[2][0]
    away = {"unit": "重庆市某中学", "active": False}
    answer = await world.get(world.secretariat, "PUT", f"/experts/{gone.subject}", away)
    assert (answer["active"], answer["open_tasks"]) == (False, 0)
    after = await assigned(world, people, case)
    assert sorted(after) == [1, 2]
    assert after[2][0] not in (gone, before[1][0])
    for number in (1, 2):
        await world.mark(*after[number], 60)
    assert await completed(world, case, "complete_portfolio") == [{"score": "60/1", "sheets": 2}]
    assert await world.refused(gone, "POST", f"/tasks/{between[2][1]}/claim") == (
        403,
        "registration_inactive",
    )


@pytest.mark.clause("P2")
async def test_load_is_even(world: World) -> None:
    people = await experts(world, 5)
    cases = [await world.case(f"2024-000{n:02d}") for n in range(1, 11)]
    await asyncio.gather(*(world.open_portfolio(case) for case in cases))
    registry = await world.get(world.secretariat, "GET", "/experts")
    assert [one["open_tasks"] for one in registry["experts"]] == [4] * 5
    assert [UUID(one["account_id"]) for one in registry["experts"]] == [one.subject for one in people]


@pytest.mark.clause("D1", "D2")
async def test_a_panel_gives_the_mean_of_all_its_members(world: World) -> None:
    people = await experts(world, 4)
    case = await world.case("2024-00001", level="intermediate")
    await world.open_defence(case)
    panel = await assigned(world, people, case)
    assert sorted(panel) == [1, 2, 3]
    for number, percent in ((1, 80), (2, 70), (3, 70)):
        assert await completed(world, case, "complete_defence") == []
        await world.mark(*panel[number], percent)
    assert await completed(world, case, "complete_defence") == [{"result": "graded", "score": "220/3"}]


@pytest.mark.clause("D1")
async def test_below_quorum_a_defence_waits(world: World) -> None:
    people = await experts(world, 2)
    case = await world.case("2024-00001", level="intermediate")
    await world.open_defence(case)
    for expert, task in (await assigned(world, people, case)).values():
        await world.mark(expert, task, 70)
    assert await completed(world, case, "complete_defence") == []
    third = await world.register("expert", "重庆市第九测试中学")
    ((expert, task),) = (await assigned(world, [third], case)).values()
    await world.mark(expert, task, 70)
    assert await completed(world, case, "complete_defence") == [{"result": "graded", "score": "70/1"}]


@pytest.mark.clause("X3", "D1")
async def test_an_absent_candidate_has_no_score(world: World) -> None:
    people = await experts(world, 3)
    case = await world.case("2024-00001", level="intermediate")
    await world.open_defence(case)
    path = f"/applications/{case.application_id}/defence/absent"
    outsider = Actor(subject=uuid4(), role="panel_chair")
    assert await world.refused(outsider, "POST", path, {}) == (404, "not_found")
    chair = Actor(subject=people[0].subject, role="panel_chair")
    for _ in range(2):
        await world.get(chair, "POST", path, {"reason": "未到场"})
    assert await completed(world, case, "complete_defence") == [{"result": "absent", "score": None}]
    assert await assigned(world, people, case) == {}


@pytest.mark.clause("X3")
async def test_who_was_scored_was_there(world: World) -> None:
    people = await experts(world, 3)
    case = await world.case("2024-00001", level="intermediate")
    await world.open_defence(case)
    panel = await assigned(world, people, case)
    await world.mark(*panel[1], 70)
    path = f"/applications/{case.application_id}/defence/absent"
    assert await world.refused(world.secretariat, "POST", path, {}) == (409, "panel_has_scored")


async def test_a_draw_cut_short_by_a_crash_is_made_up(world: World) -> None:
    people = await experts(world, 4)
    case = await world.case("2024-00001")
    await world.open_portfolio(case)
    before = await assigned(world, people, case)
    assessments = world.service.assessments
    drawn = assessments.fill

    async def crash(assessment_id: UUID) -> bool:
        raise RuntimeError("killed after the commit")

    assessments.fill = crash  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await assessments.set_aside(UUID(before[1][1]), "disabled")
    assessments.fill = drawn  # type: ignore[method-assign]
    assert sorted(await assigned(world, people, case)) == [2]
    loop = DueLoop(world.db, handlers(world.service))
    while await loop.step():
        pass
    assert sorted(await assigned(world, people, case)) == [1, 2]
