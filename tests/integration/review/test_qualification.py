"""Qualification on real PostgreSQL and S3: claim, lease, fence, decision, correction (Q10–Q15, F15, F16)."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from contracts.case import Facts, Snapshot, Twin, canonical
from contracts.commands import PrepareResult
from contracts.http.review import QualificationDecision
from kit.due import DueLoop
from kit.tokens import Actor
from services.review.due import handlers
from tests.conftest import TestDatabase
from tests.integration.review.world import World

SHORT = {"check_id": "Q5", "field": "unit", "note": "请写单位全称"}
FORGED = {"check_id": "E9", "item_id": "c1", "note": "经核实为伪造"}


def refusal(result: PrepareResult) -> tuple[str, str | None]:
    assert result.data is None
    assert result.refused is not None
    return result.refused.code, result.refused.clause


async def decision_of(world: World, result: PrepareResult) -> QualificationDecision:
    assert result.refused is None
    assert result.data is not None
    return QualificationDecision.model_validate_json(
        await world.store.get_content(result.data["decision_key"])
    )


@pytest.mark.clause("Q12")
async def test_a_case_passes(world: World) -> None:
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    case = await world.case("2024-00001")
    task = await world.open_qualification(case)
    fence, obstacles = await world.decide(reviewer, task, "passed")
    assert obstacles == []
    command = uuid4()
    first = await world.send(reviewer, case, task, fence, command_id=command)
    assert await world.send(reviewer, case, task, fence, command_id=command) == first
    decision = await decision_of(world, first)
    assert (decision.outcome, decision.flags, decision.unlocks) == ("passed", (), ())
    assert {one.rule_id for one in decision.rules if one.met} == set(
        world.pack.pack.level("junior").eligibility
    )
    assert [name for name, _ in await world.sent(case)] == ["QualificationOpened", "QualificationDecided"]
    # the task is done: a second command finds nothing to decide
    assert refusal(await world.send(reviewer, case, task, fence)) == ("task_ended", "O2")
    applicant = Actor(subject=uuid4(), role="applicant", application_id=case.application_id)
    shown = await world.get(applicant, "GET", f"/applications/{case.application_id}/decision")
    assert (shown["outcome"], shown["heading"], shown["items"]) == ("passed", "资格审查合格", [])
    stranger = Actor(subject=uuid4(), role="applicant", application_id=uuid4())
    path = f"/applications/{case.application_id}/decision"
    assert await world.refused(stranger, "GET", path) == (404, "not_found")


@pytest.mark.clause("Q12")
async def test_a_refused_decision_is_undone_for_the_same_person(world: World) -> None:
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    case = await world.case("2024-00001")
    task = await world.open_qualification(case)
    fence, _ = await world.decide(reviewer, task, "passed")
    command = uuid4()
    await world.send(reviewer, case, task, fence, command_id=command)
    for _ in range(2):
        await world.send(reviewer, case, task, fence, command_id=command, path="unprepare")
    again = await world.send(reviewer, case, task, fence)
    assert again.data is not None
    decided = [data["reversed"] for name, data in await world.sent(case) if name == "QualificationDecided"]
    assert decided == [False, True, False]


@pytest.mark.clause("O2")
async def test_of_many_who_claim_at_once_one_has_the_task(world: World) -> None:
    people = [await world.register("reviewer", f"重庆市第{n}测试中学") for n in range(6)]
    task = await world.open_qualification(await world.case("2024-00001"))
    answers = await asyncio.gather(*(world.ask(one, "POST", f"/tasks/{task}/claim") for one in people))
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409, 409, 409]
    assert {one.json()["code"] for one in answers if one.status_code == 409} == {"task_taken"}


@pytest.mark.clause("O2")
async def test_who_lost_the_lease_cannot_write_any_more(world: World, database: TestDatabase) -> None:
    late = await world.register("reviewer", "重庆市第一测试中学")
    quick = await world.register("reviewer", "重庆市第二测试中学")
    case = await world.case("2024-00001")
    task = await world.open_qualification(case)
    fence, _ = await world.decide(late, task, "passed")
    await database.move_clock(timedelta(minutes=31))
    # expired, though nobody has taken it yet: neither draft nor decision
    draft = {"fence": fence, "outcome": "passed"}
    assert await world.refused(late, "PUT", f"/tasks/{task}/decision", draft) == (409, "task_lost")
    assert refusal(await world.send(late, case, task, fence))[0] == "task_lost"
    newer, obstacles = await world.decide(quick, task, "passed")
    assert (newer, obstacles) == (fence + 1, [])
    assert refusal(await world.send(late, case, task, fence))[0] == "task_lost"
    assert refusal(await world.send(late, case, task, newer))[0] == "task_lost"
    assert await world.refused(late, "GET", f"/tasks/{task}") == (409, "claim_first")
    assert (await world.send(quick, case, task, newer)).data is not None


@pytest.mark.clause("O3")
async def test_the_same_unit_does_not_judge(world: World) -> None:
    unit = "重庆市渝中区测试小学"
    colleague = await world.register("reviewer", " 重庆市渝中区 测试小学")
    case = await world.case("2024-00001", unit)
    task = await world.open_qualification(case)
    assert await world.get(colleague, "GET", "/tasks") == {"tasks": [], "next_cursor": None, "total": 0}
    claim = f"/tasks/{task}/claim"
    assert await world.refused(colleague, "POST", claim) == (403, "task_conflict_of_interest")
    unknown = Actor(subject=uuid4(), role="reviewer")
    assert await world.refused(unknown, "POST", claim) == (403, "not_registered")
    # a conflict that arises after the claim is seen at the submission
    reviewer = await world.register("reviewer", "重庆市第二测试中学")
    fence, _ = await world.decide(reviewer, task, "passed")
    moved = {"unit": unit, "role": "reviewer"}
    await world.get(world.secretariat, "PUT", f"/experts/{reviewer.subject}", moved)
    assert refusal(await world.send(reviewer, case, task, fence)) == ("task_conflict_of_interest", "O3")


@pytest.mark.clause("Q10", "Q11")
async def test_one_correction_and_a_second_look_at_what_was_flagged(world: World) -> None:
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    case = await world.case("2024-00001")
    task = await world.open_qualification(case)
    fence, obstacles = await world.decide(reviewer, task, "correction", SHORT)
    assert obstacles == []
    prepared = await world.send(reviewer, case, task, fence)
    first = await decision_of(world, prepared)
    assert (first.unlocks, first.reprint) == (("field:unit", "scan"), True)

    fields = {**(await _snapshot_fields(world, case.snapshot_key)), "unit": "重庆市渝中区测试小学校"}
    after = await world.changed(case, fields=fields)
    assert prepared.data is not None
    second = await world.open_qualification(after, 2, prepared.data["decision_key"])
    assert second != task
    other = {"check_id": "Q9", "item_id": "c1", "note": "新发现"}
    fence, obstacles = await world.decide(reviewer, second, "not_qualified", other)
    assert obstacles[0] == "not_flagged_before"
    assert refusal(await world.send(reviewer, after, second, fence)) == ("not_flagged_before", "Q10")
    fence, _ = await world.decide(reviewer, second, "correction", SHORT)
    assert refusal(await world.send(reviewer, after, second, fence)) == ("correction_used", "Q10")
    fence, obstacles = await world.decide(reviewer, second, "not_qualified", SHORT)
    assert obstacles == []
    decision = await decision_of(world, await world.send(reviewer, after, second, fence))
    assert (decision.look, decision.outcome, decision.unlocks) == (2, "not_qualified", ())
    applicant = Actor(subject=uuid4(), role="applicant", application_id=case.application_id)
    shown = await world.get(applicant, "GET", f"/applications/{case.application_id}/decision")
    assert [(one["clause"], one["where"], one["found"]) for one in shown["items"]] == [
        ("Q5", "工作单位", "请写单位全称")
    ]


@pytest.mark.clause("Q12", "Q15")
async def test_incomplete_and_forbidden_decisions_are_refused_with_their_clause(world: World) -> None:
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    case = await world.case("2024-00001")
    task = await world.open_qualification(case)
    lease = await world.get(reviewer, "POST", f"/tasks/{task}/claim")
    assert refusal(await world.send(reviewer, case, task, lease["fence"])) == ("decision_missing", "Q12")
    fence, _ = await world.decide(reviewer, task, "not_qualified", SHORT)
    assert refusal(await world.send(reviewer, case, task, fence)) == ("correction_first", "Q10")
    fence, _ = await world.decide(reviewer, task, "passed", unmet=("junior_training",))
    assert refusal(await world.send(reviewer, case, task, fence)) == ("rule_unmet_unflagged", "E3")
    other = await world.case("2024-00002")
    assert refusal(await world.send(reviewer, other, task, fence)) == ("not_found", None)
    fence, _ = await world.decide(reviewer, task, "not_qualified", FORGED)
    assert (
        await decision_of(world, await world.send(reviewer, case, task, fence))
    ).outcome == "not_qualified"


@pytest.mark.clause("Q7")
async def test_files_are_linked_for_who_holds_the_task(world: World) -> None:
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    task = await world.open_qualification(await world.case("2024-00001"))
    assert await world.refused(reviewer, "GET", f"/tasks/{task}/files/fc") == (409, "claim_first")
    await world.get(reviewer, "POST", f"/tasks/{task}/claim")
    link = await world.get(reviewer, "GET", f"/tasks/{task}/files/scan")
    async with httpx.AsyncClient() as browser:
        file = await browser.get(link["url"])
    assert file.content == b"%PDF-1.7 scan"
    assert 'filename="2024-00001-scan.pdf"' in file.headers["content-disposition"]
    assert await world.refused(reviewer, "GET", f"/tasks/{task}/files/other") == (404, "not_found")


async def test_whatever_is_open_is_cancelled_when_the_case_ends(world: World) -> None:
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    case = await world.case("2024-00001")
    task = await world.open_qualification(case)
    fence, _ = await world.decide(reviewer, task, "passed")
    await world.cancel(case)
    assert refusal(await world.send(reviewer, case, task, fence)) == ("task_ended", "O2")
    assert await world.refused(reviewer, "POST", f"/tasks/{task}/claim") == (409, "task_ended")


@pytest.mark.clause("E5")
async def test_an_outside_decision_waits_in_the_offices_worklist(world: World) -> None:
    case = await world.case("2024-00001")
    await world.open_outside(case)
    queue = await world.get(world.secretariat, "GET", "/tasks?kind=outside_decision")
    assert [(one["kind"], one["application_number"]) for one in queue["tasks"]] == [
        ("outside_decision", "2024-00001")
    ]
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    assert await world.refused(reviewer, "GET", f"/tasks/{queue['tasks'][0]['id']}") == (404, "not_found")
    document = await world.ask(world.secretariat, "POST", "/documents", content=b"%PDF-1.7 decision")
    assert (document.status_code, document.json()["media_type"]) == (201, "application/pdf")
    scan = b"%PDF-1.7" + bytes(5 * 2**20 - 8)
    assert (await world.ask(world.secretariat, "POST", "/documents", content=scan)).status_code == 201
    large = await world.ask(world.secretariat, "POST", "/documents", content=scan + b"x")
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    wrong = await world.ask(world.secretariat, "POST", "/documents", content=b"MZ program")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "document_type")
    await world.cancel(case)
    assert (await world.get(world.secretariat, "GET", "/tasks"))["tasks"] == []


async def test_an_overdue_task_rises_in_its_queue(world: World, database: TestDatabase) -> None:
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    await world.open_qualification(await world.case("2024-00001"))
    await database.move_clock(timedelta(days=15))
    await world.open_qualification(await world.case("2024-00002"))
    loop = DueLoop(world.db, handlers(world.service))
    while await loop.step():
        pass
    queue = await world.get(reviewer, "GET", "/tasks")
    assert [(one["application_number"], one["priority"], one["overdue"]) for one in queue["tasks"]] == [
        ("2024-00001", 3, True),
        ("2024-00002", 0, False),
    ]


async def _snapshot_fields(world: World, key: str | None) -> dict[str, str]:
    assert key is not None
    return Snapshot.model_validate_json(await world.store.get_content(key)).fields


@pytest.mark.clause("E10")
async def test_a_task_tells_which_twins_the_findings_know(world: World) -> None:
    """So that the page can mark what was filed later."""
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    case = await world.case("2024-00001")
    twin = Twin(kind="file", item_id="b1", application_number="2024-00002", other_item_id="c1")
    facts = Facts.model_validate_json(await world.store.get_content(case.facts_key or ""))
    key = await world.store.put_content(
        canonical(facts.model_copy(update={"twins": (twin,)})), "application/json"
    )
    task = await world.open_qualification(case.model_copy(update={"facts_key": key}))
    await world.get(reviewer, "POST", f"/tasks/{task}/claim")
    shown = await world.get(reviewer, "GET", f"/tasks/{task}")
    assert shown["twins"] == [twin.model_dump(mode="json")]
    found = [one["message"] for one in shown["findings"] if one["check_id"] == "E10"]
    assert found == ["可能重复填报，请核对：“科技节”的附件与申报 2024-00002 的附件是同一个文件"]


@pytest.mark.clause("Q10", "Q15")
async def test_a_page_of_corrections_is_shown_before_the_scan_that_has_the_rest(world: World) -> None:
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    case = await world.case("2024-00001")
    task = await world.open_qualification(case)
    fence, _ = await world.decide(reviewer, task, "correction", SHORT)
    prepared = await world.send(reviewer, case, task, fence)
    assert prepared.data is not None
    facts = Facts.model_validate_json(await world.store.get_content(case.facts_key or ""))
    assert facts.scan is not None
    page = facts.scan.model_copy(
        update={"file_ids": ("page",), "expected_version": 2, "correction_page": True}
    )
    files = {**facts.files, "page": facts.files["scan"]}
    made = canonical(facts.model_copy(update={"files": files, "scan": page}))
    key = await world.store.put_content(made, "application/json")
    after = (await world.changed(case)).model_copy(update={"facts_key": key})
    second = await world.open_qualification(after, 2, prepared.data["decision_key"])
    await world.get(reviewer, "POST", f"/tasks/{second}/claim")
    shown = await world.get(reviewer, "GET", f"/tasks/{second}")
    assert (shown["scan_file_ids"], shown["scan"]["correction_page"]) == (["page", "scan"], True)
    assert {"page", "scan"} <= {one["file_id"] for one in shown["files"]}
