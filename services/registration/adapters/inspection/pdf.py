"""PDFs: every page opened, the first ones kept as pictures, the text layer read, active content taken out."""

from __future__ import annotations

import io
import time
from typing import Any

from services.registration.adapters.inspection.answers import (
    PREVIEW_PAGES,
    PREVIEW_PIXELS,
    THUMB_PIXELS,
    Found,
    Part,
    Refused,
)

MAX_PAGES = 200
MAX_OBJECTS = 150_000
TEXT_PAGES = 20
TEXT_CHARS = 20_000
RENDER_SECONDS = 3.5
"""CPU time after which further pages are read but no longer drawn: a long scan is no reason to refuse it."""
MIN_SIDE, MAX_SIDE = 20.0, 20_000.0  # points: 7 mm and 7 m


def opened(data: bytes) -> Found:
    """Facts, previews, and the cleaned file where something had to go. Refused in words of `PROBLEMS`."""
    import pypdfium2

    if b"%%EOF" not in data[-2048:]:
        raise Refused("does_not_open")  # cut off: pdfium would guess the rest
    _count(data)
    removed, cleaned = _cleaned(data)
    document = _document(data if cleaned is None else cleaned)
    try:
        pages = len(document)
        parts = _pictures(document, pages)
        text = _text(document, min(pages, TEXT_PAGES))
    except pypdfium2.PdfiumError:
        raise Refused("does_not_open") from None
    finally:
        document.close()
    if cleaned is not None:
        parts.append(Part(kind="kept", media_type="application/pdf", data=cleaned))
    return Found(media_type="application/pdf", pages=pages, text=text or None, removed=removed, parts=parts)


def _document(data: bytes) -> Any:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise Refused("encrypted" if "password" in str(error).lower() else "does_not_open") from None


def _count(data: bytes) -> None:
    """Before anything else looks into it: pdfium counts pages without reading them."""
    document = _document(data)
    try:
        pages = len(document)
    finally:
        document.close()
    if not pages:
        raise Refused("does_not_open")
    if pages > MAX_PAGES:
        raise Refused("too_many_pages")


def _pictures(document: Any, pages: int) -> list[Part]:
    parts: list[Part] = []
    until = time.process_time() + RENDER_SECONDS
    for number in range(pages):
        page = document[number]
        width, height = page.get_size()
        if not (MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE):
            raise Refused("odd_page_size")
        if number and time.process_time() > until:
            page.close()
            continue
        kept = number < PREVIEW_PAGES
        longest = PREVIEW_PIXELS if kept else THUMB_PIXELS
        # forms are left out: what a field's script would draw is no evidence
        bitmap = page.render(scale=min(2.0, longest / max(width, height)), may_draw_forms=False)
        if kept:
            picture = bitmap.to_pil().convert("RGB")
            parts.append(_jpeg("page", picture, 72))
            if not number:
                picture.thumbnail((THUMB_PIXELS, THUMB_PIXELS))
                parts.append(_jpeg("thumb", picture, 70))
        bitmap.close()
        page.close()
    return parts


def _jpeg(kind: str, picture: Any, quality: int) -> Part:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return Part(
        kind=kind, media_type="image/jpeg", data=out.getvalue(), width=picture.width, height=picture.height
    )


def _text(document: Any, pages: int) -> str:
    found: list[str] = []
    length = 0
    for number in range(pages):
        page = document[number]
        text = page.get_textpage().get_text_bounded()
        found.append(text)
        length += len(text)
        if length >= TEXT_CHARS:
            break
    # half characters, as damaged fonts give them, are no text that anybody can store
    return "\n".join(found)[:TEXT_CHARS].encode("utf-8", "ignore").decode().strip()


# Active content ---------------------------------------------------------------------------------------------

_ACTS = {
    "/JavaScript": "javascript",
    "/Launch": "launch",
    "/SubmitForm": "submit",
    "/ImportData": "submit",
    "/Rendition": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/RichMediaExecute": "media",
    "/GoToE": "embedded_files",
    "/GoToR": "launch",
}
_MARKS = {
    "/FileAttachment": "embedded_files",
    "/RichMedia": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/Screen": "media",
    "/3D": "media",
}
_KEYS = {
    "/AA": "actions",
    "/OpenAction": "actions",
    "/JS": "javascript",
    "/JavaScript": "javascript",
    "/EmbeddedFiles": "embedded_files",
    "/EF": "embedded_files",
    "/AF": "embedded_files",
    "/XFA": "xfa",
    "/Collection": "embedded_files",
}


def _cleaned(data: bytes) -> tuple[list[str], bytes | None]:
    """What was taken out, and the file without it; (nothing, None) when there was nothing to take out."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            if len(document.objects) > MAX_OBJECTS:
                raise Refused("too_complex")
            removed: set[str] = set()
            for one in document.objects:
                _clean(one, removed, 0)
            _clean(document.trailer, removed, 0)
            if not removed:
                return [], None
            out = io.BytesIO()
            document.save(out, deterministic_id=not document.is_encrypted, encryption=False)
            return sorted(removed), out.getvalue()
    except pikepdf.PasswordError:
        raise Refused("encrypted") from None
    except (pikepdf.PdfError, pikepdf.ForeignObjectError, ValueError, TypeError, RuntimeError, OSError):
        raise Refused("does_not_open") from None


def _clean(one: Any, removed: set[str], depth: int) -> None:
    """Looks into one object and what stands directly in it; references are visited on their own."""
    import pikepdf

    if depth > 60:
        raise Refused("too_complex")
    if isinstance(one, pikepdf.Array):
        for item in _direct(one):
            _clean(item, removed, depth + 1)
        return
    if not isinstance(one, (pikepdf.Dictionary, pikepdf.Stream)):
        return
    for key, what in _KEYS.items():
        if key in one:
            if key == "/OpenAction" and _harmless(one[key]):
                continue
            del one[key]
            removed.add(what)
    act = _ACTS.get(_named(one, "/S"))
    if act is not None and ("/Type" not in one or _named(one, "/Type") == "/Action"):
        removed.add(act)
        for key in ("/S", "/F", "/Win", "/Next", "/R"):
            if key in one:
                del one[key]
    mark = _MARKS.get(_named(one, "/Subtype"))
    if mark is not None and "/Rect" in one:
        removed.add(mark)
        for key in ("/FS", "/Movie", "/Sound", "/A", "/RichMediaContent", "/3DD", "/MK"):
            if key in one:
                del one[key]
        one["/Subtype"] = pikepdf.Name("/Square")
        one["/F"] = 2  # hidden: nothing to click on remains
    for key in one.keys():  # noqa: SIM118 - pikepdf's dictionaries are not iterable over keys for streams
        value = one.get(key)
        if isinstance(value, (pikepdf.Array, pikepdf.Dictionary)) and not value.is_indirect:
            _clean(value, removed, depth + 1)


def _direct(array: Any) -> list[Any]:
    return [item for item in array if hasattr(item, "is_indirect") and not item.is_indirect]


def _harmless(action: Any) -> bool:
    """A place to open at, or a jump within the file: many printers write one."""
    import pikepdf

    return isinstance(action, pikepdf.Array) or _named(action, "/S") in ("/GoTo", "/Named")


def _named(one: Any, key: str) -> str:
    try:
        value = one.get(key)
    except (AttributeError, TypeError, ValueError):
        return ""
    return str(value) if value is not None else ""
