"""Lays a scanned page onto our own print of it, so that only what was added remains to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from services.registration.adapters.scan.opening import Picture

Matrix = npt.NDArray[np.float64]
DPI = 150
PX = DPI / 25.4
"""Pixels a millimetre, of everything that is laid onto the print."""
_COARSE = 2
"""Features are looked for at half that resolution: accurate enough, and four times as fast."""
_FEATURES = 1200
_ENOUGH = 22
_NEAR = 7
"""Pixels within which the print's ink must be met again."""


@dataclass(frozen=True)
class Place:
    """A rectangle on the print in millimetres."""

    x: float
    y: float
    w: float
    h: float

    def grown(self, left: float, top: float, right: float, bottom: float) -> Place:
        return Place(self.x - left, self.y - top, self.w + left + right, self.h + top + bottom)


@dataclass(frozen=True)
class Print:
    """One page of our own print: its picture in grey, its ink, its features, where its code stands."""

    grey: Picture
    ink: Picture
    features: tuple[Any, Any]
    code: Place | None


@dataclass(frozen=True)
class Fit:
    """`matrix`: from the scan's pixels to the print's; `cover`: share of the print's ink that is met again."""

    matrix: Matrix
    cover: float


def make_print(picture: Picture, code: Place | None) -> Print:
    """`picture`: the page in grey at DPI."""
    ink = np.asarray(picture < 160, np.uint8)
    return Print(picture, ink, _features(_small(picture)), code)


def scan_features(grey: Picture) -> tuple[Any, Any]:
    """Computed once a page, however many prints it is compared with."""
    return _features(_small(grey))


def fit(
    grey: Picture, features: tuple[Any, Any], target: Print, corners: npt.NDArray[np.float32] | None
) -> Fit | None:
    """How the scan lies on the print; None when too little is met again. `corners`: those of the code, if read."""
    candidates = []
    if (matrix := _by_features(features, target)) is not None:
        candidates.append(matrix)
    if not candidates and corners is not None and target.code is not None:
        candidates.append(_by_code(corners, target.code))
    best: Fit | None = None
    for matrix in candidates:
        if _sane(matrix, grey):
            found = Fit(matrix, cover(grey, matrix, target))
            best = found if best is None or found.cover > best.cover else best
    return best


def cover(grey: Picture, matrix: Matrix, target: Print) -> float:
    """Share (0 to 1) of the print's ink near which the scan has ink, too."""
    half = np.diag([1 / _COARSE, 1 / _COARSE, 1.0])
    height, width = target.ink.shape[0] // _COARSE, target.ink.shape[1] // _COARSE
    laid = cv2.warpPerspective(grey, half @ matrix, (width, height), flags=cv2.INTER_AREA, borderValue=255)
    seen = np.asarray(dark(np.asarray(laid, np.uint8), 0.8, 15), np.uint8)
    near = np.asarray(cv2.dilate(seen, np.ones((_NEAR // _COARSE * 2 + 1,) * 2, np.uint8)), np.uint8)
    own = np.asarray(cv2.resize(target.ink, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
    total = int(own.sum())
    return float((own & near).sum()) / total if total else 0.0


def dark(grey: Picture, share: float, reach: int) -> npt.NDArray[np.bool_]:
    """Where it is darker than `share` of the paper around it (`reach` pixels): shadows do not count."""
    paper = cv2.dilate(grey, np.ones((reach, reach), np.uint8))
    paper = cv2.blur(paper, (reach * 2 + 1, reach * 2 + 1))
    return np.asarray(grey.astype(np.float32) < share * np.maximum(paper, 40), np.bool_)


def laid(picture: Picture, matrix: Matrix, place: Place) -> Picture:
    """The part of the scan that lies on `place`, at DPI; white where the scan shows nothing."""
    shift = np.array([[1, 0, -place.x * PX], [0, 1, -place.y * PX], [0, 0, 1]], np.float64)
    size = (max(1, round(place.w * PX)), max(1, round(place.h * PX)))
    made = cv2.warpPerspective(
        picture, shift @ matrix, size, flags=cv2.INTER_LINEAR, borderValue=(255, 255, 255)
    )
    return np.asarray(made, np.uint8)


def whole(picture: Picture, matrix: Matrix, target: Print, scale: float) -> Picture:
    """The whole page as it lies on the print, at `scale` times DPI."""
    size = (round(target.grey.shape[1] * scale), round(target.grey.shape[0] * scale))
    shrink = np.diag([scale, scale, 1.0])
    made = cv2.warpPerspective(
        picture, shrink @ matrix, size, flags=cv2.INTER_LINEAR, borderValue=(255, 255, 255)
    )
    return np.asarray(made, np.uint8)


def part(target: Print, place: Place) -> Picture:
    """The print's own ink on `place` (1: ink), in the same pixels as `laid`."""
    width, height = max(1, round(place.w * PX)), max(1, round(place.h * PX))
    made = np.zeros((height, width), np.uint8)
    x, y = round(place.x * PX), round(place.y * PX)
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(target.ink.shape[1], x + width), min(target.ink.shape[0], y + height)
    if x1 > x0 and y1 > y0:
        made[y0 - y : y1 - y, x0 - x : x1 - x] = target.ink[y0:y1, x0:x1]
    return made


def _small(grey: Picture) -> Picture:
    size = (grey.shape[1] // _COARSE, grey.shape[0] // _COARSE)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _features(small: Picture) -> tuple[Any, Any]:
    finder = cv2.ORB.create(nfeatures=_FEATURES, scaleFactor=1.3, nlevels=5, fastThreshold=12)
    points, words = finder.detectAndCompute(small, None)
    places = np.array([one.pt for one in points], np.float32).reshape(-1, 2) * _COARSE + (_COARSE - 1) / 2
    return places, words


def _by_features(features: tuple[Any, Any], target: Print) -> Matrix | None:
    (here, words), (there, printed) = features, target.features
    if words is None or printed is None or len(words) < _ENOUGH or len(printed) < _ENOUGH:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(words, printed)
    pairs = [one for one in pairs if one.distance < 64]
    if len(pairs) < _ENOUGH:
        return None
    a = np.array([here[one.queryIdx] for one in pairs], np.float32)
    b = np.array([there[one.trainIdx] for one in pairs], np.float32)
    matrix, inside = cv2.findHomography(a, b, cv2.USAC_MAGSAC, 4.0, maxIters=3000, confidence=0.999)
    if matrix is None or int(inside.sum()) < _ENOUGH:
        return None
    return np.asarray(matrix, np.float64)


def _by_code(corners: npt.NDArray[np.float32], code: Place) -> Matrix:
    x0, y0, x1, y1 = code.x * PX, code.y * PX, (code.x + code.w) * PX, (code.y + code.h) * PX
    there = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)
    # four near points say little about perspective: turned, moved and scaled only
    matrix, _ = cv2.estimateAffinePartial2D(corners, there)
    return np.vstack([matrix, [0, 0, 1]])


def _sane(matrix: Matrix, grey: Picture) -> bool:
    """Whether a sheet of paper can lie so: not mirrored, not folded, not tiny."""
    height, width = grey.shape
    box = np.array([[(0, 0), (width, 0), (width, height), (0, height)]], np.float64)
    on = cv2.perspectiveTransform(box, matrix)[0]
    area = float(cv2.contourArea(on.astype(np.float32), oriented=True))
    return area > 0.3 * (210 * PX) * (297 * PX) and bool(cv2.isContourConvex(on.astype(np.float32)))
