"""Reads pictures of text (extra `ocr`): a process of its own with limits, started by `ocr`, without our settings.

Protocol: a line of JSON {media_type, size} and `size` bytes in, a line of JSON {text} out, until stdin ends.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from typing import Any

MAX_PAGES = 3
MAX_CHARS = 20_000
WIDTH = 1700
"""Pixels: A4 at 200 dpi. At 70 dpi digits and rare characters are misread."""


def pictures(media_type: str, data: bytes) -> list[Any]:
    """The first pages as arrays of RGB pixels."""
    import numpy
    import pypdfium2
    from PIL import Image, ImageOps

    if media_type == "application/pdf":
        document = pypdfium2.PdfDocument(data)
        found = []
        for number in range(min(len(document), MAX_PAGES)):
            page = document[number]
            scale = WIDTH / max(page.get_size())
            found.append(numpy.asarray(page.render(scale=scale).to_pil().convert("RGB")))
        return found
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (WIDTH, WIDTH))
        upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.thumbnail((WIDTH, WIDTH))
        return [numpy.asarray(upright)]


def main(memory: int, seconds: int) -> None:
    """Serves until stdin ends. `memory`: bytes of data; `seconds`: of CPU in all."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    from rapidocr import RapidOCR

    sink = sys.stdout.buffer
    sys.stdout = sys.stderr  # the library talks
    reader = RapidOCR()
    source = sys.stdin.buffer
    while line := source.readline():
        head = json.loads(line)
        data = source.read(int(head["size"]))
        lines: list[str] = []
        for picture in pictures(str(head["media_type"]), data):
            found: Any = reader(picture)
            lines.extend(found.txts or ())
        sink.write(json.dumps({"text": "\n".join(lines)[:MAX_CHARS]}).encode() + b"\n")
        sink.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
