"""Files in a real browser on a real store: progress, failure and retry, removal, the photo's crop, and no scripts."""

from __future__ import annotations

import io
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Page, expect

from cli.demo.evidence import photo_jpeg
from kit.db import migrate
from tests.browser.house import House, open_house
from tests.browser.looking import DESK, PHONE, opened, shot, sideways
from tests.conftest import TestDatabase
from tests.integration.registration.test_photo import snapshot_on_a_wall
from tests.servers import Servers
from tests.unit.services.registration import corpus

PDF = "application/pdf"


@pytest_asyncio.fixture(loop_scope="session")
async def house(new_database: Any, servers: Servers) -> AsyncIterator[House]:
    database: TestDatabase = await new_database()
    await migrate(database.settings("gateway"), "gateway")
    async with open_house(database, servers) as made:
        yield made


def file(name: str, data: bytes, kind: str = PDF) -> dict[str, Any]:
    return {"name": name, "mimeType": kind, "buffer": data}


async def named(house: House) -> list[str]:
    """What the draft's training names."""
    return list((await house.one.form())["values"]["trainings"][0].get("file_ids") or [])


def item(page: Page, name: str) -> Any:
    return page.locator(".file-item", has_text=name)


@pytest.mark.clause("A2")
async def test_several_files_at_once_with_progress_and_events(browser: Browser, house: House) -> None:
    async with opened(browser, house, token=house.token) as page:
        await page.goto(house.item)
        await page.evaluate(
            "window.told = []; for (const kind of ['uploaded', 'removed'])"
            " document.addEventListener(`fudao:${kind}`, (e) => window.told.push([kind, e.detail.id]))"
        )
        await page.evaluate(
            "window.bars = []; new MutationObserver(() => {"
            " for (const bar of document.querySelectorAll('.file-item progress')) window.bars.push(bar.value) })"
            ".observe(document.body, {childList: true, subtree: true, characterData: true})"
        )
        large = corpus.saved(corpus.picture((2400, 3200)).convert("RGB"), "JPEG", quality=95)
        same = corpus.pages_pdf(2)
        await page.set_input_files(
            "input[type=file]",
            [
                file("培训证书.pdf", same),
                file("大图.jpg", large, "image/jpeg"),
                file("坏的.pdf", corpus.pages_pdf(30)[:2500]),
                file("空的.pdf", b""),
                file("说明.docx", corpus.docx(), "application/zip"),
                file("IMG_1.HEIC", corpus.heic(), ""),
            ],
        )
        await expect(page.locator(".file-good")).to_have_count(3, timeout=30_000)
        await expect(item(page, "坏的.pdf")).to_contain_text("打不开或已损坏")
        await expect(item(page, "空的.pdf")).to_contain_text("空文件")
        await expect(item(page, "说明.docx")).to_contain_text("另存为 PDF")
        await expect(item(page, "IMG_1.HEIC")).to_contain_text("已去除照片中的拍摄地点")
        assert any(0 < value <= 1 for value in await page.evaluate("window.bars"))
        ids = await named(house)
        assert len(ids) == 3
        assert sorted(await page.evaluate("window.told")) == sorted(["uploaded", one] for one in ids)
        version = await page.evaluate("document.body.dataset.draftVersion")
        assert int(version) == (await house.one.form())["version"]
        assert await page.locator(".file-item img").count() == 3
        assert await sideways(page) == 0
        await shot(page, "upload-390")
        await page.set_input_files("input[type=file]", [file("又一份.pdf", same)])
        await expect(item(page, "又一份.pdf")).to_contain_text("这份文件已经上传过（培训证书.pdf）")


@pytest.mark.clause("A2")
async def test_what_fails_on_the_way_is_tried_again_and_nothing_is_lost(
    browser: Browser, house: House
) -> None:
    async with opened(browser, house, token=house.token, size=DESK, expected="Failed to load") as page:
        await page.goto(house.item)
        cut = 2

        async def flaky(route: Any) -> None:
            nonlocal cut
            if route.request.method == "POST" and cut:
                cut -= 1
                await route.abort("connectionreset")
            else:
                await route.continue_()

        store = house.world.settings.store_origin
        await page.route(re.compile(re.escape(store)), flaky)
        house.broken = 2
        await page.set_input_files("input[type=file]", [file("断网.pdf", corpus.pages_pdf(3))])
        await expect(item(page, "断网.pdf")).to_contain_text("已附上", timeout=40_000)
        assert (cut, house.broken) == (0, 0)
        assert len(await named(house)) == 1
        listed = await house.one.world.good("GET", f"{house.one.path}/files", house.one.actor)
        assert [row["state"] for row in listed["files"]] == ["clean"]  # one upload, resumed


@pytest.mark.clause("A2")
async def test_a_session_that_ended_asks_to_log_in_and_goes_on(browser: Browser, house: House) -> None:
    async with opened(browser, house, token=house.token) as page:
        await page.goto(house.item)
        cookies = await page.context.cookies()
        await page.context.clear_cookies()
        await page.set_input_files("input[type=file]", [file("a.pdf", corpus.pages_pdf())])
        await expect(item(page, "a.pdf")).to_contain_text("登录已过期")
        await page.context.add_cookies(cookies)  # type: ignore[arg-type]
        await page.get_by_role("button", name="重试").click()
        await expect(item(page, "a.pdf")).to_contain_text("已附上", timeout=20_000)
        assert len(await named(house)) == 1


@pytest.mark.clause("A2")
async def test_removed_after_a_question_and_cancelled_on_the_way(browser: Browser, house: House) -> None:
    async with opened(browser, house, token=house.token) as page:
        await page.goto(house.item)
        await page.set_input_files("input[type=file]", [file("a.pdf", corpus.pages_pdf())])
        await expect(item(page, "a.pdf")).to_contain_text("已附上", timeout=20_000)
        await page.reload()
        asked: list[str] = []

        async def refuse(dialog: Any) -> None:
            asked.append(dialog.message)
            await dialog.dismiss() if len(asked) == 1 else await dialog.accept()

        page.on("dialog", refuse)
        remove = item(page, "a.pdf").get_by_role("link", name="删除")
        await remove.click()
        assert len(await named(house)) == 1
        await remove.click()
        await expect(item(page, "a.pdf")).to_have_count(0)
        assert (await named(house), len(asked)) == ([], 2)
        listed = await house.one.world.good("GET", f"{house.one.path}/files", house.one.actor)
        assert listed["files"] == []

        async def never(route: Any) -> None:
            if route.request.method != "POST":
                await route.continue_()

        await page.route(re.compile(re.escape(house.world.settings.store_origin)), never)
        await page.set_input_files("input[type=file]", [file("慢.pdf", corpus.pages_pdf())])
        async with page.expect_response(lambda answer: answer.request.method == "DELETE"):
            await item(page, "慢.pdf").get_by_role("button", name="取消").click()
        await expect(item(page, "慢.pdf")).to_have_count(0)
        listed = await house.one.world.good("GET", f"{house.one.path}/files", house.one.actor)
        assert listed["files"] == []


@pytest.mark.clause("A2")
async def test_without_scripts(browser: Browser, house: House) -> None:
    options = {"java_script_enabled": False}
    async with opened(browser, house, token=house.token, **options) as page:
        await page.goto(house.item)
        await page.set_input_files("input[type=file]", [file("证书.pdf", corpus.pages_pdf(2))])
        await page.get_by_role("button", name="上传", exact=True).click()
        assert page.url == house.item
        await expect(item(page, "证书.pdf")).to_contain_text("2 页")
        (first,) = await named(house)

        await page.set_input_files("input[type=file]", [file("坏.pdf", b"<html>x</html>" * 30)])
        await page.get_by_role("button", name="上传", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("内容与后缀名不符")
        await expect(page.locator("main")).to_contain_text("没有丢失")
        await page.get_by_role("link", name="继续").click()
        await page.set_input_files(
            "input[type=file]", [file("压缩包.rar", corpus.rar(), "application/x-rar")]
        )
        await page.get_by_role("button", name="上传", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("解压")
        assert await named(house) == [first]

        await page.goto(house.item)
        await page.locator(".file-name").first.click()
        await expect(page.get_by_role("img", name="第 1 页")).to_be_visible()
        await shot(page, "file-390")
        await page.get_by_role("link", name="返回").click()
        await item(page, "证书.pdf").get_by_role("link", name="删除").click()
        await shot(page, "remove-390")
        await page.get_by_role("button", name="删除", exact=True).click()
        await page.wait_for_url(house.item)
        assert await named(house) == []


# The photo --------------------------------------------------------------------------------------------------


async def chosen(house: House) -> dict[str, Any]:
    found: dict[str, Any] = await house.one.world.good("GET", f"{house.one.path}/photo", house.one.actor)
    return found


async def crop_form(page: Page) -> dict[str, int]:
    values = await page.locator("form[data-crop] input[type=hidden]").evaluate_all(
        "(all) => all.filter((one) => one.name !== 'file_id').map((one) => [one.name, Number(one.value)])"
    )
    return dict(values)


@pytest.mark.clause("Q2")
async def test_photo_is_cropped_by_pointer_and_by_keyboard(browser: Browser, house: House) -> None:
    async with opened(browser, house, token=house.token, size=DESK) as page:
        await page.goto(f"{house.url}{house.case}/photo")
        await shot(page, "photo-empty-1280")
        await page.set_input_files(
            "input[type=file]", [file("手机照片.jpg", snapshot_on_a_wall(), "image/jpeg")]
        )
        await expect(page.locator("form[data-crop]")).to_be_visible(timeout=20_000)
        await expect(page.locator("main")).to_contain_text("人像不在照片中间")
        first = await crop_form(page)
        await shot(page, "photo-crop-1280")

        stage = page.locator("[data-crop-stage]")
        box = await stage.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.5
        await page.mouse.move(x, y)
        await page.mouse.down()
        await page.mouse.move(x - 30, y - 10, steps=4)
        await page.mouse.up()
        dragged = await crop_form(page)
        assert dragged["x"] < first["x"]
        assert dragged["y"] < first["y"]
        assert (dragged["width"], dragged["height"]) == (first["width"], first["height"])
        await page.get_by_role("button", name="还原").click()
        assert await crop_form(page) == first

        await stage.focus()
        for key in ("ArrowRight", "ArrowDown", "Shift+ArrowLeft", "+", "+", "-"):
            await page.keyboard.press(key)
        typed = await crop_form(page)
        assert typed != first
        assert typed["height"] < first["height"]
        await page.get_by_role("button", name="还原").click()
        await stage.focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{house.url}{house.case}/form/A#fields-photo")
        await expect(page.locator("#fields-photo .photo-thumb")).to_be_visible()
        await page.goto(f"{house.url}{house.case}/photo")
        await expect(page.locator(".photo-chosen")).to_be_visible(timeout=20_000)
        await expect(page.locator("section", has_text="采用的照片").first).to_contain_text("都符合要求")
        seen = await chosen(house)
        assert seen["chosen"]["findings"] == []
        assert (await house.one.form())["values"]["fields"]["photo"] == seen["chosen"]["file"]["id"]
        loaded = await page.locator(".photo-chosen").evaluate(
            "(image) => [image.complete, image.naturalWidth]"
        )
        assert loaded == [True, seen["chosen"]["width"]]
        await shot(page, "photo-done-1280")
        await page.set_viewport_size(PHONE)
        assert await sideways(page) == 0
        await shot(page, "photo-done-390")


@pytest.mark.clause("Q2")
async def test_proposed_crop_can_be_taken_without_scripts(browser: Browser, house: House) -> None:
    options = {"java_script_enabled": False}
    async with opened(browser, house, token=house.token, **options) as page:
        await page.goto(f"{house.url}{house.case}/photo")
        await page.set_input_files("input[type=file]", [file("a.jpg", snapshot_on_a_wall(), "image/jpeg")])
        await page.get_by_role("button", name="上传", exact=True).click()
        await page.get_by_role("button", name="采用这个裁剪").click()
        await page.wait_for_url(f"{house.url}{house.case}/form/A#fields-photo")
        await page.get_by_role("link", name="更换或重新裁剪照片").click()
        await expect(page.locator(".photo-chosen")).to_be_visible()
        await expect(page.locator("main")).to_contain_text("都符合要求")
        assert (await chosen(house))["chosen"]["findings"] == []
        assert await sideways(page) == 0


@pytest.mark.clause("Q2")
async def test_a_photo_that_fits_at_once_says_so_before_it_is_taken(browser: Browser, house: House) -> None:
    async with opened(browser, house, token=house.token, locale="en-GB") as page:
        await page.goto(f"{house.url}{house.case}/photo")
        await page.set_input_files("input[type=file]", [file("id.jpg", photo_jpeg("fit", 2), "image/jpeg")])
        await expect(page.locator("form[data-crop]")).to_be_visible(timeout=20_000)
        await expect(page.locator("main")).to_contain_text(
            "Size, proportions, face and sharpness are as required"
        )
        await shot(page, "photo-en-390")


@pytest.mark.clause("Q2")
async def test_a_photo_that_is_too_small_for_any_crop_says_so(browser: Browser, house: House) -> None:
    small = io.BytesIO()
    with Image.open(io.BytesIO(photo_jpeg("small", 2))) as image:
        image.resize((300, 420)).save(small, "JPEG", quality=90)
    async with opened(browser, house, token=house.token) as page:
        await page.goto(f"{house.url}{house.case}/photo")
        await page.set_input_files("input[type=file]", [file("小.jpg", small.getvalue(), "image/jpeg")])
        told = page.get_by_text("这张照片太小：怎样裁剪都达不到 413×579 像素，现为 300×420 像素")
        await expect(told).to_be_visible(timeout=20_000)
        assert await page.locator("form[data-crop]").count() == 0
        assert (await chosen(house))["suggested"] is None
        assert await page.locator("input[type=file]").count() == 1  # another can be chosen at once


async def test_pages_may_use_the_store_and_no_other_origin(house: House) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        policy = (await client.get(f"{house.url}/")).headers["content-security-policy"]
    rules = dict(one.split(" ", 1) for one in policy.split("; "))
    origin = house.world.settings.store_origin
    assert rules["img-src"] == f"'self' data: {origin}"
    assert rules["connect-src"] == f"'self' {origin}"
    assert rules["script-src"] == "'self'"
    assert json.dumps(rules).count(origin) == 2
