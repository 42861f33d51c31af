import asyncio, sys
from pathlib import Path
import pytest
from tests.browser.test_paying import *
from tests.browser.test_paying import paying
from services.payment.service import statements, allocation, refunds
from contracts.http.money import LinesQuery

OUT = Path("/tmp/payshots")
OUT.mkdir(exist_ok=True)


async def shot(page, name):
    await page.screenshot(path=str(OUT / f"{name}.png"), full_page=True)


async def test_shots(browser, paying):
    site = paying.site
    app = paying.page_of(site.application)

    async def both(token, url, name, **kw):
        for size, tag in ((PHONE, "390"), (DESK, "1280")):
            async with opened(browser, site, token=token, size=size, **kw) as page:
                await page.goto(url)
                await fits(page)
                await shot(page, f"{name}-{tag}")

    await both(site.token, app, "pay")
    async with opened(browser, site, token=site.token, size=PHONE, user_agent=IPHONE) as page:
        await page.goto(app)
        online = page.locator("form", has=page.get_by_role("button", name="微信支付 ¥100.00"))
        await online.get_by_label("我已阅读并同意退费规定").check()
        await online.get_by_role("button", name="微信支付 ¥100.00").click()
        await page.get_by_role("link", name="前往支付页面").wait_for()
        await shot(page, "pay-started-390")
        await page.get_by_role("link", name="前往支付页面").click()
        await shot(page, "provider-390")
    names = "甲乙丙丁戊己庚辛壬癸子丑"
    made = [
        await paying.money.applicant(f"2024-J-{n:05}", f"钟{c}一", "渝北区实验小学")
        for n, c in enumerate(names, 101)
    ]
    rows = [
        "2025-02-20,1200.00,渝北区实验小学,渝北区实验小学 " + "、".join(f"钟{c}一" for c in names) + ",L1",
        "2025-02-20,60.00,欧阳晓,2024-J-00017 欧阳晓,L2",
        "2025-02-20,88,路人,货款,L3",
        "2025-02-20,100,渝北区实验小学,渝北区实验小学钟某一,L4",
        "2025-02-20,100,钟甲一,2024-J-00101钟甲一,L5",
        "2025-02-21,100,钟甲一,2024-J-00101钟甲一,L6",
    ]
    from uuid import uuid4

    office_id, office = await site.world.staff(Role.secretariat)
    f = Path("/tmp/payshots/s.csv")
    f.write_text("日期,金额,付款人,备注,流水号\n" + "\n".join(rows) + "\n2025-02-33,1,甲,乙,L9\n")
    async with opened(browser, site, token=office, size=DESK) as page:
        await page.goto(f"{site.url}/staff/money")
        await page.get_by_label("网银导出的 csv 或 xlsx 文件").set_input_files(str(f))
        await page.get_by_role("button", name="导入").click()
        await page.get_by_text("读到").wait_for()
        await shot(page, "imported-1280")
    await both(office, f"{site.url}/staff/money/suspense", "suspense")
    found = await statements.lines(paying.money.parts, LinesQuery(limit=100))
    many = next(l for l in found.lines if l.code in ("many", "many_amount"))
    print([(l.code, l.said) for l in found.lines])
    await both(office, f"{site.url}/staff/money/lines/{many.line_id}", "line")
    await both(office, f"{site.url}/staff/money/refunds", "refunds")
    _, approver = await site.world.staff(Role.approver)
    await both(approver, f"{site.url}/staff/money/approvals", "approvals")
    await both(site.token, app, "pay-partial")
    await both(office, f"{site.url}/staff/money", "money")
