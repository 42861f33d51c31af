"""The FastAPI application of every process: errors in one shape, health, metrics, limits."""

from __future__ import annotations

import inspect
import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kit import telemetry
from kit.errors import DomainError
from kit.http.health import Check, router
from kit.http.limits import BODY_LIMIT, BodyLimit
from kit.http.problems import (
    MEDIA_TYPE,
    Problem,
    of_domain_error,
    of_status,
    of_validation,
    problem,
    problems,
)
from kit.logging import get_logger
from kit.settings import Settings

if TYPE_CHECKING:
    from kit.db import Database

REQUEST_ID = "x-request-id"
_GOOD_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
log = get_logger(__name__)


class App(FastAPI):
    """FastAPI whose OpenAPI document says of each route which problems it answers, as problem+json."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _declare_problems(super().openapi())
        return self.openapi_schema


def create_app(
    title: str,
    settings: Settings,
    *,
    db: Database | None = None,
    ready_checks: Mapping[str, Check] | None = None,
    lifespan: Lifespan | None = None,
    closes: Iterable[Any] = (),
    body_limit: int = BODY_LIMIT,
    body_limits: Mapping[str, int] | None = None,
    version: str = "1",
    openapi_url: str | None = "/openapi.json",
) -> FastAPI:
    """An application with `state.settings`, `state.db`, `state.ready_checks` (a dict that may be added to).

    `closes`: clients and the like, whose aclose() or close() is awaited at shutdown. `body_limits`: other limits
    for paths that begin so, e.g. {"/papers/{id}/import": 8 * 2**20}; beyond it is 413 body_too_large.
    """

    @asynccontextmanager
    async def whole_life(app: FastAPI) -> AsyncIterator[None]:
        try:
            if lifespan is None:
                yield
            else:
                async with lifespan(app):
                    yield
        finally:
            for one in closes:
                done = one.aclose() if hasattr(one, "aclose") else one.close()
                if inspect.isawaitable(done):
                    await done

    app = App(
        title=title,
        version=version,
        openapi_url=openapi_url,
        docs_url=None,  # both pages load scripts from a CDN
        redoc_url=None,
        lifespan=whole_life,
        responses=problems(500),
        # tracing only; its logs would carry exception texts, and metrics are Prometheus'
        telemetry={"logs": False, "metrics": False, "operation_spans": False, "auto_configure": False},
    )
    app.state.settings = settings
    app.state.db = db
    app.state.ready_checks = dict(ready_checks or {})
    if db is not None:
        app.state.ready_checks.setdefault("postgresql", db.ping)
    app.include_router(router)
    app.add_middleware(BodyLimit, default=body_limit, limits=body_limits or {})
    app.add_middleware(_Requests, service=settings.service or title)
    _add_handlers(app)
    return app


def request_id(request: Request) -> str | None:
    """The ID under which this request is logged; it is in the answer's X-Request-ID too."""
    found = request.scope.get("fudao.request_id")
    return found if isinstance(found, str) else None


def _add_handlers(app: FastAPI) -> None:
    @app.exception_handler(DomainError)
    async def domain_error(request: Request, error: DomainError) -> Response:
        return of_domain_error(error, request_id(request))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return of_validation(error.errors(), request_id(request))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        return of_status(error.status_code, request_id(request), error.headers)


class _Requests:
    """Outermost middleware of ours: request ID, metrics, the answer to an unexpected exception."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((v.decode("latin-1") for k, v in scope["headers"] if k == REQUEST_ID.encode()), "")
        identity = given if _GOOD_ID.match(given) else uuid.uuid4().hex
        scope["fudao.request_id"] = identity
        started, status = time.perf_counter(), 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID.encode(), identity.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=identity):
            try:
                await self.app(scope, receive, send_on)
            except HTTPException as error:  # of the middleware between us and the routes
                if status:
                    raise
                await of_status(error.status_code, identity, error.headers)(scope, receive, send_on)
            except Exception as error:
                if status:  # half sent: only the server can end it
                    raise
                answer = _unexpected(error, identity, f"{scope['method']} {_template(scope)}")
                await answer(scope, receive, send_on)
            finally:
                seconds = time.perf_counter() - started
                telemetry.observe_request(self.service, scope["method"], _template(scope), status, seconds)


def _unexpected(error: Exception, identity: str, route: str) -> Response:
    from kit.db import is_unavailable  # here: SQLAlchemy is not needed to answer

    if is_unavailable(error):
        log.warning("database_unavailable", route=route, error=type(error).__name__)
        return of_status(503, identity, {"retry-after": "1"})
    log.error("unexpected_error", route=route, exc_info=error)
    detail = f"系统内部出现了意外错误，请稍后再试。需要帮助时，请提供这个编号：{identity}。"
    return problem(500, "internal", detail, request_id=identity)


def _template(scope: Scope) -> str:
    """The route's template, rebuilt from path and parameters; paths that no route takes are one label."""
    if "endpoint" not in scope:
        return "unmatched"
    path: str = scope["path"]
    for name, value in (scope.get("path_params") or {}).items():
        path = path.replace(f"/{value}", f"/{{{name}}}", 1)
    return path


def _declare_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Adds what the application answers by itself (401, 413, 422) and gives problems their media type."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.setdefault("Problem", Problem.model_json_schema(ref_template="#/components/schemas/{model}"))
    for schema in ("HTTPValidationError", "ValidationError"):
        schemas.pop(schema, None)
    for path in document.get("paths", {}).values():
        for operation in path.values():
            if isinstance(operation, dict) and "responses" in operation:
                _declare(operation)
    return document


def _declare(operation: dict[str, Any]) -> None:
    automatic: list[int] = []
    if operation.get("security"):
        automatic.append(401)
    if "requestBody" in operation:
        automatic.append(413)
    if "requestBody" in operation or operation.get("parameters"):
        automatic.append(422)
    for status in automatic:
        described = problems(status)[status]["description"]
        operation["responses"][str(status)] = {
            "description": described,
            "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
        }
    for response in operation["responses"].values():
        content = response.get("content", {})
        if content.get("application/json", {}).get("schema") == _PROBLEM:
            content[MEDIA_TYPE] = content.pop("application/json")
