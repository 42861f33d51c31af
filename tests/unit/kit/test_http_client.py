"""ServiceClient against a real server on a unix socket, as the embedded processes talk."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import pytest
import structlog
from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel

from kit.errors import DomainError, Kind
from kit.http import SYSTEM, Actor, ServiceClient, calling_service, create_app, current_actor, serve
from kit.settings import MissingSetting, Settings


class Note(BaseModel):
    words: str


def build(settings: Settings) -> FastAPI:
    app = create_app("review", settings)

    @app.get("/me")
    async def me(
        request: Request, actor: Annotated[Actor, Depends(current_actor("review"))]
    ) -> dict[str, str | None]:
        found = {"role": actor.role, "subject": str(actor.subject), "audience": actor.audience}
        return {
            **found,
            "request_id": request.headers.get("x-request-id"),
            "q": request.query_params.get("q"),
        }

    @app.post("/notes")
    async def notes(note: Note) -> Note:
        return note

    @app.get("/late")
    async def late() -> None:
        raise DomainError(Kind.conflict, "lease_lost", "任务已由他人领取", clause="Q3", details={"fence": 2})

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    @app.get("/strange")
    async def strange() -> Response:
        return Response("<html>", 502)

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(5)

    return app


@asynccontextmanager
async def running(app: FastAPI, socket: Path) -> AsyncIterator[None]:
    stop, bound = asyncio.Event(), asyncio.Event()
    server = asyncio.create_task(serve(app, stop, uds=socket, on_bound=lambda _: bound.set()))
    await bound.wait()
    try:
        yield
    finally:
        stop.set()
        await server


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fd") as made:  # short: sockets' paths have a limit
        yield Path(made)


@pytest.fixture
async def client(
    folder: Path, gateway_settings: Settings, service_settings: Settings
) -> AsyncIterator[ServiceClient]:
    asking = gateway_settings.model_copy(update={"socket_dir": folder})
    async with running(build(service_settings), folder / "review.sock"), ServiceClient(asking) as made:
        yield made


async def test_the_actor_and_the_request_id_arrive(client: ServiceClient) -> None:
    actor = Actor(subject=uuid4(), role="reviewer")
    with structlog.contextvars.bound_contextvars(request_id="abcdefgh1234"):
        answer = await client.request("review", "GET", "/me", actor=actor, params={"q": "渝"})
    assert answer.json() == {
        "role": "reviewer",
        "subject": str(actor.subject),
        "audience": "review",
        "request_id": "abcdefgh1234",
        "q": "渝",
    }


async def test_models_are_sent_as_json(client: ServiceClient) -> None:
    answer = await client.request("review", "POST", "/notes", actor=SYSTEM, json=Note(words="好"))
    assert answer.json() == {"words": "好"}


async def test_a_problem_is_raised_again(client: ServiceClient) -> None:
    with pytest.raises(DomainError) as caught:
        await client.request("review", "GET", "/late", actor=SYSTEM)
    error = caught.value
    assert (error.kind, error.code, error.message) == (Kind.conflict, "lease_lost", "任务已由他人领取")
    assert (error.clause, error.details) == ("Q3", {"fence": 2})


@pytest.mark.parametrize(
    ("method", "path", "kind", "code"),
    [
        ("POST", "/notes", Kind.invalid, "invalid_input"),
        ("GET", "/none", Kind.not_found, "not_found"),
        ("DELETE", "/notes", Kind.invalid, "method_not_allowed"),
        ("GET", "/broken", Kind.unavailable, "service_unavailable"),
        ("GET", "/strange", Kind.unavailable, "service_unavailable"),
    ],
)
async def test_other_failures(client: ServiceClient, method: str, path: str, kind: Kind, code: str) -> None:
    with pytest.raises(DomainError) as caught:
        await client.request("review", method, path, actor=SYSTEM)
    assert (caught.value.kind, caught.value.code) == (kind, code)


async def test_nobody_there_and_too_slow_are_unavailable(client: ServiceClient) -> None:
    for service, path in (("exam", "/me"), ("review", "/slow")):
        with pytest.raises(DomainError) as caught:
            await client.request(service, "GET", path, actor=SYSTEM, timeout=0.2)
        assert (caught.value.kind, caught.value.code) == (Kind.unavailable, "service_unavailable")
        assert caught.value.details == {"service": service}


async def test_a_restarted_service_is_found_again(
    folder: Path, gateway_settings: Settings, service_settings: Settings
) -> None:
    asking = gateway_settings.model_copy(update={"socket_dir": folder})
    async with ServiceClient(asking) as client:
        for _ in range(2):
            async with running(build(service_settings), folder / "review.sock"):
                answer = await client.request("review", "GET", "/me", actor=SYSTEM)
                assert answer.json()["role"] == "system"
        assert not (folder / "review.sock").exists()


async def test_a_service_calls_the_gateway_by_url(
    gateway_settings: Settings, service_settings: Settings
) -> None:
    app = create_app("gateway", gateway_settings)

    @app.post("/internal/commands")
    async def commands(name: Annotated[str, Depends(calling_service)]) -> str:
        return name

    stop = asyncio.Event()
    bound: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(app, stop, on_bound=bound.set_result))
    asking = service_settings.model_copy(update={"gateway_url": await bound})
    async with ServiceClient(asking) as client:
        answer = await client.request("gateway", "POST", "/internal/commands", actor=None)
        assert answer.json() == "review"
    stop.set()
    await server


async def test_no_address_is_said_at_once(gateway_settings: Settings) -> None:
    with pytest.raises(MissingSetting, match="FUDAO_REVIEW_URL"):
        await ServiceClient(gateway_settings).request("review", "GET", "/me", actor=SYSTEM)
