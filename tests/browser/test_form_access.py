"""The form for everybody: by keyboard alone, for screen readers (axe), on a narrow screen, in a correction."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from contracts.http.review import ApplicantDecision, FoundItem
from contracts.prepared import QualificationOutcome
from tests.browser.form_site import FormSite
from tests.browser.looking import DESK, PHONE, faults, faults_of_all, opened, shot
from tests.browser.site import put
from tests.browser.test_form import SAVED, fill_all
from tests.integration.registration.test_photo import snapshot_on_a_wall
from tests.integration.registration.world import pdf_bytes, photo_bytes

PAGES = (
    "/form",
    "/form/A",
    "/form/B",
    "/form/C",
    "/form/declarations",
    "/form/B/work/w1",
    "/form/B/trainings/t1",
    "/form/B/conditions/b1",
    "/form/C/evidence/c1",
    "/form/B/trainings/t1/delete",
    "/preflight",
    "/submit",
    "",
    "/commands/discard",
    "/photo",
    "/scan",
    "/pay",
)


async def test_no_page_of_the_form_shuts_anybody_out(browser: Browser, form_site: FormSite, axe: str) -> None:
    await fill_all(form_site, **{"fields.degree": None, "trainings.t2": {"title": "校本培训", "hours": "6"}})
    whole = [(form_site.token, form_site.case.removeprefix(form_site.url) + path) for path in PAGES]
    wrong = await faults_of_all(browser, form_site, whole, axe)
    async with opened(browser, form_site, token=form_site.token) as page:
        await page.goto(f"{form_site.form}/A")
        await page.locator("#fields-email").fill("nobody")
        await page.locator("#fields-degree").focus()
        await page.locator('[data-state][data-now="wrong"]').wait_for()
        await page.get_by_role("button", name="保存，回到目录").click()
        await page.locator("[data-summary]:focus").wait_for()
        wrong += [("/form/A with a mistake", *one) for one in await faults(page, axe)]
    assert wrong == [], "\n".join(str(one) for one in wrong)


async def test_files_and_the_scan_shut_nobody_out(
    browser: Browser, form_site: FormSite, axe: str, cjk_font: Path
) -> None:
    """A file looked at and taken out, a photo to be cropped, a form to be printed, and a scan that is not ours."""
    await fill_all(form_site)
    one, wrong = form_site.applicant, []
    await one.upload("photo", "手机照片.jpg", snapshot_on_a_wall(), "image/jpeg")
    proof = (await form_site.values())["trainings"][0]["file_ids"][0]
    async with opened(browser, form_site, token=form_site.token) as page:
        for path in (f"/files/{proof}", f"/files/{proof}/remove?attach=trainings.t1.file_ids", "/photo"):
            await page.goto(form_site.case + path)
            wrong += [(path, *found) for found in await faults(page, axe)]
            await shot(page, f"access-{path.split('/')[1]}-{path.count('/')}-390")
        assert (await one.submit()).refused is None
        await one.upload("scan", "别的文件.pdf", pdf_bytes("别的文件"), "application/pdf")
        for size in (PHONE, DESK):
            await page.set_viewport_size(size)
            for path in ("/scan", "/pay", "", "/form/A", "/photo", "/submit"):
                await page.goto(form_site.case + path)
                wrong += [(path, *found) for found in await faults(page, axe)]
                await shot(page, f"submitted{path.replace('/', '-')}-{size['width']}")
    assert wrong == [], "\n".join(str(one) for one in wrong)


class Keys:
    """A person with a keyboard and nothing else."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def to(self, selector: str, *, most: int = 150) -> None:
        """Tab until that has the focus."""
        for _ in range(most):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("s => document.activeElement?.matches(s) ?? false", selector):
                return
        raise AssertionError(f"the keyboard does not reach {selector}")

    async def write(self, selector: str, text: str) -> None:
        await self.to(selector)
        await self.page.keyboard.type(text)

    async def pick(self, selector: str, text: str) -> None:
        """In a list of choices: by arrow keys until it shows the text."""
        await self.to(selector)
        for _ in range(60):
            shown = "s => document.activeElement.selectedOptions[0].textContent"
            if await self.page.evaluate(shown) == text:
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no choice {text}")

    async def press(self, selector: str, key: str = "Enter") -> None:
        await self.to(selector)
        await self.page.keyboard.press(key)

    async def follow(self, selector: str) -> None:
        async with self.page.expect_navigation():
            await self.press(selector)


async def _section_a(keys: Keys) -> None:
    await keys.press('input[name="fields.gender"]', "Space")
    await keys.write("#fields-birth_date", "1990年1月1日")
    await keys.write("#fields-ethnicity", "汉族")
    await keys.press('input[name="fields.education"]', "Space")
    await keys.write("#fields-degree", "学士")
    await keys.write("#fields-school", "重庆师范大学 物理学")
    await keys.pick("#fields-kind", "中小学教师")
    await keys.write("#fields-unit", "重庆市渝北区实验小学校")
    await keys.write("#fields-unit_address", "重庆市渝北区龙溪街道红锦大道1号")
    await keys.pick("#fields-district", "渝中区")
    await keys.write("#fields-position", "无")
    await keys.write("#fields-title", "一级教师")
    await keys.write("#fields-teaching_subject", "小学科学")
    await keys.write("#fields-email", "teacher@example.com")
    await keys.write("#fields-postal_address", "重庆市渝北区龙溪街道红锦大道1号")
    await keys.write("#fields-postcode", "401147")
    await keys.follow("form.fields button[type=submit]")


async def _add(keys: Keys, site: FormSite, group: str, collection: str) -> str:
    """Adds an entry to a list and gives it the proof that was uploaded before."""
    await keys.follow(f"#{group} form:last-of-type > button")
    await keys.page.wait_for_load_state()
    return keys.page.url.rpartition("/")[2]


async def _section_b(keys: Keys, site: FormSite) -> None:
    await keys.page.goto(f"{site.form}/B")
    item = await _add(keys, site, "work", "work")
    await keys.press(f'input[name="work.{item}.kind"]', "Space")
    await keys.write(f"#work-{item}-start", "2019年9月")
    await keys.follow("button[form=item]")
    item = await _add(keys, site, "trainings", "trainings")
    await keys.write(f"#trainings-{item}-title", "青少年科技辅导员培训")
    await keys.write(f"#trainings-{item}-date", "2024-05")
    await keys.write(f"#trainings-{item}-hours", "40")
    await keys.write(f"#trainings-{item}-organisers-0-name", "重庆市科协青少年科技中心")
    await keys.pick(
        f"#trainings-{item}-organisers-0-system", "科协系统（科协、科技馆、青少年科技教育协会等）"
    )
    await keys.press(f'input[name="trainings.{item}.certificate"]', "Space")
    await keys.follow("button[form=item]")
    item = await _add(keys, site, "activity", "conditions")
    await _evidence(keys, f"conditions-{item}", f"conditions.{item}")
    await keys.follow("button[form=item]")


async def _evidence(keys: Keys, slug: str, path: str) -> None:
    await keys.write(f"#{slug}-title", "校园科技节")
    await keys.write(f"#{slug}-date", "2024-04-12")
    await keys.press(f'input[name="{path}.tier"]', "Space")
    await keys.press(f'input[name="{path}.role"]', "Space")
    await keys.write(f"#{slug}-organisers-0-name", "渝北区实验小学校")
    await keys.pick(f"#{slug}-organisers-0-system", "教育系统（教委、学校、教科院等）")
    await keys.write(f"#{slug}-named_person", "欧阳晓䶮")


@pytest.mark.clause("A1")
@pytest.mark.timeout(300)
async def test_the_keyboard_alone_completes_the_form(
    browser: Browser, form_site: FormSite, cjk_font: Path
) -> None:
    one = form_site.applicant
    photo = await one.upload("photo", "照片.jpg", photo_bytes(), "image/jpeg")
    proof = await one.upload("evidence", "证书.pdf", pdf_bytes("证书"), "application/pdf")
    assert (await one.change({"fields.photo": photo["id"]})).status_code == 200
    async with opened(browser, form_site, token=form_site.token) as page, form_site.dispatching():
        keys = Keys(page)
        await page.goto(form_site.form)
        await keys.follow('a[href$="/form/A"]')
        await _section_a(keys)
        await _section_b(keys, form_site)
        await page.goto(f"{form_site.form}/C")
        item = await _add(keys, form_site, "c1", "evidence")
        await _evidence(keys, f"evidence-{item}", f"evidence.{item}")
        await keys.follow("button[form=item]")
        values = await form_site.values()
        files = {
            f"{name}.{entry['id']}.file_ids": [proof["id"]]
            for name in ("trainings", "conditions", "evidence")
            for entry in values[name]
        }
        assert (await one.change(files)).status_code == 200
        await page.goto(f"{form_site.form}/declarations")
        for _ in range(6):
            await keys.press("input[type=checkbox]:not(:checked)", "Space")
        await keys.follow("form.fields button[type=submit]")
        assert await page.locator(".tasks .bg-orange-lt").count() == 0
        await keys.follow('a[href$="/preflight"].btn')
        await keys.follow('a[href$="/submit"].btn')
        await keys.press("form[data-once] button[type=submit]")
        await page.wait_for_url(form_site.case)
    form = await one.form()
    assert (form["state"], form["form_version"]) == ("locked", 1)
    assert [values[name][0]["date"] for name in ("trainings", "conditions")] == ["2024-05", "2024-04-12"]


@pytest.mark.clause("Q10")
async def test_in_a_correction_only_what_was_flagged_is_open(
    browser: Browser, form_site: FormSite, axe: str, cjk_font: Path
) -> None:
    await fill_all(form_site)
    await form_site.return_for_correction("field:unit", "item:t1")
    said = {"clause": "Q5", "check": "单位全称", "curable": True, "reprint": False}
    decision = ApplicantDecision(
        look=1,
        outcome=QualificationOutcome.correction,
        heading="退回修改",
        text="请修改以下内容。",
        items=(
            FoundItem(
                where="工作单位", found="疑似简称。", to_do="请填写公章上的全称。", field="unit", **said
            ),
            FoundItem(where="培训", found="学时与证书不符。", to_do="请核对。", item_id="t1", **said),
        ),
        reprint=False,
        decided_at=datetime(2025, 3, 3, tzinfo=UTC),
    )
    put(form_site.gateway, "review", f"/applications/{form_site.application}/decision", decision)
    async with opened(browser, form_site, token=form_site.token) as page:
        await page.goto(f"{form_site.form}/A")
        assert await page.locator("#fields-unit-reason").inner_text() == (
            "审查意见：疑似简称。 请填写公章上的全称。"
        )
        inputs = "form.fields input:not([type=hidden]), form.fields select"
        names = await page.locator(inputs).evaluate_all("all => all.map((one) => one.name)")
        assert names == ["fields.unit"]
        await page.locator("#fields-unit").fill("重庆市渝北区实验小学校（本部）")
        await page.locator("#fields-unit").blur()
        await page.locator(SAVED).wait_for()
        assert await faults(page, axe) == []
        await page.goto(f"{form_site.form}/B")
        assert await page.get_by_role("button", name="添加一条").count() == 0
        await page.get_by_role("link", name="青少年科技辅导员培训", exact=True).click()
        await page.get_by_text("学时与证书不符。 请核对。").wait_for()
        await page.goto(f"{form_site.case}/submit")
        assert await page.get_by_role("button", name="提交修改").count() == 1
        assert await faults(page, axe) == []
    assert (await form_site.values())["fields"]["unit"] == "重庆市渝北区实验小学校（本部）"
