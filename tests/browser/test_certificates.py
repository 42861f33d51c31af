"""Certificates on pages (C2–C4): checked by everybody, revoked and reissued by two people, the holder heard."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser import looking
from tests.browser.certificate_site import CertificateSite, open_certificate_site
from tests.conftest import TestDatabase
from tests.integration.certificates.conftest import fonts, opened, world
from tests.integration.certificates.world import World
from tests.servers import Servers

__all__ = ["fonts", "opened", "world"]


@pytest_asyncio.fixture(loop_scope="session")
async def site(database: TestDatabase, world: World, servers: Servers) -> AsyncIterator[CertificateSite]:
    async with open_certificate_site(database, world, servers) as found:
        yield found


@pytest.mark.clause("C4", "O2")
async def test_two_people_revoke_after_the_holder_was_heard(site: CertificateSite) -> None:
    code = (await site.holder.own())["code"]
    assert (await site.draft(site.secretariat)).status_code == 303
    early = await site.move(site.secretariat, "propose", confirmed="1")
    assert (early.status_code, "持证人尚未说明" in early.text) == (409, True)
    async with site.client(site.site.token) as client:
        mine = await client.get(site.mine)
        assert "拟撤销您的证书，请说明" in mine.text
        assert "培训证书编号查无此号" in mine.text
        short = await client.post(f"{site.mine}/statement", data={"text": "x"})
        assert short.status_code == 422
        said = await client.post(f"{site.mine}/statement", data={"text": "编号抄错了，附上证明"})
        assert (said.status_code, said.headers["location"]) == (303, f"{site.mine}?saved=1")
    unsure = await site.move(site.secretariat, "propose")
    assert (unsure.status_code, "请先看清后果" in unsure.text) == (422, True)
    assert (await site.move(site.secretariat, "propose", confirmed="1", key="k-1")).status_code == 303
    assert (await site.move(site.secretariat, "propose", confirmed="1", key="k-2")).status_code == 409
    assert (await site.holder.own())["standing"] == "valid"
    async with site.client(site.approver) as client:
        seen = (await client.get("/staff/proposals")).text
        for text in ("撤销证书", site.holder.number, "申报材料虚假", "编号抄错了，附上证明"):
            assert text in seen
        proposal = re.search(r"/staff/proposals/([0-9a-f-]{36})/document", seen)
        assert proposal is not None
        assert (await client.get(proposal[0])).content == b"%PDF-1.7 decision"
    async with site.client(site.secretariat) as client:
        assert (await client.post(f"/staff/proposals/{proposal[1]}/approve")).status_code == 403
    assert (await site.decide()).status_code == 303
    async with site.client() as client:
        by_code = (await client.get(f"/verify/{site.holder.number}?c={code}")).text
        assert "此证书已撤销，不再有效" in by_code
        assert "欧阳晓䶮" in by_code
        checked = await client.post("/verify/file", files={"file": ("a.pdf", await site.holder.pdf())})
        assert "这份证书已经撤销。" in checked.text
    [row] = [one for one in await site.world.stored() if one.name == "revoke_certificate"]
    assert (row.state, row.outcome["kind"], row.target_id) == (
        "answered",
        "accepted",
        site.site.application,
    )


@pytest.mark.clause("C4")
async def test_a_rejected_proposal_changes_nothing_and_says_so(site: CertificateSite) -> None:
    await site.draft(site.secretariat, reason="holder_request")
    await site.move(site.secretariat, "propose", confirmed="1")
    assert (await site.decide("reject", reason="申请书没有签名")).status_code == 303
    assert (await site.holder.own())["standing"] == "valid"
    async with site.client(site.secretariat) as client:
        assert "申请书没有签名" in (await client.get(site.page)).text
    assert (await site.move(site.secretariat, "drop")).status_code == 303
    async with site.client(site.secretariat) as client:
        page = (await client.get(site.page)).text
    assert "已放弃" in page
    assert "登记撤销…" in page


@pytest.mark.clause("C4")
async def test_a_reissue_under_a_new_name(site: CertificateSite) -> None:
    nameless = await site.draft(site.secretariat, "reissue", "name_changed")
    assert (nameless.status_code, "请填写新姓名" in nameless.text) == (422, True)
    assert 'name="document_key"' in nameless.text  # the document need not be chosen again
    drafted = await site.draft(site.secretariat, "reissue", "name_changed", new_name="欧阳小龑")
    assert drafted.status_code == 303
    await site.move(site.secretariat, "propose", confirmed="1")
    assert (await site.decide()).status_code == 303
    own = await site.holder.own()
    assert (own["name"], own["version"], own["number"]) == ("欧阳小龑", 2, site.holder.number)
    async with site.client(site.site.token) as client:
        mine = (await client.get(site.mine)).text
        assert "持证人姓名变更" in mine
        assert own["verify_url"].replace("&", "&amp;") in mine
    by_supervisor = await site.draft(site.supervisor, "reissue", "misprint")
    assert by_supervisor.status_code == 403


@pytest.mark.clause("C2")
async def test_who_may_not_sees_nothing_and_who_asks_too_often_waits(site: CertificateSite) -> None:
    async with site.client(site.site.token) as client:
        for path in ("/staff/certificates", site.page, f"{site.page}/versions/1"):
            assert (await client.get(path)).status_code == 403
    _, stranger = await site.world.person("13700000000")
    async with site.client(stranger) as client:
        assert (await client.get(site.mine)).status_code == 404
    limit = site.world.settings.verifications_per_address_hour
    async with site.world.client(address="198.51.100.9") as client:
        answers = [
            (await client.get(f"/api/v1/public/certificates/CQ2024-1-{n:05}")).status_code
            for n in range(limit + 1)
        ]
        assert (answers.count(404), answers.count(200), answers[-1]) == (limit - 1, 1, 429)
        page = await client.get(f"/verify?number={site.holder.number}")
        assert (page.status_code, "操作太频繁" in page.text, "欧阳" in page.text) == (429, True, False)


async def test_machines_find_keys_and_status(site: CertificateSite) -> None:
    async with site.client() as client:
        did = await client.get("/.well-known/did.json")
        jwks = (await client.get("/.well-known/jwks.json")).json()
        status = await client.get("/status/1")
        assert (await client.get("/status/9")).status_code == 404
    assert [one["publicKeyJwk"]["kid"] for one in did.json()["verificationMethod"]] == [
        one["kid"] for one in jwks["keys"]
    ]
    assert did.headers["access-control-allow-origin"] == "*"
    assert status.headers["content-type"] == "application/vc+jwt"
    assert status.headers["cache-control"] == "public, max-age=30"


@pytest.mark.clause("C2")
async def test_a_pdf_is_checked_without_javascript(browser: Browser, site: CertificateSite) -> None:
    pdf = await site.holder.pdf()
    changed = pdf[:9000] + bytes([pdf[9000] ^ 1]) + pdf[9001:]
    async with looking.opened(browser, site, java_script_enabled=False) as page:
        for data, said in (
            (pdf, "文件是颁发的原件，签名完好，证书现在有效"),
            (changed, "文件在签名之后被改动过，内容不能采信。"),
            (b"hello", "这不是能够打开的 PDF 文件，或者文件已经损坏。"),
        ):
            await page.goto(f"{site.url}/verify")
            file = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": data}
            await page.get_by_label("证书文件（PDF，不超过 5 MB）").set_input_files(files=[file])  # type: ignore[list-item]
            await page.get_by_role("button", name="检查 PDF").click()
            assert said in await page.get_by_role("status").first.inner_text()
            await looking.shot(page, f"verify-file-{len(data)}")


async def test_no_page_of_certificates_shuts_anybody_out(
    browser: Browser, site: CertificateSite, axe: str
) -> None:
    for n, name in enumerate(("王小明", "李雷", "韩梅梅"), 2):
        await site.publication.certified(
            name, number=f"2024-0000{n}", level=("junior", "intermediate")[n % 2]
        )
    await site.draft(site.secretariat, "reissue", "misprint", new_name="欧阳晓龑")
    await site.move(site.secretariat, "propose", confirmed="1")
    await site.decide()
    await site.draft(site.secretariat)
    own = await site.holder.own()
    code = own["code"].replace("-", "")
    pages = [
        (None, "/verify"),
        (None, f"/verify?number={site.holder.number}"),
        (None, f"/verify/{site.holder.number}?c={code}"),
        (site.site.token, f"/my/applications/{site.site.application}"),
        (site.site.token, site.mine),
        (site.secretariat, "/staff/certificates"),
        (site.secretariat, "/staff/certificates?text=nobody"),
        (site.secretariat, site.page),
        (site.approver, site.page),
        (site.approver, "/staff/proposals"),
    ]
    wrong = await looking.faults_of_all(browser, site, pages, axe)
    assert wrong == [], "\n".join(str(one) for one in wrong)
