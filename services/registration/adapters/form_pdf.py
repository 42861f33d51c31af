"""The printed form: typst to PDF/A-2b, the same bytes for the same content; refuses what the fonts cannot draw."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pypdfium2
import segno
import typst
from PIL import Image, ImageOps

from kit.errors import DomainError, Kind
from services.registration.domain.numbers import page_code

_SERIF = ("Noto Serif CJK SC", "Source Han Serif SC", "Source Han Serif CN", "Noto Serif SC")
_SANS = ("Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC")
_FILES = re.compile(
    r"^(NotoSerifCJK|NotoSansCJK|NotoSerifSC|NotoSansSC|SourceHanS)[\w-]*\.(ttc|otf|ttf|otc)$", re.I
)
_ROOTS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts", "/Library/Fonts")
_MISSING = re.compile(r"the text [`\"]+(.+?)[`\"]+ could not be displayed", re.S)
_PLACE = re.compile(r"\.typ:(\d+:\d+)")
_PAGES = 12
_PHOTO = (413, 579)  # 35 × 49 mm at 300 dpi


class Unprintable(Exception):
    """A character that no font here can draw; `character` is what was typed."""

    def __init__(self, character: str) -> None:
        super().__init__("a character cannot be drawn")
        self.character = character


@dataclass(frozen=True, kw_only=True)
class Printed:
    """The PDF's bytes and how many pages it has."""

    pdf: bytes
    pages: int


class FormPrinter:
    """Fonts are loaded once; documents are rendered one after another, in a thread."""

    def __init__(self, font_paths: Sequence[Path] = ()) -> None:
        self._paths = font_paths
        self._turn = threading.Lock()
        self._families: dict[str, list[str]] = {}
        self._compiler: typst.Compiler | None = None

    async def render(
        self, template: bytes, data: Mapping[str, Any], *, code: str, photo: bytes | None, moment: datetime
    ) -> Printed:
        """The form. Unprintable for a missing glyph; DomainError(unavailable, font_missing) without any font."""
        return await asyncio.to_thread(self._render, template, dict(data), code, photo, moment)

    def _render(
        self, template: bytes, data: dict[str, Any], code: str, photo: bytes | None, moment: datetime
    ) -> Printed:
        with self._turn:
            compiler = self._compiler = self._compiler or self._open()
            filled = {**data, "fonts": self._families, "photo": _photo(photo) if photo else None}
            pages = _PAGES
            while True:
                codes = {"codes": [page_code(code, n) for n in range(1, pages + 1)]}
                codes["qrs"] = [_qr(one) for one in codes["codes"]]
                pdf = _compile(compiler, template, {**filled, **codes}, moment)
                if pdf is not None:
                    return Printed(pdf=pdf, pages=_count(pdf))
                pages *= 2

    def _open(self) -> typst.Compiler:
        folders = [str(one) for one in self._paths] or sorted(_folders(_ROOTS))
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
        self._families = _choose(fonts.families())
        return typst.Compiler(font_paths=fonts, ignore_system_fonts=True)


def _choose(families: Iterable[str]) -> dict[str, list[str]]:
    here = set(families)
    serif = [one for one in _SERIF if one in here]
    sans = [one for one in _SANS if one in here]
    if not serif and not sans:
        raise DomainError(
            Kind.unavailable,
            "font_missing",
            "服务器缺少中文字体，无法生成申报书。请安装 Noto CJK 或思源字体（Debian/Ubuntu：fonts-noto-cjk）。",
        )
    return {"serif": serif + sans, "sans": sans + serif}


def _folders(roots: Iterable[str]) -> Iterator[str]:
    for root in roots:
        for folder, _, names in os.walk(os.path.expanduser(root)):
            if any(_FILES.match(name) for name in names):
                yield folder


def _compile(
    compiler: typst.Compiler, template: bytes, data: Mapping[str, Any], moment: datetime
) -> bytes | None:
    """The PDF, or None when there are more pages than codes."""
    try:
        # the template with each call: a compiler that has failed once forgets the one it was made with
        made = compiler.compile(
            template,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            format="pdf",
            pdf_standards="a-2b",
            timestamp=int(moment.timestamp()),
        )
    except typst.TypstError as error:
        found = _MISSING.search(error.message)
        if found:
            raise Unprintable(found[1]) from None
        if "out of bounds" in error.message and len(data["codes"]) < 99:
            return None
        # the diagnostic quotes what was typed: only its place may get into logs
        place = _PLACE.search(error.diagnostic)
        raise RuntimeError(f"the form's template does not compile at {place[1] if place else '?'}") from None
    if not isinstance(made, bytes):
        raise RuntimeError("typst gave no single document")
    return made


def _qr(text: str) -> str:
    code = segno.make(text, error="m", version=1, mode="alphanumeric", boost_error=False)
    return code.svg_inline(border=2, dark="#000", light="#fff", omitsize=True)


def _photo(data: bytes) -> str:
    """A JPEG of certificate size inside an SVG: typst takes no other bytes through its inputs."""
    with Image.open(io.BytesIO(data)) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    image.thumbnail(_PHOTO)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    encoded = base64.b64encode(out.getvalue()).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {image.width} {image.height}"><image width="{image.width}" height="{image.height}" '
        f'xlink:href="data:image/jpeg;base64,{encoded}"/></svg>'
    )


def _count(pdf: bytes) -> int:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return len(document)
    finally:
        document.close()
