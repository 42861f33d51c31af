"""Paying as people do: online on a phone; by transfer: the office imports the statement, the applicant sees it.

The gateway is in front of the real payment service and the real local provider.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from contracts.commands import Role
from contracts.http.payment import OrderState
from kit.db import migrate
from services.payment.api import make_app
from tests.browser.looking import DESK, PHONE, opened, shot, sideways
from tests.browser.site import Site
from tests.conftest import TestDatabase
from tests.integration.payment.world import Local, World, local_provider, payment_settings, world_of

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
)


@dataclass
class Paying:
    """The site, and what is behind its fee."""

    site: Site
    money: World
    local: Local

    def page_of(self, application: UUID) -> str:
        return f"{self.site.url}/my/applications/{application}/pay"


@pytest_asyncio.fixture(loop_scope="session")
async def paying(site: Site, database: TestDatabase, tmp_path: Path) -> AsyncIterator[Paying]:
    await migrate(database.settings("payment"), "services.payment")
    await empty(database.admin_dsn)
    async with local_provider(tmp_path) as local:
        base = database.settings("payment", actor_public_key=site.world.settings.actor_public_key)
        settings = payment_settings(base, local.url, public_url=site.url)
        money = world_of(settings)
        transport = httpx.ASGITransport(app=make_app(settings, money.db, money.service))
        site.world.services._clients["payment"] = httpx.AsyncClient(
            transport=transport, base_url="http://payment"
        )
        unit = "重庆市渝中区实验小学"
        mine = await money.applicant("2024-J-00017", "欧阳晓", unit, application=site.application)
        yield Paying(site, mine, local)
        await money.db.close()


async def empty(admin_dsn: str) -> None:
    """Application numbers are those of this test alone."""
    connection = await asyncpg.connect(admin_dsn)
    rows = await connection.fetch("select tablename from pg_tables where schemaname = 'payment'")
    names = ", ".join(f"payment.{row[0]}" for row in rows if row[0] != "alembic_version")
    await connection.execute(f"truncate {names}")
    await connection.close()


@pytest.mark.clause("F2", "F5")
@pytest.mark.parametrize("button", ["微信支付 ¥100.00", "支付宝 ¥100.00"])
async def test_paying_online_on_a_phone(browser: Browser, paying: Paying, button: str) -> None:
    site = paying.site
    async with opened(browser, site, token=site.token, size=PHONE, user_agent=IPHONE) as page:
        await page.goto(paying.page_of(site.application))
        assert await sideways(page) == 0
        assert await page.get_by_text("2024-J-00017 重庆市渝中区实验小学 欧阳晓").count() == 1
        online = page.locator("form", has=page.get_by_role("button", name=button))
        await online.get_by_label("我已阅读并同意退费规定").check()
        await online.get_by_role("button", name=button).click()
        await page.get_by_role("link", name="前往支付页面").click()
        await page.get_by_role("button", name="确认支付").click()
        await page.get_by_text("支付成功").wait_for()
        await page.goto(paying.page_of(site.application))
        await page.get_by_text("缴费已记入您的申报，无需再做什么。").wait_for(timeout=20_000)
        assert await sideways(page) == 0
    assert (await paying.money.service.read_order(site.application)).state is OrderState.paid


@pytest.mark.clause("F2")
async def test_a_desk_shows_a_qr_code_and_wechats_own_browser_says_how_to_leave_it(
    browser: Browser, paying: Paying
) -> None:
    site = paying.site
    async with opened(browser, site, token=site.token, size=DESK) as page:
        await page.goto(paying.page_of(site.application))
        online = page.locator("form", has=page.get_by_role("button", name="微信支付 ¥100.00"))
        await online.get_by_label("我已阅读并同意退费规定").check()
        await online.get_by_role("button", name="微信支付 ¥100.00").click()
        picture = page.get_by_role("img", name="微信支付二维码")
        await picture.wait_for()
        assert await picture.evaluate("image => image.naturalWidth") > 100
    inside = f"{IPHONE} MicroMessenger/8.0.50"
    async with opened(browser, site, token=site.token, size=PHONE, user_agent=inside) as page:
        await page.goto(paying.page_of(site.application))
        assert await page.get_by_text("在浏览器打开").count() == 1


@pytest.mark.clause("F3", "F4")
async def test_paying_by_transfer_until_the_applicant_sees_it(
    browser: Browser, paying: Paying, tmp_path: Path
) -> None:
    """Without JavaScript on both sides: forms alone carry it."""
    site = paying.site
    async with opened(browser, site, token=site.token, size=PHONE, java_script_enabled=False) as page:
        await page.goto(paying.page_of(site.application))
        form = page.locator("#transfer")
        memo = await form.locator(".memo").inner_text()
        await form.get_by_label("我已阅读并同意退费规定").check()
        await form.get_by_role("button", name="我选择转账").click()
        await page.get_by_text("您选择了转账，正在等待款项到账").wait_for()
    _, office = await site.world.staff(Role.secretariat)
    statement = tmp_path / "流水.csv"
    statement.write_bytes(
        f"日期,金额,付款人,备注,流水号\n2025-02-20,100.00,渝中区实验小学,{memo},L1\n2025-02-20,88,路人,不知道,L2\n".encode(
            "gb18030"
        )
    )
    async with opened(browser, site, token=office, size=DESK, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/staff/money")
        await page.get_by_label("网银导出的 csv 或 xlsx 文件").set_input_files(str(statement))
        await page.get_by_role("button", name="导入").click()
        await page.get_by_text("已自动分配 1 笔，等待处理 1 笔").wait_for()
        await page.get_by_role("link", name="去处理").click()
        await page.get_by_text("付款人和备注与任何一份申报都对不上。").wait_for()
        assert await sideways(page) == 0
    async with opened(browser, site, token=site.token, size=PHONE, java_script_enabled=False) as page:
        await page.goto(paying.page_of(site.application))
        await page.get_by_text("缴费已记入您的申报，无需再做什么。").wait_for()
        assert await page.get_by_text("银行转账").count() == 1
    number = (await paying.money.service.read_order(site.application)).application_number
    async with opened(browser, site, token=office, size=PHONE, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/staff/money/invoices")
        await page.locator("summary", has_text="为多人合开一张发票").click()
        await page.get_by_label("发票抬头").fill("渝中区实验小学")
        await page.get_by_label("申报编号，每行一个").fill(f"{number}\n2024-J-99999")
        await page.get_by_role("button", name="申请开票").click()
        await page.get_by_text("没有这些申报编号的缴费单：2024-J-99999。").wait_for()
        assert await page.get_by_label("发票抬头").input_value() == "渝中区实验小学"
        await page.get_by_label("申报编号，每行一个").fill(f"{number}、{number}")
        await page.get_by_role("button", name="申请开票").click()
        await page.get_by_text("¥100.00").wait_for()
        assert await page.get_by_text("渝中区实验小学").count() == 1
        assert await sideways(page) == 0
        await page.get_by_role("searchbox", name="抬头、税号或发票号码").fill("没有这所学校")
        await page.get_by_role("button", name="查找").click()
        await page.get_by_text("没有符合条件的发票。").wait_for()
        await shot(page, "invoices-none-390")
        await page.get_by_role("searchbox").fill("渝中区")
        await page.get_by_role("button", name="查找").click()
        await page.get_by_text("¥100.00").wait_for()
        await shot(page, "invoices-found-390")
        assert await sideways(page) == 0
        for name in ("refunds", "suspense?state=allocated"):
            await page.goto(f"{site.url}/staff/money/{name}")
            await shot(page, f"money-{name[:7]}-390")
            assert await sideways(page) == 0
