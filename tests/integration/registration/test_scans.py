"""Scans in front of the service: read when they arrive, told before they are handed in, refused only when wrong."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from contracts.case import Facts
from contracts.commands import CommandName
from contracts.http.scans import ScanReport, ScanSheetKind
from contracts.prepared import ScanPrepared
from kit.http import Actor
from services.registration.domain.scans import Place
from tests.integration.registration.world import Applicant, World
from tests.scans import Look, Picture, as_pdf, scan


async def submitted(world: World, name: str) -> Applicant:
    one = await world.applicant(name=name)
    assert (await one.submit(await one.fill())).refused is None
    return one


async def report(one: Applicant, *files: str) -> ScanReport:
    query = "?" + "&".join(f"file_ids={file}" for file in files) if files else ""
    return ScanReport.model_validate(await one.world.good("GET", f"{one.path}/scan{query}", one.actor))


async def pages(one: Applicant, look: Look) -> list[Picture]:
    pdf = await one.world.ask("GET", f"{one.path}/form.pdf", one.actor)
    places = [Place.model_validate(place.model_dump()) for place in (await report(one)).places]
    return scan(pdf.content, places, look)


async def sent(one: Applicant, data: bytes) -> str:
    file: dict[str, Any] = await one.upload("scan", "扫描件.pdf", data, "application/pdf")
    assert file["state"] == "clean"
    return str(file["id"])


@pytest.mark.clause("A4", "Q4", "Q6")
async def test_what_was_read_is_told_and_kept_with_the_facts(world: World) -> None:
    one = await submitted(world, "王小明")
    file = await sent(one, as_pdf(await pages(one, Look(turn=2, noise=5, unsigned=frozenset({1})))))
    told = await report(one)
    assert (told.refusal, told.missing, told.twice, told.unread, told.taken) == (None, (), (), (), False)
    assert [(sheet.kind, sheet.number) for sheet in told.sheets] == [
        (ScanSheetKind.current, n) for n in range(1, told.pages + 1)
    ]
    assert [(one.check_id, one.verdict, one.field) for one in told.findings] == [
        ("Q4", "finding", "scan.signature"),
        ("Q6", "ok", None),
    ]
    body = {"form_version": 1, "file_ids": [file]}
    prepared = ScanPrepared.model_validate((await world.prepare(CommandName.attach_scan, one.id, body)).data)
    facts = Facts.model_validate_json(await world.store.get_content(prepared.facts_key))
    assert facts.scan is not None
    assert [page.signature.found for page in facts.scan.pages] == [False, *[True] * (told.pages - 1)]
    assert (facts.scan.seal_page, facts.scan.pages[-1].seal.found) == (told.seal_page, True)
    picture = facts.scan.pages[-1].seal.picture
    assert picture is not None
    assert (await world.store.get_content(picture)).startswith(b"\xff\xd8")
    assert (await report(one)).taken


@pytest.mark.clause("A4")
async def test_another_persons_form_is_refused_without_a_word_about_them(world: World) -> None:
    one, other = await submitted(world, "王小明"), await submitted(world, "赵小刚")
    foreign = await pages(other, Look())
    file = await sent(one, as_pdf([*(await pages(one, Look())), foreign[0]]))
    told = await report(one, file)
    assert told.refusal is not None
    assert (told.refusal.code, told.refusal.clause) == ("scan_other_form", "A4")
    last = told.sheets[-1]
    assert (last.kind, last.number, last.text) == (ScanSheetKind.foreign, None, "不是这份申报书的页")
    body = {"form_version": 1, "file_ids": [file]}
    refusal = (await world.prepare(CommandName.attach_scan, one.id, body)).refused
    assert refusal is not None
    assert (refusal.code, refusal.message) == ("scan_other_form", told.refusal.message)
    own = await world.good("GET", f"{one.path}/registration", one.actor)
    assert own["scan"] is None


@pytest.mark.clause("A4")
async def test_a_second_upload_mends_the_first(world: World) -> None:
    one = await submitted(world, "王小明")
    whole = await pages(one, Look())
    await sent(one, as_pdf(whole[1:]))
    lacking = await report(one)
    assert lacking.refusal is not None
    assert (lacking.refusal.code, lacking.missing) == ("scan_page_missing", (1,))
    await sent(one, as_pdf(whole[:1]))
    both = await report(one)
    assert (both.refusal, both.missing, len(both.sheets)) == (None, (), both.pages)
    await sent(one, as_pdf(whole))
    anew = await report(one)
    assert (len({sheet.file_id for sheet in anew.sheets}), anew.twice) == (1, ())


@pytest.mark.clause("A4")
async def test_pictures_are_the_owners(world: World) -> None:
    one, other = await submitted(world, "王小明"), await submitted(world, "赵小刚")
    await sent(one, as_pdf(await pages(one, Look())))
    shown = (await report(one)).sheets[0].signature
    assert shown is not None
    assert shown.picture is not None
    digest = shown.picture.rpartition("/")[2]
    at = f"{{}}/scan/pictures/{digest}"
    good = await world.ask("GET", at.format(one.path), one.actor)
    assert (good.status_code, good.headers["content-type"], good.content[:2]) == (
        200,
        "image/jpeg",
        b"\xff\xd8",
    )
    for path, actor in (
        (one.path, other.actor),
        (other.path, other.actor),
        (one.path, Actor(subject=uuid4(), role="reviewer")),
    ):
        assert (await world.ask("GET", at.format(path), actor)).status_code == 404
    absent = await world.ask("GET", f"{one.path}/scan/pictures/{'0' * 64}", one.actor)
    assert (absent.status_code, absent.json()["code"]) == (404, "unknown_file")


async def test_before_the_form_is_submitted_there_is_nothing_to_scan(world: World) -> None:
    one = await world.applicant()
    answer = await world.ask("GET", f"{one.path}/scan", one.actor)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_submitted")
