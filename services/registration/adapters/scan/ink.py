"""What was added to the print: a signature in its zone, a seal on the page; with how sure that is (0 to 1)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from services.registration.adapters.scan.align import PX, Fit, Place, Print, dark, laid, part, whole
from services.registration.adapters.scan.opening import Picture

Mask = npt.NDArray[np.uint8]
MM2 = PX * PX
_ROUND = (30.0, 54.0)
"""Millimetres: units' seals measure 38 to 45, and printers and phones stretch."""
_BAD_FIT = 0.55
_HALF = 0.5
"""A seal is large: half the resolution shows it as well."""


@dataclass(frozen=True)
class Seen:
    """`found` None: cannot tell. `amount`: added ink in mm², for whoever tunes this. `elsewhere`: not in its box."""

    found: bool | None
    confidence: float
    amount: float = 0.0
    elsewhere: bool = False


CANNOT_TELL = Seen(None, 0.0)


def signature(picture: Picture, fit: Fit, target: Print, zone: Place, kind: str) -> Seen:
    """Handwriting on the line: ink that the print has not, in strokes of some length."""
    if fit.cover < _BAD_FIT:
        return CANNOT_TELL
    # the red channel shows blue and black ink darkest and a red seal hardly at all: a seal is no signature
    coloured = kind in ("colour", "electronic")
    grey = picture[:, :, 2] if coloured else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    # from a little above the line's room to a little below the line; what stands left of it stays out
    place = zone.grown(-1.0, 1.5, 0, 2.5)
    added = _added(np.asarray(grey, np.uint8), fit, target, place, 0.72 if coloured else 0.78)
    line = cv2.morphologyEx(
        cv2.dilate(added, np.ones((3, 1), np.uint8)), cv2.MORPH_OPEN, np.ones((1, round(14 * PX)), np.uint8)
    )
    added[line > 0] = 0
    count, _, stats, _ = cv2.connectedComponentsWithStats(added, connectivity=8)
    strokes = [s for s in stats[1:count] if s[cv2.CC_STAT_AREA] >= 0.25 * MM2]
    strokes = [s for s in strokes if max(s[cv2.CC_STAT_WIDTH], s[cv2.CC_STAT_HEIGHT]) >= 1.5 * PX]
    amount = float(sum(int(s[cv2.CC_STAT_AREA]) for s in strokes)) / MM2
    if not strokes or amount < 1.0:
        return Seen(False, 0.9 if fit.cover > 0.75 else 0.75, round(amount, 2))
    left = min(int(s[cv2.CC_STAT_LEFT]) for s in strokes)
    right = max(int(s[cv2.CC_STAT_LEFT] + s[cv2.CC_STAT_WIDTH]) for s in strokes)
    tall = max(int(s[cv2.CC_STAT_HEIGHT]) for s in strokes) / PX
    wide = (right - left) / PX
    if amount >= 5.0 and wide >= 6.0 and tall >= 2.5:
        sure = 0.85 + 0.14 * min(1.0, (amount - 5.0) / 15.0)
        return Seen(True, round(sure * min(1.0, 0.35 + fit.cover), 2), round(amount, 2))
    return Seen(None, 0.4, round(amount, 2))


def _added(grey: Picture, fit: Fit, target: Print, place: Place, share: float) -> Mask:
    """Ink of the scan (1) on `place` that is not the print's, whose own place is searched for within 2 mm."""
    margin = 4.0
    wider = place.grown(margin, margin, margin, margin)
    seen = cv2.medianBlur(laid(grey, fit.matrix, wider), 3)
    ink = dark(np.asarray(seen, np.uint8), share, round(3 * PX) | 1).astype(np.uint8)
    own = part(target, wider)
    dx, dy = _shift(ink, own, round(2.0 * PX))
    moved = np.asarray(cv2.warpAffine(own, np.array([[1, 0, dx], [0, 1, dy]], np.float32), own.shape[::-1]))
    near = cv2.dilate(moved, np.ones((round(1.0 * PX) | 1,) * 2, np.uint8))
    ink[near > 0] = 0
    cut = round(margin * PX)
    return np.ascontiguousarray(ink[cut:-cut, cut:-cut])


def _shift(ink: Mask, own: Mask, reach: int) -> tuple[int, int]:
    """By how many pixels the print's ink lies off here: paper is never quite flat."""
    if int(own.sum()) < 2 * MM2:
        return 0, 0
    soft = cv2.GaussianBlur(ink.astype(np.float32), (0, 0), 1.5)
    inner = own[reach:-reach, reach:-reach].astype(np.float32)
    if inner.size == 0 or inner.sum() < MM2:
        return 0, 0
    match = cv2.matchTemplate(soft, cv2.GaussianBlur(inner, (0, 0), 1.5), cv2.TM_CCORR)
    _, best, _, at = cv2.minMaxLoc(match)
    if best < 1.05 * float(match[reach, reach]):
        return 0, 0
    return int(at[0]) - reach, int(at[1]) - reach


def seal(picture: Picture, fit: Fit, target: Print, zone: Place | None, kind: str) -> Seen:
    """A unit's seal anywhere on the page; `zone`: where it belongs, None on pages that need none.

    A grey scan has lost the colour: ring and ink in the zone are told, but never as sure.
    """
    if fit.cover < _BAD_FIT:
        return CANNOT_TELL
    if kind == "grey":
        return _grey_seal(picture, fit, target, zone) if zone is not None else CANNOT_TELL
    red = _red(whole(picture, fit.matrix, target, _HALF))
    best = _roundest(red, PX * _HALF)
    if best is None:
        return Seen(False, 0.9)
    x, y, diameter, ring, amount = best
    away = zone is None or not _inside(x, y, zone)
    if ring >= 0.55 and _ROUND[0] <= diameter <= _ROUND[1] and amount >= 40:
        return Seen(True, round(0.75 + 0.24 * min(1.0, (ring - 0.55) / 0.35), 2), round(amount, 1), away)
    if amount >= 60 and diameter >= 15 and not away:
        return Seen(True, 0.6, round(amount, 1))
    if amount >= 15 and not away:
        return Seen(None, 0.4, round(amount, 1))
    return Seen(False, 0.85, round(amount, 1))


def _inside(x: float, y: float, zone: Place) -> bool:
    return zone.x - 15 <= x <= zone.x + zone.w + 15 and zone.y - 15 <= y <= zone.y + zone.h + 15


def _red(picture: Picture) -> Mask:
    """Red ink (1): clearly more red than green and blue, by the paper's own colour."""
    paper = np.percentile(picture[::7, ::7].reshape(-1, 3), 85, axis=0)
    blue, green, rest = cv2.split(
        picture.astype(np.float32) * (235.0 / np.maximum(paper, 60.0)).astype(np.float32)
    )
    made = (rest - np.maximum(blue, green) > 32) & (np.abs(blue - green) < 70) & (rest > 90)
    return np.asarray(made, np.uint8)


def _roundest(mask: Mask, px: float) -> tuple[float, float, float, float, float] | None:
    """(x, y, diameter in mm, share of the ring that is there, mm²) of the largest heap of ink; `px` a millimetre."""
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((round(3 * px) | 1,) * 2, np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(joined, np.uint8), connectivity=8)
    best: tuple[float, float, float, float, float] | None = None
    for one in range(1, count):
        x, y, w, h, _ = (int(v) for v in stats[one])
        if max(w, h) < 5 * px:
            continue
        cut = mask[y : y + h, x : x + w] & (labels[y : y + h, x : x + w] == one)
        found = _circle(np.asarray(cut, np.uint8), px)
        if found is not None and (best is None or found[4] > best[4]):
            best = (x / px + found[0], y / px + found[1], *found[2:])
    return best


def _circle(mask: Mask, px: float) -> tuple[float, float, float, float, float] | None:
    ys, xs = np.nonzero(mask)
    if len(xs) < px * px:
        return None
    points = np.stack([xs, ys], axis=1).astype(np.float32)
    hull = cv2.convexHull(points)
    (x, y), radius = cv2.minEnclosingCircle(hull)
    ring = _ring(xs, ys, x, y, radius)
    return float(x) / px, float(y) / px, 2 * radius / px, ring, len(xs) / (px * px)


def _ring(xs: npt.NDArray[np.int64], ys: npt.NDArray[np.int64], x: float, y: float, radius: float) -> float:
    """Share of 48 directions in which ink lies near the circle."""
    away = np.hypot(xs - x, ys - y)
    near = np.abs(away - radius) <= max(2.5, 0.1 * radius)
    turn = ((np.arctan2(ys[near] - y, xs[near] - x) / (2 * np.pi) + 1) * 48).astype(np.int64) % 48
    return len(np.unique(turn)) / 48


def _grey_seal(picture: Picture, fit: Fit, target: Print, zone: Place) -> Seen:
    place = zone.grown(10, 10, 8, 10)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    added = _added(grey, fit, target, place, 0.84)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(added, connectivity=8)
    for one in range(1, count):
        if stats[one][cv2.CC_STAT_AREA] < 0.2 * MM2:
            added[labels == one] = 0
    amount = float(added.sum()) / MM2
    if amount < 4:
        return Seen(False, 0.7, round(amount, 1))
    best = _roundest(added, PX)
    if best is not None and best[3] >= 0.5 and _ROUND[0] <= best[2] <= _ROUND[1] and amount >= 60:
        return Seen(True, 0.6, round(amount, 1))
    return Seen(None, 0.4, round(amount, 1))
