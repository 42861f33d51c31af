"""Uploads on a real object store: limits, disguises and damage are refused in words, and nothing else is lost."""

from __future__ import annotations

import pytest

from kit.http import Actor
from tests.integration.registration.world import Applicant, World, pdf_bytes, photo_bytes

LIMIT = 5 * 2**20


async def begin(one: Applicant, **changes: object) -> tuple[int, dict[str, object]]:
    body = {"purpose": "photo", "name": "照片.jpg", "media_type": "image/jpeg", "bytes": LIMIT, **changes}
    answer = await one.world.ask("POST", f"{one.path}/files", one.actor, body)
    return answer.status_code, answer.json()


@pytest.mark.clause("A2")
async def test_one_byte_over_the_limit(world: World) -> None:
    one = await world.applicant()
    assert (await begin(one))[0] == 201
    status, problem = await begin(one, bytes=LIMIT + 1)
    assert (status, problem["code"]) == (413, "file_too_large")
    assert "多 1 字节" in str(problem["detail"])


@pytest.mark.clause("A2")
async def test_store_itself_refuses_more_than_was_announced(world: World) -> None:
    one = await world.applicant()
    data = photo_bytes()
    _, upload = await begin(one, bytes=len(data))
    assert await one.send(upload, "照片.jpg", data + b"x") == 400
    answer = await world.ask("POST", f"{one.path}/files/{upload['file_id']}/complete", one.actor)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_uploaded")
    assert await one.send(upload, "照片.jpg", data) in (200, 204)
    assert (await one.complete(str(upload["file_id"])))["state"] == "clean"


@pytest.mark.clause("A2", "Q7")
async def test_disguised_and_damaged_files_are_refused_and_the_draft_stays(world: World) -> None:
    one = await world.applicant()
    await one.change({"fields.title": "一级教师"})
    pdf = pdf_bytes("证书", pages=3)
    page = await one.upload("evidence", "a.pdf", b"<html><script>x</script></html>" * 20, "application/pdf")
    cut = await one.upload("evidence", "b.pdf", pdf[: len(pdf) // 2], "application/pdf")
    half = await one.upload("photo", "c.jpg", photo_bytes()[:9000], "image/jpeg")
    short = await one.upload("evidence", "d.pdf", pdf, "application/pdf")
    assert [(f["state"], f["reason_code"]) for f in (page, cut, half, short)] == [
        ("refused", "wrong_type"),
        ("refused", "does_not_open"),
        ("refused", "does_not_open"),
        ("clean", None),
    ]
    assert all(f["reason"] for f in (page, cut, half))
    assert short["pages"] == 3
    linked = await one.change({"fields.photo": half["id"]})
    assert (linked.status_code, linked.json()["code"]) == (422, "invalid_fields")
    assert (await one.form())["values"]["fields"]["title"] == "一级教师"


@pytest.mark.clause("A2")
async def test_download_is_an_attachment_and_the_key_has_no_name(world: World) -> None:
    import httpx

    one = await world.applicant()
    data = pdf_bytes("证书")
    file = await one.upload("evidence", "../秘密 证书.pdf", data, "application/pdf")
    seen = await world.good("GET", f"{one.path}/files/{file['id']}", one.actor)
    assert seen["sha256"] in seen["url"]
    assert "秘密" not in seen["url"].split("?")[0]
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(seen["url"])
    assert answer.content == data
    assert answer.headers["content-disposition"].startswith("attachment;")
    staff = Actor(subject=one.world.round_id, role="reviewer")
    assert (await world.ask("GET", f"{one.path}/files/{file['id']}", staff)).status_code == 404
