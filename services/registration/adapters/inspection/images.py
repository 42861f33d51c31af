"""Pictures: decoded whole, HEIC turned into JPEG, metadata left behind, measured when they are the photo (Q2)."""

from __future__ import annotations

import io
import warnings
from typing import Any

from services.registration.adapters.inspection.answers import (
    PREVIEW_PIXELS,
    THUMB_PIXELS,
    Found,
    Part,
    Refused,
)
from services.registration.adapters.inspection.metadata import jpeg_without, png_without

MAX_PIXELS = 50_000_000
MAX_DECODED = 120_000_000
"""Bytes of a decoded picture that is not a baseline JPEG (which is decoded at a smaller scale)."""
MAX_WHOLE = 75_000_000
"""The same of a photo, of which copies are made to measure it."""
MAX_HEIC_PIXELS = 25_500_000
JPEG, PNG, HEIC = "image/jpeg", "image/png", "image/heic"
_EMPTY_TIFF = b"MM\0*\0\0\0\x08\0\0\0\0\0\0"
_FORMATS = {JPEG: "JPEG", PNG: "PNG", HEIC: "HEIF"}
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, OverflowError)


def opened(expected: str, data: bytes, *, photo: bool) -> Found:
    """Facts and previews; `kept` is what is stored: without metadata, HEIC as JPEG (with the original beside it)."""
    parts: list[Part] = []
    removed: list[str] = []
    scale = 1.0
    if expected == HEIC:
        upright = _heic(data)
        parts.append(_picture("kept", upright, 90))
        if (original := _heic_without(data)) is not None:
            parts.append(Part(kind="original", media_type=HEIC, data=original))
        removed.append("metadata")
    else:
        stripped = jpeg_without(data) if expected == JPEG else png_without(data)
        if stripped != data:
            removed.append("metadata")
            parts.append(Part(kind="kept", media_type=expected, data=stripped))
        upright, scale = _decoded(expected, stripped, full=photo)
    found = Found(media_type=JPEG if expected == HEIC else expected, pages=1, removed=removed, parts=parts)
    if photo:
        from services.registration.adapters.inspection import photo as measures

        found.photo = measures.measured(upright, scale)
    upright.thumbnail((PREVIEW_PIXELS, PREVIEW_PIXELS))
    found.parts.append(_picture("page", upright, 75))
    upright.thumbnail((THUMB_PIXELS, THUMB_PIXELS))
    found.parts.append(_picture("thumb", upright, 70))
    return found


def cropped(expected: str, data: bytes, crop: tuple[int, int, int, int], most: int) -> Found:
    """The part (x, y, width, height in upright pixels) as a JPEG of at most `most` pixels of height, measured."""
    from PIL import Image

    upright, scale = _decoded(expected, data, full=True)
    x, y, width, height = (round(value / scale) for value in crop)
    if (
        width < 1
        or height < 1
        or x < 0
        or y < 0
        or x + width > upright.width + 1
        or y + height > upright.height + 1
    ):
        raise Refused("crop_outside")
    piece = upright.crop((x, y, min(x + width, upright.width), min(y + height, upright.height)))
    if piece.height > most:
        scaled = max(1, round(piece.width * most / piece.height))
        piece = piece.resize((scaled, most), Image.Resampling.LANCZOS)
    kept = _picture("kept", piece, 92)
    found = opened(JPEG, kept.data, photo=True)
    found.parts = [kept, *(part for part in found.parts if part.kind != "kept")]
    return found


def _decoded(expected: str, data: bytes, *, full: bool) -> tuple[Any, float]:
    """Upright RGB, and how many pixels of the file one of it stands for.

    `full`: photos, which are decoded smaller only when they are huge; other large JPEGs are decoded for a preview.
    """
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[_FORMATS[expected]]) as image:
                size, wide = image.width * image.height * len(image.getbands()), image.width
                if expected == JPEG:
                    coefficients = 2 * size if image.info.get("progressive") else 0
                    if coefficients > MAX_DECODED:
                        raise Refused("too_many_pixels")
                    if not full:
                        image.draft("RGB", (PREVIEW_PIXELS * 2, PREVIEW_PIXELS * 2))
                    elif size > MAX_WHOLE:
                        image.draft("RGB", (image.width // 2, image.height // 2))
                elif size > (MAX_WHOLE if full else MAX_DECODED):
                    raise Refused("too_many_pixels")
                image.load()  # verify() alone does not see a cut-off file
                scale = wide / image.width
                ImageOps.exif_transpose(image, in_place=True)
                return _rgb(image), scale
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("too_many_pixels") from None
    except _BROKEN:
        raise Refused("does_not_open") from None


def _rgb(image: Any) -> Any:
    """On white where it is transparent; 16 bits a channel are brought down to 8."""
    from PIL import Image

    if image.mode.startswith("I;16") or image.mode == "I":
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGB", image.size, (255, 255, 255))
        ground.paste(image, mask=image.getchannel("A"))
        return ground
    return image.convert("RGB") if image.mode != "RGB" else image


def _picture(kind: str, image: Any, quality: int) -> Part:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Part(kind=kind, media_type=JPEG, data=out.getvalue(), width=image.width, height=image.height)


# HEIC -------------------------------------------------------------------------------------------------------


def _heic(data: bytes) -> Any:
    from PIL import Image

    _register_heif()
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(io.BytesIO(data), formats=["HEIF"]) as image:
            if image.width * image.height > MAX_HEIC_PIXELS:
                raise Refused("too_many_pixels")
            image.load()
            upright = _rgb(image)  # the decoder has turned it already
            upright.info = {}  # Pillow would write what it read into the JPEG
            return upright
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("too_many_pixels") from None
    except (*_BROKEN, RuntimeError):
        raise Refused("does_not_open") from None


def _heic_without(data: bytes) -> bytes | None:
    """The same file with EXIF and XMP overwritten by zeros; None when they cannot be found in it."""
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=["HEIF"]) as image:
        found = [image.info.get("exif"), image.info.get("xmp")]
    cleaned = bytearray(data)
    for one in found:
        if not one:
            continue
        body = one.removeprefix(b"Exif\0\0")
        at = data.find(body)
        if at < 0:
            return None
        # readers expect a TIFF there: one that says nothing
        cleaned[at : at + len(body)] = _EMPTY_TIFF.ljust(len(body), b"\0")[: len(body)]
    return bytes(cleaned)


def _register_heif() -> None:
    import pillow_heif

    pillow_heif.options.THUMBNAILS = False
    pillow_heif.options.DEPTH_IMAGES = False
    pillow_heif.options.AUX_IMAGES = False
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener()
