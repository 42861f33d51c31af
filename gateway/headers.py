"""Security headers on every answer; pages get a content policy that allows our own files only."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")


def content_policy(store_origin: str) -> str:
    """Our own files only; pictures and uploads also from and to the object store, which is another origin."""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: {store_origin}",
            f"connect-src 'self' {store_origin}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class SecurityHeaders:
    """Adds what a route has not set itself; nothing but static files may be kept by caches."""

    def __init__(self, app: ASGIApp, store_origin: str) -> None:
        self.app = app
        self.always = ((b"content-security-policy", content_policy(store_origin).encode()), *_ALWAYS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                added = list(self.always)
                if scope["scheme"] == "https":
                    added.append(_HSTS)
                if not static:
                    added.append((b"cache-control", b"no-store"))
                headers += [pair for pair in added if pair[0] not in present]
                message["headers"] = headers
            await send(message)

        await self.app(scope, receive, send_on)
