"""Issuing with two signatures (C1, C2, O6): one number, the first document stays, demo keys say what they are."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pypdfium2
import pytest

from services.publication.adapters.keys import NoKey, SettingKeys
from services.publication.settings import PublicationSettings
from tests.integration.certificates.world import ANYONE, PACK, World

ISSUERS = ["中国青少年科技教育工作者协会", "重庆市青少年科技教育工作者协会"]


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text: str = document[0].get_textpage().get_text_bounded()
    document.close()
    return text


@pytest.mark.clause("C2", "C3")
async def test_a_certificate_bears_both_signatures_in_order(world: World) -> None:
    holder = await world.certified()
    checked = await world.check(await holder.pdf())
    assert checked["verdict"] == "genuine"
    assert checked["problems"] == []
    assert [one["signer"] for one in checked["signatures"]] == ISSUERS
    for one in checked["signatures"]:
        assert {one[name] for name in ("intact", "trusted", "whole", "demo")} == {True}
    assert checked["certificate"]["name"] == "张㛃"
    text = text_of(await holder.pdf())
    own = await holder.own()
    for said in (holder.number, own["code"], "演示密钥，不是电子印章", "不具有证明效力"):
        assert said in text
    assert (
        own["verify_url"]
        == f"{world.settings.public_url}/verify/{holder.number}?c={own['code'].replace('-', '')}"
    )


@pytest.mark.clause("C1")
async def test_killed_and_repeated_gives_one_number_and_one_document(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The register's first stays, however often the activity runs, alone or at once."""
    case = await world.case("李四")
    [request] = await world.publish(case)

    async def killed(*_: Any, **__: Any) -> Any:
        raise ConnectionError

    with monkeypatch.context() as away:
        away.setattr(world.store, "put_content", killed)
        with pytest.raises(ConnectionError):
            await world.parts.certificates.issue(request)
    await asyncio.gather(*(world.parts.certificates.issue(request) for _ in range(3)))
    page = await world.get(world.secretariat, "GET", "/certificates")
    assert page["found"] == 1
    [line] = page["lines"]
    kept = await world.get(world.secretariat, "GET", f"/certificates/{line['certificate_id']}")
    assert [one["version"] for one in kept["versions"]] == [1]
    await world.parts.certificates.issue(request)
    again = await world.get(world.secretariat, "GET", f"/certificates/{line['certificate_id']}")
    assert again == kept
    issued = [one for one in await world.events(case.application_id) if one.type == "CertificateIssued"]
    assert [one.data["number"] for one in issued] == [line["number"]]


async def test_without_a_key_nothing_is_issued_and_it_can_be_tried_again(world: World) -> None:
    keys = SettingKeys(PublicationSettings())
    with pytest.raises(NoKey, match="national"):
        keys.seals([("national", "某协会")])
    case = await world.case("王五")
    [request] = await world.publish(case)
    documents = world.parts.certificates._documents
    sealer, documents._sealer = documents._sealer, type(documents._sealer)(keys)
    with pytest.raises(NoKey):
        await world.parts.certificates.issue(request)
    found = await world.get(world.secretariat, "GET", "/certificates")
    assert found["found"] == 0
    documents._sealer = sealer
    await world.parts.certificates.issue(request)
    found = await world.get(world.secretariat, "GET", "/certificates")
    assert [line["number"] for line in found["lines"]] == ["CQ2024-1-00001"]


@pytest.mark.clause("O6")
async def test_the_names_are_those_in_force_on_the_day_of_issue(world: World) -> None:
    tree = json.loads(PACK.canonical())
    tree["pack"]["issuers"][1]["former_names"] = [{"name": "旧名协会", "until": "2099-01-01"}]
    packed = json.dumps(tree, ensure_ascii=False).encode()
    world.pack_key = await world.store.put_content(packed, "application/json")
    holder = await world.certified("赵六")
    checked = await world.check(await holder.pdf())
    assert [one["signer"] for one in checked["signatures"]] == [ISSUERS[0], "旧名协会"]
    assert checked["certificate"]["issuers"] == [ISSUERS[0], "旧名协会"]
    assert "旧名协会" in text_of(await holder.pdf())


@pytest.mark.clause("C2")
async def test_keys_are_files_that_only_we_read_and_are_made_once(world: World) -> None:
    await world.certified()
    folder = world.settings.demo_keys
    assert folder is not None
    assert folder.stat().st_mode & 0o777 == 0o700
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert sorted({re.sub(r"-[0-9a-f]{12}", "", name) for name in before}) == [
        "ca.pem",
        "chongqing.pem",
        "national.pem",
    ]
    other = SettingKeys(world.settings)
    assert len(other.seals([("national", ISSUERS[0]), ("chongqing", ISSUERS[1])])) == 2
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert await world.refused(ANYONE, "GET", "/public/certificates/CQ0-0-00000") == (404, "no_certificate")


@pytest.mark.clause("N4", "C1")
async def test_who_is_let_go_after_the_list_is_out_is_added_to_it(world: World) -> None:
    await world.certified("张三", number="2024-00001")
    await world.certified("李四", number="2024-00002")  # held while the list was published
    found = await world.parts.certificates.final_list(world.round_id)
    assert [one.name for section in found.sections for one in section.people] == ["张三"]
    assert [(one.heading, one.people[0].name) for one in found.added] == [
        ("初级青少年科技辅导员认定名单（公布后补充）", "李四")
    ]
