"""Experts and panels in a browser: by keyboard, without scripts, on a phone; the office's pages (O3, P0–P3, D1, D2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from contracts.commands import Role
from tests.browser.looking import DESK, PHONE, faults_of_all, opened, shot, sideways
from tests.browser.sheet_site import UNIT, Judges, open_judges
from tests.browser.site import Site
from tests.conftest import TestDatabase
from tests.servers import Servers

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest_asyncio.fixture(loop_scope="session")
async def judges(site: Site, database: TestDatabase, servers: Servers) -> AsyncIterator[Judges]:
    async with open_judges(site, database, servers) as made:
        yield made


async def saved(page: Page) -> None:
    await page.locator("#save-state", has_text="已保存").wait_for()


async def typed(page: Page, marks: list[str]) -> None:
    """Marks from the first line on, each followed by Enter; the last Enter stands on the button."""
    await page.locator("html.scripted").wait_for()
    await page.keyboard.press("n")
    for one in marks:
        await page.keyboard.type(one)
        await page.keyboard.press("Enter")


@pytest.mark.timeout(180)
@pytest.mark.clause("O3", "P0", "P1", "P2", "P3")
async def test_by_keyboard_two_experts_are_far_apart_and_a_third_is_drawn(
    browser: Browser, site: Site, judges: Judges
) -> None:
    case = await judges.portfolio("2024-00001")
    await judges.portfolio("2024-00002")
    whose = await judges.whose(case)
    first, second = whose[1], whose[2]
    async with opened(browser, site, token=judges.people[first][1], size=DESK) as page:
        await page.goto(f"{site.url}/staff/queue")
        assert page.url == f"{site.url}/staff/sheets"
        await page.get_by_role("link", name="评分 2024-00001").click()
        await page.wait_for_url("**/staff/sheets/*")
        text = await page.locator("main").inner_text()
        assert "测甲" not in text
        assert UNIT not in text
        assert [one.split(" ")[0] for one in await page.locator(".marks legend").all_inner_texts()] == [
            "师德修养与专业情感",
            "理论水平与科技素养",
            "业务能力和实践能力",
        ]
        assert await page.locator(".evidence").count() == 4
        # where pupils appear there is a picture and nothing to download
        assert await page.locator("#item-e0 .shot a", has_text="打开原件").count() == 0
        assert await page.locator("#item-e1 .shot a", has_text="打开原件").count() == 1
        async with asyncio.timeout(20):
            while not await page.evaluate("(document.querySelector('.shot img') || {}).naturalWidth > 0"):
                await asyncio.sleep(0.05)
        await typed(page, ["14", "15.5"])
        await page.keyboard.press("ArrowUp")
        await saved(page)
        assert await page.locator("#sum").inner_text() == "30"
        await page.keyboard.press("Control+a")
        await page.keyboard.type("99")
        await page.locator(".mark-wrong", has_text="应在 0 到").wait_for()
        assert await page.locator("#save-state").inner_text() == "有分数没有保存，请看提示。"
        await shot(page, "wrong-1280")
        await page.keyboard.press("Control+a")
        await page.keyboard.type("16")
        await page.keyboard.press("Enter")
        for one in ("16", "16"):
            await page.keyboard.type(one)
            await page.keyboard.press("Enter")
        await saved(page)
        await page.keyboard.press("Escape")
        await page.keyboard.press("d")
        await page.wait_for_url("**/hand-in")
        assert "还不能提交" in await page.get_by_role("alert").inner_text()
        await shot(page, "missing-1280")
        assert await page.get_by_role("button", name="提交，并评下一份").is_disabled()
        await page.get_by_role("alert").get_by_role("link").first.click()
        await page.locator("#m-organising:focus").wait_for()
        await page.keyboard.type("15")
        await saved(page)
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/hand-in")
        await page.locator("tfoot", has_text="92.5").wait_for()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**handed=1")
        assert "已提交" in await page.get_by_role("status").last.inner_text()
        mine = await judges.tasks(first)
        done = next(one for one in mine if one["state"] == "handed_in")
        assert done["application_number"] == "2024-00001"
        await page.goto(f"{site.url}/staff/sheets/{done['task_id']}")
        assert await page.locator("input[type=number]").count() == 0
        assert "不能再改" in await page.locator(".alert-info").inner_text()
        async with site.world.client(judges.people[second][1]) as http:
            assert (await http.get(f"/staff/sheets/{done['task_id']}")).status_code == 404
    task = next(one for one in await judges.tasks(second) if one["application_number"] == "2024-00001")
    await judges.review.mark(judges.actor(second), task["task_id"], 20)
    after = await judges.whose(case)
    assert list(after) == [3]
    assert after[3] not in (first, second)


@pytest.mark.timeout(120)
@pytest.mark.clause("O3", "P3")
async def test_on_a_phone_without_scripts_nothing_typed_is_lost_and_one_can_stand_back(
    browser: Browser, site: Site, judges: Judges
) -> None:
    case = await judges.portfolio("2024-00001")
    whose = await judges.whose(case)
    token = judges.people[whose[1]][1]
    async with (
        opened(browser, site, token=token, size=PHONE, java_script_enabled=False) as page,
        opened(browser, site, token=token, size=PHONE, java_script_enabled=False) as window,
    ):
        await page.goto(f"{site.url}/staff/sheets")
        await page.get_by_role("link", name="评最急的一份").click()
        await page.locator("#m-students").wait_for()
        await window.goto(page.url)
        await page.locator("#m-students").fill("12")
        await page.locator("#m-other").fill("400")
        await page.get_by_label("评语").fill("扎实")
        await page.get_by_role("button", name="保存").click()
        assert "其余已保存" in await page.get_by_role("alert").first.inner_text()
        assert await page.locator("#m-other").input_value() == "400"
        await page.locator("#m-other").fill("10")
        await page.get_by_role("button", name="保存").click()
        await page.get_by_role("status").get_by_text("已保存").wait_for()
        assert await page.locator("#sum").inner_text() == "22"
        # another window that was opened before overwrites nothing, and keeps what was typed into it
        await window.locator("#m-students").fill("1")
        await window.get_by_role("button", name="保存").click()
        assert "另一个窗口" in await window.get_by_role("alert").first.inner_text()
        assert await window.locator("#m-students").input_value() == "1"
        # a lease that has run out is taken again
        await judges.at(datetime.now(UTC) + timedelta(hours=1))
        for line in ("professional", "research", "training", "organising"):
            await page.locator(f"#m-{line}").fill("11")
        await page.get_by_role("button", name="查看并提交").click()
        await page.wait_for_url("**/hand-in")
        assert await sideways(page) == 0
        assert "66" in await page.locator("tfoot").inner_text()
        await page.get_by_role("link", name="返回修改").first.click()
        await page.get_by_role("link", name="申请回避").click()
        await page.get_by_label("理由").fill("曾共同获奖")
        await page.get_by_role("button", name="确认回避，另抽专家").click()
        await page.get_by_text("已登记回避").wait_for()
        await window.reload()
        assert "不再显示其内容" in await window.locator("main").inner_text()
    after = await judges.whose(case)
    assert (sorted(after), after[1] in (whose[1], whose[2])) == ([1, 2], False)
    async with opened(browser, site, token=judges.office, size=PHONE, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/staff/assessment")
        assert "曾共同获奖" in await page.locator("main").inner_text()
        await shot(page, "recused-390")


@pytest.mark.timeout(180)
@pytest.mark.clause("D1", "D2")
async def test_the_office_sets_a_panel_of_three_and_the_chair_leads_the_day(
    browser: Browser, site: Site, judges: Judges
) -> None:
    first, second, third = [await judges.defence(f"2024-0000{n}") for n in (1, 2, 3)]
    start = (datetime.now(SHANGHAI) + timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    async with opened(browser, site, token=judges.office, size=DESK, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/staff/panels")
        await page.get_by_role("link", name="新建答辩组").click()
        await page.get_by_label("名称").fill("第一组")
        await page.get_by_label("线上").check()
        await page.get_by_label("地点，或会议链接").fill("https://meeting.example/1")
        for name in ("彭志强", "曾丽华"):
            await page.get_by_role("checkbox", name=name).check()
        await page.get_by_role("radio", name="彭志强").check()
        await page.get_by_role("button", name="保存").click()
        assert "应有 3 位评委" in await page.get_by_role("alert").inner_text()
        assert await page.get_by_role("checkbox", name="曾丽华").is_checked()
        await page.get_by_role("checkbox", name="田国平").check()
        await page.get_by_role("button", name="保存").click()
        await page.get_by_text("答辩组已保存").wait_for()
        for number in ("2024-00001", "2024-00002", "2024-00003"):
            await page.get_by_role("checkbox", name=number).check()
        await page.get_by_label("第一位开始的时间").fill(f"{start:%Y-%m-%dT%H:%M}")
        await page.get_by_role("button", name="依次安排勾选的申报").click()
        await page.get_by_text("已安排，申报人会收到短信").wait_for()
        await shot(page, "panels-set-1280")
        await page.set_viewport_size(PHONE)
        assert await sideways(page) == 0
        await shot(page, "panels-set-390")
    async with opened(browser, site, token=await judges.candidate(first), size=PHONE) as page:
        await page.goto(f"{site.url}/my/applications/{first.application_id}")
        told = await page.locator(".next-step").inner_text()
        assert f"{start:%Y-%m-%d %H}:00–{start:%H}:15" in told
        assert "https://meeting.example/1" in told
        assert "彭志强" not in told
        assert await sideways(page) == 0
        await shot(page, "candidate-390")
    await judges.at(start.astimezone(UTC) + timedelta(minutes=1))
    async with opened(browser, site, token=judges.people[0][1], size=PHONE) as page:
        await page.goto(f"{site.url}/staff/defences")
        cards = page.locator(".defence")
        assert [one.split(" · ")[1] for one in await page.locator(".defence h3").all_inner_texts()] == [
            "2024-00001",
            "2024-00002",
            "2024-00003",
        ]
        await cards.first.get_by_role("link", name="评分").click()
        await page.wait_for_url("**/staff/sheets/*")
        await typed(page, ["30", "20", "25"])
        await saved(page)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/hand-in")
        assert await sideways(page) == 0
        await page.get_by_role("button", name="提交", exact=True).click()
        await page.wait_for_url("**/staff/sheets?handed=1")
        await page.goto(f"{site.url}/staff/defences")
        assert [
            await cards.first.locator(".badge", has_text=text).count() for text in ("已提交", "未提交")
        ] == [1, 2]
        assert "75" not in await cards.first.inner_text()
        assert await sideways(page) == 0
        await shot(page, "chair-390")
        await judges.at(start.astimezone(UTC) + timedelta(minutes=16))
        await cards.nth(1).get_by_role("link", name="登记缺席").click()
        await page.get_by_label("已在规定时间内等候").check()
        await page.get_by_role("button", name="确认登记缺席").click()
        await page.get_by_text("已登记缺席").wait_for()
        await page.get_by_role("link", name="改期… 2024-00003").click()
        await page.get_by_label("理由").fill("停电")
        await page.get_by_role("button", name="确认改期").click()
        await page.get_by_text("新的时间由秘书处安排").wait_for()
    for place in (1, 2):
        task = next(one for one in await judges.tasks(place) if one["application_number"] == "2024-00001")
        await judges.review.mark(judges.actor(place), task["task_id"], 90)
    ends = {
        case.application_number: [name for name, _ in await judges.review.sent(case)][-1]
        for case in (first, second, third)
    }
    assert ends == {
        "2024-00001": "complete_defence",
        "2024-00002": "complete_defence",
        "2024-00003": "DefencePostponed",
    }
    # a member without the chair may note nothing
    async with site.world.client(judges.people[1][1]) as http:
        path = f"/staff/defences/{third.application_id}/absent"
        assert (await http.get(path)).status_code == 403


@pytest.mark.timeout(180)
@pytest.mark.clause("O3")
async def test_the_office_registers_and_deactivates_and_nobody_is_shut_out(
    browser: Browser, site: Site, judges: Judges, axe: str
) -> None:
    case = await judges.portfolio("2024-00001")
    await judges.defence("2024-00002")
    whose = await judges.whose(case)
    newcomer, _ = await site.world.staff(Role.expert, username="newcomer")
    async with opened(browser, site, token=judges.office, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/staff/experts")
        await page.get_by_role("link", name="登记", exact=False).first.click()
        await page.get_by_label("工作单位（全称）").fill("重庆自然博物馆")
        await page.get_by_role("button", name="登记").click()
        await page.get_by_text("已保存").wait_for()
        gone = judges.people[whose[1]][0]
        await page.goto(f"{site.url}/staff/experts/{gone}")
        await page.get_by_role("link", name="停用").click()
        await page.locator("main", has_text="没有提交的评分表").wait_for()
        await page.get_by_role("button", name="确认停用").click()
        await page.get_by_text("已停用；未提交的评分表已另行抽取").wait_for()
    after = await judges.whose(case)
    assert (sorted(after), after[1] == whose[1]) == ([1, 2], False)
    expert = judges.people[after[1]][1]
    task = (await judges.tasks(after[1]))[0]["task_id"]
    other = next(
        one["task_id"] for one in await judges.tasks(after[2]) if one["application_number"] == "2024-00001"
    )
    await judges.review.mark(judges.actor(after[2]), other, 70)
    chair = judges.people[0][1] if whose[1] != 0 else judges.people[3][1]
    pages = [
        (expert, "/staff"),
        (expert, "/staff/sheets"),
        (expert, f"/staff/sheets/{task}"),
        (expert, f"/staff/sheets/{task}/hand-in"),
        (expert, f"/staff/sheets/{task}/recuse"),
        (judges.people[after[2]][1], f"/staff/sheets/{other}"),
        (chair, "/staff/defences"),
        (judges.office, "/staff/experts"),
        (judges.office, f"/staff/experts/{newcomer}"),
        (judges.office, f"/staff/experts/{newcomer}/deactivate"),
        (judges.office, "/staff/assessment"),
        (judges.office, "/staff/panels"),
        (judges.office, f"/staff/panels/new?round_id={site.round_id}"),
        (judges.supervisor, "/staff/panels"),
    ]
    wrong = await faults_of_all(browser, site, pages, axe)
    assert wrong == [], "\n".join(str(one) for one in wrong)


@pytest.mark.timeout(60)
@pytest.mark.clause("P3", "D1")
async def test_rubbish_repeats_and_the_wrong_person_are_answered_plainly(site: Site, judges: Judges) -> None:
    case = await judges.portfolio("2024-00001")
    defence = await judges.defence("2024-00002")
    whose = await judges.whose(case)
    task = next(
        one["task_id"] for one in await judges.tasks(whose[1]) if one["application_number"] == "2024-00001"
    )
    path, client = f"/staff/sheets/{task}", site.world.client
    async with client(cookie=judges.people[whose[1]][1]) as http:

        async def status(where: str, **form: str) -> int:
            return (await http.post(where, data=form)).status_code

        assert await status(path, version="x" * 50, **{"m.students": "很好", "m.no": "1"}) == 422
        assert await status(f"{path}/hand-in") == 409
        full = {f"m.{one}": "10" for one in ("students", "professional", "research", "training", "other")}
        assert await status(path, version="1", **full, **{"m.organising": "9.5"}) == 303
        quiet = {"accept": "application/json"}
        stale = (await http.post(path, data={"version": "1"}, headers=quiet)).json()
        assert stale["code"] == "sheet_changed"
        assert await status(f"{path}/recuse", reason=" ") == 422
        assert [await status(f"{path}/hand-in", version="2") for _ in (1, 2)] == [303, 303]
        assert await status(path, **full) == 409
        assert await status(f"{path}/recuse", reason="太晚了") == 409
        assert (await http.get(f"{path}/files/fa")).status_code == 403
        assert (await http.get(f"{path}/view/fa")).status_code == 404
        assert (await http.get("/staff/panels")).status_code == 403
    absent = f"/staff/defences/{defence.application_id}/absent"
    async with client(cookie=judges.office) as http:
        answers = [
            await http.post("/staff/panels", data={}),
            await http.post("/staff/panels", data={"round_id": str(site.round_id), "member": "x"}),
            await http.post("/staff/panels/slots", data={"panel_id": "x"}),
            await http.post("/staff/panels/slots", data={"panel_id": str(uuid4()), "starts_at": "morgen"}),
            await http.get(f"/staff/panels/{uuid4()}"),
            await http.get(f"/staff/experts/{uuid4()}"),
            await http.post(f"/staff/experts/{uuid4()}/deactivate"),
            await http.post(absent, data={"reason": "没来"}),
            await http.post(f"/staff/defences/{defence.application_id}/postpone", data={"reason": "改期"}),
            await http.get(path),
        ]
        assert [one.status_code for one in answers] == [404, 422, 422, 422, 404, 404, 404, 422, 409, 403]
        assert [(await http.post(absent, data={"confirmed": "1"})).status_code for _ in (1, 2)] == [303, 303]
