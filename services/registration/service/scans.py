"""Returned scans: read when their upload is complete, told page by page before they are handed in (A4, Q13)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.case import Finding, ScanFacts, Snapshot
from contracts.http.files import Purpose
from contracts.http.registration import FormState
from contracts.http.scans import ScanAdvice, ScanPlace, ScanReport, ScanSheet, ScanSheetKind, ZoneView
from kit.errors import DomainError, Kind
from kit.http import Actor
from rules.checks import SURE, scan_checks
from services.registration import repository
from services.registration.domain.scans import Expected, FileRead, Judged, Judgement, Spot, facts_of, judge
from services.registration.models import File, PrintedForm, Scan
from services.registration.service.amending import CorrectionPages, offered
from services.registration.service.parts import Case, Parts, load_case, seen_case
from services.registration.service.prints import Prints, expectation, places
from services.registration.service.view import state_of

PICTURES = "/api/v1/applications/{}/scan/pictures/{}"
_KINDS = {
    ScanSheetKind.current: "第 {} 页，当前版本",
    ScanSheetKind.alike: "看上去是第 {} 页，但右上角的码读不出",
    ScanSheetKind.older: "第 {} 页，但是旧版本（第 {} 版）",
    ScanSheetKind.foreign: "不是这份申报书的页",
    ScanSheetKind.unknown: "认不出是哪一页",
}
_AMENDED = {
    ScanSheetKind.current: "更正页",
    ScanSheetKind.alike: "看上去是更正页，但右上角的码读不出",
    ScanSheetKind.older: "不是这张更正页",
}
_SIGNED = {True: "有签名", False: "没有找到签名", None: "看不准有没有签名"}
_SEALED = {True: "有公章", False: "没有找到公章", None: "看不准有没有公章"}
Link = Callable[[str | None], str | None]
"""Where a picture is to be had, by its content key."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Some files and what they come to."""

    rows: Sequence[File]
    reads: Sequence[FileRead | None]
    printed: PrintedForm
    judgement: Judgement

    @property
    def expected(self) -> Expected:
        return expectation(self.printed)

    def facts(self) -> ScanFacts:
        return facts_of(self.judgement, self.expected, [str(one.id) for one in self.rows])


class ScanDesk:
    def __init__(self, parts: Parts, prints: Prints, amended: CorrectionPages) -> None:
        self._parts = parts
        self._prints = prints
        self._amended = amended

    async def read(self, application_id: UUID, media_type: str, data: bytes) -> str | None:
        """Reads a scan (PDF, JPEG or PNG) against the form that is expected back, or against the correction page that
        may come instead; the key of what was read, None: it could not be read."""
        async with self._parts.db.read() as session:
            case = await load_case(session, self._parts, application_id)
        if case is None or state_of(case.application) is FormState.draft:
            return None
        row = await self._prints.expected(case)
        found = await self._compared(media_type, data, row)
        if found is None:
            return None
        for page in await self._amended.of(case, row.version):
            if found.may_be(page.code):
                found = await self._compared(media_type, data, page) or found
        return await self._parts.store.put_content(found.model_dump_json().encode(), "application/json")

    async def _compared(self, media_type: str, data: bytes, row: PrintedForm) -> FileRead | None:
        pdf = await self._parts.store.get_content(row.pdf_key)

        async def keep(picture: bytes) -> str:
            return await self._parts.store.put_content(picture, "image/jpeg")

        return await self._parts.reader.read(media_type, data, row.code, pdf, places(row), keep)

    async def report(self, application_id: UUID, actor: Actor, wanted: Sequence[UUID]) -> ScanReport:
        """What the files show, page by page. Without `wanted`: scans that were sent since the form was printed or
        handed in; where there are none, the one that was handed in. Errors: not_found, conflict `not_submitted`."""
        async with self._parts.db.read() as session:
            case = await seen_case(session, self._parts, application_id, actor)
            scan = await repository.scan(session, application_id)
            found = [one for one in await repository.files(session, application_id) if _is_scan(one)]
        printed = await self._prints.expected(case)
        rows = _chosen(case, found, scan, printed, wanted)
        looked = await self.fitting(case, printed, rows)
        if not wanted:
            looked = await self._latest(case, printed, looked)
        current = case.application.form_version
        ids = {row.id for row in looked.rows}
        taken = scan is not None and scan.form_version == current and set(scan.file_ids) == ids
        return await self._report(case, looked, taken=taken)

    async def against(self, printed: PrintedForm, rows: Sequence[File]) -> Looked:
        """The files against one print of theirs."""
        async with self._parts.db.read() as session:
            versions = await repository.printed_versions(session, printed.application_id)
        reads = await asyncio.gather(*(self._read_of(row) for row in rows))
        pages = [(read, row.pages or 1) for read, row in zip(reads, rows, strict=True)]
        judgement = judge(pages, expectation(printed), versions)
        return Looked(rows=rows, reads=reads, printed=printed, judgement=judgement)

    async def fitting(self, case: Case, printed: PrintedForm, rows: Sequence[File]) -> Looked:
        """The files against the form, or against the correction page when they hold it and not the whole form."""
        whole = await self.against(printed, rows)
        if whole.judgement.refused is None or not rows:
            return whole
        for page in await self._amended.of(case, printed.version):
            some = await self.against(page, rows)
            if some.judgement.refused is None and not some.judgement.missing:
                return some
        return whole

    async def picture(self, application_id: UUID, actor: Actor, digest: str) -> bytes:
        """A zone's picture (JPEG, made by us), of a scan of this application only."""
        key = f"sha256/{digest}"
        async with self._parts.db.read() as session:
            await seen_case(session, self._parts, application_id, actor)
            rows = [one for one in await repository.files(session, application_id) if one.scan_key]
        for read in await asyncio.gather(*(self._read_of(row) for row in rows)):
            if read is not None and key in read.pictures():
                return await self._parts.store.get_content(key)
        raise DomainError(Kind.not_found, "unknown_file", "没有找到这张图片。", "A4")

    async def _latest(self, case: Case, printed: PrintedForm, whole: Looked) -> Looked:
        """The fewest of the last files that make a whole: who scans anew need not take the old ones out."""
        for count in range(1, len(whole.rows)):
            rows = whole.rows[-count:]
            some = await self.fitting(case, printed, rows)
            if not some.judgement.missing and some.judgement.refused is None:
                return some
        return whole

    async def _read_of(self, row: File) -> FileRead | None:
        if row.scan_key is None:
            return None
        return FileRead.model_validate_json(await self._parts.store.get_content(row.scan_key))

    async def _report(self, case: Case, looked: Looked, *, taken: bool) -> ScanReport:
        expected, judgement, printed = looked.expected, looked.judgement, looked.printed
        refusal = judgement.refused
        pairs = zip(looked.rows, looked.reads, strict=True)
        return ScanReport(
            form_version=expected.version,
            pages=expected.pages,
            seal_page=expected.seal_page,
            places=tuple(ScanPlace.model_validate(one.model_dump()) for one in places(printed)),
            sheets=tuple(_sheets(looked)),
            missing=judgement.missing if looked.rows else (),
            twice=judgement.twice,
            unread=tuple(row.id for row, read in pairs if read is None),
            refusal=ScanAdvice(code=refusal.code, message=refusal.message, clause=refusal.clause)
            if refusal
            else None,
            findings=await self._findings(case, looked) if looked.rows else (),
            taken=taken,
            correction_page=expected.correction_page,
            may_amend=offered(case),
        )

    async def _findings(self, case: Case, looked: Looked) -> tuple[Finding, ...]:
        async with self._parts.db.read() as session:
            form = await repository.form(session, case.application.id, case.application.form_version or 0)
        assert form is not None
        stored = await self._parts.store.get_content(form.snapshot_key)
        snapshot = Snapshot.model_validate_json(stored)
        return tuple(scan_checks(case.loaded.pack, snapshot, looked.facts()))


def _is_scan(row: File) -> bool:
    return row.purpose == Purpose.scan.value and row.state == "clean"


def _chosen(
    case: Case, found: Sequence[File], scan: Scan | None, printed: PrintedForm, wanted: Sequence[UUID]
) -> list[File]:
    """The files that are meant, in the order in which they were chosen or sent."""
    by_id = {one.id: one for one in found}
    if wanted:
        return [by_id[one] for one in dict.fromkeys(wanted) if one in by_id]
    handed_in = scan is not None and scan.form_version == printed.version
    since = max(printed.printed_at, scan.received_at) if scan is not None else printed.printed_at
    fresh = [one for one in found if one.created_at > since]
    if fresh or scan is None or not handed_in or state_of(case.application) is FormState.correction:
        return fresh
    return [by_id[one] for one in scan.file_ids if one in by_id]


def _sheets(looked: Looked) -> Iterator[ScanSheet]:
    judged = iter(looked.judgement.sheets)
    for row, read in zip(looked.rows, looked.reads, strict=True):
        count = len(read.sheets) if read is not None else (row.pages or 1)
        for position in range(1, count + 1):
            yield _sheet(row, position, next(judged), looked.expected)


def _sheet(row: File, position: int, one: Judged, expected: Expected) -> ScanSheet:
    ours = one.kind in (ScanSheetKind.current, ScanSheetKind.alike)
    text = _KINDS[one.kind].format(one.number, one.version)
    if expected.correction_page:
        text = _AMENDED.get(one.kind, text)
    if one.read is None:
        text = "没有能够自动读取，由审查人员查看"
    link = _links(row.application_id)
    seal = one.read.seal if one.read is not None and ours else None
    shown = seal is not None and (one.number == expected.seal_page or seal.found)
    return ScanSheet(
        file_id=row.id,
        file_name=row.name,
        position=position,
        kind=one.kind,
        number=one.number,
        text=text,
        signature=_zone(one.read.signature, _SIGNED, link) if one.read is not None and ours else None,
        seal=_zone(seal, _SEALED, link) if seal is not None and shown else None,
        picture=link(one.read.picture) if one.read is not None else None,
    )


def _zone(spot: Spot, words: Mapping[bool | None, str], link: Link) -> ZoneView:
    found = spot.found if spot.confidence >= SURE or spot.found is False else None
    return ZoneView(
        found=spot.found, confidence=spot.confidence, text=words[found], picture=link(spot.picture)
    )


def _links(application_id: UUID) -> Link:
    def link(key: str | None) -> str | None:
        return PICTURES.format(application_id, key.removeprefix("sha256/")) if key else None

    return link
