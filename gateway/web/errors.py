"""Errors of pages as pages: what happened, on which clause, what to do; API routes keep problem+json."""

from __future__ import annotations

import json
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from gateway.web.render import Renderer
from kit.errors import DomainError, Kind
from kit.http.app import request_id
from kit.http.problems import of_domain_error, of_status, of_validation

_MACHINES = ("/api/", "/internal/", "/codec/", "/health/", "/metrics", "/openapi.json", "/static/")


def wants_page(request: Request) -> bool:
    """Whether a person looks at this with a browser."""
    return not request.url.path.startswith(_MACHINES)


def add_problem_pages(app: FastAPI) -> None:
    """Replaces kit's handlers: the same problem, as a page where the route is a page."""

    @app.exception_handler(DomainError)
    async def domain_error(request: Request, error: DomainError) -> Response:
        if wants_page(request) and error.kind is Kind.unauthenticated and request.method == "GET":
            door = "/staff/login" if request.url.path.startswith(("/staff", "/mailbox")) else "/login"
            return RedirectResponse(f"{door}?next={quote(request.url.path)}", 303)
        return _shown(request, of_domain_error(error, request_id(request)))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        if wants_page(request) and request.method == "GET":
            # an address that is none: nothing is there
            return _shown(request, of_status(404, request_id(request)))
        return _shown(request, of_validation(error.errors(), request_id(request)))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        return _shown(request, of_status(error.status_code, request_id(request), error.headers))


def _shown(request: Request, problem: Response) -> Response:
    if not wants_page(request):
        return problem
    renderer: Renderer = request.app.state.renderer
    said = json.loads(bytes(problem.body))
    page = renderer.page(request, "problem.html", {"problem": said}, status=problem.status_code)
    if "retry-after" in problem.headers:
        page.headers["retry-after"] = problem.headers["retry-after"]
    return page
