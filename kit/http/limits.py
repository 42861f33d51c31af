"""How many bytes a request may bring: checked before anything reads them, whether announced or streamed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 64 * 1024


class BodyLimit:
    """Middleware: raises HTTPException(413) as soon as a body is longer than its route set allows.

    `limits` maps the beginning of a path, which may hold {placeholders} for one segment, to bytes; the longest
    one that fits wins, `default` holds for all other paths.
    """

    def __init__(self, app: ASGIApp, default: int, limits: Mapping[str, int]) -> None:
        self.app = app
        self.default = default
        self.limits = [
            (_pattern(start), size) for start, size in sorted(limits.items(), key=lambda item: -len(item[0]))
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = next((size for start, size in self.limits if start.match(scope["path"])), self.default)
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not announced.isdigit() or int(announced) > limit:
            raise HTTPException(413)
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            if message["type"] == "http.request":
                came += len(message.get("body", b""))
                if came > limit:
                    raise HTTPException(413)
            return message

        await self.app(scope, counted, send)


def _pattern(start: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}/]*\}", start.rstrip("/"))
    return re.compile("[^/]+".join(re.escape(part) for part in parts) + "(?=/|$)")
