"""The certificate's photo on real S3 and PostgreSQL: proposed, cropped, judged by the pack's rule, printed (Q2)."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from cli.demo.evidence import photo_jpeg
from contracts.case import Facts
from contracts.prepared import FormPrepared
from tests.integration.registration.world import Applicant, World, filled, pdf_bytes

JPEG = "image/jpeg"


def snapshot_on_a_wall() -> bytes:
    """A phone picture: the person stands at the right, much wall around."""
    wall = Image.new("RGB", (1800, 1200), (88, 146, 214))
    with Image.open(io.BytesIO(photo_jpeg("wall", 3))) as portrait:
        wall.paste(portrait.resize((660, 925)), (1000, 200))
    out = io.BytesIO()
    wall.save(out, "JPEG", quality=92)
    return out.getvalue()


async def photo(one: Applicant) -> dict[str, Any]:
    found: dict[str, Any] = await one.world.good("GET", f"{one.path}/photo", one.actor)
    return found


@pytest.mark.clause("Q2")
async def test_proposed_crop_is_accepted_and_becomes_the_forms_photo(world: World) -> None:
    one = await world.applicant()
    empty = await photo(one)
    assert (empty["chosen"], empty["source"], empty["locked"]) == (None, None, False)
    sent = await one.upload("photo", "手机照片.jpg", snapshot_on_a_wall(), JPEG)
    before = await photo(one)
    said = [finding["message"] for finding in before["source"]["findings"]]
    assert any("宽高比" in message for message in said)
    assert any("不在照片中间" in message for message in said)
    assert before["chosen"] is None

    body = {"file_id": sent["id"], "crop": before["suggested"]}
    after = await world.good("POST", f"{one.path}/photo", one.actor, body)
    assert after["chosen"]["findings"] == []
    assert after["chosen"]["height"] >= 579
    assert after["source"]["file"]["id"] == sent["id"]
    again = await world.good("POST", f"{one.path}/photo", one.actor, body)
    assert again["chosen"]["file"]["id"] == after["chosen"]["file"]["id"]  # the same crop is the same photo
    assert (await one.form())["values"]["fields"]["photo"] == after["chosen"]["file"]["id"]
    async with httpx.AsyncClient(trust_env=False) as client:
        shown = await client.get(after["chosen"]["url"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, JPEG)
    removed = await world.ask("DELETE", f"{one.path}/files/{after['chosen']['file']['id']}", one.actor)
    assert removed.json()["code"] == "file_attached"


@pytest.mark.clause("Q2")
async def test_crops_that_cannot_be(world: World) -> None:
    one = await world.applicant()
    sent = await one.upload("photo", "手机照片.jpg", snapshot_on_a_wall(), JPEG)
    proof = await one.upload("evidence", "a.jpg", photo_jpeg("x", 1), JPEG)
    inside = {"x": 0, "y": 0, "width": 413, "height": 579}
    for file_id, crop, status, code in (
        (sent["id"], {**inside, "x": 1700}, 422, "crop_outside"),
        (sent["id"], {**inside, "width": 0}, 422, "invalid_input"),
        (proof["id"], inside, 404, "unknown_file"),
    ):
        body = {"file_id": file_id, "crop": crop}
        answer = await world.ask("POST", f"{one.path}/photo", one.actor, body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await photo(one))["chosen"] is None


@pytest.mark.clause("Q2", "C3")
async def test_the_accepted_crop_is_what_reviewers_and_printers_get(world: World) -> None:
    one = await world.applicant()
    sent = await one.upload("photo", "手机照片.jpg", snapshot_on_a_wall(), JPEG)
    crop = (await photo(one))["suggested"]
    chosen = (
        await world.good("POST", f"{one.path}/photo", one.actor, {"file_id": sent["id"], "crop": crop})
    )["chosen"]
    proof = await one.upload("evidence", "证书.pdf", pdf_bytes(f"兹证明{one.name}"), "application/pdf")
    saved = await one.change(filled(one.name, chosen["file"]["id"], proof["id"]))
    assert saved.status_code == 200, saved.text
    checked = await world.good("GET", f"{one.path}/preflight", one.actor)
    assert [f["verdict"] for f in checked["findings"] if f["check_id"] == "Q2"] == ["ok"]
    prepared = FormPrepared.model_validate((await one.submit()).data)
    facts = Facts.model_validate_json(await world.store.get_content(prepared.facts_key))
    assert facts.photo is not None
    assert (facts.photo.faces, facts.photo.centred) == (1, True)
    stored = facts.files[chosen["file"]["id"]]
    data = await world.store.get_content(f"sha256/{stored.sha256}")
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (facts.photo.width, facts.photo.height)
    locked = await photo(one)
    assert locked["locked"] is True
    answer = await world.ask("POST", f"{one.path}/photo", one.actor, {"file_id": sent["id"], "crop": crop})
    assert (answer.status_code, answer.json()["code"]) == (409, "form_locked")
