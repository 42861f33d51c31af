"""What the inspection says of a file: facts, made pictures, or why it is not taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PREVIEW_PIXELS = 1100
THUMB_PIXELS = 240
PREVIEW_PAGES = 20
"""Pages of which a picture is kept; the others are opened all the same."""


class Refused(Exception):
    """The file is not taken; `code` says why (`domain.files.PROBLEMS`)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Part:
    """Bytes that go back: `kept` (stored instead of what was sent), `original`, `page`, `thumb`."""

    kind: str
    media_type: str
    data: bytes
    width: int = 0
    height: int = 0

    def head(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "media_type": self.media_type,
            "size": len(self.data),
            "width": self.width,
            "height": self.height,
        }


@dataclass(kw_only=True)
class Found:
    """`removed`: what was taken out of it, by code; `text`: the text layer."""

    media_type: str
    pages: int
    text: str | None = None
    removed: list[str] = field(default_factory=list)
    photo: dict[str, Any] | None = None
    parts: list[Part] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        return {
            "media_type": self.media_type,
            "pages": self.pages,
            "text": self.text,
            "removed": self.removed,
            "photo": self.photo,
        }
