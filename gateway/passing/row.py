"""A row of the table of passed-on routes, and the FastAPI route that is made of it (typed, with every error)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import BaseModel

from contracts.commands import Role
from contracts.http.persons import PHONE_HEADER
from gateway.accounts import codes
from gateway.guard import UNSAFE, Caller
from gateway.pacing import Pace, pace
from gateway.policy import API, Access, Owner, Rule
from gateway.settings import GatewaySettings
from kit.db import Database
from kit.http import ServiceClient, problems
from kit.tokens import Actor

ANYONE = Actor(subject=UUID(int=0), role="public")
"""For whom public routes are asked: nobody in particular, who may see what everybody may see."""
JSON = "application/json"
_PARAMETER = re.compile(r"\{(\w+)\}")
_UUIDS = frozenset(
    {
        "application_id",
        "round_id",
        "task_id",
        "account_id",
        "notice_id",
        "order_id",
        "payment_id",
        "line_id",
        "allocation_id",
        "refund_id",
        "invoice_id",
        "complaint_id",
        "hearing_id",
        "note_id",
        "bar_id",
        "message_id",
        "sitting_id",
        "excuse_id",
        "correction_id",
        "panel_id",
        "certificate_id",
        "ruling_id",
    }
)
_TEXT = Annotated[str, Path(pattern=r"^[^/\\\x00-\x1f]{1,80}$")]
_BACK = ("content-type", "content-disposition", "etag", "last-modified", "x-content-type-options", "location")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One route. `answer` None: the service answers bytes of a type in `media`. `raw`: the body's limit in bytes,
    passed on as it came, with headers that begin with one of `headers`."""

    method: str
    path: str
    service: str
    roles: tuple[Role, ...] = ()
    owner: Owner = Owner.nobody
    public: bool = False
    body: type[BaseModel] | None = None
    body_optional: bool = False
    query: type[BaseModel] | None = None
    answer: Any = None
    media: tuple[str, ...] = ()
    status: int = 200
    errors: tuple[int, ...] = (404, 409)
    limit: int | None = None
    """Bytes of a JSON body, where it may be larger than usual."""
    raw: int | None = None
    headers: tuple[str, ...] = ("content-type",)
    timeout: float | None = None
    """Seconds to wait for the service, where it may take longer than usual."""
    phone: bool = False
    """Adds the account's verified phone for the service."""
    pace: Pace | None = None
    """Limits how often one address may ask."""

    def rule(self) -> Rule:
        return Rule(
            method=self.method,
            path=API + self.path,
            roles=self.roles,
            owner=self.owner,
            access=Access.public if self.public else Access.roles,
            max_body=self.raw,
        )


def rules_of(rows: Iterable[Row]) -> tuple[Rule, ...]:
    """The policy lines of these rows."""
    return tuple(row.rule() for row in rows)


def add_routes(router: APIRouter, rows: Iterable[Row]) -> None:
    """One typed route a row. `router` must make guarded routes."""
    for row in rows:
        router.add_api_route(
            API + row.path,
            _endpoint(row),
            methods=[row.method],
            status_code=row.status,
            tags=[row.service],
            name=_name(row),
            operation_id=_name(row),
            response_model=row.answer,
            responses=_responses(row),
            openapi_extra=_raw_body() if row.raw is not None else None,
            max_body_size=row.raw or row.limit,
        )


def _endpoint(row: Row) -> Callable[..., Awaitable[Response]]:
    """The route's function with a signature of its own, from which FastAPI takes types and document."""

    async def pass_on(request: Request, **given: Any) -> Response:
        query = given.pop("query_", None)
        body = given.pop("body_", None)
        path = _fill(row.path, given)
        params = query.model_dump(mode="json", exclude_none=True) if query is not None else None
        json = body.model_dump(mode="json", exclude_unset=True) if body is not None else None
        content = await request.body() if row.raw is not None else None
        if row.pace is not None:
            await pace(request, row.pace)
        services: ServiceClient = request.app.state.services
        answer = await services.request(
            row.service,
            row.method,
            path,
            actor=_actor(request),
            json=json,
            params=params,
            content=content,
            headers=await _headers(request, row),
            timeout=row.timeout,
        )
        kept = {name: answer.headers[name] for name in _BACK if name in answer.headers}
        return Response(answer.content, answer.status_code, headers=kept)

    pass_on.__signature__ = inspect.Signature(_parameters(row), return_annotation=Response)  # type: ignore[attr-defined]
    pass_on.__name__ = _name(row)
    return pass_on


def _parameters(row: Row) -> list[inspect.Parameter]:
    keyword = inspect.Parameter.KEYWORD_ONLY
    made = [inspect.Parameter("request", keyword, annotation=Request)]
    for name in _PARAMETER.findall(row.path):
        made.append(inspect.Parameter(name, keyword, annotation=UUID if name in _UUIDS else _TEXT))
    if row.query is not None:
        made.append(inspect.Parameter("query_", keyword, annotation=Annotated[row.query, Query()]))
    if row.body is not None:
        kind: Any = row.body | None if row.body_optional else row.body
        default = None if row.body_optional else inspect.Parameter.empty
        made.append(inspect.Parameter("body_", keyword, default=default, annotation=Annotated[kind, Body()]))
    return made


def _fill(path: str, given: Mapping[str, Any]) -> str:
    return _PARAMETER.sub(lambda match: quote(str(given[match[1]]), safe=""), path)


def _actor(request: Request) -> Actor:
    caller = request.state.caller
    return caller.actor() if isinstance(caller, Caller) else ANYONE


async def _headers(request: Request, row: Row) -> dict[str, str]:
    kept: dict[str, str] = {}
    if row.raw is not None:
        kept = {name: value for name, value in request.headers.items() if name.startswith(row.headers)}
    if row.phone:
        settings: GatewaySettings = request.app.state.settings
        database: Database = request.app.state.db
        async with database.read() as session:
            phone = await codes.phone_of(session, settings, request.state.caller.account_id)
        if phone is not None:
            kept[PHONE_HEADER] = phone
    return kept


def _responses(row: Row) -> dict[int | str, dict[str, Any]]:
    statuses = {*row.errors, 503}
    if not row.public:
        statuses |= {401, 403}
    elif row.method in UNSAFE:
        statuses.add(403)
    declared = problems(*sorted(statuses))
    if row.media:
        declared[row.status] = {
            "description": "文件内容",
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in row.media},
        }
    return declared


def _raw_body() -> dict[str, Any]:
    content = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    return {"requestBody": {"required": True, "content": content}}


def _name(row: Row) -> str:
    words = _PARAMETER.sub("one", row.path).replace("-", "_").replace(".", "_").split("/")
    return "_".join([row.method.lower(), row.service, *(word for word in words if word)])
