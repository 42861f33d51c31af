"""An expert's own list and sheet, and what the office sees of them, on real PostgreSQL and S3 (O3, P0–P3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.case import EvidenceItem, PreciseDate, canonical
from contracts.lifecycle import application_id
from kit.tokens import Actor
from tests.conftest import TestDatabase
from tests.integration.review.test_assessment import UNIT, assigned, completed, experts
from tests.integration.review.world import World, sample_facts


async def mine(world: World, expert: Actor) -> dict[str, Any]:
    found: dict[str, Any] = await world.get(expert, "GET", "/sheets")
    return found


@pytest.mark.clause("O3", "P2")
async def test_an_expert_lists_exactly_what_was_given_to_them_and_what_is_done(
    world: World, database: TestDatabase
) -> None:
    people = await experts(world, 3)
    cases = [await world.case(f"2024-0000{n}") for n in (1, 2, 3)]
    for case in cases:
        await world.open_portfolio(case)
    given = {one.subject: await mine(world, one) for one in people}
    assert [one["given"] for one in given.values()] == [2, 2, 2]
    expert = people[0]
    first, second = (one["task_id"] for one in given[expert.subject]["sheets"])
    fence = (await world.get(expert, "POST", f"/tasks/{first}/claim"))["fence"]
    body = {"fence": fence, "scores": {"students": "12.5", "other": "3"}}
    await world.get(expert, "PUT", f"/tasks/{first}/sheet", body)
    await world.mark(expert, second, 80)
    now = await mine(world, expert)
    assert [(one["state"], one["marked"], one["lines"], one["total"]) for one in now["sheets"]] == [
        ("draft", 2, 6, None),
        ("handed_in", 6, 6, "80/1"),
    ]
    assert (now["given"], now["done"], now["overdue"]) == (2, 1, 0)
    await database.move_clock(timedelta(days=4))
    assert [one["overdue"] for one in (await mine(world, expert))["sheets"]] == [True, False]
    # what ends with its application is nobody's any more
    await world.cancel(
        next(one for one in cases if one.application_number == now["sheets"][0]["application_number"])
    )
    assert [one["task_id"] for one in (await mine(world, expert))["sheets"]] == [second]
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    assert await world.refused(reviewer, "GET", "/sheets") == (403, "forbidden")
    assert await world.refused(Actor(subject=uuid4(), role="expert"), "GET", "/sheets") == (
        403,
        "not_registered",
    )


@pytest.mark.clause("P0", "P1", "P3")
async def test_evidence_is_labelled_and_blind_and_a_sheet_reads_as_it_was_handed_in(world: World) -> None:
    people = await experts(world, 2)
    item = EvidenceItem(
        id="c1",
        section="C",
        kind="c1",
        title=f"{UNIT}测甲指导的作品",
        date=PreciseDate.parse("2023-04"),
        tier="provincial",
        named_person="测甲",
        file_ids=("fc",),
        attributes={"unknown": "测甲"},
    )
    case = await world.case("2024-00001", UNIT, evidence=(item,))
    await world.open_portfolio(case)
    sheets = await assigned(world, people, case)
    expert, task = sheets[1]
    shown = await world.ask(expert, "GET", f"/tasks/{task}")
    read = shown.json()
    (evidence,) = read["evidence"]
    assert evidence["title"] == "＊＊＊＊指导的作品"
    assert [(one["label"], one["value"]) for one in evidence["pairs"]] == [
        ("时间", "2023-04"),
        ("级别", "市级（即省级）"),
    ]
    for personal in ("测甲", UNIT, "渝中区", "1990"):
        assert personal not in shown.text
    first = read["lines"][0]
    assert (first["id"], first["third"], first["evidence_kinds"]) == (
        "students",
        "practice",
        ["c1"],
    )
    await world.mark(expert, task, 50)
    after = await world.get(expert, "GET", f"/tasks/{task}")
    assert (after["submitted"], after["total"], after["scores"]["students"]) == (True, "50/1", "10.0")


@pytest.mark.clause("P2")
async def test_where_pupils_appear_there_are_pictures_and_no_file(world: World) -> None:
    people = await experts(world, 2)
    own = EvidenceItem(id="c2", section="C", kind="c2", title="评比", file_ids=("fw",))
    pupils = EvidenceItem(id="c1", section="C", kind="c1", title="比赛", file_ids=("fc", "fw"))
    case = await world.case("2024-00001", evidence=(own.model_copy(update={"file_ids": ("ft",)}), pupils))
    facts = sample_facts(world._file_key.removeprefix("sha256/"))
    seen = facts.files["fc"].model_copy(update={"previews": ("sha256/" + "a" * 64,)})
    facts = facts.model_copy(update={"files": {**facts.files, "fc": seen}})
    key = await world.store.put_content(canonical(facts), "application/json")
    await world.open_portfolio(case.model_copy(update={"facts_key": key}))
    expert, task = (await assigned(world, people, case))[1]
    shown = await world.get(expert, "GET", f"/tasks/{task}")
    assert {one["file_id"]: one["preview_only"] for one in shown["files"]} == {
        "fc": True,
        "fw": True,
        "ft": False,
    }
    assert await world.refused(expert, "GET", f"/tasks/{task}/files/fc") == (403, "preview_only")
    assert (await world.get(expert, "GET", f"/tasks/{task}/pictures/{'a' * 64}"))["url"]
    assert (await world.get(expert, "GET", f"/tasks/{task}/files/ft"))["url"]
    assert await world.refused(expert, "GET", f"/tasks/{task}/pictures/{'b' * 64}") == (404, "not_found")


@pytest.mark.clause("P3")
async def test_a_second_window_overwrites_nothing_and_fixes_nothing_unseen(world: World) -> None:
    people = await experts(world, 2)
    case = await world.case("2024-00001")
    await world.open_portfolio(case)
    expert, task = (await assigned(world, people, case))[1]
    fence = (await world.get(expert, "POST", f"/tasks/{task}/claim"))["fence"]
    path = f"/tasks/{task}/sheet"
    lines = [one["id"] for one in (await world.get(expert, "GET", f"/tasks/{task}"))["lines"]]
    full = dict.fromkeys(lines, "5")
    saved = await world.get(expert, "PUT", path, {"fence": fence, "version": 0, "scores": full})
    assert saved == {"version": 1, "missing": []}
    stale = {"fence": fence, "version": 0, "scores": {}}
    assert await world.refused(expert, "PUT", path, stale) == (409, "sheet_changed")
    submit = f"/tasks/{task}/submit"
    assert await world.refused(expert, "POST", submit, {"fence": fence, "version": 0}) == (
        409,
        "sheet_changed",
    )
    for mark in ("-0.5", "21", "1.234", "NaN", "x"):
        wrong = {"fence": fence, "scores": {lines[0]: mark}}
        assert (await world.ask(expert, "PUT", path, wrong)).status_code == 422
    assert (
        await world.ask(expert, "PUT", path, {"fence": fence, "scores": {"no_such": 1}})
    ).status_code == 422
    done = await world.get(expert, "POST", submit, {"fence": fence, "version": 1})
    assert done == await world.get(expert, "POST", submit, {"fence": fence, "version": 1})
    assert await world.refused(expert, "PUT", path, {"fence": fence, "scores": full}) == (409, "task_ended")
    assert await world.refused(expert, "POST", f"/tasks/{task}/recuse", {"reason": "后悔了"}) == (
        409,
        "sheet_submitted",
    )


@pytest.mark.clause("O3")
async def test_who_stood_back_sees_the_case_no_more_and_the_office_reads_why(world: World) -> None:
    people = await experts(world, 3)
    case = await world.case("2024-00001")
    await world.open_portfolio(case)
    expert, task = (await assigned(world, people, case))[1]
    await world.get(expert, "POST", f"/tasks/{task}/recuse", {"reason": "曾共同获奖"})
    assert await world.refused(expert, "GET", f"/tasks/{task}") == (409, "sheet_set_aside")
    assert await world.refused(expert, "GET", f"/tasks/{task}/files/fc") == (409, "sheet_set_aside")
    assert (await mine(world, expert))["given"] == 0
    figures = await world.get(world.secretariat, "GET", "/assessments")
    assert [(one["account_id"], one["reason"]) for one in figures["recusals"]] == [
        (str(expert.subject), "曾共同获奖")
    ]
    foreign = (await assigned(world, people, case))[2][1]
    for path, body in (("renew", {"fence": 1}), ("release", {"fence": 1}), ("claim", None)):
        assert await world.refused(expert, "POST", f"/tasks/{foreign}/{path}", body) == (404, "not_found")
    assert await world.refused(expert, "PUT", f"/tasks/{foreign}/sheet", {"fence": 1, "scores": {}}) == (
        404,
        "not_found",
    )
    assert await world.refused(expert, "POST", f"/tasks/{foreign}/recuse", {"reason": "别人的"}) == (
        404,
        "not_found",
    )


@pytest.mark.clause("P2", "D1")
async def test_the_office_sees_load_progress_and_why_nobody_can_be_drawn(
    world: World, database: TestDatabase
) -> None:
    free = await world.register("expert", "重庆市第一测试中学")
    colleague = await world.register("expert", UNIT)
    gone = await world.register("expert", "重庆市第二测试中学")
    away = {"unit": "重庆市第二测试中学", "active": False}
    await world.get(world.secretariat, "PUT", f"/experts/{gone.subject}", away)
    applicant = await world.register("expert", "重庆市第三测试中学")
    case = await world.case("2024-00001", UNIT)
    case = case.model_copy(update={"application_id": application_id(case.round_id, applicant.subject)})
    await world.open_portfolio(case)
    figures = await world.get(world.secretariat, "GET", f"/assessments?round_id={case.round_id}")
    (short,) = figures["short"]
    told = {name: short[name] for name in ("missing", "experts", "inactive", "used", "full", "recused")}
    assert told == {"missing": 1, "experts": 4, "inactive": 1, "used": 1, "full": 0, "recused": 2}
    await world.mark(free, (await world.sheet(free, case) or {})["id"], 60)
    await database.move_clock(timedelta(days=4))
    figures = await world.get(world.secretariat, "GET", "/assessments")
    (stage,) = figures["stages"]
    assert {
        name: stage[name] for name in ("stage", "cases", "open", "short", "complete", "given", "done")
    } == {
        "stage": "portfolio",
        "cases": 1,
        "open": 1,
        "short": 1,
        "complete": 0,
        "given": 1,
        "done": 1,
    }
    loads = {UUID(one["account_id"]): (one["given"], one["done"], one["overdue"]) for one in figures["loads"]}
    assert loads == {
        free.subject: (1, 1, 0),
        colleague.subject: (0, 0, 0),
        gone.subject: (0, 0, 0),
        applicant.subject: (0, 0, 0),
    }
    assert (await world.get(world.secretariat, "GET", f"/assessments?round_id={uuid4()}"))["stages"] == []
    assert await world.refused(free, "GET", "/assessments") == (403, "forbidden")
    log = (await world.get(world.secretariat, "GET", "/desk/log"))["entries"]
    changed = next(one for one in log if one["action"] == "register" and "inactive" in one["new"])
    assert (changed["actor"], changed["reason"]) == (str(world.secretariat.subject), str(gone.subject))
    assert "重庆市第二测试中学" in changed["old"]


@pytest.mark.clause("O2", "O3")
async def test_sheets_of_an_ended_account_are_never_anybody_s(world: World) -> None:
    people = await experts(world, 3)
    case = await world.case("2024-00001")
    await world.open_portfolio(case)
    before = await assigned(world, people, case)
    gone, task = before[1]
    system = Actor(subject=gone.subject, role="system")
    released = await world.get(system, "POST", f"/internal/accounts/{gone.subject}/release")
    assert released == {"tasks": 1}
    assert (await world.get(system, "POST", f"/internal/accounts/{gone.subject}/release")) == {"tasks": 0}
    (other,) = [one for one in people if one not in {who for who, _ in before.values()}]
    after = await assigned(world, people, case)
    assert (sorted(after), after[1][0]) == ([1, 2], other)
    assert await world.refused(other, "POST", f"/tasks/{task}/claim") == (404, "not_found")
    assert await completed(world, case, "complete_portfolio") == []
