"""Staff accounts as people meet them: an operator makes one, its person joins on a phone without JavaScript."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from contracts.commands import Role
from tests.browser.looking import DESK, faults, faults_of_all, opened, shot
from tests.browser.site import Site
from tests.integration.gateway.factor import code_of

PASSWORD = "correct horse battery"


async def pages(site: Site) -> list[tuple[str | None, str]]:
    """Every page of accounts, with who looks at it."""
    member, reviewer = await site.world.staff(Role.reviewer, username="li.si")
    _, operator = await site.world.staff(Role.operator)
    async with site.world.client(operator) as http:
        link = (await http.post(f"/api/v1/staff/{member}/link")).json()["path"]
    return [
        (operator, "/staff/people"),
        (operator, "/staff/people?role=reviewer&text=li"),
        (operator, f"/staff/people/{member}"),
        (None, link),
        (reviewer, "/staff/account"),
        (reviewer, "/staff/account/factor"),
    ]


async def test_no_page_of_accounts_shuts_anybody_out(browser: Browser, site: Site, axe: str) -> None:
    wrong = await faults_of_all(browser, site, await pages(site), axe)
    assert wrong == [], "\n".join(str(one) for one in wrong)


@pytest.mark.clause("O2")
async def test_a_colleague_is_let_in_and_sets_up_the_second_factor(
    browser: Browser, site: Site, axe: str
) -> None:
    _, operator = await site.world.staff(Role.operator)
    async with opened(browser, site, token=operator, size=DESK, java_script_enabled=False) as page:
        link = await _made(page, site)
    async with opened(browser, site, java_script_enabled=False) as page:
        await page.goto(link)
        await page.get_by_label("新密码", exact=True).fill(PASSWORD)
        await page.get_by_label("再输入一次新密码").fill(PASSWORD[::-1])
        await page.get_by_role("button", name="设置密码并登录").click()
        assert "两次输入的密码不一样" in await page.get_by_role("alert").inner_text()
        await page.get_by_label("新密码", exact=True).fill(PASSWORD)
        await page.get_by_label("再输入一次新密码").fill(PASSWORD)
        await page.get_by_role("button", name="设置密码并登录").click()
        await page.get_by_role("heading", name="工作台").wait_for()
        assert "王小明" in await page.locator("main").inner_text()
        await page.get_by_role("link", name="我的账号").click()
        await page.get_by_role("link", name="设置两步验证").click()
        await page.get_by_label("6 位动态码").wait_for()
        secret = await page.locator("code").inner_text()
        await page.get_by_label("6 位动态码").fill("000000")
        await page.get_by_role("button", name="确认").click()
        assert "动态码不正确" in await page.get_by_role("alert").inner_text()
        await page.get_by_label("6 位动态码").fill(code_of(secret))
        await page.get_by_role("button", name="确认").click()
        await page.locator(".recovery-codes code").first.wait_for()
        codes = await page.locator(".recovery-codes code").all_inner_texts()
        assert len(set(codes)) == 10
        await shot(page, "recovery-codes")
        await page.get_by_role("link", name="我已保存，进入工作台").click()
        await page.get_by_role("button", name="退出").click()
    async with opened(browser, site) as page:
        await page.goto(f"{site.url}/staff/account")
        await page.get_by_label("用户名").fill("wang.xm")
        await page.get_by_label("密码").fill(PASSWORD)
        await page.get_by_role("button", name="登录").click()
        await page.get_by_label("动态码或恢复码").wait_for()
        assert await faults(page, axe) == []
        await shot(page, "second-step")
        await page.get_by_label("动态码或恢复码").fill(codes[3])
        await page.get_by_role("button", name="登录").click()
        await page.get_by_role("heading", name="我的账号").wait_for()
        assert "还有 9 个恢复码可用" in await page.locator("#factor").inner_text()
        await page.get_by_text("换手机或停用…").click()
        await page.locator("#code-remove").fill(codes[3])  # spent
        await page.get_by_role("button", name="停用两步验证").click()
        await page.get_by_role("alert").wait_for()
        assert await faults(page, axe) == []
        await shot(page, "account-refused")


async def _made(page: Page, site: Site) -> str:
    """The operator makes an account; what is wrong is said and nothing typed is lost. The link."""
    await page.goto(f"{site.url}/staff/people")
    await page.get_by_text("建立账号").first.click()
    form = page.locator("form[method=post][action='/staff/people']")
    await form.get_by_label("姓名").fill("王小明")
    await form.get_by_label("用户名").fill("wang.xm")
    for role in ("监督委员会", "秘书处"):
        await form.get_by_label(role).check()
    await form.get_by_role("button", name="建立账号").click()
    assert "监督委员会独立受理投诉" in await page.get_by_role("alert").inner_text()
    assert await form.get_by_label("姓名").input_value() == "王小明"
    await shot(page, "people-refused")
    await form.get_by_label("监督委员会").uncheck()
    await form.get_by_role("button", name="建立账号").click()
    await shot(page, "people-link")
    return await page.locator("#link code").inner_text()
