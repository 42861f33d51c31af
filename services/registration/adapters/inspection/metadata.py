"""JPEG and PNG without place, time, device, comments and whatever was hung on: the picture itself stays as it is."""

from __future__ import annotations

import io
import struct

from services.registration.adapters.inspection.answers import Refused
from services.registration.adapters.inspection.containers import foreign

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_STAND_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_ORIENTATION = 0x0112
_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNKS = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"pHYs"}
)


def jpeg_without(data: bytes) -> bytes:
    """Only what the decoder needs, JFIF, colour profile and Adobe's colour mark; how it is turned is kept.

    Refused `does_not_open` for broken structure, `polyglot` when another file hangs on it.
    """
    if not data.startswith(b"\xff\xd8"):
        raise Refused("wrong_type")
    out = bytearray(b"\xff\xd8")
    turned = _turned(data)
    if turned != 1:
        out += _orientation(turned)
    at = 2
    while True:
        marker, body, after = _segment(data, at)
        if marker == _EOI:
            out += b"\xff\xd9"
            if foreign(data[after:]):
                raise Refused("polyglot")
            return bytes(out)
        if marker == _SOS:
            end = _scan_end(data, after)
            out += data[at:end]
            at = end
            continue
        if _needed(marker, body):
            out += data[at:after]
        elif foreign(body):
            raise Refused("polyglot")
        at = after


def _needed(marker: int, body: bytes) -> bool:
    if 0xE0 <= marker <= 0xEF:
        return (
            (marker == 0xE0 and body.startswith(b"JFIF\0"))
            or (marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"))
            or (marker == 0xEE and body.startswith(b"Adobe"))
        )
    return marker != 0xFE


def _segment(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Marker, body and where the next one begins."""
    while at + 1 < len(data) and data[at] == 0xFF and data[at + 1] == 0xFF:
        at += 1  # fill bytes
    if at + 2 > len(data) or data[at] != 0xFF:
        raise Refused("does_not_open")
    marker = data[at + 1]
    if marker == _EOI or marker in _STAND_ALONE:
        return marker, b"", at + 2
    if at + 4 > len(data):
        raise Refused("does_not_open")
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    if length < 2 or at + 2 + length > len(data):
        raise Refused("does_not_open")
    return marker, data[at + 4 : at + 2 + length], at + 2 + length


def _scan_end(data: bytes, at: int) -> int:
    """Where the entropy-coded data ends: at the first marker that is neither stuffing nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise Refused("does_not_open")
        following = data[at + 1]
        if following == 0 or 0xD0 <= following <= 0xD7:
            at += 2
        elif following == 0xFF:
            at += 1
        else:
            return at


def _turned(data: bytes) -> int:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            found = image.getexif().get(_ORIENTATION, 1)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("too_many_pixels") from None
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, struct.error):
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _orientation(turned: int) -> bytes:
    """An EXIF segment that says nothing but how the picture is turned."""
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, _ORIENTATION, 3, 1, turned, 0, 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def png_without(data: bytes) -> bytes:
    """Only the chunks of one still picture: no text, time, EXIF, animation, nor anything after its end."""
    if not data.startswith(_PNG):
        raise Refused("wrong_type")
    out = bytearray(_PNG)
    at = len(_PNG)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, after = data[at + 4 : at + 8], at + 12 + length
        if after > len(data):
            raise Refused("does_not_open")
        if kind in _CHUNKS:
            out += data[at:after]
        elif foreign(data[at + 8 : after - 4]):
            raise Refused("polyglot")
        at = after
        if kind == b"IEND":
            if foreign(data[at:]):
                raise Refused("polyglot")
            return bytes(out)
    raise Refused("does_not_open")
