"""Scans as they come back: our print with a signature and a seal drawn on, turned, dirtied, photographed, faxed.

All chance comes from the seed, so a scan is the same in every run.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2
from PIL import Image, ImageDraw, ImageFont

from services.registration.domain.scans import Place

Picture = npt.NDArray[np.uint8]
RED, BLUE, BLACK = (38, 32, 200), (120, 50, 30), (30, 28, 26)


@dataclass(frozen=True, kw_only=True)
class Look:
    """How one scan looks. `unsigned`: pages without signature; `sealed`: pages with the seal, None: the right one."""

    dpi: int = 150
    turn: float = 0.0
    noise: float = 0.0
    mode: str = "colour"
    """colour, grey, bw."""
    upside_down: bool = False
    quarter: int = 0
    photo: bool = False
    shadow: bool = False
    clip_mm: float = 0.0
    watermark: bool = False
    quality: int = 75
    blur: float = 0.0
    ink: tuple[int, int, int] = BLUE
    pen: float = 0.55
    unsigned: frozenset[int] = frozenset()
    sealed: frozenset[int] | None = None
    seal_mm: float = 42.0
    seal_at: tuple[float, float] | None = None
    """Its centre in mm, instead of the middle of its box."""
    faint: float = 0.85
    extra: dict[str, Any] = field(default_factory=dict)


def scan(pdf: bytes, zones: Sequence[Place], look: Look, seed: int = 1) -> list[Picture]:
    """The pages as pictures (BGR)."""
    document = pypdfium2.PdfDocument(pdf)
    made = []
    try:
        for number in range(1, len(document) + 1):
            chance = random.Random(f"{seed}/{number}")
            bitmap = document[number - 1].render(scale=look.dpi / 72)
            page = np.array(bitmap.to_numpy()[:, :, :3])
            bitmap.close()
            line = next(one for one in zones if one.name == "signature" and one.page == number)
            box = next((one for one in zones if one.name == "seal" and one.page == number), None)
            if number not in look.unsigned:
                sign(page, line, look, chance)
            if number in look.sealed if look.sealed is not None else box is not None:
                at = look.seal_at or ((box.x + box.w / 2, box.y + box.h / 2) if box else (150.0, 180.0))
                stamp(page, at, look, chance)
            made.append(dirtied(page, look, chance))
    finally:
        document.close()
    return made


def sign(page: Picture, line: Place, look: Look, chance: random.Random) -> None:
    """A name of two or three characters, each of a few strokes."""
    px = look.dpi / 25.4
    size = chance.uniform(7, 10.5)
    x = line.x + chance.uniform(2, 18)
    pen = max(1, round(look.pen * px))
    for _ in range(chance.choice((2, 3, 3))):
        y = line.y + line.h - size + chance.uniform(-2.0, 1.5)
        for _ in range(chance.randint(4, 8)):
            a = (x + chance.uniform(0, size), y + chance.uniform(0, size))
            turn, length = chance.uniform(0, 2 * math.pi), chance.uniform(0.35, 0.9) * size
            bend = chance.uniform(-0.6, 0.6)
            points = [
                (a[0] + length * t * math.cos(turn + bend * t), a[1] + length * t * math.sin(turn + bend * t))
                for t in (0, 0.25, 0.5, 0.75, 1)
            ]
            curve = np.array([[(round(p * px), round(q * px)) for p, q in points]], np.int32)
            cv2.polylines(page, curve, False, look.ink, pen, cv2.LINE_AA)
        x += size * chance.uniform(0.8, 1.1)


def stamp(page: Picture, at: tuple[float, float], look: Look, chance: random.Random) -> None:
    """A round red seal with star, name around it, and unevenly taken ink."""
    px = look.dpi / 25.4
    side = round((look.seal_mm + 2) * px)
    drawn = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(drawn)
    middle, radius = side / 2, look.seal_mm / 2 * px
    pen.ellipse(
        (middle - radius, middle - radius, middle + radius, middle + radius),
        outline=255,
        width=round(1.1 * px),
    )
    star = []
    for corner in range(10):
        reach = radius * (0.32 if corner % 2 == 0 else 0.125)
        turn = math.pi * corner / 5 - math.pi / 2
        star.append((middle + reach * math.cos(turn), middle + reach * math.sin(turn)))
    pen.polygon(star, fill=255)
    font = ImageFont.load_default(size=max(6, round(4.5 * px)))
    for n, letter in enumerate("XUEXIAOGONGZHANG"):
        turn = math.pi * (0.85 + 1.3 * n / 15)
        pen.text(
            (middle + radius * 0.76 * math.cos(turn), middle + radius * 0.76 * math.sin(turn)),
            letter,
            fill=255,
            font=font,
            anchor="mm",
        )
    mask = np.asarray(drawn.rotate(chance.uniform(-25, 25), resample=Image.Resampling.BICUBIC)).astype(
        np.float32
    )
    grain = (
        np.random.default_rng(chance.randrange(2**32))
        .random((side // 6 + 1, side // 6 + 1))
        .astype(np.float32)
    )
    uneven = cv2.resize(grain, (side, side), interpolation=cv2.INTER_CUBIC)
    mask = mask / 255 * look.faint * np.clip(0.55 + 0.8 * uneven, 0, 1)
    x, y = round(at[0] * px - side / 2), round(at[1] * px - side / 2)
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(page.shape[1], x + side), min(page.shape[0], y + side)
    some = mask[y0 - y : y1 - y, x0 - x : x1 - x, None]
    under = page[y0:y1, x0:x1].astype(np.float32)
    # ink takes light away: what was black stays black
    page[y0:y1, x0:x1] = (under * (1 - some) + np.minimum(under, np.array(RED, np.float32)) * some).astype(
        np.uint8
    )


def dirtied(page: Picture, look: Look, chance: random.Random) -> Picture:
    """Everything that happens between the pen and the file."""
    px, numbers = look.dpi / 25.4, np.random.default_rng(chance.randrange(2**32))
    height, width = page.shape[:2]
    if look.clip_mm:
        cut = round(look.clip_mm * px)
        page = page.copy()
        page[:cut], page[-cut:], page[:, :cut], page[:, -cut:] = 255, 255, 255, 255
    if look.turn:
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), look.turn, 1.0)
        page = np.asarray(
            cv2.warpAffine(page, matrix, (width, height), borderValue=(250, 250, 250)), np.uint8
        )
    if look.photo:
        page = photographed(page, chance)
    height, width = page.shape[:2]
    if look.shadow:
        fall = np.linspace(1.0, 0.55, width, dtype=np.float32)[None, :, None]
        lamp = np.linspace(0.85, 1.0, height, dtype=np.float32)[:, None, None]
        page = (page * fall * lamp * np.array([0.86, 0.95, 1.0], np.float32)).astype(np.uint8)
    if look.blur:
        page = np.asarray(cv2.GaussianBlur(page, (0, 0), look.blur), np.uint8)
    if look.noise:
        grain = numbers.standard_normal(page.shape, dtype=np.float32) * np.float32(look.noise)
        page = np.asarray(cv2.add(page, grain.astype(np.int16), dtype=cv2.CV_8U), np.uint8)
    if look.watermark:
        page = watermarked(page)
    page = {"grey": grey, "bw": black_and_white}.get(look.mode, lambda one: one)(page)
    page = np.asarray(np.rot90(page, (2 if look.upside_down else 0) + look.quarter), np.uint8)
    return np.ascontiguousarray(page)


def photographed(page: Picture, chance: random.Random) -> Picture:
    """On a table, seen from above at an angle, by a phone."""
    height, width = page.shape[:2]
    out = (round(width * 1.25), round(height * 1.2))
    jitter = lambda a, b: chance.uniform(a, b)  # noqa: E731
    corners = np.array(
        [
            (out[0] * jitter(0.07, 0.13), out[1] * jitter(0.05, 0.09)),
            (out[0] * jitter(0.87, 0.93), out[1] * jitter(0.04, 0.08)),
            (out[0] * jitter(0.93, 0.97), out[1] * jitter(0.93, 0.96)),
            (out[0] * jitter(0.03, 0.07), out[1] * jitter(0.92, 0.96)),
        ],
        np.float32,
    )
    here = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(here, corners)
    return np.asarray(cv2.warpPerspective(page, matrix, out, borderValue=(70, 96, 120)), np.uint8)


def watermarked(page: Picture) -> Picture:
    """A scanner app's line in the lower right corner."""
    image = Image.fromarray(page[:, :, ::-1].copy())
    pen = ImageDraw.Draw(image)
    size = max(10, page.shape[0] // 55)
    font = ImageFont.load_default(size=size)
    pen.text(
        (page.shape[1] - 14 * size, page.shape[0] - 2 * size),
        "Scanned by ScanKing App",
        fill=(120, 120, 120),
        font=font,
    )
    return np.asarray(image)[:, :, ::-1].copy()


def grey(page: Picture) -> Picture:
    one = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.cvtColor(one, cv2.COLOR_GRAY2BGR), np.uint8)


def black_and_white(page: Picture) -> Picture:
    one = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    _, two = cv2.threshold(one, 150, 255, cv2.THRESH_BINARY)
    return np.asarray(cv2.cvtColor(two, cv2.COLOR_GRAY2BGR), np.uint8)


def as_pdf(pictures: Sequence[Picture], *, dpi: int = 150, quality: int = 75) -> bytes:
    """A PDF of pictures, as scanners make it."""
    images = [_image(one) for one in pictures]
    out = io.BytesIO()
    images[0].save(
        out, "PDF", save_all=True, append_images=images[1:], resolution=float(dpi), quality=quality
    )
    return out.getvalue()


def as_jpeg(picture: Picture, *, quality: int = 80) -> bytes:
    out = io.BytesIO()
    _image(picture).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _image(picture: Picture) -> Image.Image:
    if (picture[:, :, 0] == picture[:, :, 1]).all() and (picture[:, :, 1] == picture[:, :, 2]).all():
        return Image.fromarray(picture[:, :, 0].copy())
    return Image.fromarray(picture[:, :, ::-1].copy())
