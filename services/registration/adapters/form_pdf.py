"""The printed form: as many page codes as it has pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pypdfium2

from kit.typesetting import OutOfBounds, Typesetter, photo_svg, qr_svg
from services.registration.domain.numbers import page_code
from services.registration.domain.scans import Place

_PAGES = 12
_MOST_PAGES = 99


@dataclass(frozen=True, kw_only=True)
class Printed:
    """The PDF's bytes, how many pages it has, and where on them a scan is looked at (A4)."""

    pdf: bytes
    pages: int
    code: str
    zones: tuple[Place, ...] = ()


class FormPrinter:
    """Renders the form with a code on each page, which is bound to its content (A3)."""

    def __init__(self, typesetter: Typesetter | None = None) -> None:
        self._typesetter = typesetter or Typesetter()

    async def render(
        self, template: bytes, data: Mapping[str, Any], *, code: str, photo: bytes | None, moment: datetime
    ) -> Printed:
        """The form. Errors: those of `Typesetter.render`; OutOfBounds beyond 99 pages."""
        filled = {**data, "photo": photo_svg(photo) if photo else None}
        pages = _PAGES
        while True:
            codes = [page_code(code, n) for n in range(1, pages + 1)]
            qrs = [qr_svg(one, version=1, mode="alphanumeric") for one in codes]
            try:
                pdf = await self._typesetter.render(template, {**filled, "codes": codes, "qrs": qrs}, moment)
            except OutOfBounds:
                if pages >= _MOST_PAGES:
                    raise
                pages = min(pages * 2, _MOST_PAGES)
                continue
            found = await self._typesetter.places(template, {**filled, "codes": codes, "qrs": qrs}, "zone")
            zones = tuple(Place.model_validate(one) for one in found)
            return Printed(pdf=pdf, pages=_count(pdf), code=code, zones=zones)


def _count(pdf: bytes) -> int:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return len(document)
    finally:
        document.close()
