"""Sitting the exam as people do: on a phone, with a bad network, on two devices, until the time is up (X1–X3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Route

from contracts.http.exam import SaveAnswer
from tests.browser.exam_site import ExamSite, Sitter, open_exam_site
from tests.browser.looking import DESK, PHONE, faults, faults_of_all, opened, shot
from tests.browser.site import Site
from tests.conftest import TestDatabase

ANSWERS = "**/api/v1/applications/*/exam/answers/*"
SAVED = ".exam-state[data-now=saved]"
UNSENT = ".exam-state[data-now=unsent]"
CUT = "ERR_INTERNET_DISCONNECTED"


@pytest_asyncio.fixture(loop_scope="session")
async def exam(site: Site, database: TestDatabase) -> AsyncIterator[ExamSite]:
    async with open_exam_site(site, database) as opened_site:
        yield opened_site


@asynccontextmanager
async def device(browser: Browser, exam: ExamSite, sitter: Sitter) -> AsyncIterator[BrowserContext]:
    """A browser of the candidate's; its pages share what it keeps."""
    context = await browser.new_context(viewport=PHONE, locale="zh-CN")
    await context.add_cookies([{"name": exam.world.settings.cookie, "value": sitter.token, "url": exam.url}])
    yield context
    await context.close()


async def begun(exam: ExamSite) -> Sitter:
    sitter = await exam.sitter()
    await exam.open()
    await exam.begin(sitter)
    return sitter


async def choose(page: Page, n: int, option: int = 0) -> tuple[str, str]:
    """Ticks an option of the nth item; its item and option."""
    item = page.locator(f"#item-{n}")
    if not await item.is_visible():
        await page.locator(f".exam-map a[data-n='{n}']").click()
    ticked = item.locator(".exam-options input").nth(option)
    await ticked.check()
    return str(await item.get_attribute("data-item")), str(await ticked.get_attribute("value"))


async def all_saved(page: Page) -> None:
    await page.locator(SAVED).filter(has_text="已保存").wait_for()


@pytest.mark.clause("X1", "X2", "X3")
async def test_a_candidate_sits_the_exam_from_waiting_to_handing_in(browser: Browser, exam: ExamSite) -> None:
    sitter = await exam.sitter()
    async with opened(browser, exam, token=sitter.token) as page:
        await page.goto(f"{exam.url}/my/applications/{sitter.application}")
        await page.get_by_role("link", name="去办理").first.click()
        await page.get_by_text("还没有开考").wait_for()
        assert await page.get_by_role("button", name="开始答题").count() == 0
        figures = await page.locator(".exam-figures strong").all_inner_texts()
        assert figures == ["60 分钟", "24", "100"]
        await exam.open()
        asked = "document.getElementById('exam-waiting').getAttribute('hx-get')"
        await page.evaluate(f"htmx.ajax('GET', {asked}, '#exam-waiting')")  # as it does every ten seconds
        await page.get_by_role("button", name="开始答题").wait_for()
        await page.goto(f"{exam.url}/my")
        await page.get_by_role("link", name="参加在线笔试").click()
        await page.get_by_label("我是本人").check()
        await page.get_by_role("button", name="开始答题").click()
        await page.locator("body.scripted").wait_for()
        first, _ = await choose(page, 1)
        await all_saved(page)
        await page.keyboard.press("2")
        await page.locator("#item-1 .exam-options label:nth-of-type(2) input:checked").wait_for()
        await page.locator("#item-1").get_by_role("button", name="标记，稍后再看").click()
        await page.get_by_role("button", name="下一题").click()
        await page.locator("#item-2").wait_for()
        second, chosen = await choose(page, 2)
        await page.locator("#item-2").get_by_role("button", name="清除本题答案").click()
        await page.locator(".exam-map a[data-n='2'].answered").wait_for(state="detached")
        await choose(page, 2)
        await all_saved(page)
        assert await page.locator(".exam-count").inner_text() == "已答 2 / 24"
        assert (
            await page.locator(".exam-map a[data-n='1']").get_attribute("aria-label")
            == "第 1 题，已答，已标记"
        )
        await page.locator(".exam-bar").get_by_role("button", name="交卷").click()
        await page.get_by_text("还有 22 题没有答").wait_for()
        await page.locator("#exam-flagged a").first.wait_for()
        assert await page.locator("#exam-flagged a").all_inner_texts() == ["第 1 题"]
        await page.get_by_role("button", name="确认交卷").click()
        await page.get_by_role("heading", name="笔试已完成").wait_for()
        assert "服务器上共有 2 题有答案" in await page.locator("main").inner_text()
        assert "都已得到服务器确认" in await page.locator("#exam-record").inner_text()
        stored = await exam.answers(sitter)
        assert set(stored) == {first, second}
        assert (stored[second][0], stored[second][1]) == (3, (chosen,))


@pytest.mark.clause("X2")
async def test_what_is_answered_while_the_network_is_cut_arrives_after_a_new_start(
    browser: Browser, exam: ExamSite
) -> None:
    sitter = await begun(exam)
    async with device(browser, exam, sitter) as context:
        page = await context.new_page()
        await page.goto(exam.url + sitter.page)
        online = await choose(page, 1)
        await all_saved(page)
        await context.set_offline(True)
        cut = [await choose(page, n, 1) for n in (2, 3, 4)]
        await choose(page, 1, 1)
        await page.locator(UNSENT).filter(has_text="4 题还没有保存").wait_for()
        await page.locator(".exam-bar").get_by_role("button", name="交卷").click()
        await page.locator("#exam-alert").filter(has_text="现在不能交卷").wait_for()
        assert (await exam.answers(sitter)) == {online[0]: (1, (online[1],))}
        await shot(page, "exam-offline")
        await page.close()  # the battery is empty
        await context.set_offline(False)
        page = await context.new_page()
        await page.goto(exam.url + sitter.page)
        await all_saved(page)
        stored = await exam.answers(sitter)
        assert {item: stored[item][1] for item, _ in cut} == {item: (option,) for item, option in cut}
        assert stored[online[0]][0] == 2
        assert await page.locator(".exam-map a.answered").count() == 4


@pytest.mark.clause("X2")
async def test_a_lost_acknowledgement_and_a_broken_server_lose_nothing(
    browser: Browser, exam: ExamSite
) -> None:
    sitter = await begun(exam)
    sent: list[str] = []

    async def lose(route: Route) -> None:
        sent.append(route.request.post_data or "")
        if len(sent) == 1:
            await route.fetch()  # it arrives, the answer does not
            await route.abort()
        elif len(sent) == 2:
            await route.fulfill(status=503, body="")
        else:
            await route.continue_()

    async with opened(browser, exam, token=sitter.token, expected="Failed to load resource") as page:
        await page.route(ANSWERS, lose)
        await page.goto(exam.url + sitter.page)
        one = await choose(page, 1)
        await all_saved(page)
        two = await choose(page, 2)
        await all_saved(page)
        assert await exam.answers(sitter) == {one[0]: (1, (one[1],)), two[0]: (1, (two[1],))}
        assert len(sent) == 3, sent
        assert await page.locator(".exam-other:visible").count() == 0


@pytest.mark.clause("X2")
async def test_two_devices_the_servers_answer_is_shown_and_the_candidate_decides(
    browser: Browser, exam: ExamSite
) -> None:
    sitter = await begun(exam)
    async with device(browser, exam, sitter) as phone, device(browser, exam, sitter) as desk:
        here, there = await phone.new_page(), await desk.new_page()
        await here.goto(exam.url + sitter.page)
        await there.goto(exam.url + sitter.page)
        await phone.set_offline(True)
        item, own = await choose(here, 1, 0)
        await here.locator(UNSENT).wait_for()
        _, other = await choose(there, 1, 1)
        await all_saved(there)
        await phone.set_offline(False)
        note = here.locator("#item-1 .exam-other")
        await note.wait_for()
        assert await here.locator("#item-1 .exam-options input").nth(1).is_checked()
        assert "另一台设备" in await note.inner_text()
        assert await exam.answers(sitter) == {item: (1, (other,))}
        await here.reload()
        await note.wait_for()
        await here.locator(".exam-bar").get_by_role("button", name="交卷").click()
        await here.locator("#exam-alert").filter(has_text="第 1 题在两台设备上的答案不同").wait_for()
        assert await faults(here) == []
        await shot(here, "exam-two-devices")
        await note.get_by_role("button", name="改用这台设备上的答案").click()
        await note.wait_for(state="hidden")
        await all_saved(here)
        assert await exam.answers(sitter) == {item: (2, (own,))}
        await there.reload()
        await there.locator("#item-1 .exam-options input").nth(0).and_(there.locator(":checked")).wait_for()


@pytest.mark.clause("X2")
async def test_the_end_comes_by_the_servers_clock_and_an_extension_is_noticed(
    browser: Browser, exam: ExamSite
) -> None:
    sitter = await begun(exam)
    wrong_clock = "Date.now = () => 1e12; const real = performance.now;"
    async with opened(browser, exam, token=sitter.token) as page:
        await page.add_init_script(wrong_clock)
        await page.goto(exam.url + sitter.page)
        await exam.move_end(61.2)
        item, option = await choose(page, 1)
        await all_saved(page)
        await page.locator("#exam-says").filter(has_text="还剩 1 分钟").wait_for()
        await exam.move_end(2)
        _, option = await choose(page, 1, 1)
        await all_saved(page)
        await page.get_by_text("时间到，正在自动收卷").first.wait_for()
        await page.locator("#exam-waiting").wait_for()
        await exam.close_due()
        await page.get_by_role("heading", name="笔试已完成").wait_for()
        assert "考试时间到，系统已自动收卷" in await page.locator("main").inner_text()
        assert await exam.answers(sitter) == {item: (2, (option,))}


@pytest.mark.clause("X2")
async def test_longer_time_reaches_who_only_reads(browser: Browser, exam: ExamSite) -> None:
    sitter = await begun(exam)
    async with opened(browser, exam, token=sitter.token) as page:
        await page.goto(exam.url + sitter.page)
        await exam.move_end(1.5)
        await choose(page, 1)
        await all_saved(page)
        await exam.move_end(600)  # extended in the last second: the page finds out before it gives up
        await page.locator("#exam-says").filter(has_text="考试时间已延长").wait_for()
        assert await page.locator("#item-1 input:disabled").count() == 0
        clock = await page.locator("[role=timer]").inner_text()
        assert clock.startswith("剩余 09:5")


@pytest.mark.clause("X2", "X3")
async def test_nobody_else_not_before_not_after_not_twice(browser: Browser, exam: ExamSite) -> None:
    sitter, stranger = await exam.sitter(), await exam.sitter()
    client = exam.world.client(cookie=stranger.token)
    for method, rest in (
        ("GET", ""),
        ("GET", "/live"),
        ("GET", "/hand-in"),
        ("POST", "/start"),
        ("POST", "/answers"),
        ("POST", "/hand-in"),
    ):
        assert (await client.request(method, sitter.page + rest)).status_code == 404
    own = exam.world.client(cookie=sitter.token)
    early = await own.post(f"{sitter.page}/start", data={"confirmed": "1"})
    assert (early.status_code, "本场笔试尚未开始" in early.text) == (409, True)
    await exam.open()
    unsaid = await own.post(f"{sitter.page}/start", data={})
    assert (unsaid.status_code, "勾选确认" in unsaid.text) == (422, True)
    for _ in range(2):
        assert (await own.post(f"{sitter.page}/start", data={"confirmed": "1"})).status_code == 303
    for _ in range(2):
        assert (await own.post(f"{sitter.page}/hand-in")).status_code == 303
    assert (await own.get(f"{sitter.page}/hand-in")).status_code == 303
    assert "笔试已完成" in (await own.get(sitter.page)).text
    await exam.move_end(-1)
    late = await client.post(f"{stranger.page}/start", data={"confirmed": "1"})
    assert (late.status_code, "考试时间已到" in late.text) == (409, True)
    await exam.close_due()
    assert "缺考" in (await client.get(stranger.page)).text


@pytest.mark.clause("X2")
async def test_without_javascript_a_form_carries_the_exam(browser: Browser, exam: ExamSite) -> None:
    sitter = await exam.sitter()
    await exam.open()
    async with opened(browser, exam, token=sitter.token, java_script_enabled=False) as page:
        await page.goto(exam.url + sitter.page)
        await page.get_by_label("我是本人").check()
        await page.get_by_role("button", name="开始答题").click()
        await page.get_by_text("答案不会自动保存").wait_for()
        one = await choose(page, 1)
        two = await choose(page, 24)
        await page.get_by_role("button", name="保存全部答案").click()
        await page.get_by_text("已保存。").wait_for()
        assert await exam.answers(sitter) == {one[0]: (1, (one[1],)), two[0]: (1, (two[1],))}
        await exam_elsewhere(exam, sitter, one[0])
        _, third = await choose(page, 1, 1)
        await page.get_by_role("button", name="保存全部答案").click()
        await page.get_by_text("有的题在另一台设备上后来又改过").wait_for()
        assert third not in (await exam.answers(sitter))[one[0]][1]
        await page.locator(".exam-bar").get_by_role("button", name="交卷").click()
        await page.get_by_text("还有 23 题没有答").wait_for()
        await page.get_by_role("button", name="确认交卷").click()
        await page.get_by_role("heading", name="笔试已完成").wait_for()


async def exam_elsewhere(exam: ExamSite, sitter: Sitter, item: str) -> None:
    """Another device takes an answer back."""
    person = await exam.begin(sitter)
    await exam.service.save_answer(sitter.application, person, item, SaveAnswer(rev=2, choice=()))


@pytest.mark.clause("X2")
async def test_logging_out_waits_for_what_is_not_saved(browser: Browser, exam: ExamSite) -> None:
    sitter = await begun(exam)
    kept = "Object.keys(localStorage).filter((key) => key.startsWith('fudao/exam/')).length"
    async with device(browser, exam, sitter) as context:
        page = await context.new_page()
        await page.goto(exam.url + sitter.page)
        await context.set_offline(True)
        await choose(page, 1)
        await page.locator(UNSENT).wait_for()
        await page.get_by_role("button", name="退出").click()
        await page.locator("#exam-alert").filter(has_text="等网络恢复再退出登录").wait_for()
        assert await page.evaluate(kept) == 1
        await context.set_offline(False)
        await all_saved(page)
        await page.get_by_role("button", name="退出").click()
        await page.get_by_role("link", name="登录", exact=True).wait_for()
        assert await page.evaluate(kept) == 0


@pytest.mark.clause("X2")
async def test_a_session_that_ends_in_the_midst_loses_nothing(browser: Browser, exam: ExamSite) -> None:
    sitter = await begun(exam)
    async with device(browser, exam, sitter) as context:
        page = await context.new_page()
        await page.goto(exam.url + sitter.page)
        cookies = await context.cookies()
        await context.clear_cookies()
        one = await choose(page, 1)
        link = page.locator("#exam-alert").get_by_role("link", name="重新登录")
        await link.wait_for()
        assert (await link.get_attribute("href") or "").startswith("/login?next=")
        two = await choose(page, 2)
        await page.locator(UNSENT).filter(has_text="2 题还没有保存").wait_for()
        await context.add_cookies([{**cookie} for cookie in cookies])  # type: ignore[typeddict-item]
        await page.reload()
        await all_saved(page)
        assert await exam.answers(sitter) == {one[0]: (1, (one[1],)), two[0]: (1, (two[1],))}


@pytest.mark.clause("X2")
async def test_which_answer_stands(browser: Browser, exam: ExamSite) -> None:
    """The rule alone: what this device chose against what the server holds."""

    def chose(rev: int, option: str, base: int) -> dict[str, Any]:
        return {"kind": "choice", "rev": rev, "choice": [option], "base": base}

    ack, given_up = {"kind": "ack", "rev": 1}, {"kind": "yield", "rev": 1}
    cases: list[tuple[list[dict[str, Any]], int, list[str], list[Any]]] = [
        ([], 0, [], ["saved", 0, [], None]),
        ([], 4, ["b"], ["saved", 4, ["b"], None]),
        ([chose(1, "a", 0)], 0, [], ["unsent", 1, ["a"], None]),
        ([chose(1, "a", 0)], 1, ["a"], ["saved", 1, ["a"], None]),  # its acknowledgement was lost
        ([chose(1, "a", 0), chose(2, "b", 0)], 1, ["a"], ["unsent", 2, ["b"], None]),
        ([chose(1, "a", 0), ack], 3, ["c"], ["saved", 3, ["c"], None]),  # changed elsewhere later
        ([chose(1, "a", 0), ack], 0, [], ["unsent", 1, ["a"], None]),  # the server has forgotten it
        ([chose(1, "a", 0)], 1, ["b"], ["other", 1, ["b"], ["a"]]),
        ([chose(1, "a", 0)], 4, ["b"], ["other", 4, ["b"], ["a"]]),
        ([chose(5, "a", 4)], 4, ["b"], ["unsent", 5, ["a"], None]),  # the candidate saw b
        ([chose(3, "a", 0)], 2, ["b"], ["other", 2, ["b"], ["a"]]),
        ([chose(1, "a", 0), given_up], 1, ["b"], ["saved", 1, ["b"], None]),
        ([chose(1, "a", 0)], 7, ["a"], ["saved", 7, ["a"], None]),
    ]
    script = """async (cases) => {
      const { standing } = await import("/static/exam/reconcile.js");
      return cases.map(([mine, rev, choice]) => standing(mine, { rev, choice }))
        .map((one) => [one.state, one.rev, one.choice, one.own]);
    }"""
    async with opened(browser, exam) as page:
        await page.goto(f"{exam.url}/verify")
        found = await page.evaluate(script, [one[:3] for one in cases])
    assert found == [one[3] for one in cases]


@pytest.mark.clause("X2", "X3")
async def test_no_page_of_the_exam_shuts_anybody_out(browser: Browser, exam: ExamSite, axe: str) -> None:
    first, second, absent = [await exam.sitter() for _ in range(3)]
    wrong = await faults_of_all(browser, exam, [(first.token, first.page)], axe)
    await exam.open()
    await exam.begin(second)
    pages = [(first.token, first.page), (second.token, second.page), (second.token, f"{second.page}/hand-in")]
    wrong += await faults_of_all(browser, exam, pages, axe)
    await exam.move_end(-1)
    await exam.close_due()
    wrong += await faults_of_all(
        browser, exam, [(second.token, second.page), (absent.token, absent.page)], axe
    )
    assert wrong == [], "\n".join(str(one) for one in wrong)


@pytest.mark.clause("X2")
async def test_the_exam_by_keyboard_alone(browser: Browser, exam: ExamSite) -> None:
    sitter = await begun(exam)
    async with opened(browser, exam, token=sitter.token, size=DESK) as page:
        await page.goto(exam.url + sitter.page)
        await page.locator("body.scripted").wait_for()
        await page.locator("#item-1").focus()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await all_saved(page)
        for _ in range(40):
            if await page.evaluate("document.activeElement.dataset.do") == "next":
                break
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.locator("#item-2:focus").wait_for()
        assert await page.locator("#item-1").is_hidden()
        await shot(page, "exam-desk")
        assert len(await exam.answers(sitter)) == 1
