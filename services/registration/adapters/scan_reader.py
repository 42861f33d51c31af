"""Asks the process `adapters.scan` what one file of a returned scan shows (A4)."""

from __future__ import annotations

import base64
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from kit.child import Child, Failed
from services.registration.domain.scans import FileRead, Place, Sheet, Spot

_MODULE = "services.registration.adapters.scan"
Keep = Callable[[bytes], Awaitable[str]]
"""Stores a picture and gives its key."""


class ScanReader:
    """One process, one file at a time. `timeout` in seconds for a file, `memory` in bytes."""

    def __init__(self, *, timeout: float, memory: int) -> None:
        self._child = Child(_MODULE, timeout=timeout, memory=memory)

    async def read(
        self, media_type: str, data: bytes, code: str, pdf: bytes, zones: Sequence[Place], keep: Keep
    ) -> FileRead | None:
        """What every page shows, compared with our own print `pdf` with the code `code`. None: could not be read."""
        about = {"code": code, "size": len(pdf), "zones": [one.model_dump() for one in zones]}
        head = {"media_type": media_type, "size": len(data), "print": about}
        try:
            found = await self._child.ask(head, data, pdf)
        except Failed as failed:
            logging.getLogger(__name__).warning("a scan could not be read: %s", failed.code)
            return None
        if not found["ok"]:
            return None
        return FileRead(compared_with=code, sheets=tuple([await _sheet(one, keep) for one in found["pages"]]))

    async def close(self) -> None:
        """Ends the process."""
        await self._child.close()


async def _sheet(page: dict[str, Any], keep: Keep) -> Sheet:
    return Sheet(
        codes=tuple(page["codes"]),
        kind=page["kind"],
        number=page["number"],
        cover=page["cover"],
        signature=await _spot(page.get("signature"), keep),
        seal=await _spot(page.get("seal"), keep),
        picture=await _kept(page.get("picture"), keep),
    )


async def _spot(seen: dict[str, Any] | None, keep: Keep) -> Spot:
    if seen is None:
        return Spot()
    return Spot.model_validate({**seen, "picture": await _kept(seen.get("picture"), keep)})


async def _kept(encoded: str | None, keep: Keep) -> str | None:
    return await keep(base64.b64decode(encoded)) if encoded else None
