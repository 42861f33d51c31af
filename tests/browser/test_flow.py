"""From the login to the scan that was handed in, as one person goes: every page, every file through the browser.

Gateway, registration, database, store, typst and the reader of scans are real; a test plays the dispatcher, the text
message's way and the read model (`Show`: issue "Application").
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect

from contracts.http.scans import ScanReport
from gateway.models import Application
from services.registration.domain.scans import Place
from tests.browser.form_site import FormSite
from tests.browser.looking import opened, shot
from tests.browser.test_form import SAVED
from tests.browser.test_scan import cards
from tests.integration.registration.test_photo import snapshot_on_a_wall
from tests.integration.registration.world import Applicant, id_number, pdf_bytes
from tests.scans import Look, as_pdf, scan

PHONE_NUMBER, NAME, NUMBER = "13955556666", "李雪梅", id_number(771)
UNIT = "重庆市渝北区实验小学校"
TEXTS = {
    "birth_date": "1990年1月1日",
    "ethnicity": "汉族",
    "degree": "学士",
    "school": "重庆师范大学 物理学",
    "unit": UNIT,
    "unit_address": "重庆市渝北区龙溪街道红锦大道1号",
    "position": "无",
    "title": "一级教师",
    "teaching_subject": "小学科学",
    "email": "teacher@example.com",
    "postal_address": "重庆市渝北区龙溪街道红锦大道1号",
    "postcode": "401147",
}


async def log_in(page: Page, site: FormSite) -> None:
    """A phone that nobody has used yet, and who it belongs to."""
    services = site.gateway.services
    services.put("notification", "POST", "/internal/messages", 200, {"id": str(site.round_id)})
    await page.goto(f"{site.url}/my")
    await page.get_by_label("手机号").fill(PHONE_NUMBER)
    await page.get_by_role("button", name="获取验证码").click()
    await page.get_by_label("6 位验证码").wait_for()
    code = json.loads(services.last("notification")["body"])["params"]["code"]
    await page.get_by_label("6 位验证码").fill(code)
    await page.get_by_role("button", name="登录", exact=True).click()
    await page.get_by_role("link", name="去填写").click()
    await page.get_by_label("姓名").fill(NAME)
    await page.get_by_label("证件号码").fill(NUMBER)
    await page.get_by_role("button", name="保存").click()
    await page.get_by_text(NAME).wait_for()


async def apply(page: Page, site: FormSite) -> str:
    """The case's address."""
    await page.locator(f'a[href="/my/apply/{site.round_id}"]').click()
    await page.locator('input[name="level"][value="junior"]').check()
    await page.get_by_role("button", name="开始申报").click()
    await page.get_by_role("link", name="去办理").first.wait_for()
    return page.url


async def section_a(page: Page, case: str) -> None:
    await page.goto(f"{case}/form")
    await page.get_by_role("link", name="填写基本信息").first.click()
    for name in ("gender", "education"):
        await page.locator(f'input[name="fields.{name}"]').first.check()
    for name, text in TEXTS.items():
        await page.locator(f"#fields-{name}").fill(text)
    await page.locator("#fields-kind").select_option(label="中小学教师")
    await page.locator("#fields-district").select_option(label="渝中区")
    await page.get_by_role("button", name="保存，回到目录").click()
    await page.wait_for_url(f"{case}/form?saved=1")


async def photo(page: Page, case: str) -> None:
    """A phone's picture, cropped as proposed, is back in the form."""
    await page.locator('a.task-link[href$="/photo"]').click()
    picture = {"name": "手机照片.jpg", "mimeType": "image/jpeg", "buffer": snapshot_on_a_wall()}
    await page.set_input_files("input[type=file]", [picture])  # type: ignore[list-item]
    await page.locator("form[data-crop]").wait_for(timeout=30_000)
    await shot(page, "flow-photo")
    await page.get_by_role("button", name="采用这个裁剪").click()
    await page.wait_for_url(f"{case}/form/A#fields-photo")
    thumb = page.locator("#fields-photo .photo-thumb")
    await expect(thumb).to_be_visible()
    assert await thumb.evaluate("(one) => one.naturalWidth") > 50
    await shot(page, "flow-photo-in-form")


async def item(page: Page, case: str, section: str, group: str) -> str:
    """A new entry, opened: its path in the draft."""
    await page.goto(f"{case}/form/{section}")
    await page.locator(f"#{group} form:last-of-type > button").click()
    await page.wait_for_url(lambda url: url.count("/") == f"{case}/form/{section}".count("/") + 2)
    return ".".join(page.url.split("/")[-2:])


async def proof(page: Page, name: str) -> None:
    """Straight into the store, by the page's script; the entry has it then."""
    file = {"name": name, "mimeType": "application/pdf", "buffer": pdf_bytes(f"兹证明{NAME}{name}")}
    await page.set_input_files("input[type=file]", [file])  # type: ignore[list-item]
    await expect(page.locator(".file-item", has_text=name)).to_contain_text("已附上", timeout=30_000)


async def back_to_list(page: Page) -> None:
    await page.get_by_role("button", name="保存，回到列表").click()
    await page.locator("ul.cards").first.wait_for()


async def section_b(page: Page, case: str) -> None:
    path = await item(page, case, "B", "work")
    await page.locator(f'input[name="{path}.kind"]').first.check()
    await page.get_by_label("单位", exact=False).first.fill(UNIT)
    await page.get_by_label("从什么时候开始").fill("2019年9月")
    await back_to_list(page)
    path = await item(page, case, "B", "trainings")
    await page.get_by_label("培训名称").fill("青少年科技辅导员培训")
    await page.get_by_label("培训日期").fill("2024-05")
    await page.get_by_label("学时", exact=True).fill("18")
    await page.get_by_label("第 1 家主办单位的名称").fill("重庆市科协青少年科技中心")
    await page.get_by_label("属于").first.select_option("association")
    await proof(page, "培训证书.pdf")
    await page.locator(f'input[name="{path}.certificate"][value="false"]').check()
    await page.locator(SAVED).wait_for()
    await page.locator("#counts .no").first.wait_for()
    await shot(page, "flow-training-does-not-count")
    await page.locator(f'input[name="{path}.certificate"][value="true"]').check()
    await page.locator("#counts .yes").first.wait_for()
    await page.get_by_label("学时", exact=True).fill("40")
    await back_to_list(page)
    path = await item(page, case, "B", "activity")
    await evidence(page, path, "校园科技节")


async def evidence(page: Page, path: str, title: str) -> None:
    await page.get_by_label("名称", exact=True).fill(title)
    await page.get_by_label("日期", exact=True).fill("2024-04-12")
    await page.locator(f'input[name="{path}.tier"]').first.check()
    await page.locator(f'input[name="{path}.role"]').first.check()
    await page.get_by_label("第 1 家主办单位的名称").fill(UNIT)
    await page.get_by_label("属于").first.select_option("education")
    await page.get_by_label("证书上的姓名").fill(NAME)
    await proof(page, f"{title}.pdf")
    await back_to_list(page)


async def declare(page: Page, case: str) -> None:
    await page.goto(f"{case}/form/declarations")
    for box in await page.locator("input[type=checkbox]").all():
        await box.check()
    await page.get_by_role("button", name="保存，回到目录").click()
    await page.wait_for_url(f"{case}/form?saved=1")


async def behind(site: FormSite, case: str) -> Applicant:
    """The person as registration knows them."""
    async with site.gateway.db.read() as session:
        row = await session.get_one(Application, UUID(case.rpartition("/")[2]))
    return Applicant(site.registration, row.person_id, NAME, NUMBER)


@pytest.mark.clause("A1", "A2", "A3", "A4", "Q2", "Q4", "Q13")
@pytest.mark.timeout(400)
async def test_from_the_login_to_the_scan(browser: Browser, form_site: FormSite, cjk_font: Path) -> None:
    site = form_site
    options: dict[str, Any] = {"accept_downloads": True}
    async with opened(browser, site, **options) as page, site.dispatching():
        await log_in(page, site)
        case = await apply(page, site)
        await section_a(page, case)
        await photo(page, case)
        await section_b(page, case)
        path = await item(page, case, "C", "c1")
        await evidence(page, path, "指导学生参加区青少年科技创新大赛")
        await page.get_by_text("供专家评审，不用来判断报名条件").first.wait_for()
        await declare(page, case)
        assert await page.locator(".tasks .bg-orange-lt").count() == 0

        await page.get_by_role("link", name="去预检").click()
        await expect(page.locator(".checks.bad")).to_have_count(0)
        await page.get_by_role("link", name="去提交").click()
        await page.get_by_role("button", name="确认提交").click()
        await page.wait_for_url(case)

        await page.goto(f"{case}/scan")
        assert await page.locator('[aria-current="step"]').inner_text() != ""
        async with page.expect_download() as told:
            await page.get_by_role("link", name="下载申报书 PDF").click()
        printed = await asyncio.to_thread(Path(await (await told.value).path()).read_bytes)
        one = await behind(site, case)
        report = ScanReport.model_validate(await one.world.good("GET", f"{one.path}/scan", one.actor))
        places = [Place.model_validate(place.model_dump()) for place in report.places]
        look = Look(turn=3, noise=8, unsigned=frozenset({1}))
        await returned(page, "少签一页.pdf", as_pdf(scan(printed, places, look)))
        found = await cards(page)
        assert found[0] == "第 1 页，当前版本 | 本人签名：没有找到签名"
        assert {line.partition(" | ")[2] for line in found[1:-1]} <= {"本人签名：有签名"}
        assert found[-1].endswith("本人签名：有签名 | 单位公章：有公章")
        await expect(page.locator("#seen .alert-warning")).to_be_visible()
        await shot(page, "flow-scan-unsigned")

        page.once("dialog", lambda dialog: dialog.accept())
        await page.locator(".file-item", has_text="少签一页.pdf").get_by_role("button", name="删除").click()
        await expect(page.locator(".file-item", has_text="少签一页.pdf")).to_have_count(0)
        await returned(page, "签齐.pdf", as_pdf(scan(printed, places, Look(turn=3, noise=8))))
        await expect(page.locator("#seen .alert-success")).to_contain_text("每页有签名，公章在")
        await page.get_by_role("button", name="交回这份扫描件").click()
        await page.wait_for_url(case)
        assert await page.get_by_text("打印、签字盖章，上传扫描件", exact=True).count() == 0
    sent = [(row.name, row.state) for row in await site.gateway.stored()]
    assert sent == [("apply", "answered"), ("submit", "answered"), ("attach_scan", "answered")]


async def returned(page: Page, name: str, data: bytes) -> None:
    """Sent by the page's script; the page then shows what was seen."""
    file = {"name": name, "mimeType": "application/pdf", "buffer": data}
    async with page.expect_response(lambda answer: answer.url.endswith("/scan/seen"), timeout=90_000):
        await page.set_input_files("input[type=file]", [file])  # type: ignore[list-item]
    await page.locator("#seen .sheet", has_text=name).first.wait_for(timeout=30_000)
