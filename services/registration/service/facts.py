"""Facts of a case put together from what each file turned out to be when it was uploaded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.case import Facts, FileFacts, ScanFacts, Snapshot, Twin
from rules.checks.names import normal
from services.registration import repository
from services.registration.adapters.inspector import Reading
from services.registration.models import File, Scan
from services.registration.service.parts import Parts
from services.registration.service.reading import OcrText


async def clean_files(session: AsyncSession, application_id: UUID) -> list[File]:
    """Files that may be named in a form; those that were removed from the list may stand in a frozen one."""
    return [row for row in await repository.files(session, application_id) if row.state == "clean"]


async def gather(
    parts: Parts,
    clean: Sequence[File],
    snapshot: Snapshot,
    scan: Scan | ScanFacts | None,
    twins: Sequence[Twin] = (),
) -> Facts:
    """What machines know about every file that the snapshot names, its photo, and the returned scan; `twins`: other
    applications that show the same (never for the applicant's own look).

    `clean`: the application's clean files; the database is not needed while the store is asked.
    """
    wanted = set(snapshot.file_ids())
    scanned = ScanFacts.model_validate(scan.facts) if isinstance(scan, Scan) else scan
    if scanned:
        wanted.update(scanned.file_ids)
    rows = [row for row in clean if str(row.id) in wanted]
    readings = await asyncio.gather(*(_reading(parts, row) for row in rows))
    texts = await asyncio.gather(*(_ocr(parts, row) for row in rows))
    names = names_of(snapshot)
    files = {
        str(row.id): _facts(row, reading, names, text)
        for row, reading, text in zip(rows, readings, texts, strict=True)
    }
    photo = next(
        (
            reading.photo
            for row, reading in zip(rows, readings, strict=True)
            if str(row.id) == snapshot.photo_file_id
        ),
        None,
    )
    return Facts(files=files, photo=photo, scan=scanned, twins=tuple(twins))


async def _reading(parts: Parts, row: File) -> Reading:
    assert row.reading_key is not None
    return Reading.model_validate_json(await parts.store.get_content(row.reading_key))


async def _ocr(parts: Parts, row: File) -> str | None:
    if row.ocr_key is None:
        return None
    return OcrText.model_validate_json(await parts.store.get_content(row.ocr_key)).text


def names_of(snapshot: Snapshot) -> tuple[str, ...]:
    """Names that may stand on this case's evidence, once each."""
    groups = (snapshot.trainings, snapshot.conditions, snapshot.evidence)
    named = [item.named_person for group in groups for item in group]
    former = [one.name for one in snapshot.former_names]
    return tuple(dict.fromkeys(one for one in (snapshot.name, *former, *named) if one))


def _facts(row: File, reading: Reading, names: Sequence[str], ocr: str | None) -> FileFacts:
    shown: tuple[str, ...] | None = None
    read = reading.text if reading.text is not None else ocr
    if read is not None:
        text = normal(read)
        shown = tuple(name for name in names if normal(name) in text)
    return FileFacts(
        opens=True,
        media_type=reading.media_type,
        bytes=row.bytes,
        sha256=row.sha256 or "",
        pages=reading.pages,
        text_names=shown,
        text_source=None if shown is None else "layer" if reading.text is not None else "ocr",
        previews=tuple(one.key for one in reading.previews),
        removed=reading.removed,
    )
