"""A secretariat of two walks a round through its console, without JavaScript; every page of it is looked at.

Gateway, database and store are real; a test plays the dispatcher and what the services would say next.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page
from pydantic import SecretStr

from contracts.commands import Role, TargetKind
from contracts.http.publication import NoticeState
from contracts.lifecycle import ActionRequiredBy, RoundStage, Stage, Status
from gateway import announcing
from gateway.models import Announcement
from tests.browser.looking import faults_of_all, opened, shot
from tests.browser.site import NOW, Site, open_site
from tests.conftest import TestDatabase
from tests.integration.gateway import console
from tests.integration.gateway.console import line
from tests.integration.gateway.world import settings_from
from tests.servers import Servers

PICTURE = {"name": "公示页面.pdf", "mimeType": "application/pdf", "buffer": console.PDF}
SURE = "我已"


@pytest_asyncio.fixture(loop_scope="session")
async def site(database: TestDatabase, servers: Servers) -> AsyncIterator[Site]:
    """With the real store: opening a round pins its pack there."""
    s3 = await servers.s3()
    settings = settings_from(
        database.settings("gateway"),
        embedded=True,
        temporal_ui_url="http://127.0.0.1:8233",
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=SecretStr(s3.secret_key),
    )
    async with open_site(settings) as one:
        yield one


async def says(page: Page, text: str, where: str = "main") -> None:
    """Waits until it does."""
    await page.locator(where).get_by_text(text).first.wait_for()


async def confirmed(page: Page, button: str) -> None:
    """Ticks the box above a button and presses it."""
    form = page.locator("form", has=page.get_by_role("button", name=button, exact=True))
    await form.get_by_label(SURE).check()
    await form.get_by_role("button", name=button, exact=True).click()


async def approved(page: Page, site: Site, title: str, look: str) -> None:
    """The other person opens what it is about, then approves."""
    await page.goto(f"{site.url}/staff/proposals")
    card = page.locator("section.card", has=page.get_by_role("heading", name=title)).first
    await card.get_by_role("link", name="打开要批准的内容，看清再批准").click()
    await says(page, look)
    await page.go_back()
    async with site.world.answering():
        await card.get_by_role("button", name="批准").click()
        await card.get_by_text("已批准").wait_for()


@pytest.mark.clause("R1", "T3", "N1", "N2", "N4", "O2")
async def test_two_people_walk_a_round_from_its_opening_to_the_final_list(
    browser: Browser, site: Site
) -> None:
    world = site.world
    _, office = await world.staff(Role.secretariat, Role.approver)
    _, second = await world.staff(Role.approver)
    async with (
        opened(browser, site, token=office, java_script_enabled=False) as page,
        opened(browser, site, token=second, java_script_enabled=False) as other,
    ):
        round_id = await opening(page, site)
        await extending(page, site, round_id)
        await releasing(page, other, site, round_id)
        notice_id = await posting(page, other, site, round_id)
        await publishing(page, other, site, round_id)
    sent = [(one.name, one.target_id) for one in await world.stored()]
    assert sent == [
        ("open_round", round_id),
        ("release_ranking", round_id),
        ("confirm_posted", notice_id),
        ("confirm_posted", notice_id),
        ("publish_final_list", round_id),
    ]


async def opening(page: Page, site: Site) -> UUID:
    await page.goto(f"{site.url}/staff/rounds")
    await page.get_by_role("link", name="开启年度认证…").click()
    await page.get_by_role("link", name="演示：2024年").click()
    await says(page, "检查通过，可以开启。")
    async with site.world.answering():
        await confirmed(page, "开启年度认证")
    await says(page, "正在开启")
    round_id = UUID(page.url.rsplit("/", 1)[1])
    console.at(site.world, round_id, RoundStage.filing)
    await console.a_window(site.world, round_id, NOW + timedelta(days=2))
    await page.get_by_role("link", name="刷新").click()
    await says(page, "等申报截止")
    return round_id


async def extending(page: Page, site: Site, round_id: UUID) -> None:
    await page.get_by_role("link", name="延长与记录").click()
    await page.get_by_role("link", name="延长…").click()
    await page.get_by_label("延长多少分钟").fill("90")
    await page.get_by_label("理由").fill("平台故障一个半小时")
    await page.get_by_role("button", name="先看结果").click()
    await confirmed(page, "确认延长")
    await says(page, "平台故障一个半小时", "#extensions")
    assert page.url == f"{site.url}/staff/rounds/{round_id}/windows?extended=filing#extensions"


async def releasing(page: Page, other: Page, site: Site, round_id: UUID) -> None:
    console.at(site.world, round_id, RoundStage.ranked)
    console.a_ranking(site.world, round_id)
    await page.goto(f"{site.url}/staff/rounds/{round_id}")
    await page.get_by_role("link", name="查看排名").click()
    await confirmed(page, "提议发布排名")
    await says(page, "等待另一位审批人批准", "#release")
    await approved(other, site, "发布排名", console.DIGEST)


async def posting(page: Page, other: Page, site: Site, round_id: UUID) -> UUID:
    notice_id = uuid4()
    console.at(site.world, round_id, RoundStage.notice)
    console.a_notice(site.world, round_id, notice_id)
    console.documents(site.world)
    await page.goto(f"{site.url}/staff/rounds/{round_id}/notice")
    for target in ("platform", "national_system"):
        card = page.locator(f"#target-{target}")
        await card.get_by_label("公示页面的网址").fill(f"https://example.org/{target}")
        await card.get_by_label("公示页面的截图").set_input_files([PICTURE])  # type: ignore[list-item]
        await card.get_by_label(SURE).check()
        await card.get_by_role("button", name="提议确认已发布").click()
        await card.get_by_text("等待另一位审批人批准").wait_for()
        await approved(other, site, "确认公示已发布", f"https://example.org/{target}")
    await page.goto(f"{site.url}/staff/rounds/{round_id}/notice")
    await says(page, "公示期正在计算")
    return notice_id


async def publishing(page: Page, other: Page, site: Site, round_id: UUID) -> None:
    console.at(site.world, round_id, RoundStage.final_list)
    await page.goto(f"{site.url}/staff/rounds/{round_id}/final-list")
    await page.get_by_label("公布文件的文号").fill("渝青科教文〔2025〕9号")
    await confirmed(page, "提议公布认证名单")
    await approved(other, site, "公布认证名单", "等待另一位审批人批准")
    console.at(site.world, round_id, RoundStage.issuing)
    console.a_final_list(site.world, round_id, "渝青科教文〔2025〕9号")
    await page.reload()
    await says(page, "渝青科教文〔2025〕9号", "#publish")


async def pages(site: Site) -> list[tuple[str | None, str]]:
    """Every page of the console with something on it, and who looks at it."""
    world, round_id = site.world, site.round_id
    _, office = await world.staff(Role.secretariat, Role.operator)
    office_id, second = await world.staff(Role.approver)
    world.parts.packs._loaded[console.PACK_KEY] = console.pack("chongqing-2024")
    console.at(world, round_id, RoundStage.notice)
    world.read_model.lines = [
        line(Stage.qualification, Status.under_review, 12),
        line(Stage.exam, Status.awaiting_exam, 31, "intermediate"),
        line(Stage.ended, Status.not_qualified, 4),
    ]
    console.a_ranking(world, round_id)
    console.a_notice(world, round_id, site.notice, state=NoticeState.made, posted_at=None, closes_at=None)
    console.a_final_list(world, round_id, "渝青科教文〔2025〕9号")
    application = await console.a_case(world, round_id, "2024-I-00021", held=True)
    await console.a_case(world, round_id, "2024-J-00022", action_required_by=ActionRequiredBy.applicant)
    correcting = {"stage": Stage.correction, "kind": TargetKind.application, "target_id": application}
    await console.a_window(world, round_id, NOW + timedelta(days=2), **correcting)  # type: ignore[arg-type]
    command = await console.a_stuck_command(world, round_id, application)
    told = await an_announcement(site, office_id)
    one = f"/staff/rounds/{round_id}"
    return [
        (None, "/"),
        (None, "/announcements"),
        (None, f"/announcements/{round_id}/{told}"),
        (None, f"/final-lists/{round_id}"),
        (office, "/staff"),
        (office, "/staff/rounds"),
        (office, "/staff/rounds/open"),
        (office, "/staff/rounds/open?pack=demo"),
        (office, "/staff/rounds/open?pack=chongqing-2024"),
        (office, one),
        (office, f"{one}/pack"),
        (office, f"{one}/windows"),
        (office, f"{one}/windows/{round_id}/filing?minutes=90&reason=平台故障"),
        (office, f"{one}/ranking"),
        (office, f"{one}/notice"),
        (office, f"{one}/final-list"),
        (office, f"{one}/cases"),
        (office, f"{one}/stuck"),
        (office, f"{one}/stuck/{command}/refuse"),
        (office, f"{one}/announcements"),
        (office, f"{one}/announcements/new?from=filing"),
        (office, f"{one}/announcements/{told}"),
        (office, f"/staff/cases/{application}"),
        (second, one),
    ]


async def an_announcement(site: Site, account_id: UUID) -> UUID:
    """One that was corrected."""
    announcement_id = uuid4()
    values = {
        "id": announcement_id,
        "round_id": site.round_id,
        "body": "笔试定于 2025-03-08 09:00 开始，时长 60 分钟，在线完成。\n请提前检查网络和设备。",
        "url": "https://chongqing.example.org/notices/2025/exam",
        "noted_by": account_id,
    }
    async with site.world.db.unit_of_work() as session:
        for version, reason in ((1, ""), (2, "开始时间改到 10:00")):
            session.add(
                Announcement(
                    version=version,
                    title="2024年度初级笔试通知",
                    posted_at=NOW - timedelta(days=3 - version),
                    reason=reason,
                    idempotency_key=f"k-{version}",
                    **values,
                )
            )
    assert len((await announcing.in_force(site.world.parts, site.round_id)).announcements) == 1
    return announcement_id


async def test_no_page_of_the_console_shuts_anybody_out(browser: Browser, site: Site, axe: str) -> None:
    wrong = await faults_of_all(browser, site, await pages(site), axe)
    assert wrong == [], "\n".join(str(one) for one in wrong)


async def test_what_one_has_typed_is_kept_when_something_is_wrong(browser: Browser, site: Site) -> None:
    """On a phone: the form of an announcement comes back whole with what is wrong."""
    _, office = await site.world.staff(Role.secretariat)
    site.world.parts.packs._loaded[console.PACK_KEY] = console.pack("chongqing-2024")
    console.at(site.world, site.round_id, RoundStage.filing)
    async with opened(browser, site, token=office, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/staff/rounds/{site.round_id}/announcements/new?from=exam")
        await page.get_by_label("平台上这条通知的网址").fill("https://example.org/1")
        await page.get_by_label("平台上的发布时间").fill("2025-03-01T09:30")
        await confirmed(page, "登记")
        await shot(page, "console-announcement-wrong")
        await page.get_by_role("alert").get_by_text("花括号").wait_for()
        assert await page.get_by_label("平台上这条通知的网址").input_value() == "https://example.org/1"
        text = await page.get_by_label("正文").input_value()
        await page.get_by_label("正文").fill(text.replace("{", "").replace("}", ""))
        await page.get_by_label("标题").fill("2024年度笔试通知")
        await confirmed(page, "登记")
        await page.get_by_role("link", name="更正…").wait_for()
        await page.goto(site.url)
        assert await page.get_by_role("link", name="2024年度笔试通知").count() == 1
