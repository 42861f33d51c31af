"""What an upload turns out to be: opened, scanned, kept under its own hash; tried again when nobody answered."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.files import Purpose
from kit.db import now
from kit.due import DueRow, reschedule, schedule
from kit.errors import DomainError, Kind, NotYet
from services.registration import repository
from services.registration.adapters.clamav import Scan
from services.registration.adapters.inspector import Inspected, NotTaken, Part, Preview
from services.registration.models import File
from services.registration.service.parts import Parts
from services.registration.service.scans import ScanDesk

CHECK = "check_file"
"""Due row of one upload: checked if nobody asked, then what was sent is deleted from the uploads bucket."""
WAITS = "scanner_waits"
_READABLE = ("evidence", "correction")


class NotUploaded(Exception):
    """Nothing has arrived in the store yet."""


class Checker:
    """Shared by the API and the due loop. Any number may check one file at once: the first outcome counts."""

    def __init__(self, parts: Parts, scans: ScanDesk) -> None:
        self._parts = parts
        self._scans = scans

    async def expect(self, session: AsyncSession, file_id: UUID) -> None:
        """An upload begins: at the end of its time it is checked or cleared away, whatever became of the page."""
        later = await now(session) + self._parts.settings.upload_lifetime + timedelta(minutes=1)
        await schedule(session, CHECK, str(file_id), later)

    async def check(self, file: File) -> dict[str, Any] | None:
        """Columns of the outcome; None: the scanner gave no answer. NotUploaded while nothing has arrived."""
        store = self._parts.store
        try:
            data = await store.get(store.uploads, upload_key(file), max_bytes=file.bytes)
        except DomainError as error:
            if error.kind is Kind.not_found:
                raise NotUploaded from None
            if error.kind is Kind.too_large:
                return _refused("size_differs")
            raise
        if len(data) != file.bytes:
            return _refused("size_differs")
        found = await self._parts.inspector.inspect(file.purpose, file.media_type, data)
        if isinstance(found, NotTaken):
            return _refused(found.code)
        if self._parts.scanner is not None:
            match await self._parts.scanner.scan(data):
                case Scan.infected:
                    return _refused("infected")
                case Scan.unknown:
                    return None
        outcome = await self.keep(file.purpose, data, found)
        if file.purpose == Purpose.scan:
            # its pages are read when it arrives, so that its owner sees them before handing it in
            kept = found.part("kept")
            outcome["scan_key"] = await self._scans.read(
                file.application_id, outcome["media_type"], kept.data if kept else data
            )
        return outcome

    async def keep(self, purpose: str, data: bytes, found: Inspected) -> dict[str, Any]:
        """Everything that was made of it into the content store; columns of a clean file."""
        made = found.part("kept")
        kept, kind = (made.data, made.media_type) if made else (data, found.reading.media_type)
        thumb, original = found.part("thumb"), found.part("original")
        pages = found.pages()
        content_key, thumb_key, original_key, *page_keys = await asyncio.gather(
            self._put(kept, kind),
            self._put_part(thumb),
            self._put_part(original),
            *map(self._put_part, pages),
        )
        previews = _previews(pages, page_keys)
        reading = found.reading.model_copy(update={"previews": previews})
        reading_key = await self._put(reading.model_dump_json().encode(), "application/json")
        return {
            "state": "clean",
            "reason_code": None,
            "media_type": kind,
            "sha256": hashlib.sha256(kept).hexdigest(),
            "original_sha256": hashlib.sha256(data).hexdigest(),
            "content_key": content_key,
            "thumb_key": thumb_key,
            "original_key": original_key,
            "reading_key": reading_key,
            "pages": reading.pages,
            "removed": list(reading.removed),
            "ocr_wanted": purpose in _READABLE and reading.text is None,
        }

    async def settle(self, session: AsyncSession, file: File, outcome: dict[str, Any] | None) -> None:
        """Writes the outcome once; without one the file waits, and is tried again soon."""
        if outcome is not None:
            await repository.settle_file(session, file.id, outcome)
            return
        await repository.note_waiting(session, file.id, WAITS)
        soon = await now(session) + self._parts.settings.scan_again
        await reschedule(session, CHECK, str(file.id), soon)

    async def clear(self, file: File) -> None:
        """What was sent is no longer needed; it may hold what was taken out of it."""
        await self._parts.store.delete(self._parts.store.uploads, upload_key(file))

    async def check_again(self, session: AsyncSession, row: DueRow) -> None:
        """The due row. An upload that never came is taken out of the list. NotYet while the scanner is silent."""
        file = await repository.any_file(session, UUID(row.key))
        if file is None:
            return
        if file.state == "pending" and file.removed_at is None:
            try:
                outcome = await self.check(file)
            except NotUploaded:
                await repository.remove_file(session, file.id)
                return
            if outcome is None:
                raise NotYet(WAITS)
            await repository.settle_file(session, file.id, outcome)
        await self.clear(file)

    async def _put(self, data: bytes, kind: str) -> str:
        return await self._parts.store.put_content(data, kind)

    async def _put_part(self, part: Part | None) -> str | None:
        """Pictures made of this very file: nobody else has them."""
        if part is None:
            return None
        return await self._parts.store.put_content(part.data, part.media_type, ask=False)


def upload_key(file: File) -> str:
    """Where the browser sends it."""
    return f"{file.application_id}/{file.id}"


def _refused(code: str) -> dict[str, Any]:
    return {"state": "refused", "reason_code": code}


def _previews(pages: Sequence[Part], keys: Sequence[str | None]) -> tuple[Preview, ...]:
    return tuple(
        Preview(key=key, width=page.width, height=page.height)
        for page, key in zip(pages, keys, strict=True)
        if key is not None
    )
