"""Errors of pages as pages: what happened, on which clause, what to do; API routes keep problem+json."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.render import Renderer
from gateway.web.resuming import kept_from
from kit.http.problems import MEDIA_TYPE, Problem, of_status

_MACHINES = ("/api/", "/internal/", "/codec/", "/health/", "/metrics", "/openapi.json", "/static/")
_STAFF = ("/staff", "/mailbox")
_KEPT = (b"retry-after", b"x-request-id")


class ProblemPages:
    """Whatever problem comes out of a page route, the unexpected ones too, is shown as a page."""

    def __init__(self, app: ASGIApp, renderer: Renderer) -> None:
        self.app = app
        self.renderer = renderer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_MACHINES) or _by_script(scope):
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})  # where the guard says who is looking
        held: list[Message] = []

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_problem(message):
                held.append(message)
            elif held:
                held.append(message)
                if not message.get("more_body", False):
                    page = await self._page(Request(scope, receive), held)
                    await page(scope, receive, send)
            else:
                await send(message)

        await self.app(scope, receive, send_on)

    async def _page(self, request: Request, held: list[Message]) -> Response:
        start, body = held[0], b"".join(message.get("body", b"") for message in held[1:])
        problem = Problem.model_validate_json(body)
        if request.method == "GET" and problem.status == 401:
            door = "/staff/login" if request.url.path.startswith(_STAFF) else "/login"
            return RedirectResponse(f"{door}?next={quote(request.url.path)}", 303)
        if request.method == "GET" and problem.code == "second_factor_required":
            return RedirectResponse("/staff/account/factor", 303)
        if request.method == "POST" and problem.status == 401 and (kept := await kept_from(request)):
            # the session ended while somebody was typing: the login page carries what they typed
            context = {"next": request.url.path, "phone": "", "error": None, "kept": kept}
            return self.renderer.page(request, "login.html", context, status=401)
        if request.method == "GET" and problem.status == 422:
            # an address that is none: nothing is there
            problem = Problem.model_validate_json(bytes(of_status(404, problem.request_id).body))
        page = self.renderer.page(request, "problem.html", {"problem": problem}, status=problem.status)
        page.raw_headers.extend((name, value) for name, value in start["headers"] if name.lower() in _KEPT)
        return page


def _by_script(scope: Scope) -> bool:
    """Scripts of pages ask for JSON and read the problem themselves."""
    return any(name == b"accept" and b"application/json" in value for name, value in scope["headers"])


def _is_problem(start: Message) -> bool:
    kind = next((value for name, value in start.get("headers", ()) if name.lower() == b"content-type"), b"")
    return bool(kind.startswith(MEDIA_TYPE.encode()))
