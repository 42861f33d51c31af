"""Opens uploaded files: a process of its own with limits, started by `inspector`, without our settings or secrets.

Protocol: a line of JSON {purpose, expected, size, ...} and `size` bytes in, a line of JSON out, until stdin ends.
Standard library and parsers only: it runs by file path (`python -I inspection.py`).
"""

from __future__ import annotations

import io
import json
import resource
import sys
import warnings
from typing import Any

MAX_PIXELS = 50_000_000
MAX_PAGES = 200
TEXT_PAGES = 20
TEXT_CHARS = 20_000


class Refused(Exception):
    """The file is not taken; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def inspect(purpose: str, expected: str, data: bytes) -> dict[str, Any]:
    """Facts of one file: {media_type, pages, text, photo}. Refused when magic, type and parser do not agree."""
    import magic

    found = magic.from_buffer(data[:65536], mime=True)
    if found != expected:
        raise Refused("wrong_type")
    if expected == "application/pdf":
        return _pdf(data)
    return _image(expected, data, photo=purpose == "photo")


def _pdf(data: bytes) -> dict[str, Any]:
    import pypdfium2

    if b"%%EOF" not in data[-2048:]:
        raise Refused("does_not_open")  # cut off: pdfium would guess the rest
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise Refused("encrypted" if "password" in str(error).lower() else "does_not_open") from None
    try:
        pages = len(document)
        if not pages:
            raise Refused("does_not_open")
        if pages > MAX_PAGES:
            raise Refused("too_many_pages")
        _render(document[0])
        text = _text(document, min(pages, TEXT_PAGES))
        return {"media_type": "application/pdf", "pages": pages, "text": text, "photo": None}
    except pypdfium2.PdfiumError:
        raise Refused("does_not_open") from None
    finally:
        document.close()


def _render(page: Any) -> None:
    width, height = page.get_size()
    if width <= 0 or height <= 0:
        raise Refused("does_not_open")
    page.render(scale=min(1.0, 1000 / max(width, height))).close()


def _text(document: Any, pages: int) -> str:
    found: list[str] = []
    length = 0
    for number in range(pages):
        text = document[number].get_textpage().get_text_bounded()
        found.append(text)
        length += len(text)
        if length >= TEXT_CHARS:
            break
    # half characters, as damaged fonts give them, are no text that anybody can store
    return "\n".join(found)[:TEXT_CHARS].encode("utf-8", "ignore").decode().strip()


def _image(expected: str, data: bytes, *, photo: bool) -> dict[str, Any]:
    from PIL import Image, ImageFilter, ImageOps, ImageStat

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    formats = {"image/jpeg": "JPEG", "image/png": "PNG"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[formats[expected]]) as image:
                image.load()  # verify() alone does not see a cut-off file
                upright = ImageOps.exif_transpose(image)
                facts = None
                if photo:
                    # how much the picture changes from pixel to pixel: the spread of its Laplacian
                    kernel = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)
                    grey = upright.convert("L").filter(kernel)
                    spread = ImageStat.Stat(grey).var[0]
                    facts = {"width": upright.width, "height": upright.height, "sharpness": round(spread, 1)}
                return {"media_type": expected, "pages": 1, "text": None, "photo": facts}
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("too_many_pixels") from None
    except (OSError, SyntaxError, ValueError, EOFError):
        raise Refused("does_not_open") from None


def answer(head: dict[str, Any], data: bytes) -> dict[str, Any]:
    """What is sent back for one file."""
    try:
        return {"ok": True, "facts": inspect(str(head["purpose"]), str(head["expected"]), data)}
    except Refused as refused:
        return {"ok": False, "code": refused.code}
    except MemoryError:
        return {"ok": False, "code": "took_too_long"}


def main(memory: int) -> None:
    """Serves until stdin ends: with its parent this process ends too."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while line := source.readline():
        head = json.loads(line)
        data = source.read(int(head["size"]))
        sink.write(json.dumps(answer(head, data)).encode() + b"\n")
        sink.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
