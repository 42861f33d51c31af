"""The one-page 更正页 of a correction (Q10): printed, signed, read, handed in instead of the whole form; on real
PostgreSQL and S3."""

from __future__ import annotations

from typing import Any

import pypdfium2
import pytest

from contracts.case import Facts, ScanFacts
from contracts.commands import CommandName
from contracts.http.scans import ScanSheetKind
from contracts.prepared import FormPrepared
from kit.tokens import Actor
from services.registration import repository
from services.registration.domain.scans import Place
from tests.integration.registration.test_lifecycle import correction, flag
from tests.integration.registration.test_scans import pages, report, sent, submitted
from tests.integration.registration.world import Applicant, World
from tests.scans import Look, Picture, as_pdf, scan


async def corrected(world: World, **changes: Any) -> Applicant:
    """A filed form whose position and training were flagged, with the changes typed."""
    one = await submitted(world, "王小明")
    file = await sent(one, as_pdf(await pages(one, Look())))
    body = {"form_version": 1, "file_ids": [file]}
    assert (await world.prepare(CommandName.attach_scan, one.id, body)).refused is None
    await correction(one, flag("field:title", reprint=True), flag("item:t1", reprint=True), flag("scan"))
    if changes:
        saved = await one.change(changes)
        assert saved.status_code == 200, saved.text
    return one


async def page_pdf(one: Applicant) -> bytes:
    answer = await one.world.ask("GET", f"{one.path}/correction-page.pdf", one.actor)
    assert answer.status_code == 200, answer.text
    return answer.content


async def refused(one: Applicant, actor: Actor | None = None) -> tuple[int, str]:
    answer = await one.world.ask("GET", f"{one.path}/correction-page.pdf", actor or one.actor)
    return answer.status_code, answer.json()["code"]


async def scanned(one: Applicant, pdf: bytes, look: Look) -> list[Picture]:
    """The page signed and sealed, where it says so."""
    async with one.world.service.parts.db.read() as session:
        rows = await repository.printed_pages(session, one.application_id, 2)
    return scan(pdf, [Place.model_validate(zone) for zone in rows[0].zones], look)


async def resubmitted(one: Applicant, *files: str) -> tuple[ScanFacts | None, str | None]:
    body = {"draft_version": (await one.form())["version"], "scan_file_ids": list(files)}
    result = await one.world.prepare(CommandName.resubmit, one.id, body)
    if result.refused is not None:
        return None, result.refused.code
    prepared = FormPrepared.model_validate(result.data)
    return Facts.model_validate_json(await one.world.store.get_content(prepared.facts_key)).scan, None


def words(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    return "".join(document[0].get_textpage().get_text_bounded().split())


@pytest.mark.clause("Q10", "A3", "A4")
async def test_a_signed_page_is_handed_in_instead_of_the_form(world: World) -> None:
    one = await corrected(world, **{"fields.title": "高级教师", "trainings.t1.hours": "44"})
    assert (await report(one)).may_amend
    pdf = await page_pdf(one)
    said = words(pdf)
    number = (await one.form())["application_number"]
    for part in (
        number,
        "第1版作以下更正",
        "更正后为第2版",
        "一级教师",
        "高级教师",
        "40学时",
        "44学时",
        "申报者本人签名",
    ):
        assert part in said
    assert "单位公章" in said
    assert "重庆市渝北区龙溪街道" not in said  # what was not touched is not listed
    assert await page_pdf(one) == pdf  # the same content is the same page

    file = await sent(one, as_pdf(await scanned(one, pdf, Look(turn=1.5, noise=4))))
    told = await report(one)
    assert (told.correction_page, told.refusal, told.pages, told.missing) == (True, None, 1, ())
    assert [(sheet.kind, sheet.number, sheet.text) for sheet in told.sheets] == [
        (ScanSheetKind.current, 1, "更正页")
    ]
    sheet = told.sheets[0]
    assert sheet.signature is not None
    assert sheet.seal is not None
    assert (sheet.signature.found, sheet.seal.found) == (True, True)

    facts, code = await resubmitted(one, file)
    assert code is None
    assert facts is not None
    assert (facts.correction_page, facts.expected_pages, facts.expected_version) == (True, 1, 2)
    assert [(page.number, page.version, page.code_ok) for page in facts.pages] == [(1, 2, True)]
    assert (facts.pages[0].signature.found, facts.pages[0].seal.found) == (True, True)
    after = await report(one)
    assert (after.correction_page, after.taken, after.refusal, after.may_amend) == (True, True, None, False)


@pytest.mark.clause("Q10", "A4")
async def test_a_page_of_other_content_is_not_taken(world: World) -> None:
    one = await corrected(world, **{"fields.title": "高级教师"})
    old = as_pdf(await scanned(one, await page_pdf(one), Look()))
    assert (await one.change({"fields.title": "正高级教师"})).status_code == 200
    file = await sent(one, old)
    told = await report(one, file)
    assert told.refusal is not None
    assert (told.refusal.code, told.correction_page) == ("scan_old_version", False)
    assert await resubmitted(one, file) == (None, "scan_old_version")
    new = await sent(one, as_pdf(await scanned(one, await page_pdf(one), Look())))
    assert (await resubmitted(one, new))[1] is None


@pytest.mark.clause("Q10", "Q4")
async def test_an_unsigned_page_may_be_handed_in_and_is_a_finding(world: World) -> None:
    one = await corrected(world, **{"fields.title": "高级教师"})
    look = Look(unsigned=frozenset({1}), sealed=frozenset())
    file = await sent(one, as_pdf(await scanned(one, await page_pdf(one), look)))
    told = await report(one, file)
    assert (told.refusal, told.correction_page) == (None, True)
    wrong = {finding.field for finding in told.findings if finding.verdict == "finding"}
    assert wrong == {"scan.signature", "scan.seal"}
    facts, _ = await resubmitted(one, file)
    assert facts is not None
    assert (facts.pages[0].signature.found, facts.pages[0].seal.found) == (False, False)


@pytest.mark.clause("Q10", "A4")
async def test_the_whole_form_still_counts_as_the_form(world: World) -> None:
    one = await corrected(world, **{"fields.title": "高级教师"})
    await page_pdf(one)
    file = await sent(one, as_pdf(await pages(one, Look())))
    told = await report(one, file)
    assert (told.correction_page, told.refusal) == (False, None)
    facts, _ = await resubmitted(one, file)
    assert facts is not None
    assert (facts.correction_page, facts.expected_version) == (False, 2)
    assert facts.expected_pages == told.pages > 1


@pytest.mark.clause("Q10")
async def test_when_there_is_no_page(world: World) -> None:
    one = await submitted(world, "王小明")
    assert await refused(one) == (409, "correction_page_unavailable")
    assert not (await report(one)).may_amend
    await correction(one, flag("field:title", reprint=True), flag("item:t1", reprint=True))
    assert await refused(one) == (409, "correction_page_empty")
    assert (await one.change({"fields.title": "高级教师" + "，" + "某" * 20})).status_code == 200
    assert await refused(one, Actor(subject=one.id, role="reviewer")) == (404, "unknown_application")
    other = await submitted(world, "赵小刚")
    assert await refused(one, other.actor) == (404, "unknown_application")
    await page_pdf(one)


@pytest.mark.clause("Q10", "A8")
async def test_without_reprint_no_page_is_needed(world: World) -> None:
    one = await submitted(world, "王小明")
    await correction(one, flag("item:t1"))
    assert (await one.change({"trainings.t1.hours": "44"})).status_code == 200
    assert await refused(one) == (409, "correction_page_unavailable")


@pytest.mark.clause("Q10")
async def test_what_takes_more_than_a_page_is_printed_as_a_form(world: World) -> None:
    one = await submitted(world, "王小明")
    await correction(one, flag("collection:work", reprint=True))
    work = {"kind": "part_time", "start": "2018-01", "end": "2018-02", "unit": "重庆市渝北区实验小学校"}
    assert (await one.change({f"work.x{n}": work for n in range(40)})).status_code == 200
    assert await refused(one) == (409, "correction_page_full")
    assert not await _printed(one)


async def _printed(one: Applicant) -> list[str]:
    async with one.world.service.parts.db.read() as session:
        return [row.code for row in await repository.printed_pages(session, one.application_id, 2)]
