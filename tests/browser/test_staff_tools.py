"""Pages of district, recovery, imports, unmasking and audit, as people see them on a phone and a desk."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import uuid_utils.compat as uuids
from PIL import Image
from playwright.async_api import Browser, Page, Route

from contracts.commands import Role
from contracts.http.district import DistrictCase, MissingStep
from contracts.http.persons import IdKind
from gateway.accounts import codes
from gateway.models import Account, Audit, Recovery
from gateway.recovery.claims import Claim, seal
from rules.pack import load
from services.notification import domain
from tests.browser.looking import faults_of_all, opened
from tests.browser.site import NOW, Site

PACK = Path(__file__).parents[2] / "rulepacks" / "chongqing-2024"
UNITS = ("重庆市渝中区青少年宫", "重庆市渝中区人民路小学校", "西南大学附属中学校科技教育中心")


def people() -> list[DistrictCase]:
    """Sixty people of three units at different steps."""
    steps = list(MissingStep)
    names = ("欧阳晓䶮", "王小明", "李雷", "韩梅梅", "赵敏", "陈晨")
    return [
        DistrictCase(
            name=names[n % 6],
            unit=UNITS[n % 3] if n % 10 else "",
            level=("junior", "intermediate")[n % 2],
            missing=(MissingStep.scan, MissingStep.fee) if n % 4 == 0 else (steps[n % len(steps)],),
            since=NOW - timedelta(hours=n),
        )
        for n in range(60)
    ]


async def pictured(page: Page) -> None:
    """The site has no object store: a picture comes from here."""
    out = io.BytesIO()
    Image.new("RGB", (1200, 800), "#88aacc").save(out, "JPEG")

    async def show(route: Route) -> None:
        await route.fulfill(body=out.getvalue(), content_type="image/jpeg")

    await page.route("**/staff/recoveries/*/picture", show)


async def recovery(site: Site) -> UUID:
    identity = uuids.uuid7()
    claim = Claim(
        name="欧阳晓䶮", id_kind=IdKind.id_card, id_number="500112199001010010", new_phone="13900000002"
    )
    async with site.world.db.unit_of_work() as session:
        session.add(
            Recovery(
                id=identity,
                sealed=seal(site.world.settings, identity, claim),
                new_phone_hash=codes.phone_hash(site.world.settings, claim.new_phone),
                picture_type="image/jpeg",
                letter_type="application/pdf",
                expires_at=NOW + timedelta(days=14),
            )
        )
    found = {
        "person_id": str(site.person),
        "name": "欧阳晓䶮",
        "name_matches": True,
        "id_kind": "id_card",
        "id_number_masked": "500112********0010",
        "phone_masked": "138****5678",
        "unit": UNITS[0],
        "district": "500103",
    }
    site.world.services.put("registration", "POST", "/internal/people/find", 200, {"person": found})
    return identity


def plan(site: Site) -> UUID:
    import_id = uuid4()
    lines = [
        {
            "row": 14,
            "verdict": "error",
            "name": "韩梅梅",
            "id_number_masked": "500112********0028",
            "problems": [{"column": "身份证件号码", "message": "身份证号码的校验位不对，请逐位核对。"}],
        },
        {
            "row": 8,
            "verdict": "differs",
            "name": "李雷",
            "id_number_masked": "500112********0010",
            "changes": [{"label": "工作单位", "old": UNITS[0], "new": UNITS[2]}],
        },
        {"row": 2, "verdict": "new", "name": "欧阳晓䶮", "id_number_masked": "500112********0036"},
    ]
    body = {
        "import_id": str(import_id),
        "round_id": str(site.round_id),
        "created_at": NOW.isoformat(),
        "counts": {"new": 120, "same": 31, "differs": 1, "error": 1},
        "lines": lines,
        "truncated": True,
    }
    site.world.services.put("registration", "GET", f"/imports/{import_id}", 200, body)
    return import_id


def bars(site: Site) -> None:
    """One decision in each state."""
    lines = [
        {
            "id": str(uuid4()),
            "id_number_masked": "500112********0010",
            "document_number": "渝青科教文〔2024〕8号" + "补充决定" * 10,
            "document_key": "sha256/" + "d" * 64,
            "heard_on": "2024-05-10",
            "decided_on": "2024-05-20",
            "until": "2026-12-31",
            "state": state,
        }
        for state in ("drafted", "in_force", "lifted")
    ]
    path = f"/rounds/{site.round_id}/bars"
    site.world.services.put("registration", "GET", path, 200, {"bars": lines})


def messages(site: Site) -> None:
    """Two that did not arrive, one that did; the texts a carrier has to approve."""
    lines = [
        {
            "id": str(uuid4()),
            "application_id": str(site.application),
            "kind": kind,
            "text": "【辅导】申报 2024-J-00001 的材料需要修改，仅有一次机会，请于 3月6日24:00 前修改并提交。",
            "state": "failed",
            "created_at": NOW.isoformat(),
            "failed_at": NOW.isoformat(),
            "reason": reason,
            "attempts": 1,
        }
        for kind, reason in (("correction", "FailedOperation.PhoneNumberInBlacklist"), ("exam", "UNDELIV"))
    ]
    arrived = {**lines[1], "state": "delivered", "reason": None, "delivered_at": NOW.isoformat()}
    put = site.world.services.put
    put("notification", "GET", "/undelivered", 200, {"messages": lines, "found": 120})
    put(
        "notification",
        "GET",
        f"/applications/{site.application}/messages",
        200,
        {"messages": [{**lines[0], "handled": "told", "handled_at": NOW.isoformat()}, arrived]},
    )
    texts = [
        {"kind": kind, "text": domain.for_approval(kind), "template_id": "1400001" if n % 3 else None}
        for n, kind in enumerate(domain.TEMPLATES)
    ]
    put("notification", "GET", "/sms-templates", 200, {"sends": True, "templates": texts})


async def pages(site: Site) -> list[tuple[str | None, str]]:
    """Every page of the tools, with who looks at it."""
    site.world.parts.packs._loaded["sha256/" + "0" * 64] = load(PACK)
    site.world.read_model.districts = {"500103": people()}
    office_id, office = await site.world.staff(Role.secretariat, Role.approver)
    _, district = await site.world.staff(Role.district, district="渝中区")
    _, supervisor = await site.world.staff(Role.supervisor)
    request, import_id = await recovery(site), plan(site)
    bars(site)
    messages(site)
    async with site.world.db.unit_of_work() as session:
        assert await session.get(Account, office_id)
        session.add(
            Audit(
                id=uuids.uuid7(),
                account_id=office_id,
                role="secretariat",
                action="id_number_unmasked",
                subject_id=site.application,
                reason="核对证件复印件",
            )
        )
    return [
        (None, "/recover"),
        (office, "/staff/help"),
        (site.token, "/my/help"),
        (district, "/staff"),
        (district, "/staff/district"),
        (district, "/staff/district?step=scan&text=小学"),
        (office, "/staff"),
        (office, f"/staff/district?district=500103&unit={UNITS[2]}"),
        (office, "/staff/recoveries"),
        (office, f"/staff/recoveries/{request}"),
        (office, "/staff/imports"),
        (office, f"/staff/imports/{import_id}"),
        (office, "/staff/bars"),
        (office, f"/staff/bars?application={site.application}"),
        (office, "/staff/unmask"),
        (office, "/staff/papers"),
        (office, f"/staff/papers/{site.round_id}/public_notice"),
        (office, f"/staff/papers/{site.round_id}/exam_notice"),
        (office, "/staff/messages"),
        (office, "/staff/messages/templates"),
        (office, f"/staff/cases/{site.application}/messages"),
        (supervisor, "/staff/audit"),
    ]


@pytest.mark.clause("O7", "A1", "S1")
async def test_no_tool_shuts_anybody_out(browser: Browser, site: Site, axe: str) -> None:
    wrong = await faults_of_all(browser, site, await pages(site), axe, before=pictured)
    assert wrong == [], "\n".join(str(one) for one in wrong)


@pytest.mark.clause("O7")
async def test_a_district_filters_and_copies_a_reminder_without_javascript(
    browser: Browser, site: Site
) -> None:
    token = next(who for who, path in await pages(site) if path == "/staff/district")
    async with opened(browser, site, token=token, java_script_enabled=False) as page:
        await page.goto(f"{site.url}/staff/district")
        await page.get_by_label("姓名或单位").fill("人民路")
        await page.get_by_role("button", name="查看").click()
        await page.wait_for_url("**/staff/district?*text=*")
        shown = await page.locator(".person-lines li strong").all_inner_texts()
        reminder = await page.get_by_label(f"催办文字：{UNITS[1]}").input_value()
    assert set(shown) <= {one.name for one in people() if one.unit == UNITS[1]}
    assert len(shown) == 18
    assert reminder.startswith("贵单位有 ")
    assert not any(one.name in reminder for one in people())
