"""`/codec/{encode,decode}` for the Temporal Web UI: payloads are encrypted, staff may read them in the browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from contracts.commands import Role
from gateway.guard import GuardedRoute, forbidden, unauthenticated
from gateway.parts import Parts, TheParts
from kit.errors import DomainError, Kind
from kit.http import problems
from kit.payloads import CannotDecode
from kit.temporal import decode_payloads, encode_payloads

router = APIRouter(prefix="/codec", route_class=GuardedRoute, tags=["codec"], include_in_schema=False)
_LIMIT = 4 * 2**20
_READERS = frozenset({Role.operator, Role.supervisor})
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_HEADERS = "authorization, content-type, x-namespace"


@router.post("/encode", responses=problems(401, 403), max_body_size=_LIMIT)
async def encode(request: Request, parts: TheParts) -> Response:
    """Temporal's `Payloads` as JSON in and out."""
    _admit(request, parts)
    body = await encode_payloads(parts.settings, await request.body())
    return Response(body, media_type="application/json", headers=_cors(request, parts))


@router.post("/decode", responses=problems(401, 403, 422), max_body_size=_LIMIT)
async def decode(request: Request, parts: TheParts) -> Response:
    """The other way; 422 `cannot_decode` when no key of ours opens it."""
    _admit(request, parts)
    try:
        body = await decode_payloads(parts.settings, await request.body())
    except (CannotDecode, ValueError):
        raise DomainError(Kind.invalid, "cannot_decode", "没有能解开这段内容的密钥。") from None
    return Response(body, media_type="application/json", headers=_cors(request, parts))


@router.options("/{operation}")
async def preflight(request: Request, parts: TheParts, operation: str) -> Response:
    """CORS for the Web UI's origin only."""
    return Response(status_code=204, headers=_cors(request, parts))


def _admit(request: Request, parts: Parts) -> None:
    """Loopback clients of an embedded system (whoever runs it), else a session of operator or supervisor."""
    address = request.client.host if request.client else ""
    origin = request.headers.get("origin")
    if origin is not None and origin != _ui_origin(parts):
        raise forbidden()  # another site's page must not decode through a browser on this machine
    if parts.settings.embedded and address in _LOOPBACK:
        return
    known = request.state.known
    if known is None:
        raise unauthenticated()
    if not _READERS.intersection(known.roles):
        raise forbidden()


def _cors(request: Request, parts: Parts) -> dict[str, str]:
    origin = request.headers.get("origin")
    if origin is None or origin != _ui_origin(parts):
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "POST, OPTIONS",
        "access-control-allow-headers": _HEADERS,
        "access-control-allow-credentials": "true",
        "vary": "origin",
    }


def _ui_origin(parts: Parts) -> str | None:
    if not parts.settings.temporal_ui_url:
        return None
    url = urlsplit(parts.settings.temporal_ui_url)
    return f"{url.scheme}://{url.netloc}"
