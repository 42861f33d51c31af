"""The application that every process is built on: errors, limits, health, metrics, the OpenAPI document."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy.exc import DBAPIError

from kit.errors import DomainError, Kind, NotYet
from kit.http import Actor, calling_service, create_app, current_actor, problems
from kit.http import health as health_module
from kit.settings import Settings
from kit.telemetry import exposition
from kit.tokens import mint_actor, mint_service


class Level(StrEnum):
    junior = "初级"


class Draft(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=2, max_length=5)]
    pages: Annotated[int, Field(ge=1)]
    level: Level = Level.junior
    when: date | None = None

    @field_validator("title")
    @classmethod
    def no_digits(cls, value: str) -> str:
        if value.isdigit():
            raise ValueError("不能全是数字")
        return value


class Flood(DBAPIError):
    """PostgreSQL says that it has no connection left (SQLSTATE 53300)."""

    def __init__(self) -> None:
        cause = Exception("too many clients")
        cause.sqlstate = "53300"  # type: ignore[attr-defined]
        super().__init__("select", {}, cause)


def build(settings: Settings, **options: Any) -> FastAPI:
    limits = {"/streams": 5, "/streams/{name}/in": 100}
    app = create_app("test", settings, body_limits=limits, **options)
    routes = APIRouter(prefix="/things")

    @routes.post("/{thing_id}", responses=problems(404, 409))
    async def save(thing_id: UUID, draft: Draft) -> Draft:
        if draft.title == "没有":
            raise DomainError(
                Kind.not_found, "thing_not_found", "没有这份申报", clause="A1", details={"n": 1}
            )
        return draft

    @routes.get("/boom")
    async def boom() -> None:
        raise RuntimeError("张三 13912345678")

    @routes.get("/flood")
    async def flood() -> None:
        raise Flood

    @app.post("/streams/{name}/in")
    async def stream(request: Request) -> int:
        return len(await request.body())

    @routes.get("/who")
    async def who(actor: Annotated[Actor, Depends(current_actor("review"))]) -> str:
        return f"{actor.role} {actor.subject}"

    @routes.get("/service")
    async def service(name: Annotated[str, Depends(calling_service)]) -> str:
        return name

    app.include_router(routes)
    return app


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def client(gateway_settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(build(gateway_settings)) as made:
        yield made


def body(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["status"] == response.status_code
    assert found["type"] == f"urn:fudao:problem:{found['code']}"
    assert found["request_id"] == response.headers["x-request-id"]
    return found


async def test_a_domain_error_is_a_problem(client: httpx.AsyncClient) -> None:
    response = await client.post(f"/things/{uuid4()}", json={"title": "没有", "pages": 1})
    found = body(response)
    assert (found["status"], found["code"], found["detail"]) == (404, "thing_not_found", "没有这份申报")
    assert (found["title"], found["clause"], found["details"]) == ("没有找到", "A1", {"n": 1})


async def test_every_field_is_named_in_chinese_and_no_input_repeated(client: httpx.AsyncClient) -> None:
    sent = {"title": "一二三四五六", "pages": 0, "level": "高级", "when": "昨天", "more": 1}
    found = body(await client.post("/things/x", json=sent))
    assert (found["status"], found["code"]) == (422, "invalid_input")
    assert found["details"]["fields"] == [
        {"field": "thing_id", "message": "编号不正确"},
        {"field": "title", "message": "最多 5 个字"},
        {"field": "pages", "message": "不能小于 1"},
        {"field": "level", "message": "不在可选范围内"},
        {"field": "when", "message": "应为日期（年-月-日）"},
        {"field": "more", "message": "不是可以填写的项"},
    ]
    assert found["detail"].startswith("提交的内容有误：thing_id 编号不正确；title 最多 5 个字；")
    assert not {"一二三四五六", "高级", "昨天"} & set(re.findall(r"[^；： ]+", found["detail"]))


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        (b"", [{"field": "", "message": "必须填写"}]),
        (b"{", [{"field": "1", "message": "内容不是有效的 JSON"}]),
        (b"[]", [{"field": "", "message": "应为一组内容"}]),
        (b'{"title": "12", "pages": 1}', [{"field": "title", "message": "不能全是数字"}]),
        (b'{"title": "ab"}', [{"field": "pages", "message": "必须填写"}]),
    ],
)
async def test_malformed_bodies(client: httpx.AsyncClient, sent: bytes, fields: list[dict[str, str]]) -> None:
    headers = {"content-type": "application/json"}
    found = body(await client.post(f"/things/{uuid4()}", content=sent, headers=headers))
    assert (found["status"], found["code"], found["details"]["fields"]) == (422, "invalid_input", fields)


async def test_an_unexpected_error_is_not_explained(client: httpx.AsyncClient) -> None:
    found = body(await client.get("/things/boom"))
    assert (found["status"], found["code"], found["details"]) == (500, "internal", {})
    assert found["request_id"] in found["detail"]
    assert "张三" not in found["detail"]


async def test_a_database_that_cannot_serve_is_503(client: httpx.AsyncClient) -> None:
    response = await client.get("/things/flood")
    assert (body(response)["status"], body(response)["code"]) == (503, "service_unavailable")
    assert response.headers["retry-after"] == "1"


async def test_the_framework_errors_have_the_same_shape(client: httpx.AsyncClient) -> None:
    assert body(await client.get("/nowhere"))["code"] == "not_found"
    refused = await client.post("/health/live")
    assert (body(refused)["status"], body(refused)["code"]) == (405, "method_not_allowed")
    assert refused.headers["allow"] == "GET"


async def test_body_limit(gateway_settings: Settings) -> None:
    async with client_of(build(gateway_settings, body_limit=1000)) as client:
        just = {"title": "ab", "pages": 1, "level": "初级"}
        large = httpx.Request("POST", "http://x", json=just).content.ljust(1001)
        headers = {"content-type": "application/json"}
        url = f"/things/{uuid4()}"
        assert (await client.post(url, content=large[:1000], headers=headers)).json()["title"] == "ab"
        found = body(await client.post(url, content=large, headers=headers))
        assert (found["status"], found["code"]) == (413, "body_too_large")


async def test_body_limit_of_one_route_counts_streamed_bytes(client: httpx.AsyncClient) -> None:
    async def pieces(total: int) -> AsyncIterator[bytes]:
        for _ in range(total // 10):
            yield b"0123456789"

    assert (await client.post("/streams/a/in", content=pieces(100))).json() == 100
    found = body(await client.post("/streams/a/in", content=pieces(110)))
    assert (found["status"], found["code"]) == (413, "body_too_large")
    assert body(await client.post("/streams/a", content=b"123456"))["status"] == 413
    assert body(await client.post("/streamsandmore", content=b"123456"))["status"] == 404


async def test_the_default_limit_is_64_kib(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    response = await client.post(f"/things/{uuid4()}", content=b" " * (64 * 1024 + 1), headers=headers)
    assert body(response)["status"] == 413


async def test_request_id_is_taken_over_only_when_harmless(client: httpx.AsyncClient) -> None:
    given = "0123456789abcdef"
    assert (await client.get("/health/live", headers={"x-request-id": given})).headers[
        "x-request-id"
    ] == given
    for bad in ("short", "x" * 65, 'quote"quote"'):
        made = (await client.get("/health/live", headers={"x-request-id": bad})).headers["x-request-id"]
        assert re.fullmatch(r"[0-9a-f]{32}", made)


async def test_actor_and_service_dependencies(
    client: httpx.AsyncClient, gateway_settings: Settings, service_settings: Settings
) -> None:
    actor = Actor(subject=uuid4(), role="expert")
    good = {"authorization": f"Bearer {mint_actor(gateway_settings, actor, 'review')}"}
    assert (await client.get("/things/who", headers=good)).json() == f"expert {actor.subject}"
    own = {"authorization": f"Bearer {mint_service(service_settings)}"}
    assert (await client.get("/things/service", headers=own)).json() == "review"
    for url, headers in (
        ("/things/who", {}),
        ("/things/who", own),
        ("/things/service", good),
        ("/things/who", {"authorization": good["authorization"].replace("Bearer", "Basic")}),
    ):
        response = await client.get(url, headers=headers)
        assert (body(response)["status"], body(response)["code"]) == (401, "invalid_token")
        assert response.headers["www-authenticate"] == "Bearer"


async def test_health(gateway_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "CHECK_TIMEOUT", 0.05)

    async def good() -> None: ...

    async def slow() -> None:
        await asyncio.sleep(10)

    async def starting() -> None:
        raise NotYet

    async def broken() -> None:
        raise ConnectionRefusedError("secret address")

    checks = {"a": good, "b": slow, "c": starting, "d": broken}
    app = create_app("test", gateway_settings, ready_checks=checks)
    async with client_of(app) as client:
        response = await client.get("/health/ready")
        assert (response.status_code, response.json()) == (
            503,
            {"status": "not_ready", "checks": {"a": "ok", "b": "timeout", "c": "waiting", "d": "failed"}},
        )
        app.state.ready_checks = {"a": good}
        response = await client.get("/health/ready")
        assert (response.status_code, response.json()) == (200, {"status": "ready", "checks": {"a": "ok"}})
        assert (await client.get("/health/live")).json() == {"status": "live"}


async def test_metrics_count_by_template(client: httpx.AsyncClient) -> None:
    def count(route: str, status: int) -> float:
        wanted = f'method="POST",route="{route}",service="gateway",status="{status}"'
        lines = [line for line in exposition().decode().splitlines() if wanted in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if "requests_total" in line)

    before = count("/things/{thing_id}", 200), count("unmatched", 404)
    for _ in range(3):
        await client.post(f"/things/{uuid4()}", json={"title": "ab", "pages": 1})
    await client.post(f"/nowhere/{uuid4()}")
    assert count("/things/{thing_id}", 200) == before[0] + 3
    assert count("unmatched", 404) == before[1] + 1
    shown = await client.get("/metrics")
    assert "fudao_http_request_seconds_bucket" in shown.text
    assert shown.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_lifespan_closes_what_it_was_given(gateway_settings: Settings) -> None:
    said: list[str] = []

    class Client:
        async def aclose(self) -> None:
            said.append("aclose")

    class Store:
        def close(self) -> None:
            said.append("close")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        said.append("start")
        yield
        said.append("stop")

    app = create_app("test", gateway_settings, lifespan=lifespan, closes=[Client(), Store()])
    async with app.router.lifespan_context(app):
        assert said == ["start"]
    assert said == ["start", "stop", "aclose", "close"]


def test_openapi_declares_every_error(gateway_settings: Settings) -> None:
    document = build(gateway_settings).openapi()

    def declared(path: str, method: str) -> dict[str, list[str]]:
        return {
            s: list(r.get("content", {})) for s, r in document["paths"][path][method]["responses"].items()
        }

    problem = ["application/problem+json"]
    assert declared("/things/{thing_id}", "post") == {
        "200": ["application/json"],
        **dict.fromkeys(("404", "409", "413", "422", "500"), problem),
    }
    assert declared("/things/who", "get") == {
        "200": ["application/json"],
        **dict.fromkeys(("401", "500"), problem),
    }
    assert declared("/health/ready", "get")["503"] == ["application/json"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    wanted = {"type", "title", "status", "detail", "code", "clause", "details", "request_id"}
    assert set(document["components"]["schemas"]["Problem"]["properties"]) == wanted


def test_no_page_loads_anything_from_elsewhere(gateway_settings: Settings) -> None:
    paths = set(build(gateway_settings).openapi()["paths"])
    app = build(gateway_settings)
    assert (app.docs_url, app.redoc_url) == (None, None)
    assert {"/health/live", "/health/ready"} < paths
