"""Where to crop an ID photo (Q2): about the face that was found, else about the middle."""

from __future__ import annotations

from decimal import Decimal

from contracts.case import PhotoFacts
from contracts.http.files import Crop

FACE_SHARE = Decimal("0.47")
"""The face (as detected: brows to chin) takes about this part of the picture's height."""
FACE_MIDDLE = Decimal("0.46")
"""Its middle stands at about this part of the height."""


def suggested(found: PhotoFacts, aspect: Decimal) -> Crop:
    """The largest sensible part of width : height = `aspect`, wholly inside the picture."""
    width, height = Decimal(found.width), Decimal(found.height)
    most = min(height, width / aspect)
    if found.face is None:
        return _crop((width - most * aspect) / 2, (height - most) / 2, most, aspect, found)
    x, y, wide, high = (Decimal(value) for value in found.face)
    tall = min(most, high / FACE_SHARE)
    left = x + wide / 2 - tall * aspect / 2
    top = y + high / 2 - tall * FACE_MIDDLE
    return _crop(left, top, tall, aspect, found)


def _crop(left: Decimal, top: Decimal, tall: Decimal, aspect: Decimal, found: PhotoFacts) -> Crop:
    width = max(1, min(int(tall * aspect), found.width))
    height = max(1, min(int(tall), found.height))
    return Crop(
        x=min(max(0, int(left)), found.width - width),
        y=min(max(0, int(top)), found.height - height),
        width=width,
        height=height,
    )
