"""Typst to PDF/A-2b: the same content gives the same bytes, and what the fonts cannot draw is refused, not boxed."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import segno
import typst
from PIL import Image, ImageOps

from kit.errors import DomainError, Kind

_SERIF = ("Noto Serif CJK SC", "Source Han Serif SC", "Source Han Serif CN", "Noto Serif SC")
_SANS = ("Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC")
_FILES = re.compile(
    r"^(NotoSerifCJK|NotoSansCJK|NotoSerifSC|NotoSansSC|SourceHanS)[\w-]*\.(ttc|otf|ttf|otc)$", re.I
)
_ROOTS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts", "/Library/Fonts")
_MISSING = re.compile(r"the text [`\"]+(.+?)[`\"]+ could not be displayed", re.S)
_PLACE = re.compile(r"\.typ:(\d+:\d+)")


class Unprintable(Exception):
    """A character that no font here can draw; `character` is what was typed."""

    def __init__(self, character: str) -> None:
        super().__init__("a character cannot be drawn")
        self.character = character


class OutOfBounds(Exception):
    """The template asked for an entry of a list that is shorter: the caller may give a longer one."""


class Typesetter:
    """Fonts are loaded once; documents are rendered one after another, in a thread."""

    def __init__(self, font_paths: Sequence[Path] = ()) -> None:
        self._paths = font_paths
        self._turn = threading.Lock()
        self._families: dict[str, list[str]] = {}
        self._fonts: typst.Fonts | None = None
        self._compiler: typst.Compiler | None = None

    async def render(self, template: bytes, data: Mapping[str, Any], moment: datetime) -> bytes:
        """The PDF. `data` reaches the template as JSON in `sys.inputs.data`, with `fonts` {serif, sans} added.

        Errors: Unprintable, OutOfBounds, DomainError(unavailable, font_missing), RuntimeError for a bad template.
        """
        return await asyncio.to_thread(self._render, template, data, moment)

    async def places(self, template: bytes, data: Mapping[str, Any], label: str) -> list[Any]:
        """The values of the template's metadata under a label, such as places on its pages, in order.

        The same arguments as for `render`, and cheap after it: the layout is remembered. Errors: as there.
        """
        return await asyncio.to_thread(self._places, template, data, label)

    def _render(self, template: bytes, data: Mapping[str, Any], moment: datetime) -> bytes:
        with self._turn:
            compiler = self._compiler = self._compiler or self._open()
            return _compile(compiler, template, {**data, "fonts": self._families}, moment)

    def _places(self, template: bytes, data: Mapping[str, Any], label: str) -> list[Any]:
        with self._turn:
            self._compiler = self._compiler or self._open()
            inputs = {"data": json.dumps({**data, "fonts": self._families}, ensure_ascii=False)}
            asked = typst.Compiler(
                template, font_paths=self._fonts or [], ignore_system_fonts=True, sys_inputs=inputs
            )
            try:
                found = json.loads(asked.query(f"<{label}>"))
            except typst.TypstError as error:
                raise _said(error) from None
            return [one["value"] for one in found]

    def _open(self) -> typst.Compiler:
        folders = [str(one) for one in self._paths] or sorted(_folders(_ROOTS))
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
        self._families = _choose(fonts.families())
        self._fonts = fonts
        return typst.Compiler(font_paths=fonts, ignore_system_fonts=True)


def qr_svg(text: str, *, version: int | None = None, mode: str | None = None) -> str:
    """A QR code of level M as SVG; `version` and `mode` pin its size."""
    code = segno.make(text, error="m", version=version, mode=mode, boost_error=False)
    return code.svg_inline(border=2, dark="#000", light="#fff", omitsize=True)


def photo_svg(data: bytes, size: tuple[int, int] = (413, 579)) -> str:
    """A picture of at most `size` pixels inside an SVG: typst takes no other bytes through its inputs."""
    with Image.open(io.BytesIO(data)) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    image.thumbnail(size)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    encoded = base64.b64encode(out.getvalue()).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {image.width} {image.height}"><image width="{image.width}" height="{image.height}" '
        f'xlink:href="data:image/jpeg;base64,{encoded}"/></svg>'
    )


def _choose(families: Iterable[str]) -> dict[str, list[str]]:
    here = set(families)
    serif = [one for one in _SERIF if one in here]
    sans = [one for one in _SANS if one in here]
    if not serif and not sans:
        raise DomainError(
            Kind.unavailable,
            "font_missing",
            "服务器缺少中文字体，无法生成 PDF。请安装 Noto CJK 或思源字体（Debian/Ubuntu：fonts-noto-cjk）。",
        )
    return {"serif": serif + sans, "sans": sans + serif}


def _folders(roots: Iterable[str]) -> Iterator[str]:
    for root in roots:
        for folder, _, names in os.walk(os.path.expanduser(root)):
            if any(_FILES.match(name) for name in names):
                yield folder


def _compile(compiler: typst.Compiler, template: bytes, data: Mapping[str, Any], moment: datetime) -> bytes:
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
        raise _said(error) from None
    if not isinstance(made, bytes):
        raise RuntimeError("typst gave no single document")
    return made


def _said(error: typst.TypstError) -> Exception:
    if found := _MISSING.search(error.message):
        return Unprintable(found[1])
    if "out of bounds" in error.message:
        return OutOfBounds()
    # the diagnostic quotes what was typed: only its place may get into logs
    place = _PLACE.search(error.diagnostic)
    return RuntimeError(f"the template does not compile at {place[1] if place else '?'}")
