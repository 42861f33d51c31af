"""Real little files, made in memory and the same for the same input: certificates, ID photos, signed scans."""

from __future__ import annotations

import io
import math
import random
import threading
from collections.abc import Sequence

import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from cli.demo.chance import dice
from contracts.http.scans import ScanPlace

PHOTO_SIZE = (413, 579)  # 35 × 49 mm at 300 dpi
_PDFIUM = threading.Lock()  # pdfium is not made for threads
_SKIN = ((244, 214, 188), (232, 196, 164), (222, 184, 150))
_HAIR = ((24, 22, 22), (40, 32, 28), (58, 46, 40))
_CLOTHES = ((44, 62, 96), (60, 60, 66), (92, 40, 48), (36, 84, 74))
_DPI = 110  # enough for the code on each page, and quick
_INK, _SEAL = (28, 34, 90), (198, 32, 38)


def certificate_pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """A PDF with a text layer: the first line of each page is its heading. Uses the readers' own Chinese font
    (STSong-Light), so it stays below 2 KB; characters beyond the basic plane are written, too."""
    objects: list[bytes] = []
    kids = " ".join(f"{6 + 2 * n} 0 R" for n in range(len(pages)))
    objects.append(b"<< /Type /Catalog /Pages 2 0 R >>")
    objects.append(f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode())
    objects.append(
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light-UniGB-UTF16-H /Encoding /UniGB-UTF16-H"
        b" /DescendantFonts [4 0 R] >>"
    )
    objects.append(
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 5 0 R /DW 1000"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 5 >> >>"
    )
    objects.append(
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880]"
        b" /ItalicAngle 0 /Ascent 752 /Descent -271 /CapHeight 737 /StemV 58 >>"
    )
    for number, lines in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 420] /Contents {7 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        content = _page(lines)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    return _pdf(objects)


def _page(lines: Sequence[str]) -> bytes:
    drawn = ["0.75 0.1 0.1 RG 3 w 24 24 547 372 re S"]
    for row, line in enumerate(lines):
        size, y = (24, 330) if row == 0 else (15, 290 - 34 * row)
        x = max(48, (595 - size * len(line)) / 2) if row == 0 else 70
        text = line.encode("utf-16-be").hex()
        drawn.append(f"BT /F1 {size} Tf {x:.0f} {y} Td <{text}> Tj ET")
    return "\n".join(drawn).encode()


def _pdf(objects: Sequence[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def photo_jpeg(seed: str, index: int) -> bytes:
    """A drawn ID photo of certificate size: one face in the middle, sharp."""
    chance = dice(seed, "photo", index)
    width, height = PHOTO_SIZE
    image = Image.new("RGB", PHOTO_SIZE, (88, 146, 214))
    draw = ImageDraw.Draw(image)
    skin, hair, clothes = chance.choice(_SKIN), chance.choice(_HAIR), chance.choice(_CLOTHES)
    middle = width // 2
    draw.ellipse((20, 400, width - 20, height + 260), fill=clothes)
    draw.polygon([(middle - 42, 410), (middle + 42, 410), (middle, 500)], fill=(250, 250, 250))
    draw.rectangle((middle - 38, 340, middle + 38, 430), fill=skin)
    wide, top = chance.randint(104, 116), chance.randint(112, 126)
    draw.ellipse((middle - wide - 12, top - 34, middle + wide + 12, 330), fill=hair)
    draw.ellipse((middle - wide, top, middle + wide, 390), fill=skin)
    draw.pieslice((middle - wide, top - 10, middle + wide, top + 150), 180, 360, fill=hair)
    for side in (-1, 1):
        eye = middle + side * 46
        draw.ellipse((eye - 17, 232, eye + 17, 252), fill=(252, 252, 252), outline=(30, 26, 26))
        draw.ellipse((eye - 8, 233, eye + 8, 251), fill=(36, 26, 22))
        draw.arc((eye - 26, 206, eye + 26, 240), 200, 340, fill=hair, width=5)
        draw.ellipse((middle + side * wide - 12, 236, middle + side * wide + 12, 288), fill=skin)
    draw.line((middle, 258, middle - 9, 296, middle + 5, 299), fill=(178, 134, 108), width=4)
    draw.arc((middle - 36, 302, middle + 36, 346), 20, 160, fill=(172, 66, 66), width=6)
    # the grain of a real camera: a drawn surface would measure as out of focus
    grain = Image.frombytes("L", PHOTO_SIZE, chance.randbytes(width * height)).convert("RGB")
    image = Image.blend(image, grain, 0.06)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=86)
    return out.getvalue()


def signed_scan(
    form_pdf: bytes, places: Sequence[ScanPlace], seed: str, index: int, *, unsigned: int | None = None
) -> bytes:
    """The printed form as it comes back from a scanner: a signature on every page's line (but page `unsigned`), the
    unit's red seal in its box; a PDF of pictures."""
    chance = dice(seed, "scan", index)
    pages = _rendered(form_pdf)
    for number, page in enumerate(pages, 1):
        for place in places:
            if place.page == number and place.name == "signature" and number != unsigned:
                _signature(page, chance, place)
            elif place.page == number and place.name == "seal":
                _stamp(page, place.x + place.w / 2, place.y + place.h / 2)
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=float(_DPI), quality=55)
    return out.getvalue()


def _rendered(pdf: bytes) -> list[Image.Image]:
    with _PDFIUM:
        document = pypdfium2.PdfDocument(pdf)
        try:
            return [page.render(scale=_DPI / 72).to_pil().convert("RGB") for page in document]
        finally:
            document.close()


def _signature(page: Image.Image, chance: random.Random, line: ScanPlace) -> None:
    """Three characters of a few strokes each, as people write them on a line."""
    draw = ImageDraw.Draw(page)
    size = 8.0
    x = line.x + chance.uniform(3, 12)
    for _ in range(3):
        y = line.y + line.h - size - chance.uniform(0.5, 2.5)
        for _ in range(5):
            a = (x + chance.uniform(0, 0.6) * size, y + chance.uniform(0, size))
            b = (a[0] + chance.uniform(0.2, 0.7) * size, a[1] + chance.uniform(-0.5, 0.5) * size)
            bend = ((a[0] + b[0]) / 2 + chance.uniform(-1, 1), (a[1] + b[1]) / 2 + chance.uniform(-1.5, 1.5))
            points = [(u * _DPI / 25.4, v * _DPI / 25.4) for u, v in (a, bend, b)]
            draw.line(points, fill=_INK, width=3, joint="curve")
        x += size


def _stamp(page: Image.Image, x: float, y: float) -> None:
    """A round seal of 42 mm with its star, its middle at (x, y) in mm; what is black under it stays black."""
    px = _DPI / 25.4
    size = round(44 * px)
    seal = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(seal)
    rim = round(1 * px)
    draw.ellipse((rim, rim, size - rim - 1, size - rim - 1), outline=255, width=round(1.1 * px))
    star = []
    for corner in range(10):
        radius = (7 if corner % 2 == 0 else 2.7) * px
        angle = math.pi * corner / 5 - math.pi / 2
        star.append((size / 2 + radius * math.cos(angle), size / 2 + radius * math.sin(angle)))
    draw.polygon(star, fill=255)
    for tick in range(14):
        angle = math.pi * (0.85 + 1.3 * tick / 13)
        at = (size / 2 + 16 * px * math.cos(angle), size / 2 + 16 * px * math.sin(angle))
        draw.rectangle(
            (at[0] - 1.6 * px, at[1] - 1.6 * px, at[0] + 1.6 * px, at[1] + 1.6 * px), outline=255, width=2
        )
    mask = seal.filter(ImageFilter.GaussianBlur(0.5)).point(lambda value: int(value * 0.85))
    left, top = round(x * px - size / 2), round(y * px - size / 2)
    box = (left, top, left + size, top + size)
    under = page.crop(box)
    inked = ImageChops.darker(under, Image.new("RGB", under.size, _SEAL))
    page.paste(Image.composite(inked, under, mask), box)
