"""A form whose session ended while it was filled in: the login pages carry what was typed and hand it back (A1)."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.requests import Request

from gateway.web.forms import safe_next

MAX_BYTES = 256 * 1024
_PLAIN = "application/x-www-form-urlencoded"
_OWN = frozenset({"phone", "code", "kept"})
"""Fields of the login pages themselves."""


async def kept_from(request: Request) -> str | None:
    """What a posted form held, to be carried through the login pages; None for files and for what is too much."""
    if not request.headers.get("content-type", "").startswith(_PLAIN) or request.url.path.startswith(
        "/login"
    ):
        return None
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            return None
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    if not pairs:
        return None
    return json.dumps({"path": request.url.path, "fields": pairs}, ensure_ascii=False)


def carried(form: FormData) -> str:
    """What a login page brings along, empty when it is nothing of ours."""
    text = str(form.get("kept", ""))
    return text if text and opened(text) is not None else ""


def opened(text: str) -> tuple[str, list[tuple[str, str]]] | None:
    """The address to send it to again, and the fields."""
    try:
        found = json.loads(text)
        path = safe_next(str(found["path"]), "")
        fields = [(str(name), str(value)) for name, value in found["fields"] if name not in _OWN]
    except (ValueError, TypeError, KeyError):
        return None
    return (path, fields) if path.startswith("/my/") else None
