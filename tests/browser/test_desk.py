"""A reviewer at the desk by keyboard: ten cases, one goes to correction, comes back, and passes (Q10–Q15)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from contracts.commands import Role
from contracts.http.review import QualificationDecision
from gateway.accounts import sessions
from gateway.models import Account, Application
from kit.tokens import Actor
from tests.browser.desk_site import Desk, open_desk
from tests.browser.looking import DESK, PHONE, faults_of_all, opened
from tests.browser.site import Site, known
from tests.conftest import TestDatabase
from tests.servers import Servers

SHOTS = os.environ.get("FUDAO_SHOTS")
"""A folder for pictures of the pages, for people to look at."""


@pytest_asyncio.fixture(loop_scope="session")
async def desk(site: Site, database: TestDatabase, servers: Servers) -> AsyncIterator[Desk]:
    async with open_desk(site, database, servers) as made:
        yield made


async def shot(page: Page, name: str) -> None:
    """A picture at both widths, when somebody wants to look."""
    if SHOTS is None:
        return
    for size in (DESK, PHONE):
        await page.set_viewport_size(size)
        await page.wait_for_timeout(150)
        await page.screenshot(path=str(Path(SHOTS) / f"{name}-{size['width']}.png"), full_page=size is PHONE)
    await page.set_viewport_size(DESK)


async def loaded(page: Page) -> bool:
    """Whether the first picture is really shown."""
    async with asyncio.timeout(20):
        while not await page.evaluate("(document.querySelector('.shot img') || {}).naturalWidth > 0"):
            await asyncio.sleep(0.1)
    return True


async def accept_all(page: Page) -> None:
    """`a` on every line and rule, as many times as there are."""
    await page.locator("html.scripted").wait_for()
    for _ in range(await page.locator(".check").count() - 1):
        await page.keyboard.press("a")


async def submit(page: Page, *, outcome: str) -> None:
    """Outcome, look again, send."""
    await page.keyboard.press(outcome)
    await page.keyboard.press("d")
    await page.wait_for_url("**/decide")
    await page.keyboard.press("Enter")


async def applicants_token(site: Site, application_id: object) -> str:
    async with site.world.db.unit_of_work() as session:
        application = await session.get(Application, application_id)
        assert application is not None
        account = await session.get(Account, application.person_id)
        assert account is not None
        return (await sessions.open_session(session, account, timedelta(hours=1))).token


@pytest.mark.timeout(300)
@pytest.mark.clause("Q10", "Q11", "Q12", "Q14", "Q15")
async def test_ten_cases_by_keyboard_one_corrected_and_passed(
    browser: Browser, site: Site, desk: Desk
) -> None:
    numbers = [f"2024-{n:05}" for n in range(1, 11)]
    for number in numbers:
        await desk.case(number)
    async with (
        desk.dispatching(),
        opened(browser, site, token=desk.token, size=DESK) as page,
    ):
        await page.goto(f"{site.url}/staff/queue")
        assert await page.locator("tbody tr").count() == 10
        await shot(page, "queue")
        await page.keyboard.press("n")
        seen = []
        for turn in range(10):
            await page.wait_for_url("**/staff/tasks/*")
            await page.locator("html.scripted").wait_for()
            heading = await page.locator("h1").inner_text()
            seen.append(heading.split(" ")[0])
            if turn == 0:
                assert await loaded(page)
                await shot(page, "task")
            await accept_all(page)
            if turn == 4:
                box = page.locator("#check-Q5")
                await box.get_by_label("标注问题").check()
                await box.locator("select[name$='.code']").first.select_option("abbreviated")
                await box.locator("select[name$='.place']").first.select_option("field:unit")
                await box.locator("textarea").first.fill("请按公章填写单位全称")
                await box.locator("textarea").first.press("Escape")
                await shot(page, "flagged")
                await page.keyboard.press("2")
                await page.keyboard.press("d")
                await page.wait_for_url("**/decide")
                await shot(page, "decide")
                await page.keyboard.press("Enter")
            else:
                await submit(page, outcome="1")
        await page.get_by_text("目前没有您可以领取的任务。").wait_for()
        assert sorted(seen) == numbers
        outcomes = [one["outcome"] for one in desk.prepared.values()]
        assert (outcomes.count("passed"), outcomes.count("correction")) == (9, 1)

        number = seen[4]
        case = desk.cases[number]
        token = await applicants_token(site, case.application_id)
        await desk.send_back(number, token)
        answers_key = await correct(browser, site, desk, number, token)
        await desk.corrected(number, answers_key, unit="重庆市渝中区测试实验小学校")

        await page.goto(f"{site.url}/staff/queue")
        await page.keyboard.press("n")
        await page.wait_for_url("**/staff/tasks/*")
        await page.locator("html.scripted").wait_for()
        told = await page.locator("table").first.inner_text()
        assert "请按公章填写单位全称" in told
        assert "已改" in told
        row = await page.locator("tr", has_text="工作单位").last.inner_text()
        assert "重庆市渝中区测试小学" in row
        assert "重庆市渝中区测试实验小学校" in row
        await shot(page, "second-look")
        await accept_all(page)
        await submit(page, outcome="1")
        await page.get_by_text("目前没有您可以领取的任务。").wait_for()
    decision = QualificationDecision.model_validate_json(
        await desk.review.store.get_content(desk.prepared[case.application_id]["decision_key"])
    )
    assert (decision.look, decision.outcome) == (2, "passed")


async def correct(browser: Browser, site: Site, desk: Desk, number: str, token: str) -> str:
    """The applicant reads what was found, says what was done, and resubmits once; the answers' key."""
    case = desk.cases[number]
    async with opened(browser, site, token=token, size=DESK) as page:
        await page.goto(f"{site.url}/my/applications/{case.application_id}/decision")
        item = page.locator(".found li").first
        text = await item.inner_text()
        assert "工作单位" in text
        assert "请按公章填写单位全称" in text
        assert "须重新打印、签字、盖章" in text
        await shot(page, "correction")
        await item.get_by_label("已按要求修改").check()
        await item.get_by_label("说明").fill("已改为全称")
        await page.get_by_role("button", name="提交修改（只有一次）").click()
        await page.wait_for_url(f"**/my/applications/{case.application_id}")
    sent = [row for row in await site.world.stored() if row.name == "resubmit"]
    assert len(sent) == 1
    return str(sent[0].body["answers_key"])


@pytest.mark.timeout(180)
async def test_undo_zoom_and_nothing_is_sent_before_it_was_seen_again(
    browser: Browser, site: Site, desk: Desk
) -> None:
    await desk.case("2024-00001")
    async with desk.dispatching(), opened(browser, site, token=desk.token, size=DESK) as page:
        await page.goto(f"{site.url}/staff/queue")
        await page.get_by_role("button", name="领取", exact=True).click()
        await page.wait_for_url("**/staff/tasks/*")
        await page.locator("html.scripted").wait_for()
        first = page.locator(".check").first
        await page.keyboard.press("a")
        assert await first.locator("input[value=accept]").is_checked()
        await page.keyboard.press("u")
        assert not await first.locator("input[value=accept]").is_checked()
        await page.keyboard.press("z")
        assert await page.locator("#viewer.zoomed").count() == 1
        await page.keyboard.press("1")
        await page.keyboard.press("d")
        await page.wait_for_url("**/decide")
        assert await page.get_by_role("button", name="提交，并领取下一件").is_disabled()
        assert "还没有确认" in await page.get_by_role("alert").inner_text()
        await page.keyboard.press("u")
        await page.wait_for_url("**/staff/tasks/*")
    assert desk.prepared == {}


@pytest.mark.timeout(180)
async def test_the_desk_works_without_scripts_and_shuts_nobody_out(
    browser: Browser, site: Site, desk: Desk, axe: str
) -> None:
    await desk.case("2024-00001")
    async with opened(browser, site, token=desk.token, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/staff/queue")
        await page.get_by_role("button", name="领取", exact=True).click()
        await page.wait_for_url("**/staff/tasks/*")
        await page.locator("#check-Q1 input[value=accept]").check()
        await page.get_by_role("button", name="保存").click()
        await page.get_by_role("status").get_by_text("已保存").wait_for()
        assert await page.locator("#check-Q1 input[value=accept]").is_checked()
        task = page.url.split("?")[0]
    pages = [
        (desk.token, "/staff/queue"),
        (desk.token, task.removeprefix(site.url)),
        (desk.token, f"{task.removeprefix(site.url)}/decide"),
        (desk.token, f"{task.removeprefix(site.url)}/before?check_id=Q9"),
        (desk.office_token, "/staff/overview"),
        (desk.office_token, f"/staff/calls/{site.round_id}"),
        (desk.office_token, f"/staff/cases/{desk.cases['2024-00001'].application_id}"),
    ]
    wrong = await faults_of_all(browser, site, pages, axe)
    assert wrong == [], "\n".join(str(one) for one in wrong)


@pytest.mark.timeout(180)
@pytest.mark.clause("E9", "O2")
async def test_false_material_is_decided_by_two_people_without_scripts(
    browser: Browser, site: Site, desk: Desk
) -> None:
    case = await desk.case("2024-00001")
    world, own = site.world, f"/staff/cases/{case.application_id}"
    world.app.state.parts = replace(world.parts, store=desk.review.store)
    world.read_model.known[case.application_id] = known(
        site, application_id=case.application_id, application_number="2024-00001"
    )
    world.services.put("registration", "GET", f"/rounds/{site.round_id}/bars", 200, {"bars": []})
    _, second = await world.staff(Role.approver)
    narrow = []

    async def seen(page: Page, path: str) -> None:
        await page.goto(site.url + path)
        await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        narrow.append((path, await page.evaluate(over), await page.locator("h1").count()))
        if SHOTS is not None:
            await page.screenshot(path=f"{SHOTS}/{path.split('/')[2].split('?')[0]}-390.png", full_page=True)

    async with (
        desk.dispatching(),
        opened(browser, site, token=desk.office_token, java_script_enabled=False) as office,
        opened(browser, site, token=second, java_script_enabled=False) as approver,
    ):
        await office.goto(site.url + own)
        await office.get_by_text("发现材料可能虚假…").click()
        await office.get_by_label("发现了什么").fill("证书编号查无此号")
        await office.get_by_role("button", name="开始核实，请申报人说明").click()
        await office.get_by_text("要认定材料虚假，须等申报人说明").wait_for()
        applicant = Actor(subject=uuid4(), role="applicant", application_id=case.application_id)
        path = f"/applications/{case.application_id}/hearing/statement"
        await desk.review.get(applicant, "PUT", path, {"text": "编号抄错了"})
        await seen(office, own)
        scan = {"name": "决定.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7" + bytes(300_000)}
        await office.get_by_label("决定文件（").set_input_files(scan)
        await office.get_by_label("不得申报至").fill("2999-12-31")
        await office.get_by_label("我已听取申报人的说明").check()
        await office.get_by_role("button", name="提议取消认证资格").click()
        await office.get_by_text("等待另一位审批人批准").wait_for()
        await seen(approver, "/staff/proposals")
        link = await approver.get_by_role("link", name="打开决定文件").get_attribute("href")
        async with world.client(second) as http:
            assert (await http.get(str(link))).content == scan["buffer"]
        await approver.get_by_role("button", name="批准").click()
        await approver.get_by_text("已批准").wait_for()
        await seen(office, own)
        await office.get_by_text("认定材料虚假，取消认证资格").wait_for()
        await office.get_by_role("link", name="登记为不得申报的决定").click()
        assert await office.get_by_label("不得申报至").input_value() == "2999-12-31"
        assert await office.get_by_label("证件号码").count() == 0
        await seen(office, f"/staff/bars?application={case.application_id}")
        await seen(office, "/staff/bars")
    assert [one for one in narrow if one[1:] != (0, 1)] == []
