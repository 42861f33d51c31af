"""Where to crop an ID photo (Q2): about the face that was found, else about the middle."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from contracts.case import PhotoFacts
from contracts.http.files import Crop
from contracts.rulepack import PhotoRule
from rules.checks.files import photo_fits

FACE_SHARE = Decimal("0.47")
"""The face (as detected: brows to chin) takes about this part of the picture's height."""
FACE_MIDDLE = Decimal("0.46")
"""Its middle stands at about this part of the height."""


def suggested(found: PhotoFacts, rule: PhotoRule) -> Crop | None:
    """A part of the picture with the rule's aspect and at least its pixels, wholly inside; None when there is none.

    About the face as large as it should be, or the nearest size that is allowed; without a face the largest.
    """
    wanted = found.height if found.face is None else int(found.face[3] / FACE_SHARE)
    size = _size(found, rule, wanted)
    if size is None:
        return None
    width, height = size
    if found.face is None:
        left, top = Decimal(found.width - width) / 2, Decimal(found.height - height) / 2
    else:
        x, y, wide, high = (Decimal(value) for value in found.face)
        left, top = x + wide / 2 - Decimal(width) / 2, y + high / 2 - height * FACE_MIDDLE
    return Crop(
        x=min(max(0, int(left)), found.width - width),
        y=min(max(0, int(top)), found.height - height),
        width=width,
        height=height,
    )


def _size(found: PhotoFacts, rule: PhotoRule, wanted: int) -> tuple[int, int] | None:
    """Width and height nearest to the wanted height: with the very aspect, else with one that is tolerated."""
    narrowest = rule.aspect - rule.aspect_tolerance
    most = found.height if narrowest <= 0 else min(found.height, int(found.width / narrowest))
    for exactly in (True, False):
        for height in _near(wanted, max(1, rule.min_height), most):
            width = _width(found, rule, height, exactly=exactly)
            if width is not None:
                return width, height
    return None


def _near(wanted: int, least: int, most: int) -> Iterator[int]:
    """All of least…most, the nearest to `wanted` first."""
    if least > most:
        return
    middle = min(max(wanted, least), most)
    yield middle
    for away in range(1, most - least + 1):
        for one in (middle + away, middle - away):
            if least <= one <= most:
                yield one


def _width(found: PhotoFacts, rule: PhotoRule, height: int, *, exactly: bool) -> int | None:
    """Nearest to the aspect."""
    aspect, slack = rule.aspect, rule.aspect_tolerance
    width = int((height * aspect).to_integral_value(ROUND_HALF_UP))
    if not exactly:
        least = int(((aspect - slack) * height).to_integral_value(ROUND_CEILING))
        most = int(((aspect + slack) * height).to_integral_value(ROUND_FLOOR))
        width = min(max(width, rule.min_width, least), found.width, most)
    fits = 0 < width <= found.width and photo_fits(rule, width, height)
    return width if fits else None
