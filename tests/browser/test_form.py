"""The form as an applicant fills it in: field by field, without scripts, in two tabs, after an ended session."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from cli.demo.evidence import photo_jpeg
from services.registration.domain import draft
from tests.browser.form_site import FormSite
from tests.browser.looking import DESK, opened
from tests.integration.registration.world import filled, pdf_bytes

SAVED = '[data-state][data-now="saved"]'


async def fill_all(site: FormSite, **changes: Any) -> None:
    """A complete form behind the page's back."""
    one = site.applicant
    photo = await one.upload("photo", "照片.jpg", photo_jpeg("7", 1), "image/jpeg")
    proof = await one.upload("evidence", "证书.pdf", pdf_bytes("证书"), "application/pdf")
    saved = await one.change({**filled(one.name, photo["id"], proof["id"]), **changes})
    assert saved.status_code == 200, saved.text


async def typed(page: Page, label: str, text: str) -> None:
    await page.get_by_label(label, exact=True).fill(text)


@pytest.mark.clause("A1")
async def test_each_field_is_saved_as_soon_as_it_was_typed(browser: Browser, form_site: FormSite) -> None:
    async with opened(browser, form_site, token=form_site.token, size=DESK) as page:
        await page.goto(f"{form_site.form}/A")
        await page.locator("#fields-unit").fill("重庆市渝北区实验小学校")
        await page.locator("#fields-birth_date").fill("１９９０年1月2日")
        await page.locator("#fields-degree").focus()
        await page.locator(SAVED).wait_for()
        await page.locator("#fields-email").fill("nobody")
        await page.locator("#fields-degree").focus()
        await page.locator('[data-state][data-now="wrong"]').wait_for()
        assert await page.locator("#fields-email-error").inner_text() == (
            "电子邮箱的格式不对，应像 name@example.com。"
        )
        assert await page.locator("#fields-birth_date").input_value() == "1990-01-02"
    fields = (await form_site.values())["fields"]
    assert (fields["unit"], fields["birth_date"]) == ("重庆市渝北区实验小学校", "1990-01-02")
    assert "email" not in fields


@pytest.mark.clause("A1")
async def test_without_a_network_it_waits_on_the_device(browser: Browser, form_site: FormSite) -> None:
    async with opened(browser, form_site, token=form_site.token, expected="net::ERR_FAILED") as page:
        await page.goto(f"{form_site.form}/A")
        address = f"{form_site.form}/A"
        await page.route(address, lambda route: route.abort())
        await page.locator("#fields-degree").fill("学士")
        await page.locator("#fields-school").focus()
        await page.get_by_text("没有网络，内容保存在本机").wait_for()
        assert "degree" not in (await form_site.values())["fields"]
        await page.unroute(address)
        await page.reload()
        await page.get_by_text("找回了上次没有保存的内容").wait_for()
        await page.locator(SAVED).wait_for()
        assert await page.locator("#fields-degree").input_value() == "学士"
    assert (await form_site.values())["fields"]["degree"] == "学士"


@pytest.mark.clause("A1")
async def test_the_later_of_two_tabs_is_refused_and_chooses(browser: Browser, form_site: FormSite) -> None:
    async with opened(browser, form_site, token=form_site.token) as first:
        second = await first.context.new_page()
        for page in (first, second):
            await page.goto(f"{form_site.form}/A")
        await first.locator("#fields-school").fill("重庆师范大学")
        await first.locator("#fields-degree").focus()
        await first.locator(SAVED).wait_for()
        # another field is nobody's loss: it is saved on the newest version
        await second.locator("#fields-degree").fill("学士")
        await second.locator("#fields-school").focus()
        await second.locator(SAVED).wait_for()
        await second.locator("#fields-school").fill("西南大学")
        await second.locator("#fields-degree").focus()
        box = second.locator(".both")
        await box.wait_for()
        assert await box.get_by_role("button").all_inner_texts() == [
            "用这里填的：西南大学",
            "用别处保存的：重庆师范大学",
        ]
        assert (await form_site.values())["fields"]["school"] == "重庆师范大学"
        await box.get_by_role("button", name="用这里填的").click()
        await second.locator(SAVED).wait_for()
    fields = (await form_site.values())["fields"]
    assert (fields["school"], fields["degree"]) == ("西南大学", "学士")


async def test_two_tabs_without_scripts(browser: Browser, form_site: FormSite) -> None:
    options: dict[str, Any] = {"token": form_site.token, "java_script_enabled": False}
    async with opened(browser, form_site, **options) as page:
        await page.goto(f"{form_site.form}/A")
        await form_site.applicant.change({"fields.school": "重庆师范大学"})
        await page.locator("#fields-school").fill("西南大学")
        await page.locator("#fields-degree").fill("学士")
        await page.get_by_role("button", name="保存，回到目录").click()
        await page.get_by_role("alert").wait_for()
        fields = (await form_site.values())["fields"]
        assert (fields["school"], fields["degree"]) == ("重庆师范大学", "学士")
        assert await page.locator(".both q").all_inner_texts() == ["西南大学", "重庆师范大学"]
        # nothing chosen is no answer
        await page.get_by_role("button", name="保存，回到目录").click()
        await page.locator(".both").wait_for()
        await page.get_by_label("用这里填的").check()
        await page.get_by_role("button", name="保存，回到目录").click()
        await page.wait_for_url(f"{form_site.form}?saved=1")
    assert (await form_site.values())["fields"]["school"] == "西南大学"


@pytest.mark.clause("A1")
async def test_what_was_typed_outlives_the_session(browser: Browser, form_site: FormSite) -> None:
    async with opened(browser, form_site, token=form_site.token) as page:
        await page.goto(f"{form_site.form}/A")
        await form_site.forget_session()
        await page.locator("#fields-school").fill("西南大学")
        await page.locator("#fields-degree").focus()
        await page.get_by_role("link", name="重新登录，接着填").wait_for()
        token = await form_site.log_in_again()
        cookie = {"name": form_site.gateway.settings.cookie, "value": token, "url": form_site.url}
        await page.context.add_cookies([cookie])  # type: ignore[list-item]
        await page.goto(form_site.form)
        await page.get_by_role("link", name="去看看").click()
        await page.get_by_text("找回了上次没有保存的内容").wait_for()
        await page.locator(SAVED).wait_for()
        assert await page.locator("#fields-school").input_value() == "西南大学"
        assert await page.evaluate("Object.keys(localStorage)") == []
    assert (await form_site.values())["fields"]["school"] == "西南大学"


@pytest.mark.clause("A1")
async def test_what_was_typed_outlives_the_session_without_scripts(
    browser: Browser, form_site: FormSite
) -> None:
    world = form_site.gateway
    world.services.put("notification", "POST", "/internal/messages", 200, {"id": str(form_site.round_id)})
    options: dict[str, Any] = {"token": form_site.token, "java_script_enabled": False}
    async with opened(browser, form_site, **options) as page:
        await page.goto(f"{form_site.form}/A")
        await form_site.forget_session()
        await page.locator("#fields-school").fill("西南大学")
        await page.get_by_role("button", name="保存，回到目录").click()
        await page.get_by_text("您刚才填写的内容没有丢").wait_for()
        await page.get_by_label("手机号").fill("13812345678")
        await page.get_by_role("button", name="获取验证码").click()
        await page.get_by_label("6 位验证码").wait_for()
        code = json.loads(world.services.last("notification")["body"])["params"]["code"]
        await page.get_by_label("6 位验证码").fill(code)
        await page.get_by_role("button", name="登录", exact=True).click()
        await page.get_by_role("button", name="保存刚才填写的内容").click()
        await page.wait_for_url(f"{form_site.form}?saved=1")
    assert (await form_site.values())["fields"]["school"] == "西南大学"


async def test_everything_works_without_scripts(browser: Browser, form_site: FormSite) -> None:
    options: dict[str, Any] = {"token": form_site.token, "java_script_enabled": False}
    async with opened(browser, form_site, **options) as page:
        await page.goto(f"{form_site.form}/A")
        await page.locator("#fields-email").fill("nobody")
        await page.locator("#fields-degree").fill("学士")
        await page.get_by_role("button", name="保存，回到目录").click()
        summary = page.get_by_role("alert")
        assert await summary.get_by_role("link").all_inner_texts() == [
            "电子邮箱：电子邮箱的格式不对，应像 name@example.com。"
        ]
        assert await page.locator("#fields-email").input_value() == "nobody"
        await page.goto(f"{form_site.form}/B")
        await page.get_by_role("button", name="添加一条 参加过的培训").click()
        await typed(page, "培训名称", "科技辅导员培训")
        await page.get_by_label("培训日期", exact=True).fill("2024年5月")
        await page.get_by_label("学时", exact=True).fill("18学时")
        await page.get_by_label("第 1 家主办单位的名称").fill("重庆市科协")
        await page.get_by_label("属于").first.select_option("association")
        await page.get_by_role("button", name="保存，回到列表").click()
        await page.wait_for_url(f"{form_site.form}/B#trainings")
        (training,) = (await form_site.values())["trainings"]
        assert {name: training[name] for name in ("title", "date", "hours")} == {
            "title": "科技辅导员培训",
            "date": "2024-05",
            "hours": "18",
        }
        assert training["organisers"][0]["system"] == "association"
        await page.get_by_role("button", name="照样再填一条 科技辅导员培训").click()
        await page.get_by_role("button", name="保存，回到列表").click()
        assert len((await form_site.values())["trainings"]) == 2
        await page.get_by_role("link", name="删除 科技辅导员培训").first.click()
        await page.get_by_role("button", name="删除", exact=True).click()
        await page.get_by_role("heading", name="已删除").wait_for()
        assert len((await form_site.values())["trainings"]) == 1
        await page.get_by_role("button", name="撤销删除").click()
        await page.get_by_role("heading", name="参加过的培训").wait_for()
        assert len((await form_site.values())["trainings"]) == 2


async def test_an_entry_left_empty_is_not_kept(browser: Browser, form_site: FormSite) -> None:
    async with opened(browser, form_site, token=form_site.token) as page:
        await page.goto(f"{form_site.form}/B")
        await page.get_by_role("button", name="添加一条 从事科技辅导工作的经历").click()
        await page.get_by_role("heading", name="从事科技辅导工作的经历").wait_for()
        assert len((await form_site.values())["work"]) == 1
        await page.get_by_role("button", name="保存，回到列表").click()
        await page.wait_for_url(f"{form_site.form}/B#work")
        assert (await form_site.values())["work"] == []


@pytest.mark.clause("E3")
async def test_the_explanation_follows_each_save(browser: Browser, form_site: FormSite) -> None:
    await fill_all(form_site)
    async with opened(browser, form_site, token=form_site.token, size=DESK) as page:
        await page.goto(f"{form_site.form}/B/trainings/t1")
        side = page.locator("#explanation")
        assert await side.get_by_text("40/30 学时").count() == 1
        await page.get_by_label("学时", exact=True).fill("18")
        await page.get_by_label("天数").focus()
        await side.get_by_text("18/30 学时").first.wait_for()
        await page.get_by_label("否", exact=True).check()
        await page.locator("#counts").get_by_text("没有培训合格证书").wait_for()
        await page.get_by_label("是", exact=True).check()
        await page.locator("#counts .yes").wait_for()
        assert await side.locator("summary .brief").inner_text() == "5 条中已达到 4 条 · 合计 18/30 学时"


async def test_five_hundred_entries_stay_usable(
    browser: Browser, form_site: FormSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft, "MAX_ITEMS", 500)
    for start in range(0, 500, 100):
        many = {f"evidence.e{n}": {"kind": "c1", "title": f"成果{n}"} for n in range(start, start + 100)}
        saved = await form_site.applicant.change(many)
        assert saved.status_code == 200, saved.text
    async with opened(browser, form_site, token=form_site.token) as page:
        await page.goto(f"{form_site.form}/C")
        assert await page.locator(".item-card").count() == 10
        await page.get_by_role("link", name="查看全部 500 条").click()
        await page.locator(".item-card").nth(19).wait_for()
        assert await page.locator(".item-card").count() == 20
        await page.get_by_role("link", name="下一页").click()
        assert await page.locator(".pager span").inner_text() == "第 2 页，共 25 页，500 条"
        assert await page.locator(".item-title").first.inner_text() == "成果20"
        await page.get_by_role("link", name="成果20", exact=True).click()
        await page.get_by_label("名称", exact=True).fill("改过的名称")
        await page.get_by_role("button", name="保存，回到列表").click()
        await page.wait_for_url(f"{form_site.form}/C#c1")
    assert (await form_site.values())["evidence"][20]["title"] == "改过的名称"


@pytest.mark.clause("Q13")
async def test_pre_flight_leads_to_what_is_wrong(browser: Browser, form_site: FormSite) -> None:
    await fill_all(form_site, **{"fields.degree": None})
    async with opened(browser, form_site, token=form_site.token) as page:
        await page.goto(f"{form_site.case}/preflight")
        assert await page.locator(".light strong").inner_text() == "有 1 处需要您处理"
        await page.get_by_role("link", name="去填写 请填写“学位”。").click()
        await page.locator("#fields-degree:focus").fill("学士")
        await page.get_by_role("button", name="保存，回到目录").click()
        await page.wait_for_url(f"{form_site.form}?saved=1")
        await page.get_by_role("link", name="去预检").click()
        await page.wait_for_url(f"{form_site.case}/preflight")
        assert await page.locator(".checks.bad").count() == 0


@pytest.mark.clause("A3")
@pytest.mark.clause("L1")
async def test_submitting_locks_the_form_once(
    browser: Browser, form_site: FormSite, cjk_font: object
) -> None:
    await fill_all(form_site, **{"fields.degree": None})
    async with opened(browser, form_site, token=form_site.token) as page, form_site.dispatching():
        await page.goto(f"{form_site.case}/submit")
        await page.get_by_role("button", name="确认提交").click()
        await page.get_by_role("alert").locator("li a").first.wait_for()
        assert await page.get_by_role("alert").locator("li a").all_inner_texts() == ["请填写“学位”。"]
        await form_site.applicant.change({"fields.degree": "学士"})
        await page.goto(f"{form_site.case}/submit")
        assert await page.locator(".read-only dd").filter(has_text="青少年科技辅导员培训").count() == 1
        await page.get_by_role("button", name="确认提交").dblclick()
        await page.wait_for_url(form_site.case)
        await page.goto(f"{form_site.form}/A")
        await page.get_by_text("申报书已经提交，内容锁定。").wait_for()
        assert await page.locator("form.fields input:not([type=hidden])").count() == 0
    sent = [(row.name, row.state) for row in await form_site.gateway.stored()]
    assert sent == [("submit", "refused"), ("submit", "answered")]


async def test_wechat_is_told_how_to_leave_it(browser: Browser, form_site: FormSite) -> None:
    agent = "Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 Mobile MicroMessenger/8.0.40"
    options: dict[str, Any] = {"token": form_site.token, "user_agent": agent}
    async with opened(browser, form_site, **options) as page:
        await page.goto(form_site.form)
        assert await page.get_by_text("在浏览器打开").count() == 1


@pytest.mark.clause("Q1")
async def test_a_clause_says_what_it_says(browser: Browser, form_site: FormSite) -> None:
    words = "A 项无一漏项。通知原文：“A 项申请人基本情况无一漏项。”"
    async with opened(browser, form_site, token=form_site.token) as page:
        await page.goto(f"{form_site.form}/A")
        await page.locator("h1 a.clause").click()
        assert await page.locator("h1 .clause-said").inner_text() == words
    async with opened(browser, form_site, token=form_site.token, java_script_enabled=False) as page:
        await page.goto(f"{form_site.form}/A")
        await page.locator("h1 a.clause").click()
        said = page.locator("#clause-Q1 + dd")
        await said.wait_for(state="visible")
        assert await said.inner_text() == words


@pytest.mark.clause("Q10")
async def test_a_correction_that_needs_a_scan_leads_to_it(
    browser: Browser, form_site: FormSite, cjk_font: object
) -> None:
    await fill_all(form_site)
    await form_site.return_for_correction("field:unit", reprint=True)
    async with opened(browser, form_site, token=form_site.token) as page:
        await page.goto(f"{form_site.case}/submit")
        assert await page.get_by_role("button", name="提交修改").count() == 0
        await page.get_by_role("link", name="去打印、上传扫描件并提交").click()
        await page.get_by_role("link", name="下载申报书 PDF").wait_for()
