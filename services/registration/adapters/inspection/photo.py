"""Measures of an ID photo (Q2): face, sharpness, ground. Faces are detected, never recognised."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

_WORK = 720
"""Height in pixels at which everything is measured: sharpness depends on it."""


def measured(image: Any, of_file: float = 1.0) -> dict[str, Any]:
    """`PhotoFacts` of an upright RGB picture; `face` is the largest one. `of_file`: pixels of the file for one here."""
    import cv2
    import numpy

    grey = image.convert("L")
    scale = min(1.0, _WORK / grey.height, _WORK * 2 / grey.width)
    small = (
        grey
        if scale == 1.0
        else grey.resize((max(1, round(grey.width * scale)), max(1, round(grey.height * scale))))
    )
    pixels = numpy.asarray(small)
    spread = float(cv2.Laplacian(pixels, cv2.CV_64F).var())
    faces = _faces(pixels)
    face = max(faces, key=lambda one: one[2] * one[3], default=None)
    box = None if face is None else [round(value / scale * of_file) for value in face]
    return {
        "width": round(image.width * of_file),
        "height": round(image.height * of_file),
        "faces": len(faces),
        "centred": None if face is None else _centred(face, pixels.shape[1], pixels.shape[0]),
        "sharpness": round(spread, 1),
        "face": box,
        "background": _ground(image, small.size),
    }


def _faces(pixels: Any) -> list[tuple[int, int, int, int]]:
    """Boxes of frontal faces; those that overlap the same one are counted once."""
    import cv2

    cv2.setNumThreads(1)
    least = max(24, min(pixels.shape) // 6)
    even = cv2.equalizeHist(pixels)
    found = _cascade().detectMultiScale(even, 1.08, 5, minSize=(least, least))
    boxes: list[tuple[int, int, int, int]] = []
    for x, y, width, height in sorted((tuple(int(v) for v in one) for one in found), key=lambda one: -one[2]):
        if not any(_overlap((x, y, width, height), other) for other in boxes):
            boxes.append((x, y, width, height))
    return boxes


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    middle = (one[0] + one[2] / 2, one[1] + one[3] / 2)
    x, y, width, height = other
    return x <= middle[0] <= x + width and y <= middle[1] <= y + height


def _centred(face: tuple[int, int, int, int], width: int, height: int) -> bool:
    x, y, wide, high = face
    across, down = (x + wide / 2) / width, (y + high / 2) / height
    return abs(across - 0.5) <= 0.1 and 0.25 <= down <= 0.62


def _ground(image: Any, size: tuple[int, int]) -> float:
    """How uneven the upper corners are, 0 to 1: a hint only, hair and shadows reach into them."""
    import numpy

    width, height = size
    small = numpy.asarray(image.resize((max(8, width // 4), max(8, height // 4)))).astype("float32")
    rows, columns = max(2, small.shape[0] // 6), max(2, small.shape[1] // 7)
    corners = numpy.concatenate(
        [small[:rows, :columns].reshape(-1, 3), small[:rows, -columns:].reshape(-1, 3)]
    )
    return round(float(corners.std(axis=0).mean()) / 128, 3)


@lru_cache(maxsize=1)
def _cascade() -> Any:
    import cv2

    folder = cv2.data.haarcascades  # type: ignore[attr-defined]
    return cv2.CascadeClassifier(f"{folder}haarcascade_frontalface_default.xml")
