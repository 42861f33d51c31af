"""A complaint on a phone without scripts, and the committee's decision, as people see them (N3, O4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from contracts.commands import Role
from contracts.complaints import ComplaintStage
from kit.http import serve
from tests.browser.looking import PHONE, faults, faults_of_all, opened, shot
from tests.integration.complaints.house import House, own_house
from tests.servers import Servers

FACTS = "2024年5月的市级二等奖由刘老师指导，申报时写成了本人指导。\n教务处存有名单，可以核对。"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(servers: Servers) -> AsyncIterator[House]:
    async with own_house(servers) as house:
        stop, bound = asyncio.Event(), asyncio.get_running_loop().create_future()
        server = asyncio.create_task(serve(house.gateway.app, stop, on_bound=bound.set_result))
        house.url = await bound
        yield house
        stop.set()
        await asyncio.wait_for(server, 10)


@pytest.mark.clause("N3", "O4")
async def test_complained_on_a_phone_without_scripts_decided_held_and_released(
    browser: Browser, site: House, axe: str, tmp_path: Path
) -> None:
    person = site.people[0]
    await site.document()
    document = tmp_path / "决定.pdf"
    document.write_bytes(b"%PDF-1.7 decision")
    async with opened(browser, site, size=PHONE, java_script_enabled=False) as page:
        number, code = await _complain(page, site, "王小明")
        await page.get_by_role("button", name="查看进度").click()
        await page.get_by_text("已收到，待决定是否受理").wait_for()
    complaint_id = await site.only()
    _, board = await site.gateway.staff(Role.supervisor)
    async with opened(browser, site, token=board, size=PHONE, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/staff/complaints")
        await page.get_by_role("link", name=number).click()
        await page.get_by_text("教务处存有名单").wait_for()
        await page.get_by_role("button", name="受理", exact=True).click()
        await site.held(person, True)
        await page.reload()
        await page.get_by_text("此人暂缓发证").first.wait_for()
        await _open(page, "请本人说明…")
        await page.get_by_label("告知的内容").fill("请说明2024年5月市级二等奖的指导情况。")
        await page.get_by_label("文字中没有投诉人的信息").check()
        await page.get_by_role("button", name="请本人说明").click()
        await site.at(complaint_id, ComplaintStage.hearing)
    async with opened(browser, site, token=person.token, size=PHONE, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/my/applications/{person.application}")
        await page.get_by_text("向监督委员会作出说明").first.wait_for()
        await page.locator(".next-step a").click()
        await page.get_by_label("您的说明").wait_for()
        assert await faults(page) == []
        await page.get_by_label("您的说明").fill("奖项由我指导，有聘书为证。")
        await page.get_by_role("button", name="提交说明").click()
        await page.get_by_text("您的说明已经收到").first.wait_for()
        await site.at(complaint_id, ComplaintStage.heard)
    async with opened(browser, site, token=board, size=PHONE, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/staff/complaints/{complaint_id}")
        await _open(page, "作出决定…")
        await page.get_by_label("不属实", exact=True).check()
        await page.get_by_label("处理决定（被投诉人能看到）").fill("经核对教务处名单，不属实。")
        await page.get_by_label("决定文件").set_input_files(document)
        await page.get_by_label("我已核对结论和文件").check()
        await shot(page, "complaint-decide-390")
        await page.get_by_role("button", name="作出决定").click()
        await site.held(person, False)
        await page.reload()
        await page.get_by_text("已办结：不属实").wait_for()
    async with opened(browser, site, size=PHONE, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/complaints/progress")
        await page.get_by_label("编号").fill(number.lower())
        await page.get_by_label("查询码").fill(code.lower().replace("-", " "))
        await page.get_by_role("button", name="查看进度").click()
        await page.get_by_text("结论：不属实").first.wait_for()
        assert await faults(page) == []


@pytest.mark.clause("N3")
async def test_no_page_of_complaints_shuts_anybody_out(browser: Browser, site: House, axe: str) -> None:
    person = site.people[1]
    async with opened(browser, site, size=PHONE) as page:
        await _complain(page, site, "欧阳晓䶮", named=True, look=axe)
        await page.get_by_role("button", name="查看进度").click()
        await page.get_by_label("回答提问，或补充").fill("名单存在教务处二楼。")
        await page.get_by_role("button", name="补充", exact=True).click()
        await page.get_by_text("已经补充").wait_for()
        assert await faults(page, axe) == []
        await shot(page, "complaint-progress-390")
    complaint_id = await site.only()
    _, board = await site.gateway.staff(Role.supervisor)
    _, office = await site.gateway.staff(Role.secretariat)
    async with opened(browser, site, token=board) as page:
        await page.goto(f"{site.url}/staff/complaints/{complaint_id}")
        await page.get_by_role("button", name="受理", exact=True).wait_for()
        assert await faults(page, axe) == []
        await shot(page, "complaint-received-390")
        await page.get_by_role("button", name="受理", exact=True).click()
        await site.held(person, True)
        await page.goto(f"{site.url}/staff/complaints/{complaint_id}")
        await _open(page, "请本人说明…")
        await page.get_by_label("告知的内容").fill("请说明2024年5月市级二等奖的指导情况，并提供证明。")
        await page.get_by_label("文字中没有投诉人的信息").check()
        await page.get_by_role("button", name="请本人说明").click()
        await site.at(complaint_id, ComplaintStage.hearing)
        await page.goto(f"{site.url}/staff/complaints/{complaint_id}")
        await _open(page, "向投诉人提问…")
        await page.get_by_label("问题").fill("名单可以提供复印件吗？")
        await page.get_by_role("button", name="向投诉人提问").click()
    pages = [
        (None, f"/notices/{site.notice}"),
        (None, f"/complaints?notice={site.notice}&person={person.number}"),
        (None, "/complaints/progress"),
        (office, "/staff"),
        (office, "/staff/forward-complaint"),
        (board, "/staff/complaints?state=all"),
        (board, f"/staff/complaints/{complaint_id}"),
        (person.token, f"/my/applications/{person.application}/complaints"),
    ]
    wrong = await faults_of_all(browser, site, pages, axe)
    assert wrong == [], "\n".join(str(one) for one in wrong)


async def _complain(
    page: Page, site: House, name: str, *, named: bool = False, look: str = ""
) -> tuple[str, str]:
    """From the public notice to the receipt: its number and code."""
    await page.goto(f"{site.url}/notices/{site.notice}")
    await page.get_by_role("link", name=f"反映问题 {name}").click()
    assert await page.get_by_label("公示名单中的人").is_checked()
    assert name in await page.locator("#person option:checked").inner_text()
    await page.get_by_label("事实").fill(FACTS)
    if named:
        await page.get_by_label("署名", exact=False).first.check()
        await page.get_by_label("姓名", exact=True).fill("赵举报")
        await page.get_by_label("电话", exact=True).fill("13900001111")
    else:
        await page.locator("input[name=named][value='0']").check()
    await page.get_by_role("button", name="提交给监督委员会").click()
    await page.locator(".receipt code").first.wait_for()
    number, code = await page.locator(".receipt code").all_inner_texts()
    assert await faults(page, look) == []
    await shot(page, f"complaint-receipt-{'named' if named else 'anonymous'}-390")
    return number, code


async def _open(page: Page, summary: str) -> None:
    """Opens a step; it works without scripts."""
    await page.locator("details > summary", has_text=summary).first.click()
