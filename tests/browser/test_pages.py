"""Pages as people see them: on a phone and a desk, without JavaScript, in two languages."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Browser

from contracts.commands import Role
from contracts.http.persons import PersonView
from contracts.refusals import refused
from gateway.intake import history
from tests.browser.looking import faults_of_all, opened
from tests.browser.site import NUMBER, Site
from tests.integration.gateway.world import OPERATOR_TOKEN


async def paths(site: Site) -> list[tuple[str | None, str]]:
    """Every page, with who looks at it."""
    _, operator = await site.world.staff(Role.operator)
    _, approver = await site.world.staff(Role.approver)
    case = f"/my/applications/{site.application}"
    async with site.world.answering(), site.world.client(cookie=site.token) as client:
        await client.post(f"{case}/commands/take_back", data={"key": "k-1"})
        await client.post(f"{case}/commands/withdraw", data={"key": "k-2"})
    async with site.world.db.unit_of_work() as session:
        await history.make_sheet(session, site.round_id)
    return [
        (None, "/"),
        (None, "/login"),
        (None, "/staff/login"),
        (None, f"/verify?number={NUMBER}"),
        (None, "/notices"),
        (None, f"/notices/{site.notice}"),
        (None, "/records"),
        (None, "/nope"),
        (site.token, "/my"),
        (site.token, "/my/identity"),
        (site.token, f"/my/apply/{site.round_id}"),
        (site.token, case),
        (site.token, f"{case}/pay"),
        (site.token, f"{case}/commands/take_back"),
        (site.token, f"{case}/history"),
        (approver, f"/staff/cases/{site.application}/history"),
        (operator, "/mailbox?recipient=13812345678"),
        (operator, "/staff"),
        (approver, "/staff/proposals"),
    ]


async def test_no_page_of_the_site_shuts_anybody_out(browser: Browser, site: Site, axe: str) -> None:
    wrong = await faults_of_all(browser, site, await paths(site), axe)
    assert wrong == [], "\n".join(str(one) for one in wrong)


@pytest.mark.clause("A1")
@pytest.mark.parametrize("scripts", [True, False])
async def test_login_by_code_with_and_without_javascript(browser: Browser, site: Site, scripts: bool) -> None:
    async with opened(browser, site, java_script_enabled=scripts) as page:
        await page.goto(f"{site.url}/my")
        await page.wait_for_url(f"{site.url}/login?next=/my")
        assert page.url == f"{site.url}/login?next=/my"
        await page.get_by_label("手机号").fill("13912345678")
        await page.get_by_role("button", name="获取验证码").click()
        await page.get_by_label("6 位验证码").wait_for()
        code = json.loads(site.world.services.last("notification")["body"])["params"]["code"]
        wrong = f"{(int(code) + 1) % 10**6:06}"
        await page.get_by_label("6 位验证码").fill(wrong)
        await page.get_by_role("button", name="登录").click()
        assert await page.get_by_role("alert").inner_text() == "验证码不正确或已失效，请核对或重新获取。"
        await page.get_by_label("6 位验证码").fill(code)
        await page.get_by_role("button", name="登录").click()
        await page.wait_for_url(f"{site.url}/my")
        assert page.url == f"{site.url}/my"
        async with page.expect_navigation():
            await page.get_by_role("button", name="退出").click()
        await page.goto(f"{site.url}/my")
        assert page.url.startswith(f"{site.url}/login")


async def test_the_case_page_says_what_to_do_and_takes_a_command(browser: Browser, site: Site) -> None:
    case = f"{site.url}/my/applications/{site.application}"
    async with opened(browser, site, token=site.token) as page:
        await page.goto(case)
        assert await page.locator(".next-step h3").all_inner_texts() == [
            "打印、签字盖章，上传扫描件 A4",
            "缴纳评审费 A6",
        ]
        assert await page.locator(".timeline-list li span:not(.clause)").all_inner_texts() == [
            "申报书已提交并锁定，等待打印、签字、盖章、回传和缴费 A3",
            "开始申报，已分配申报号 A1",
        ]
        await page.get_by_role("link", name="撤回提交，继续修改…").click()
        async with site.world.answering(refused("already_filed")):
            await page.get_by_role("button", name="确认：撤回提交").click()
            alert = await page.get_by_role("alert").inner_text()
        assert alert == f"{refused('already_filed').message} 依据 A6"
        async with site.world.answering():
            await page.get_by_role("button", name="确认：撤回提交").click()
            await page.wait_for_url(case)
    assert [(row.name, row.state) for row in await site.world.stored()] == [
        ("take_back", "refused"),
        ("take_back", "answered"),
    ]


async def test_what_is_under_way_is_shown_and_its_end_too(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = site.world.parts.answers.wait
    monkeypatch.setattr(site.world.parts.answers, "wait", lambda identity: wait(identity, 0.05))
    async with opened(browser, site, token=site.token) as page:
        await page.goto(f"{site.url}/my/applications/{site.application}/commands/take_back")
        await page.get_by_role("button", name="确认：撤回提交").click()
        await page.get_by_role("status").get_by_text("已受理，正在处理：撤回提交").wait_for()
        async with site.world.answering():
            await page.get_by_role("status").wait_for(state="detached", timeout=15_000)
        assert await page.get_by_text("撤回提交：已受理").count() == 1


async def test_a_stranger_finds_nothing(browser: Browser, site: Site) -> None:
    _, stranger = await site.world.person("13700000000")
    async with opened(browser, site, token=stranger) as page:
        answer = await page.goto(f"{site.url}/my/applications/{site.application}")
        assert answer is not None
        assert (answer.status, await page.locator("h1").inner_text()) == (404, "没有找到")


@pytest.mark.clause("C2")
async def test_a_certificate_is_verified_by_its_number(browser: Browser, site: Site) -> None:
    async with opened(browser, site) as page:
        await page.goto(f"{site.url}/verify")
        await page.get_by_label("证书编号").fill(NUMBER)
        async with page.expect_navigation():
            await page.get_by_role("button", name="核验").click()
        assert await page.get_by_role("status").all_inner_texts() == [
            "证书真实有效",
            "这是演示用的样张，没有任何协会的电子印章。",
        ]
        await page.get_by_label("证书编号").fill("CQ-0000")
        await page.get_by_role("button", name="核验").click()
        assert (await page.get_by_role("alert").inner_text()).startswith("没有这个编号的证书。")


async def test_the_set_up_link_makes_the_operator_once(browser: Browser, site: Site) -> None:
    async with opened(browser, site) as page:
        await page.goto(f"{site.url}/setup?token={OPERATOR_TOKEN}")
        await page.get_by_label("用户名").fill("admin")
        await page.get_by_label("姓名").fill("管理员")
        await page.get_by_label("密码").fill("a long enough secret")
        await page.get_by_role("button", name="建立并登录").click()
        await page.wait_for_url(f"{site.url}/staff")
        assert page.url == f"{site.url}/staff"
        assert await page.get_by_role("link", name="收件箱").count() == 1
        answer = await page.goto(f"{site.url}/setup?token={OPERATOR_TOKEN}")
        assert answer is not None
        assert (answer.status, await page.locator("h1").inner_text()) == (409, "系统已经初始化")


async def test_the_language_switch_stays(browser: Browser, site: Site) -> None:
    async with opened(browser, site) as page:
        await page.goto(f"{site.url}/verify?number={NUMBER}")
        async with page.expect_navigation():
            await page.get_by_role("link", name="English").click()
        await page.wait_for_url(f"{site.url}/verify?number={NUMBER}")
        assert page.url == f"{site.url}/verify?number={NUMBER}"
        assert await page.locator("h1").inner_text() == "Verify a certificate"
        await page.goto(f"{site.url}/login")
        assert await page.locator("html").get_attribute("lang") == "en"


@pytest.mark.clause("A1")
async def test_identity_comes_first(browser: Browser, site: Site) -> None:
    world = site.world
    person, token = await world.person("13700000001")
    world.services.answers.pop(("registration", "GET", "/me/person"))
    view = PersonView(
        person_id=person,
        name="李四",
        id_kind="passport",
        id_number_masked="E1*****78",
        phone_masked="137****0001",
    )
    async with opened(browser, site, token=token) as page:
        await page.goto(f"{site.url}/my/apply/{site.round_id}")
        await page.wait_for_url(f"{site.url}/my/identity")
        assert page.url == f"{site.url}/my/identity"
        await page.get_by_label("姓名").fill("李四")
        await page.get_by_label("证件类型").select_option("passport")
        await page.get_by_label("证件号码").fill("E12345678")
        world.services.put("registration", "PUT", "/me/identity", 200, view.model_dump(mode="json"))
        world.services.put("registration", "GET", "/me/person", 200, view.model_dump(mode="json"))
        await page.get_by_role("button", name="保存").click()
        await page.wait_for_url(f"{site.url}/my")
        assert page.url == f"{site.url}/my"
        assert await page.get_by_text("李四 · E1*****78").count() == 1
    sent = next(one for one in world.services.asked if one["method"] == "PUT")
    assert json.loads(sent["body"]) == {"name": "李四", "id_kind": "passport", "id_number": "E12345678"}
    assert sent["headers"]["x-actor-phone"] == "13700000001"
