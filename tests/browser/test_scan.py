"""A printed form comes back as a scan: gateway, registration, store, database, typst and the reader are all real.

Only the dispatcher is played here: what the page sends is prepared as it would be (`Show`: issue "Application").
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from contracts.commands import CommandName, PrepareResult
from contracts.http.scans import ScanReport
from services.registration import repository
from services.registration.domain.scans import Place
from tests.browser.form_site import FormSite
from tests.browser.looking import DESK, PHONE, opened
from tests.integration.registration.test_lifecycle import correction, flag
from tests.integration.registration.world import Applicant
from tests.scans import Look, Picture, as_jpeg, as_pdf, scan


@dataclass
class Office:
    """The site with a real registration behind it, and somebody who has submitted a form."""

    site: FormSite
    one: Applicant
    token: str

    @property
    def url(self) -> str:
        return f"{self.site.url}/my{self.one.path}/scan"

    async def printed(self, page: Page, look: Look) -> list[Picture]:
        """What the page's own link prints, signed, sealed and scanned."""
        link = await page.get_by_role("link", name="下载申报书 PDF").get_attribute("href")
        pdf = await (await page.context.request.get(f"{self.site.url}{link}")).body()
        report = await self.one.world.good("GET", f"{self.one.path}/scan", self.one.actor)
        places = ScanReport.model_validate(report).places
        return scan(pdf, [Place.model_validate(place.model_dump()) for place in places], look)

    async def send(self, name: str, pages: list[Picture]) -> str:
        file = await self.one.upload("scan", name, as_pdf(pages), "application/pdf")
        assert file["state"] == "clean"
        return str(file["id"])

    async def handed_in(self, page: Page) -> PrepareResult:
        """Presses the button; what registration says when the dispatcher prepares the command."""
        async with self.site.world.answering():
            await page.get_by_role("button", name="交回这份扫描件").click()
            await page.wait_for_url(f"{self.site.url}/my{self.one.path}")
        row = (await self.site.world.stored())[-1]
        assert row.name == CommandName.attach_scan
        return await self.one.world.prepare(CommandName.attach_scan, self.one.id, row.body)


@pytest_asyncio.fixture(loop_scope="session")
async def office(form_site: FormSite) -> Office:
    one = form_site.applicant
    assert (await one.submit(await one.fill())).refused is None
    return Office(form_site, one, form_site.token)


async def cards(page: Page) -> list[str]:
    """What is said of each scanned page, its file's name left out."""
    return [
        " | ".join(
            [await card.locator("h4").inner_text(), *await card.locator("figcaption").all_inner_texts()]
        )
        for card in await page.locator(".sheet").all()
    ]


@pytest.mark.clause("A3", "A4", "Q4", "Q6", "Q13")
async def test_a_scan_of_the_printed_form_is_read_page_by_page(browser: Browser, office: Office) -> None:
    async with opened(browser, office.site, token=office.token, size=DESK) as page:
        await page.goto(office.url)
        whole = await office.printed(page, Look(turn=3, noise=8))
        await office.send("扫描件.pdf", whole)
        await page.goto(office.url)
        count = len(whole)
        signed = [f"第 {n} 页，当前版本 | 本人签名：有签名" for n in range(1, count)]
        assert await cards(page) == [
            *signed,
            f"第 {count} 页，当前版本 | 本人签名：有签名 | 单位公章：有公章",
        ]
        assert await page.locator("#seen .alert").inner_text() == (
            f"{count} 页齐全，都是当前版本，每页有签名，公章在。"
        )
        await page.wait_for_function(
            "[...document.querySelectorAll('.sheet img')].every((one) => one.naturalWidth > 100)"
        )
        assert (await office.handed_in(page)).refused is None
        await page.goto(office.url)
        assert await page.locator("#seen .alert").first.inner_text() == (
            "这份扫描件已经交回。申报完成之前可以换：上传新的扫描件，再交回一次。"
        )


@pytest.mark.clause("A4", "Q4", "Q6")
async def test_grey_missing_and_old_are_told_apart(browser: Browser, office: Office) -> None:
    async with opened(
        browser, office.site, token=office.token, size=PHONE, java_script_enabled=False
    ) as page:
        await page.goto(office.url)
        grey = await office.printed(page, Look(mode="grey", turn=1, noise=4))
        first = await office.send("灰度.pdf", grey)
        await page.goto(office.url)
        assert await page.locator("#seen .alert li").all_inner_texts() == [
            f"请看扫描件上的签名和公章：看不准第 {len(grey)} 页单位公章（黑白或灰度扫描，公章的红色已丢失）"
        ]
        assert await page.get_by_role("button", name="交回这份扫描件").is_enabled()

        whole = await office.printed(page, Look())
        lacking = await office.send("缺页.pdf", [one for n, one in enumerate(whole, 1) if n != 2])
        await page.goto(f"{office.url}?file_id={lacking}")
        assert await page.locator("#seen .alert").inner_text() == (
            f"还不能交回：扫描件缺第 2 页（共 {len(whole)} 页）。请补扫后与现有文件一起交回。 依据 A4"
        )
        assert await page.get_by_role("button", name="交回这份扫描件").is_disabled()
        photo = await office.one.upload("scan", "第二页.jpg", as_jpeg(whole[1]), "image/jpeg")
        await page.goto(f"{office.url}?file_id={lacking}&file_id={photo['id']}")
        assert await page.locator("#seen .alert li").all_inner_texts() == ["请核对扫描件的页：页的顺序不对"]

        await _new_version(office)
        old = await office.send("旧版.pdf", whole)
        await page.goto(office.url)
        assert (await page.locator("#seen .alert").inner_text()).startswith(
            "还不能交回：第 1、2"
        ) and "旧版本，不是当前的第 2 版" in await page.locator("#seen .alert").inner_text()
        assert {line.split("|")[0].strip() for line in await cards(page)} == {
            f"第 {n} 页，但是旧版本（第 1 版）" for n in range(1, len(whole) + 1)
        }
        body = {"form_version": 2, "file_ids": [old]}
        refusal = (await office.one.world.prepare(CommandName.attach_scan, office.one.id, body)).refused
        assert refusal is not None
        assert (refusal.code, refusal.clause) == ("scan_old_version", "A4")
    assert first != old


async def _new_version(office: Office) -> None:
    one = office.one
    assert (await one.world.prepare(CommandName.take_back, one.id, {})).refused is None
    assert (await one.change({"fields.title": "高级教师"})).status_code == 200
    assert (await one.submit()).refused is None


@pytest.mark.clause("Q10", "A4")
async def test_one_signed_page_of_corrections_is_enough(browser: Browser, office: Office) -> None:
    one = office.one
    await correction(one, flag("field:title", reprint=True))
    async with opened(
        browser, office.site, token=office.token, size=PHONE, java_script_enabled=False
    ) as page:
        await page.goto(office.url)
        await page.get_by_role("link", name="下载更正页 PDF").click()  # before anything was changed
        await page.locator("main", has_text="没有可以列在更正页上的内容").wait_for()
        assert (await one.change({"fields.title": "高级教师"})).status_code == 200
        await page.goto(office.url)
        link = await page.get_by_role("link", name="下载更正页 PDF").get_attribute("href")
        answer = await page.context.request.get(f"{office.site.url}{link}")
        assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.headers["content-disposition"].startswith("attachment")
        async with one.world.service.parts.db.read() as session:
            (row,) = await repository.printed_pages(session, one.application_id, 2)
        places = [Place.model_validate(zone) for zone in row.zones]
        await office.send("更正页.pdf", scan(await answer.body(), places, Look(turn=2, noise=5)))
        await page.goto(office.url)
        assert await cards(page) == ["更正页 | 本人签名：有签名 | 单位公章：有公章"]
        assert "这是一页《更正页》" in await page.locator("#seen").inner_text()
        assert await page.locator("#seen .alert").inner_text() == (
            "1 页齐全，都是当前版本，每页有签名，公章在。"
        )
        await page.locator("#seen input[required]").check()
        async with office.site.world.answering():
            await page.get_by_role("button", name="重新提交").click()
            await page.wait_for_url(f"{office.site.url}/my{one.path}")
    sent = (await office.site.world.stored())[-1]
    assert sent.name == CommandName.resubmit
    assert (await one.world.prepare(CommandName.resubmit, one.id, sent.body)).refused is None
