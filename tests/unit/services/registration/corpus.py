"""Bad input for the evidence opener, made here: what each file is, and what must be said of it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy
import pikepdf
import pillow_heif
from PIL import Image

PDF, JPEG, PNG, HEIC = "application/pdf", "image/jpeg", "image/png", "image/heic"
GPS = b"\x29\x33\x10\x07\x06\x1e"
CLEAN = "clean"


@dataclass(frozen=True, kw_only=True)
class Case:
    """`verdict`: `clean`, or the code of the refusal; `removed`: what was taken out of a clean one."""

    name: str
    expected: str
    verdict: str
    make: Callable[[], bytes]
    purpose: str = "evidence"
    removed: tuple[str, ...] = ()


# Pictures ---------------------------------------------------------------------------------------------------


def picture(size: tuple[int, int] = (800, 600), mode: str = "RGB") -> Image.Image:
    width, height = size
    ramp = numpy.add.outer(numpy.arange(height), numpy.arange(width)).astype("uint16") % 251
    made = Image.fromarray(ramp.astype("uint8"), "L")
    return made if mode == "L" else made.convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def jpeg(**options: object) -> bytes:
    return saved(picture(), "JPEG", **options)


def png(**options: object) -> bytes:
    return saved(picture(), "PNG", **options)


def exif(orientation: int = 1) -> bytes:
    """EXIF with a place (29.5 N, 106.5 E), a device and a turn."""
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010F] = "SecretPhone"
    place = made.get_ifd(0x8825)
    place[1], place[2] = "N", (29.0, 33.0, 16.7)
    place[3], place[4] = "E", (106.0, 30.0, 6.5)
    return made.tobytes()


def heic(with_exif: bool = True, size: tuple[int, int] = (800, 600)) -> bytes:
    out = io.BytesIO()
    options = {"exif": exif()} if with_exif else {}
    # how well it is packed changes nothing for who opens it
    pillow_heif.from_pillow(picture(size)).save(
        out, quality=60, enc_params={"preset": "ultrafast"}, **options
    )
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(width: int, height: int, bits: int = 1, colour: int = 0) -> bytes:
    """A picture of a few bytes that unpacks to width × height."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    channels = {0: 1, 2: 3, 6: 4}[colour]
    row = 1 + (width * bits * channels + 7) // 8
    packer, body = zlib.compressobj(9), bytearray()
    left = row * min(height, 150_000_000 // row + 1)
    zeros = bytes(min(left, 2**20))
    while left:
        body += packer.compress(zeros[:left])
        left -= min(left, len(zeros))
    body += packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", bytes(body)) + chunk(b"IEND", b"")


def animated_png() -> bytes:
    frames = [picture((64, 64)).rotate(90 * turn) for turn in range(3)]
    return saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=100)


def jpeg_with_header(width: int, height: int) -> bytes:
    """A JPEG whose header claims another size."""
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def jpeg_segment(marker: int, body: bytes) -> bytes:
    data = jpeg()
    return data[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + data[2:]


# Archives and Office ----------------------------------------------------------------------------------------


def archive(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, body in members:
            file.writestr(name, body)
    return out.getvalue()


def ofd() -> bytes:
    return archive(("OFD.xml", b"<ofd:OFD/>"), ("Doc_0/Document.xml", b"<x/>"))


def docx() -> bytes:
    return archive(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"))


def rar() -> bytes:
    return b"Rar!\x1a\x07\x01\x00" + bytes(200)


# PDF --------------------------------------------------------------------------------------------------------


def raw_pdf(objects: Sequence[bytes], *, trailer: bytes = b"", root: int = 1) -> bytes:
    """Objects 1, 2, … as given, with a right table."""
    out, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root %d 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        root,
        trailer,
        start,
    )
    return bytes(out)


def stream(body: bytes, more: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(body), more, body)


def pages_pdf(
    count: int = 1,
    *,
    box: bytes = b"[0 0 595 842]",
    root: bytes = b"",
    page: bytes = b"",
    more: Sequence[bytes] = (),
) -> bytes:
    """`count` pages with one line of text; further objects begin at number 5 + count."""
    kids = b" ".join(b"%d 0 R" % (5 + n) for n in range(count))
    content = stream(b"BT /F1 24 Tf 60 700 Td (Certificate 2024) Tj ET")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % root,
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, kids),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        content,
    ]
    for _ in range(count):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Contents 4 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> %s >>" % (box, page)
        )
    return raw_pdf([*objects, *more])


def script(text: bytes = b"app.alert(1)") -> bytes:
    return b"<< /Type /Action /S /JavaScript /JS (%s) >>" % text


def image_pdf(width: int, height: int) -> bytes:
    """One page with a picture that unpacks to width × height grey pixels."""
    packer, body = zlib.compressobj(9), bytearray()
    for _ in range(min(height, 80_000_000 // width + 1)):
        body += packer.compress(bytes(width))
    body += packer.flush()
    picture_ = stream(
        bytes(body),
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
        b" /Filter /FlateDecode" % (width, height),
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /XObject << /I 5 0 R >> >> >>",
        stream(b"595 0 0 842 0 0 cm /I Do"),
        picture_,
    ]
    return raw_pdf(objects)


def stream_bomb() -> bytes:
    """A content stream of 20 KB that unpacks to 20 MB of drawing."""
    content = zlib.compress(b"0 0 m 595 842 l S\n" * 1_100_000, 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
        stream(content, b"/Filter /FlateDecode"),
    ]
    return raw_pdf(objects)


def nested_forms(depth: int = 12) -> bytes:
    """Forms that each draw the next one ten times: 10^depth drawings."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /XObject << /X 5 0 R >> >> >>",
        stream(b"/X Do"),
    ]
    for level in range(depth):
        body = b"/X Do " * 10 if level < depth - 1 else b"0 0 10 10 re f"
        inner = b"/Resources << /XObject << /X %d 0 R >> >>" % (6 + level) if level < depth - 1 else b""
        objects.append(stream(body, b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] " + inner))
    return raw_pdf(objects)


def xref_loop() -> bytes:
    data = pages_pdf()
    at = data.rindex(b"xref\n0")
    return data.replace(b"trailer\n<< ", b"trailer\n<< /Prev %d " % at)


def page_tree_loop() -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [2 0 R] >>",
    ]
    return raw_pdf(objects)


def encrypted(user: str, owner: str = "owner") -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pages_pdf())) as document:
        document.save(out, encryption=pikepdf.Encryption(user=user, owner=owner))
    return out.getvalue()


def attached() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pages_pdf())) as document:
        document.attachments["evil.exe"] = pikepdf.AttachedFileSpec(
            document, b"MZ" + bytes(500), filename="evil.exe"
        )
        document.save(out)
    return out.getvalue()


def in_object_stream() -> bytes:
    """A script that stands in a packed object stream, where a search of the bytes would not find it."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pages_pdf(root=b"/OpenAction 6 0 R", more=[script()]))) as document:
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True)
    made = out.getvalue()
    assert b"JavaScript" not in made
    return made


def many_objects(count: int = 200_000) -> bytes:
    return pages_pdf(more=[b"<<>>"] * count)


def annotated(kind: bytes, more: bytes) -> bytes:
    return pages_pdf(
        page=b"/Annots [6 0 R]",
        more=[b"<< /Type /Annot /Subtype /%s /Rect [10 10 90 90] %s >>" % (kind, more)],
    )


_PDFS: tuple[tuple[str, str, Callable[[], bytes], tuple[str, ...]], ...] = (
    ("plain", CLEAN, pages_pdf, ()),
    ("200 pages", CLEAN, lambda: pages_pdf(200), ()),
    ("201 pages", "too_many_pages", lambda: pages_pdf(201), ()),
    ("50,000 pages", "too_many_pages", lambda: pages_pdf(50_000), ()),
    ("page of nothing", CLEAN, lambda: pages_pdf(box=b"[0 0 0 0]"), ()),
    ("page of 3 points", "odd_page_size", lambda: pages_pdf(box=b"[0 0 3 3]"), ()),
    ("page of a kilometre", "odd_page_size", lambda: pages_pdf(box=b"[0 0 2834645 2834645]"), ()),
    ("a strip 5 m long", CLEAN, lambda: pages_pdf(box=b"[0 0 30 14000]"), ()),
    ("cut in the middle", "does_not_open", lambda: pages_pdf(30)[:2500], ()),
    ("its last line missing", "does_not_open", lambda: pages_pdf().replace(b"%%EOF", b""), ()),
    (
        "no page",
        "does_not_open",
        lambda: raw_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 0 /Kids [] >>"]),
        (),
    ),
    ("no catalogue", "does_not_open", lambda: b"%PDF-1.7\n%%EOF\n" + bytes(50) + b"%%EOF\n", ()),
    ("header only", "does_not_open", lambda: b"%PDF-1.7\n%%EOF\n", ()),
    ("password to open", "encrypted", lambda: encrypted("secret"), ()),
    ("password to change", CLEAN, lambda: encrypted(""), ()),
    (
        "script when opened",
        CLEAN,
        lambda: pages_pdf(root=b"/OpenAction 6 0 R", more=[script()]),
        ("actions", "javascript"),
    ),
    (
        "script by name",
        CLEAN,
        lambda: pages_pdf(root=b"/Names << /JavaScript << /Names [(a) 6 0 R] >> >>", more=[script()]),
        ("javascript",),
    ),
    (
        "script of a page",
        CLEAN,
        lambda: pages_pdf(page=b"/AA << /O 6 0 R >>", more=[script()]),
        ("actions", "javascript"),
    ),
    (
        "script of a field",
        CLEAN,
        lambda: annotated(b"Widget", b"/FT /Tx /T (a) /A " + script()),
        ("javascript",),
    ),
    ("script in an object stream", CLEAN, in_object_stream, ("actions", "javascript")),
    (
        "script chained",
        CLEAN,
        lambda: annotated(b"Link", b"/A << /S /URI /URI (http://a.example) /Next " + script() + b" >>"),
        ("javascript",),
    ),
    (
        "starts a program",
        CLEAN,
        lambda: annotated(b"Link", b"/A << /Type /Action /S /Launch /F (calc.exe) >>"),
        ("launch",),
    ),
    (
        "sends a form",
        CLEAN,
        lambda: annotated(b"Link", b"/A << /S /SubmitForm /F (http://a.example) >>"),
        ("submit",),
    ),
    ("a file in it", CLEAN, attached, ("embedded_files",)),
    (
        "a file pinned on",
        CLEAN,
        lambda: annotated(b"FileAttachment", b"/FS << /Type /Filespec /F (a) /EF << /F 7 0 R >> >>"),
        ("embedded_files",),
    ),
    ("a film", CLEAN, lambda: annotated(b"RichMedia", b"/RichMediaContent << >>"), ("media",)),
    ("XFA form", CLEAN, lambda: pages_pdf(root=b"/AcroForm << /Fields [] /XFA (x) >>"), ("xfa",)),
    ("opens at page 1", CLEAN, lambda: pages_pdf(root=b"/OpenAction [5 0 R /Fit]"), ()),
    ("a link", CLEAN, lambda: annotated(b"Link", b"/A << /S /URI /URI (http://a.example) >>"), ()),
    ("zip hung on", "polyglot", lambda: pages_pdf() + archive(("a.txt", b"a")) + b"%%EOF", ()),
    ("zip in front", "is_archive", lambda: archive(("a.txt", b"a")) + pages_pdf(), ()),
    ("page with a 900-Mpx picture", CLEAN, lambda: image_pdf(30_000, 30_000), ()),
    ("page with a 30-Mpx picture", CLEAN, lambda: image_pdf(5_000, 6_000), ()),
    ("20 MB of drawing in 20 KB", "too_complex", stream_bomb, ()),
    ("forms in forms", "too_complex", nested_forms, ()),
    ("table that leads to itself", CLEAN, xref_loop, ()),
    ("page tree in a ring", "does_not_open", page_tree_loop, ()),
    ("200,000 objects", "too_complex", many_objects, ()),
    ("arrays 5,000 deep", CLEAN, lambda: pages_pdf(more=[b"[" * 5000 + b"]" * 5000]), ()),
    (
        "dictionaries 400 deep",
        "too_complex",
        lambda: pages_pdf(more=[b"<</A " * 400 + b"1" + b">>" * 400]),
        (),
    ),
    ("a page of HTML", "wrong_type", lambda: b"<!doctype html><html><script>x</script></html>" * 9, ()),
    ("a program", "wrong_type", lambda: b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff" + bytes(2000), ()),
    ("a picture", "wrong_type", jpeg, ()),
    ("OFD", "is_ofd", ofd, ()),
    ("Word", "is_office", docx, ()),
    ("old Word", "is_office", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000), ()),
    ("RAR", "is_archive", rar, ()),
    ("7z", "is_archive", lambda: b"7z\xbc\xaf\x27\x1c\0\4" + bytes(200), ()),
    ("zip bomb", "is_archive", lambda: archive(("a", bytes(60_000_000))), ()),
    ("GIF that is also a PDF", "wrong_type", lambda: b"GIF89a\x01\0\x01\0\0\0\0;\n" + pages_pdf(), ()),
    ("one byte", "wrong_type", lambda: b"%", ()),
    ("noise", "wrong_type", lambda: bytes(range(1, 251)) * 40, ()),
)
_PICTURES: tuple[tuple[str, str, str, Callable[[], bytes], tuple[str, ...]], ...] = (
    ("JPEG", JPEG, CLEAN, jpeg, ()),
    ("progressive JPEG", JPEG, CLEAN, lambda: jpeg(progressive=True), ()),
    ("place and device", JPEG, CLEAN, lambda: jpeg(exif=exif()), ("metadata",)),
    ("turned, with place", JPEG, CLEAN, lambda: jpeg(exif=exif(6)), ("metadata",)),
    ("comment", JPEG, CLEAN, lambda: jpeg(comment=b"by me"), ("metadata",)),
    ("comment with a script", JPEG, "polyglot", lambda: jpeg(comment=b"<script>alert(1)</script>"), ()),
    ("colour profile", JPEG, CLEAN, lambda: jpeg_segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(300)), ()),
    ("CMYK", JPEG, CLEAN, lambda: saved(picture(mode="CMYK"), "JPEG"), ()),
    ("grey", JPEG, CLEAN, lambda: saved(picture(mode="L"), "JPEG"), ()),
    (
        "a phone's film behind it",
        JPEG,
        CLEAN,
        lambda: jpeg() + b"\0\0\0\x18ftypmp42" + bytes(3000),
        ("metadata",),
    ),
    ("zip behind it", JPEG, "polyglot", lambda: jpeg() + archive(("a.js", b"x")), ()),
    ("PDF behind it", JPEG, "polyglot", lambda: jpeg() + pages_pdf(), ()),
    ("page behind it", JPEG, "polyglot", lambda: jpeg() + b"\n<html><body onload=x>", ()),
    ("program behind it", JPEG, "polyglot", lambda: jpeg() + b"MZ\x90\0" + bytes(900), ()),
    ("cut", JPEG, "does_not_open", lambda: jpeg()[:4000], ()),
    ("claims 60000 × 60000", JPEG, "too_many_pixels", lambda: jpeg_with_header(60000, 60000), ()),
    ("claims more rows than it has", JPEG, CLEAN, lambda: jpeg_with_header(800, 3000), ()),
    (
        "49-Mpx JPEG",
        JPEG,
        CLEAN,
        lambda: saved(Image.new("RGB", (7000, 7000), "red"), "JPEG", quality=20),
        (),
    ),
    ("a page as jpg", JPEG, "wrong_type", lambda: b"<html><body>hello</body></html>" * 20, ()),
    (
        "SVG as jpg",
        JPEG,
        "wrong_type",
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        (),
    ),
    ("HEIC as jpg", JPEG, "is_heic", heic, ()),
    ("PNG as jpg", JPEG, "wrong_type", png, ()),
    ("PNG", PNG, CLEAN, png, ()),
    ("PNG with transparency", PNG, CLEAN, lambda: saved(picture(mode="RGBA"), "PNG"), ()),
    (
        "16-bit PNG",
        PNG,
        CLEAN,
        lambda: saved(
            Image.fromarray(
                (numpy.arange(480_000, dtype="uint32") % 65536).astype("uint16").reshape(600, 800)
            ),
            "PNG",
        ),
        (),
    ),
    ("palette PNG", PNG, CLEAN, lambda: saved(picture().convert("P"), "PNG"), ()),
    ("animated PNG", PNG, CLEAN, animated_png, ("metadata",)),
    ("PNG with place", PNG, CLEAN, lambda: png(exif=exif()), ("metadata",)),
    ("PNG with zip behind", PNG, "polyglot", lambda: png() + archive(("a", b"a")), ()),
    ("PNG cut", PNG, "does_not_open", lambda: png()[:-20], ()),
    ("PNG of 400 Mpx in 48 KB", PNG, "too_many_pixels", lambda: png_bomb(20_000, 20_000), ()),
    ("PNG of 49 Mpx in colour", PNG, "too_many_pixels", lambda: png_bomb(7_000, 7_000, 8, 2), ()),
    ("PNG of 39 Mpx in colour", PNG, CLEAN, lambda: png_bomb(6_240, 6_240, 8, 2), ()),
    ("PNG of 2 Gpx high", PNG, "too_many_pixels", lambda: png_bomb(1, 2_000_000_000), ()),
    ("GIF as png", PNG, "wrong_type", lambda: saved(picture().convert("P"), "GIF"), ()),
    ("HEIC with place", HEIC, CLEAN, heic, ("metadata",)),
    ("HEIC without", HEIC, CLEAN, lambda: heic(False), ("metadata",)),
    ("HEIC of 24 Mpx", HEIC, CLEAN, lambda: heic(False, (5712, 4284)), ("metadata",)),
    ("HEIC cut", HEIC, "does_not_open", lambda: heic()[:900], ()),
    ("HEIC claims 60000 × 60000", HEIC, "too_many_pixels", lambda: heic_claims(60_000, 60_000), ()),
)


def heic_claims(width: int, height: int) -> bytes:
    """A HEIC whose own box claims another size."""
    data = bytearray(heic(False))
    at = data.index(b"ispe")
    data[at + 8 : at + 16] = struct.pack(">II", width, height)
    return bytes(data)


def cases() -> Iterator[Case]:
    """The corpus."""
    for name, verdict, make, removed in _PDFS:
        yield Case(name=f"pdf: {name}", expected=PDF, verdict=verdict, make=make, removed=removed)
    for name, expected, verdict, make, removed in _PICTURES:
        yield Case(name=f"picture: {name}", expected=expected, verdict=verdict, make=make, removed=removed)
    yield Case(name="photo: a JPEG", expected=JPEG, verdict=CLEAN, make=jpeg, purpose="photo")
    yield Case(
        name="photo: 39 Mpx",
        expected=JPEG,
        verdict=CLEAN,
        purpose="photo",
        make=lambda: saved(Image.new("RGB", (6240, 6240), "red"), "JPEG", quality=20),
    )
