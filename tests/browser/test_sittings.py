"""The office runs a sitting in the browser, and a candidate reads the scores after the release (X2, X3, T1, T2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from contracts.commands import Role
from contracts.http.scoring import OwnComponent, OwnScores, RankOutcome
from contracts.lifecycle import ActionRequiredBy, Stage, Status
from tests.browser.exam_site import ExamSite, open_exam_site
from tests.browser.looking import DESK, faults_of_all, opened
from tests.browser.site import NOW, Site, known, put
from tests.conftest import TestDatabase

STORED = {"key": "sha256/" + "cd" * 32, "bytes": 13, "media_type": "application/pdf"}


@pytest_asyncio.fixture(loop_scope="session")
async def exam(site: Site, database: TestDatabase) -> AsyncIterator[ExamSite]:
    async with open_exam_site(site, database) as opened_site:
        site.world.services.put("review", "POST", "/documents", 200, STORED)
        yield opened_site


def board(exam: ExamSite) -> str:
    return f"{exam.url}/staff/sittings"


@pytest.mark.clause("X2", "X3", "O2")
async def test_the_office_opens_extends_and_excuses_without_javascript(
    browser: Browser, exam: ExamSite, tmp_path: Path
) -> None:
    sick, well = await exam.sitter(), await exam.sitter()
    proof = tmp_path / "证明.pdf"
    proof.write_bytes(b"%PDF-1.4 test")
    async with opened(browser, exam, token=exam.office, size=DESK, java_script_enabled=False) as page:
        await page.goto(f"{exam.url}/staff")
        await page.get_by_role("link", name="笔试场次").click()
        await page.get_by_text("还有 2 人在资格审查或退回修改中，没有进入笔试").wait_for()
        await page.locator("summary", has_text="预告开考时间").click()
        await page.get_by_label("预告的开考时间").fill("2099-03-08T09:00")
        await page.get_by_role("button", name="预告").click()
        await page.get_by_text("预告 2099-03-08 09:00").wait_for()
        await page.get_by_role("link", name="准备开考").click()
        await page.wait_for_url("**/open*")
        said = await page.locator("main").inner_text()
        assert all(
            one in said
            for one in ("应考 2 人", "60 分钟后自动收卷", "还没有到预告的时间", "2 人在资格审查或退回修改中")
        )
        await page.get_by_label("我已核对人数和时间").check()
        await page.get_by_role("button", name="现在开考").click()
        await page.get_by_text("延长正在进行的一场").wait_for()
        before = await page.locator("input[name=closes_at]").get_attribute("value")
        await page.get_by_label("延长多少分钟").fill("15")
        await page.get_by_label("理由").fill("机房停电")
        await page.get_by_role("button", name="延长", exact=True).click()
        await page.locator(f"input[name=closes_at]:not([value='{before}'])").wait_for(state="attached")
        await page.get_by_role("link", name="名单、请假和记录").click()
        await page.get_by_text("机房停电").wait_for()
        assert await page.locator("tbody tr").count() == 2
        await page.locator("summary", has_text="登记请假").click()
        await page.get_by_label("申报编号").fill("2024-J-99999")
        await page.get_by_label("理由").fill("住院，有诊断证明")
        await page.locator("input[type=file]").set_input_files(str(proof))
        await page.get_by_role("button", name="登记").click()
        await page.get_by_text("这一场里没有这个申报编号").wait_for()
        assert await page.get_by_label("理由").input_value() == "住院，有诊断证明"
        await page.get_by_label("申报编号").fill(sick.case.application_number)
        await page.locator("input[type=file]").set_input_files(str(proof))
        await page.get_by_role("button", name="登记").click()
        await page.get_by_text("等待另一位审批人批准").first.wait_for()
        address = page.url.partition("#")[0]
        await page.get_by_role("link", name="还没有开始的人和电话").click()
        await page.locator("a[href='tel:13700000001']").wait_for()
        numbers = await page.locator("tbody td:first-child").all_inner_texts()
        assert numbers == [one.case.application_number for one in (sick, well)]
        assert await page.locator("a[href='tel:13700000001']").count() == 1
    _, approver = await exam.world.staff(Role.approver)
    async with opened(browser, exam, token=approver, java_script_enabled=False) as page:
        await page.goto(address)
        assert await page.get_by_text("人民路小学校").count() == 0  # names are the office's
        assert await page.get_by_role("link", name="还没有开始的人和电话").count() == 0
        await page.get_by_label("审批意见").fill("证明属实")
        await page.get_by_role("button", name="批准，安排下一场").click()
        await page.get_by_text("已批准，安排下一场").wait_for()
    exams = await exam.service.list_sittings(exam.site.round_id)
    assert [(one.number, one.state.value, one.enrolled) for one in exams.sittings] == [
        (1, "open", 1),
        (2, "planned", 1),
    ]


@pytest.mark.clause("X2")
async def test_numbers_of_a_running_sitting_refresh_by_themselves(browser: Browser, exam: ExamSite) -> None:
    sitter = await exam.sitter()
    await exam.open()
    async with opened(browser, exam, token=exam.office, size=DESK) as page:
        await page.goto(board(exam))
        await page.locator("#board dt", has_text="还没有开始").wait_for()
        await exam.begin(sitter)
        await page.evaluate(
            "htmx.ajax('GET', document.getElementById('board').getAttribute('hx-get'),"
            " {target: '#board', swap: 'outerHTML'})"
        )
        writing = page.locator("#board .totals div", has_text="正在答题").locator("strong")
        await writing.filter(has_text="1").wait_for()
        assert await page.locator("#board[hx-trigger='every 5s']").count() == 1


@pytest.mark.clause("X3", "O2")
async def test_who_may_do_what_with_a_sitting(exam: ExamSite) -> None:
    await exam.sitter()
    (one,) = (await exam.service.list_sittings(exam.site.round_id)).sittings
    round_at = f"/staff/sittings/{exam.site.round_id}"
    levels, this = f"{round_at}/levels/junior", f"{round_at}/{one.id}"
    routes = [
        ("GET", "/staff/sittings"),
        ("GET", this),
        ("GET", f"{levels}/statistics"),
        ("GET", f"{levels}/open"),
        ("POST", f"{levels}/open"),
        ("POST", f"{levels}/extend"),
        ("POST", f"{levels}/announce"),
        ("GET", f"{this}/calls"),
        ("POST", f"{this}/excuses"),
        ("POST", f"{round_at}/excuses/{uuid4()}/grant"),
    ]
    said, seen = {"sitting_id": str(one.id)}, dict[str, list[int]]()
    for role in (Role.secretariat, Role.approver, Role.supervisor, Role.operator, Role.expert, Role.district):
        _, token = await exam.world.staff(role)
        client = exam.world.client(cookie=token)
        seen[role] = [
            (await client.request(method, path, data=said if method == "POST" else None)).status_code
            for method, path in routes
        ]
    assert seen == {
        "secretariat": [200, 200, 200, 200, 422, 422, 422, 200, 422, 403],
        "approver": [200, 200, 200, 403, 403, 403, 403, 403, 403, 422],
        "supervisor": [200, 200, 200, *[403] * 7],
        "operator": [200, 200, *[403] * 8],
        "expert": [403] * 10,
        "district": [403] * 10,
    }
    applicant = exam.world.client(cookie=exam.sitters[0].token)
    assert (await applicant.get("/staff/sittings")).status_code == 403
    office = exam.world.client(cookie=exam.office)
    for path in (f"/staff/sittings?round={uuid4()}", f"{round_at}/{uuid4()}", f"{round_at}/levels/none/open"):
        assert (await office.get(path)).status_code == 404
    (still,) = (await exam.service.list_sittings(exam.site.round_id)).sittings
    assert still.state.value == "planned"


@pytest.mark.clause("X3")
async def test_a_second_click_opens_nothing_and_adds_no_minutes(exam: ExamSite) -> None:
    await exam.sitter()
    office = exam.world.client(cookie=exam.office)
    at = f"/staff/sittings/{exam.site.round_id}/levels/junior"
    for _ in range(2):
        assert (await office.post(f"{at}/open", data={"confirmed": "1"})).status_code == 303
    (one,) = (await exam.service.list_sittings(exam.site.round_id)).sittings
    assert one.closes_at is not None
    body = {"minutes": "5", "reason": "网络故障", "closes_at": one.closes_at.isoformat()}
    assert (await office.post(f"{at}/extend", data=body)).status_code == 303
    again = await office.post(f"{at}/extend", data=body)
    assert (again.status_code, "结束时间已经改过" in again.text) == (409, True)
    (longer,) = (await exam.service.list_sittings(exam.site.round_id)).sittings
    assert longer.closes_at is not None
    assert (longer.closes_at - one.closes_at).total_seconds() == 300


@pytest.mark.clause("X4", "O2")
async def test_two_people_correct_a_wrong_key(browser: Browser, exam: ExamSite, axe: str) -> None:
    first, second = await exam.sitter(), await exam.sitter()
    await exam.open()
    at = f"/staff/sittings/{exam.site.round_id}/levels/junior"
    await exam.sat(first)
    office = exam.world.client(cookie=exam.office)
    sealed = (await office.get(f"{at}/statistics")).text
    assert ("仍然封存" in sealed, "更正答案…" in sealed) == (True, False)
    await exam.sat(second)
    paper = (await exam.service.read_statistics(exam.site.round_id, "junior")).items
    item = next(one for one in paper if one.form == "single" and one.facility == "0.000" and one.shown)
    chosen = max(item.options, key=lambda one: one.count).id
    async with opened(browser, exam, token=exam.office, size=DESK, java_script_enabled=False) as page:
        await page.goto(f"{exam.url}{at}/statistics")
        card = page.locator(".line-card", has_text=item.stem)
        await card.locator("summary").click()
        await card.locator(f"input[value='{chosen}']").check()
        await card.get_by_label("理由").fill("教材第三版已更正")
        await card.get_by_role("button", name="登记").click()
        await page.get_by_text("已登记，还没有生效").wait_for()
        await page.get_by_label("我已核对题目").check()
        await page.get_by_role("button", name="提议更正").click()
        await page.get_by_text("等待另一位审批人批准").wait_for()
    (made,) = (await exam.service.list_corrections(exam.site.round_id, "junior")).corrections
    gone = await office.post(f"{at}/corrections/{made.id}/discard")
    assert (gone.status_code, "先由其驳回" in gone.text) == (409, True)
    again = await office.post(f"{at}/corrections/{made.id}/propose", data={"confirmed": "1"})
    assert (again.status_code, "不用重复提议" in again.text) == (409, True)
    _, approver = await exam.world.staff(Role.approver)
    second_person = exam.world.client(cookie=approver)
    assert (await second_person.post(f"{at}/corrections", data={})).status_code == 403
    listed = (await second_person.get("/staff/proposals")).text
    for said in ("更正试题答案", item.item_id, "改变成绩的人数"):
        assert said in listed
    async with exam.world.answering():
        proposal = listed.partition("/staff/proposals/")[2].partition("/")[0]
        assert (await second_person.post(f"/staff/proposals/{proposal}/approve")).status_code == 303
    (stored,) = await exam.world.stored()
    assert (stored.name, stored.target_id, stored.body["correction_id"]) == (
        "correct_key",
        exam.site.round_id,
        str(made.id),
    )
    wrong = await faults_of_all(browser, exam, [(exam.office, f"{at}/statistics")], axe)
    assert wrong == [], "\n".join(str(one) for one in wrong)


def scores(site: Site, **changes: Any) -> OwnScores:
    """A junior in the cut."""
    values: dict[str, Any] = {
        "application_id": site.application,
        "released": True,
        "level": "junior",
        "components": (
            OwnComponent(stage=Stage.portfolio, weight=50, score="88.67", exact="266/3"),
            OwnComponent(stage=Stage.exam, weight=50, score="92.50", exact="185/2"),
        ),
        "total": "90.58",
        "rank": 3,
        "ranked": 57,
        "outcome": RankOutcome.in_cut,
        "released_at": NOW,
        "filed": 60,
        "ratio": "0.6",
        "places": 36,
        "cut_total": "71.25",
        "ties": "all_with_cutoff",
    }
    return OwnScores(**(values | changes))


@pytest.mark.clause("T1", "T2", "T3")
async def test_own_scores_say_how_the_total_came_about(site: Site) -> None:
    client = site.world.client(cookie=site.token)
    address = f"/my/applications/{site.application}/scores"
    path = f"/applications/{site.application}/scores"
    put(site.world, "scoring", path, OwnScores(application_id=site.application, released=False))
    assert "成绩还没有公布" in (await client.get(address)).text
    put(site.world, "scoring", path, scores(site))
    told = (await client.get(address)).text
    for one in (
        "进入认定名额",
        "88.67",
        "92.50",
        "90.58",
        "第 3 名，共 57 人参加排名",
        "36 名：按申报人数 60 人的 60% 计算",
        "71.25",
    ):
        assert one in told
    outside = scores(site, outcome=RankOutcome.not_in_cut, rank=40, total="60.00")
    put(site.world, "scoring", path, outside)
    assert "未进入认定名额" in (await client.get(address)).text
    away = scores(site, outcome=RankOutcome.not_ranked, absent=True, rank=None, total=None, components=())
    put(site.world, "scoring", path, away)
    told = (await client.get(address)).text
    assert ("有一个环节缺考" in told, "总成绩是怎么来的" in told) == (True, False)
    _, stranger = await site.world.person("13712340000")
    assert (await site.world.client(cookie=stranger).get(address)).status_code == 404
    ended = known(
        site,
        stage=Stage.ended,
        status=Status.not_certified,
        action_required_by=ActionRequiredBy.nobody,
        seq=9,
    )
    site.world.read_model.known[site.application] = ended
    assert f'href="{address}"' in (await client.get(f"/my/applications/{site.application}")).text


@pytest.mark.clause("X3", "T1")
async def test_no_page_of_the_office_or_the_scores_shuts_anybody_out(
    browser: Browser, exam: ExamSite, axe: str
) -> None:
    for _ in range(3):
        await exam.sitter()
    (planned,) = (await exam.service.list_sittings(exam.site.round_id)).sittings
    at = f"/staff/sittings/{exam.site.round_id}"
    office = exam.office
    pages = [(office, "/staff/sittings"), (office, f"{at}/levels/junior/open")]
    wrong = await faults_of_all(browser, exam, pages, axe)
    await exam.open()
    await exam.service.finish(exam.sitters[2].application, await exam.begin(exam.sitters[2]))
    await exam.begin(exam.sitters[0])
    await exam.file_excuse(exam.sitters[1], planned.id)
    _, approver = await exam.world.staff(Role.approver)
    path = f"/applications/{exam.site.application}/scores"
    put(exam.world, "scoring", path, scores(exam.site))
    running = [
        (office, "/staff/sittings?running"),
        (office, f"{at}/{planned.id}"),
        (approver, f"{at}/{planned.id}?approver"),
        (office, f"{at}/{planned.id}/calls"),
        (office, f"{at}/levels/junior/statistics"),
        (exam.site.token, f"/my/applications/{exam.site.application}/scores"),
    ]
    wrong += await faults_of_all(browser, exam, running, axe)
    assert wrong == [], "\n".join(str(one) for one in wrong)
