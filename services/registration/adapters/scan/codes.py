"""The code printed on a page: what it says and where its corners are; tried again on better pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp

from services.registration.adapters.scan.opening import Page, Picture

_OURS = re.compile(r"C1/[0-9A-Z]{12}/\d{1,2}")


@dataclass(frozen=True)
class Code:
    """`corners`: of the code, clockwise from its own upper left, in pixels of the page's picture."""

    text: str
    corners: npt.NDArray[np.float32]


def codes_of(page: Page) -> list[Code]:
    """Our codes on the page, each text once."""
    grey = page.grey
    for make in _pictures(page, grey):
        picture, scale = make()
        if found := _read(picture, scale):
            return found
    return []


def _pictures(page: Page, grey: Picture) -> Iterator[Callable[[], tuple[Picture, float]]]:
    yield lambda: (grey, 1.0)
    yield lambda: _larger(page, grey)
    yield lambda: (_binary(_scaled(grey, 1.5)), 1.5)
    yield lambda: (_scaled(_blurred(grey, 1.0), 2.5), 2.5)


def _scaled(grey: Picture, by: float) -> Picture:
    return np.asarray(cv2.resize(grey, None, fx=by, fy=by, interpolation=cv2.INTER_CUBIC), np.uint8)


def _blurred(grey: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.uint8)


def _larger(page: Page, grey: Picture) -> tuple[Picture, float]:
    sharp = np.asarray(cv2.cvtColor(page.sharper(), cv2.COLOR_BGR2GRAY), np.uint8)
    return sharp, sharp.shape[1] / grey.shape[1]


def _binary(grey: Picture) -> Picture:
    smooth = _blurred(grey, 0.8)
    made = cv2.adaptiveThreshold(smooth, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 51, 8)
    return np.asarray(made, np.uint8)


def _read(picture: Picture, scale: float) -> list[Code]:
    found: dict[str, Code] = {}
    for one in zxingcpp.read_barcodes(
        picture, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]), try_invert=False
    ):
        if not _OURS.fullmatch(one.text) or one.text in found:
            continue
        at = one.position
        corners = [(p.x, p.y) for p in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)]
        found[one.text] = Code(one.text, np.array(corners, np.float32) / scale)
    return list(found.values())
