"""OCR of evidence without a text layer (Q9): a loop of its own, where the extra is installed."""

from __future__ import annotations

import asyncio
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from kit.loops import sleep
from services.registration import repository
from services.registration.adapters import ocr
from services.registration.service.parts import Parts

_PAUSE = 5.0  # seconds


class OcrText(BaseModel):
    """What OCR read, stored as JSON by its hash. Never compared as if it were certain."""

    model_config = ConfigDict(frozen=True)

    text: str


class OcrDesk:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            if not await self.step():
                await sleep(stop, _PAUSE)

    async def step(self) -> bool:
        """The oldest file that waits; False when none does. One that cannot be read is not tried again."""
        async with self._parts.db.read() as session:
            file = await repository.next_for_ocr(session)
        if file is None or file.content_key is None:
            return False
        data = await self._parts.store.get_content(file.content_key)
        text = await ocr.read_text(file.media_type, data)
        key = None
        if text is not None:
            body = OcrText(text=text).model_dump_json().encode()
            key = await self._parts.store.put_content(body, "application/json")
        await self._done(file.id, key)
        return True

    async def _done(self, file_id: UUID, key: str | None) -> None:
        async with self._parts.db.unit_of_work() as session:
            await repository.note_ocr(session, file_id, key)
