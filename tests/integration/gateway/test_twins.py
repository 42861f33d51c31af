"""A reviewer sees who else claims the same, also when the other was filed later than the checks (E10)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from contracts.case import EvidenceItem, Snapshot, Twin
from contracts.commands import Role
from contracts.explanation import Explanation, Route, Verdict
from contracts.http.bars import Twins
from contracts.http.review import ColleagueTask, QualificationTask, QuestionView, TaskCard, TaskKind
from tests.integration.gateway.world import World

KNOWN = Twin(kind="file", item_id="b1", application_number="2024-J-00002", other_item_id="c4")
LATER = Twin(kind="award", item_id="b1", application_number="2024-J-00009", other_item_id="b1", sure=False)
LATE = "机器检查之后才提交"


def task(application_id: UUID, *known: Twin) -> QualificationTask:
    card = TaskCard(
        id=uuid4(),
        kind=TaskKind.qualification,
        application_id=application_id,
        application_number="2024-J-00001",
        level="intermediate",
        look=1,
        mine=True,
        fence=1,
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    award = EvidenceItem(id="b1", section="B", kind="competition_award", title="青少年科技创新大赛")
    return QualificationTask(
        task=card,
        look=1,
        snapshot=Snapshot(level="intermediate", conditions=(award,)),
        findings=(),
        explanation=Explanation(
            pack_id="demo", level="intermediate", route=Route.regular, verdict=Verdict.passed, rules=()
        ),
        checks=(),
        rules=(),
        files=(),
        may_correct=True,
        twins=known,
    )


def rows(page: str) -> list[tuple[str, ...]]:
    """The list's cells without their tags."""
    if 'id="twins"' not in page:
        return []
    body = page.split('id="twins"')[1].split("<tbody>")[1].split("</tbody>")[0]
    cells = [re.findall(r"<td>(.*?)</td>", line) for line in body.split("<tr>")[1:]]
    return [tuple(re.sub(r"<[^>]+>", "", cell) for cell in line) for line in cells]


async def told(world: World, shown: QualificationTask, *now: Twin) -> str:
    application = shown.task.application_id
    body = Twins(twins=now).model_dump(mode="json")
    world.services.put("registration", "GET", f"/applications/{application}/twins", 200, body)
    return await page(world, shown)


async def page(world: World, shown: QualificationTask | ColleagueTask) -> str:
    path = f"/tasks/{shown.task.id}"
    world.services.put("review", "GET", path, 200, shown.model_dump(mode="json"))
    _, token = await world.staff(Role.reviewer)
    async with world.client(cookie=token) as http:
        answer = await http.get(f"/staff{path}")
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.clause("E10")
async def test_a_twin_that_was_filed_later_stands_first_and_is_marked(world: World) -> None:
    application = await world.application((await world.person())[0], await world.round())
    shown = task(application, KNOWN)
    assert rows(await told(world, shown, KNOWN, LATER)) == [
        (
            "青少年科技创新大赛",
            "2024-J-00009",
            f"名称、年份和单位相同，两人都申报为第一指导教师，请核对是否同一奖项 {LATE}",
        ),
        ("青少年科技创新大赛", "2024-J-00002", "附件是同一个文件"),
    ]
    asked = world.services.last("registration")
    assert (asked["path"], asked["actor"].role) == (f"/applications/{application}/twins", "reviewer")
    # the other one was taken back meanwhile: what the checks found stays among the findings, and is no twin now
    assert rows(await told(world, shown)) == []


@pytest.mark.clause("E10", "Q15")
async def test_a_colleague_and_the_office_see_it_too(world: World) -> None:
    application = await world.application((await world.person())[0], await world.round())
    shown = task(application)
    assert len(rows(await told(world, shown, LATER))) == 1
    question = QuestionView(
        task_id=shown.task.id,
        check_id="E10",
        text="是同一个奖吗？",
        asked_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    card = shown.task.model_copy(update={"id": uuid4(), "kind": TaskKind.question})
    asked = ColleagueTask(kind=TaskKind.question, task=card, shown=shown, question=question)
    assert LATE in await page(world, asked)
    _, office = await world.staff(Role.secretariat)
    async with world.client(cookie=office) as http:
        case = await http.get(f"/staff/cases/{application}")
    assert [line[:2] for line in rows(case.text)] == [("b1", "2024-J-00009")]


@pytest.mark.clause("E10")
async def test_a_page_that_cannot_be_told_says_so(world: World) -> None:
    application = await world.application((await world.person())[0], await world.round())
    shown = await page(world, task(application))  # registration does not answer
    assert "暂时查不到是否有人重复申报同一成果" in shown


@pytest.mark.clause("E10")
async def test_no_applicant_is_told(world: World) -> None:
    person, token = await world.person()
    application = await world.application(person, await world.round())
    body = Twins(twins=(LATER,)).model_dump(mode="json")
    path = f"/applications/{application}/twins"
    world.services.put("registration", "GET", path, 200, body)
    async with world.client(token) as http, world.client(cookie=token) as browser:
        assert (await http.get(f"/api/v1{path}")).status_code == 403
        for own in ("", "/decision", "/correct"):
            shown = await browser.get(f"/my/applications/{application}{own}")
            assert LATER.application_number not in shown.text
        assert (await browser.get(f"/staff/cases/{application}")).status_code in (403, 404)
    assert [one["path"] for one in world.services.asked if one["path"] == path] == []
