"""From a file's bytes to pages as pictures: PDF or image, turned upright as the camera says."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
MAX_PAGES = 60
MAX_PIXELS = 80_000_000
LONG_SIDE = 1754
"""Pixels of an A4 page's long side at 150 dpi: enough for everything that is looked for."""
_SHARP = 3508
_WHOLE = 0.6
"""Share of a page that one picture covers when the page was scanned."""


@dataclass(frozen=True)
class Page:
    """One page: `picture` (BGR, long side at most LONG_SIDE), `sharper` gives more pixels where there are any.

    `electronic`: no scan, but a page as a program wrote it.
    """

    picture: Picture
    electronic: bool
    sharper: Any

    @property
    def grey(self) -> Picture:
        return np.asarray(cv2.cvtColor(self.picture, cv2.COLOR_BGR2GRAY), np.uint8)


def pages(media_type: str, data: bytes) -> Iterator[Page]:
    """At most MAX_PAGES of them. Errors: those of the parsers; ValueError for too many pixels."""
    if media_type == "application/pdf":
        yield from _of_pdf(data)
    else:
        yield _of_image(data)


def _of_pdf(data: bytes) -> Iterator[Page]:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    try:
        for number in range(min(len(document), MAX_PAGES)):
            page = document[number]
            yield Page(
                _rendered(page, LONG_SIDE), not _scanned(page), lambda page=page: _rendered(page, _SHARP)
            )
            page.close()
    finally:
        document.close()


def _rendered(page: Any, long_side: int) -> Picture:
    width, height = page.get_size()
    if min(width, height) <= 0 or max(width, height) / min(width, height) > 20:
        raise ValueError("no page of paper")
    bitmap = page.render(scale=long_side / max(width, height), rev_byteorder=False)
    found = np.array(bitmap.to_numpy()[:, :, :3] if bitmap.n_channels >= 3 else bitmap.to_numpy())
    bitmap.close()
    if found.ndim == 2 or found.shape[2] == 1:
        found = cv2.cvtColor(found, cv2.COLOR_GRAY2BGR)
    return np.asarray(found, np.uint8)


def _scanned(page: Any) -> bool:
    import pypdfium2.raw as raw

    width, height = page.get_size()
    for one in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=2):
        left, bottom, right, top = one.get_bounds()
        if (right - left) * (top - bottom) >= _WHOLE * width * height:
            return True
    return False


def _of_image(data: bytes) -> Page:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(data)) as opened:
            opened.draft("RGB", (_SHARP, _SHARP))  # JPEG: decodes a large photo at half or quarter size
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    whole = np.asarray(upright)[:, :, ::-1]
    return Page(_fitted(whole, LONG_SIDE), False, lambda: _fitted(whole, _SHARP))


def _fitted(picture: npt.NDArray[Any], long_side: int) -> Picture:
    scale = long_side / max(picture.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(picture, np.uint8)
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA), np.uint8)
