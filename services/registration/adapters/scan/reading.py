"""One file, page by page: codes, how it lies on our print, signature, seal, and pictures of the zones."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from services.registration.adapters.scan import ink
from services.registration.adapters.scan.align import (
    DPI,
    Fit,
    Place,
    Print,
    fit,
    laid,
    make_print,
    scan_features,
)
from services.registration.adapters.scan.codes import Code, codes_of
from services.registration.adapters.scan.opening import Page, Picture, pages

_ALIKE = 0.8
_CLEARLY = 0.12
"""A page without a readable code is named by its looks only when it is alike, and clearly more so than any other."""
_MOST_COMPARED = 12
_SIGNATURE_PICTURE = (6.0, 10.0, 10.0, 6.0)
_SEAL_PICTURE = (14.0, 14.0, 14.0, 14.0)


@dataclass(frozen=True)
class Printed:
    """Our own print: its code without page, its pages as PDF, and the zones on them by page."""

    code: str
    pdf: bytes
    zones: Sequence[Mapping[str, Any]]

    def place(self, name: str, page: int) -> Place | None:
        for one in self.zones:
            if one["name"] == name and one["page"] == page:
                return Place(one["x"], one["y"], one["w"], one["h"])
        return None


class Prints:
    """The print's pages as pictures, each made when it is first needed."""

    def __init__(self, printed: Printed) -> None:
        import pypdfium2

        self.printed = printed
        self._document = pypdfium2.PdfDocument(printed.pdf)
        self._made: dict[int, Print] = {}

    def __len__(self) -> int:
        return len(self._document)

    def page(self, number: int) -> Print | None:
        """The print of a page, numbered from 1; None beyond the last."""
        if not 1 <= number <= len(self):
            return None
        if number not in self._made:
            bitmap = self._document[number - 1].render(scale=DPI / 72, grayscale=True)
            grey = np.array(bitmap.to_numpy()).reshape(bitmap.height, -1)[:, : bitmap.width]
            bitmap.close()
            self._made[number] = make_print(
                np.ascontiguousarray(grey, np.uint8), self.printed.place("code", number)
            )
        return self._made[number]


def read(media_type: str, data: bytes, prints: Prints | None) -> Iterator[dict[str, Any]]:
    """What each page shows. Without a print: the codes only."""
    for page in pages(media_type, data):
        yield _page(page, prints)


def _page(page: Page, prints: Prints | None) -> dict[str, Any]:
    kind = _kind(page)
    codes = codes_of(page)
    found: dict[str, Any] = {"codes": [one.text for one in codes], "kind": kind, "number": None, "cover": 0.0}
    if prints is not None:
        found.update(_compared(page, kind, codes, prints))
    if found["number"] is None:
        found["picture"] = _jpeg(_thumbnail(page.picture))
    return found


def _compared(page: Page, kind: str, codes: Sequence[Code], prints: Prints) -> dict[str, Any]:
    own = [one for one in codes if one.text.split("/")[1] == prints.printed.code]
    if codes and not own:
        return {}
    grey = page.grey
    features = scan_features(grey)
    if own:
        number = int(own[0].text.split("/")[2])
        target = prints.page(number)
        lies = fit(grey, features, target, own[0].corners) if target is not None else None
        # a sheet that bears the code but cannot be laid onto the print still is that page
        return {"number": number, **_zones(page.picture, kind, prints, number, lies)}
    number_, lies = _alike(grey, features, prints)
    if number_ is None:
        return {}
    return {"number": number_, **_zones(page.picture, kind, prints, number_, lies)}


def _alike(grey: Picture, features: tuple[Any, Any], prints: Prints) -> tuple[int | None, Fit | None]:
    """Which page of the print it looks like, when its code cannot be read."""
    found: list[tuple[float, int, Fit]] = []
    for number in range(1, min(len(prints), _MOST_COMPARED) + 1):
        target = prints.page(number)
        lies = fit(grey, features, target, None) if target is not None else None
        if lies is not None:
            found.append((lies.cover, number, lies))
    found.sort(key=lambda one: -one[0])
    if not found or found[0][0] < _ALIKE:
        return None, None
    if len(found) > 1 and found[0][0] - found[1][0] < _CLEARLY:
        return None, None
    return found[0][1], found[0][2]


def _zones(picture: Picture, kind: str, prints: Prints, number: int, lies: Fit | None) -> dict[str, Any]:
    target = prints.page(number)
    if lies is None or target is None:
        return {"cover": 0.0, "signature": asdict(ink.CANNOT_TELL), "seal": asdict(ink.CANNOT_TELL)}
    line, box = prints.printed.place("signature", number), prints.printed.place("seal", number)
    signed = ink.signature(picture, lies, target, line, kind) if line else ink.CANNOT_TELL
    sealed = ink.seal(picture, lies, target, box, kind)
    made: dict[str, Any] = {
        "cover": round(lies.cover, 3),
        "signature": asdict(signed),
        "seal": asdict(sealed),
    }
    if line:
        made["signature"]["picture"] = _zone_picture(picture, lies, line.grown(*_SIGNATURE_PICTURE))
    if box:
        made["seal"]["picture"] = _zone_picture(picture, lies, box.grown(*_SEAL_PICTURE))
    return made


def _kind(page: Page) -> str:
    """colour, grey (black and white, too), electronic (no scan at all)."""
    if page.electronic:
        return "electronic"
    some = page.picture[::3, ::3].astype(np.int16)
    spread = some.max(axis=2) - some.min(axis=2)
    return "grey" if float((spread > 24).mean()) < 2e-5 else "colour"


def _zone_picture(picture: Picture, lies: Fit, place: Place) -> str:
    cut = laid(picture, lies.matrix, place)
    return _jpeg(np.asarray(cv2.resize(cut, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA), np.uint8))


def _thumbnail(picture: Picture) -> Picture:
    scale = 700 / max(picture.shape[:2])
    if scale >= 1:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(picture: Picture) -> str:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 78])
    return base64.b64encode(data.tobytes()).decode()
