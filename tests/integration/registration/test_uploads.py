"""Uploads on real S3 and PostgreSQL: bound forms, resume, twice, removed, waiting for the scanner, other people's."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from PIL import Image

from contracts.case import Facts
from contracts.lifecycle import Phase, Stage, Status
from contracts.prepared import FormPrepared
from contracts.registration import SetPhase
from kit.due import DueLoop
from services.registration import due
from services.registration.adapters import ocr
from services.registration.adapters.clamav import Scan
from services.registration.service import Registration
from tests.conftest import TestDatabase
from tests.integration.registration.test_lifecycle import case_of, move
from tests.integration.registration.world import Applicant, World, pdf_bytes, photo_bytes
from tests.unit.services.registration import corpus

JPEG = "image/jpeg"


async def begin(
    one: Applicant, name: str, data: bytes, kind: str, purpose: str = "evidence"
) -> dict[str, Any]:
    body = {"purpose": purpose, "name": name, "media_type": kind, "bytes": len(data)}
    found: dict[str, Any] = await one.world.good("POST", f"{one.path}/files", one.actor, body)
    return found


async def listed(one: Applicant) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await one.world.good("GET", f"{one.path}/files", one.actor))["files"]
    return found


async def fetched(url: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(url)


async def sent_is_gone(one: Applicant, file_id: str) -> bool:
    store = one.world.store
    return not await store.exists(store.uploads, f"{one.application_id}/{file_id}")


@pytest.mark.clause("A2")
async def test_the_store_holds_browsers_to_key_type_and_size(world: World) -> None:
    one, other = await world.applicant(), await world.applicant()
    data = corpus.pages_pdf()
    mine, theirs = await begin(one, "a.pdf", data, corpus.PDF), await begin(other, "a.pdf", data, corpus.PDF)
    fields = mine["fields"]
    forged = [
        {**fields, "key": theirs["fields"]["key"]},
        {**fields, "key": f"{one.application_id}/else"},
        {**fields, "Content-Type": "text/html"},
        {name: value for name, value in fields.items() if name != "policy"},
    ]
    for changed in forged:
        assert await one.send({**mine, "fields": changed}, "a.pdf", data) in (400, 403)
    for wrong in (data + b"x", b""):
        assert await one.send(mine, "a.pdf", wrong) == 400
    assert await one.send(mine, "a.pdf", data) in (200, 204)
    assert (await one.complete(mine["file_id"]))["state"] == "clean"


@pytest.mark.clause("A2")
async def test_completed_twice_at_once_gives_one_answer_and_what_was_sent_is_gone(world: World) -> None:
    one = await world.applicant()
    data = corpus.jpeg(exif=corpus.exif())
    place = await begin(one, "a.jpg", data, JPEG)
    await one.send(place, "a.jpg", data)
    answers = await asyncio.gather(*(one.complete(place["file_id"]) for _ in range(4)))
    assert [answer["state"] for answer in answers] == ["clean"] * 4
    assert len({answer["sha256"] for answer in answers}) == 1
    assert await sent_is_gone(one, place["file_id"])
    assert answers[0]["sha256"] != answers[0]["original_sha256"]
    assert answers[0]["notes"] == ["已去除照片中的拍摄地点、时间和设备等信息。"]
    seen = await world.good("GET", f"{one.path}/files/{place['file_id']}", one.actor)
    assert b"SecretPhone" not in (await fetched(seen["url"])).content


@pytest.mark.clause("A2")
async def test_an_upload_that_failed_goes_on_with_a_new_form(world: World) -> None:
    one = await world.applicant()
    data = corpus.pages_pdf()
    place = await begin(one, "a.pdf", data, corpus.PDF)
    again = await world.good("POST", f"{one.path}/files/{place['file_id']}/upload", one.actor)
    assert again["file_id"] == place["file_id"]
    await one.send(again, "a.pdf", data)
    assert (await one.complete(again["file_id"]))["state"] == "clean"
    late = await world.ask("POST", f"{one.path}/files/{place['file_id']}/upload", one.actor)
    assert (late.status_code, late.json()["code"]) == (409, "already_uploaded")
    assert len(await listed(one)) == 1


@pytest.mark.clause("A2")
async def test_killed_in_the_middle_it_is_opened_by_the_next_process(world: World) -> None:
    one = await world.applicant()
    data = corpus.pages_pdf(200)
    await one.upload("evidence", "first.pdf", corpus.pages_pdf(), corpus.PDF)
    place = await begin(one, "a.pdf", data, corpus.PDF)
    await one.send(place, "a.pdf", data)
    inspector = world.service.parts.inspector
    busy = asyncio.create_task(one.complete(place["file_id"]))
    await asyncio.sleep(0.1)
    pid = inspector.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert ((await busy)["state"], (await one.complete(place["file_id"]))["pages"]) == ("clean", 200)


@pytest.mark.clause("A2")
async def test_somebody_elses_file_is_absent(world: World) -> None:
    one, other = await world.applicant(), await world.applicant()
    file = await one.upload("evidence", "a.pdf", corpus.pages_pdf(), corpus.PDF)
    for method, path in (
        ("GET", f"/files/{file['id']}"),
        ("GET", f"/files/{file['id']}/pages"),
        ("DELETE", f"/files/{file['id']}"),
        ("POST", f"/files/{file['id']}/complete"),
        ("POST", f"/files/{file['id']}/upload"),
    ):
        for base in (one.path, other.path):
            answer = await world.ask(method, base + path, other.actor)
            assert answer.status_code == 404, (method, base)
    stolen = await other.change({"fields.photo": file["id"]})
    assert stolen.status_code == 422
    crop = {"file_id": file["id"], "crop": {"x": 0, "y": 0, "width": 10, "height": 10}}
    assert (await world.ask("POST", f"{other.path}/photo", other.actor, crop)).status_code == 404
    assert [row["id"] for row in await listed(one)] == [file["id"]]


@pytest.mark.clause("A5")
async def test_after_the_end_nothing_is_taken_or_removed(world: World) -> None:
    one = await world.applicant()
    file = await one.upload("evidence", "a.pdf", corpus.pages_pdf(), corpus.PDF)
    case = await case_of(one)
    await world.service.cases.set_phase(
        SetPhase(
            key=f"{case.application_id}:7",
            case=case,
            phase=Phase.ended,
            status=Status.lapsed,
            transition=move(7, Stage.ended, Status.lapsed),
        )
    )
    body = {"purpose": "evidence", "name": "b.pdf", "media_type": corpus.PDF, "bytes": 10}
    for method, path, json in (
        ("POST", "/files", body),
        ("DELETE", f"/files/{file['id']}", None),
        ("POST", f"/files/{file['id']}/upload", None),
    ):
        answer = await world.ask(method, one.path + path, one.actor, json)
        assert (answer.status_code, answer.json()["code"]) == (409, "ended"), path
    assert (await world.good("GET", f"{one.path}/files/{file['id']}", one.actor))["state"] == "clean"


@pytest.mark.clause("A2")
async def test_the_same_file_chosen_twice_is_noticed(world: World) -> None:
    one, other = await world.applicant(), await world.applicant()
    data = corpus.jpeg(exif=corpus.exif())
    first = await one.upload("evidence", "证书.jpg", data, JPEG)
    second = await one.upload("evidence", "证书(1).jpg", data, JPEG)
    theirs = await other.upload("evidence", "证书.jpg", data, JPEG)
    assert (first["duplicate_of"], theirs["duplicate_of"]) == (None, None)
    assert (second["state"], second["duplicate_of"], second["duplicate_name"]) == (
        "clean",
        first["id"],
        "证书.jpg",
    )
    assert [row["duplicate_of"] for row in await listed(one)] == [None, first["id"]]
    await world.ask("DELETE", f"{one.path}/files/{first['id']}", one.actor)
    assert [row["duplicate_of"] for row in await listed(one)] == [None]


@pytest.mark.clause("A2")
async def test_what_is_named_stays_and_what_is_not_can_be_removed(world: World) -> None:
    one = await world.applicant()
    version = await one.fill()
    rows = {row["purpose"]: row["id"] for row in await listed(one)}
    for file_id in rows.values():
        answer = await world.ask("DELETE", f"{one.path}/files/{file_id}", one.actor)
        assert (answer.status_code, answer.json()["code"]) == (409, "file_attached")
    spare = await one.upload("evidence", "多余.pdf", corpus.pages_pdf(2), corpus.PDF)
    data = corpus.pages_pdf(3)
    begun = await begin(one, "取消.pdf", data, corpus.PDF)
    await one.send(begun, "取消.pdf", data)
    for file_id in (spare["id"], begun["file_id"]):
        for _ in range(2):
            assert (await world.ask("DELETE", f"{one.path}/files/{file_id}", one.actor)).status_code == 204
        assert await sent_is_gone(one, file_id)
        assert (await world.ask("GET", f"{one.path}/files/{file_id}", one.actor)).status_code == 404
    assert {row["id"] for row in await listed(one)} == set(rows.values())
    named = await one.change({"trainings.t1.file_ids": [spare["id"]]})
    assert (named.status_code, named.json()["code"]) == (422, "invalid_fields")
    assert (await one.submit(version)).refused is None
    locked = await world.ask("DELETE", f"{one.path}/files/{rows['evidence']}", one.actor)
    assert locked.json()["code"] == "file_attached"


@pytest.mark.clause("Q7")
async def test_pages_are_pictures_that_a_page_may_show(world: World) -> None:
    one = await world.applicant()
    file = await one.upload("evidence", "证书.pdf", pdf_bytes("证书", pages=3), "application/pdf")
    found = await world.good("GET", f"{one.path}/files/{file['id']}/pages", one.actor)
    assert (found["total"], [page["number"] for page in found["pages"]]) == (3, [1, 2, 3])
    for url in (*(page["url"] for page in found["pages"]), file["thumb"]):
        assert url.startswith(world.service.parts.settings.store_origin + "/")
        answer = await fetched(url)
        assert (answer.status_code, answer.headers["content-type"]) == (200, JPEG)
        assert answer.headers["content-disposition"] == "inline"
        with Image.open(__import__("io").BytesIO(answer.content)) as image:
            assert image.format == "JPEG"
    refused = await one.upload("evidence", "b.pdf", b"<html></html>" * 50, "application/pdf")
    assert refused["thumb"] is None
    answer = await world.ask("GET", f"{one.path}/files/{refused['id']}/pages", one.actor)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_clean")


@pytest.mark.clause("A2")
async def test_heic_is_taken_kept_as_jpeg_and_downloads_as_such(world: World) -> None:
    one = await world.applicant()
    data = corpus.heic()
    place = await begin(one, "IMG_0001.HEIC", data, "")
    assert place["fields"]["Content-Type"] == "image/heic"
    await one.send(place, "IMG_0001.HEIC", data)
    file = await one.complete(place["file_id"])
    assert (file["state"], file["media_type"], file["pages"]) == ("clean", JPEG, 1)
    seen = await world.good("GET", f"{one.path}/files/{file['id']}", one.actor)
    answer = await fetched(seen["url"])
    assert answer.content.startswith(b"\xff\xd8\xff")
    assert "IMG_0001.jpg" in answer.headers["content-disposition"]


# The scanner, and what nobody asked about -------------------------------------------------------------------


@dataclass
class Scanner:
    """Says what it is told to say."""

    says: Scan
    asked: int = 0

    async def scan(self, data: bytes) -> Scan:
        self.asked += 1
        return self.says


def with_scanner(world: World, scanner: Scanner) -> tuple[Registration, DueLoop]:
    parts = replace(world.service.parts, scanner=scanner)  # type: ignore[arg-type]
    service = Registration(parts)
    return service, DueLoop(parts.db, due.handlers(service))


@pytest.mark.clause("A2")
@pytest.mark.parametrize(("says", "state"), [(Scan.clean, "clean"), (Scan.infected, "refused")])
async def test_waits_for_a_scanner_that_is_down_and_is_settled_when_it_is_back(
    world: World, database: TestDatabase, says: Scan, state: str
) -> None:
    one, scanner = await world.applicant(), Scanner(Scan.unknown)
    service, loop = with_scanner(world, scanner)
    data = corpus.pages_pdf()
    place = await begin(one, "a.pdf", data, corpus.PDF)
    await one.send(place, "a.pdf", data)
    for _ in range(2):
        file = await service.files.complete(one.application_id, one.actor, place["file_id"])
        assert (file.state, file.reason_code, file.sha256) == ("pending", "scanner_waits", None)
    linked = await one.change(
        {"trainings.t1": {"title": "x", "date": "2024", "file_ids": [place["file_id"]]}}
    )
    assert linked.status_code == 422
    await database.move_clock(timedelta(seconds=20))
    assert await loop.step()  # still down
    assert (await listed(one))[0]["state"] == "pending"
    scanner.says = says
    await database.move_clock(timedelta(seconds=60))
    assert await loop.step()
    row = (await listed(one))[0]
    assert (row["state"], row["reason_code"]) == (state, "infected" if says is Scan.infected else None)
    assert (await sent_is_gone(one, place["file_id"]), scanner.asked) == (True, 4)


@pytest.mark.clause("A2")
async def test_uploads_that_nobody_asked_about_are_checked_or_cleared_away(
    world: World, database: TestDatabase
) -> None:
    one = await world.applicant()
    data = corpus.pages_pdf()
    came, never = await begin(one, "a.pdf", data, corpus.PDF), await begin(one, "b.pdf", data, corpus.PDF)
    await one.send(came, "a.pdf", data)
    loop = DueLoop(world.service.parts.db, due.handlers(world.service))
    assert not await loop.step()
    await database.move_clock(timedelta(minutes=40))
    while await loop.step():
        pass
    assert [(row["id"], row["state"]) for row in await listed(one)] == [(came["file_id"], "clean")]
    assert await sent_is_gone(one, came["file_id"])
    assert (await world.ask("GET", f"{one.path}/files/{never['file_id']}", one.actor)).status_code == 404


@pytest.mark.clause("Q9")
async def test_names_are_read_by_ocr_where_there_is_no_text_layer(world: World) -> None:
    if not ocr.installed():
        pytest.skip("没有 OCR：uv sync --extra ocr")
    one = await world.applicant()
    await one.fill()
    import io

    import pypdfium2

    document = pypdfium2.PdfDocument(pdf_bytes(f"兹证明{one.name}参加培训"))
    out = io.BytesIO()
    document[0].render(scale=4).to_pil().convert("RGB").save(out, "JPEG", quality=90)
    document.close()
    picture = await one.upload("evidence", "证书.jpg", out.getvalue(), JPEG)
    other = await one.upload("evidence", "空白.jpg", photo_bytes(), JPEG)
    changed = await one.change({"trainings.t1.file_ids": [picture["id"], other["id"]]})
    assert changed.status_code == 200, changed.text
    while await world.service.ocr.step():
        pass
    prepared = FormPrepared.model_validate((await one.submit()).data)
    facts = Facts.model_validate_json(await world.store.get_content(prepared.facts_key))
    read, blank = facts.files[picture["id"]], facts.files[other["id"]]
    assert (read.text_names, read.text_source) == ((one.name,), "ocr")
    assert (blank.text_names, blank.text_source) == ((), "ocr")
    assert len(read.previews) == 1
