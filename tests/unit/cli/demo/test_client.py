"""The client outlives restarts: repeats with the same key, waits for receipts, tells refusals by their code."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from cli.demo import client
from cli.demo.client import Caller, Http, Refusal, Unreachable
from contracts.commands import Accepted, CommandName, CommandState, Receipt, Refused
from kit.http import serve

ID = UUID(int=7)
Script = list[tuple[int, Any]]


class Portal:
    """Answers one line of its script after the other, and keeps what it was asked."""

    def __init__(self, script: Script) -> None:
        self.script, self.asked = script, list[tuple[str, str | None, bytes]]()
        self.app = FastAPI()
        self.app.add_api_route("/{path:path}", self.answer, methods=["GET", "POST"])

    async def answer(self, request: Request) -> JSONResponse:
        key = request.headers.get("idempotency-key")
        self.asked.append((f"{request.method} {request.url.path}", key, await request.body()))
        status, body = self.script.pop(0)
        return JSONResponse(body, status)


@asynccontextmanager
async def running(portal: Portal, port: int = 0) -> AsyncIterator[str]:
    stop, bound = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(portal.app, stop, port=port, on_bound=bound.set_result))
    try:
        yield f"http://{await bound}".replace("http://http://", "http://")
    finally:
        stop.set()
        await task


async def talk(script: Script, act: Callable[[Caller], Awaitable[Any]]) -> tuple[Portal, Any, Http]:
    portal = Portal(script)
    async with running(portal) as address, Http(address) as http:
        try:
            return portal, await act(Caller(http, "token", ID)), http
        except (Refusal, Unreachable) as error:
            return portal, error, http


def receipt(state: CommandState, outcome: Accepted | Refused | None = None) -> Any:
    made = Receipt(
        id=ID,
        name=CommandName.withdraw,
        target_id=ID,
        state=state,
        received_at=datetime(2025, 2, 14, tzinfo=UTC),
        outcome=outcome,
    )
    return made.model_dump(mode="json")


def withdraw(caller: Caller) -> Awaitable[Receipt]:
    return caller.command("/applications/1", "withdraw", "the-key")


async def test_a_command_is_repeated_with_its_key_until_somebody_answers() -> None:
    away = {"code": "service_unavailable"}
    script = [(503, away), (502, away), (200, receipt(CommandState.answered, Accepted()))]
    portal, answer, http = await talk(script, withdraw)
    assert answer.outcome == Accepted()
    assert portal.asked == [("POST /api/v1/applications/1/commands/withdraw", "the-key", b"")] * 3
    assert (http.calls, http.repeats) == (3, 2)
    assert http.longest_outage > 0


async def test_a_receipt_is_asked_for_until_there_is_an_outcome() -> None:
    script = [
        (202, receipt(CommandState.received)),
        (200, receipt(CommandState.prepared)),
        (200, receipt(CommandState.answered, Accepted())),
    ]
    portal, answer, _ = await talk(script, withdraw)
    assert answer.state is CommandState.answered
    assert [asked for asked, _, _ in portal.asked[1:]] == [f"GET /api/v1/commands/{ID}"] * 2


async def test_a_late_refusal_is_a_refusal_like_one_at_once() -> None:
    said = Refused(code="window_closed", message="已经截止。", clause="A5")
    _, late, _ = await talk(
        [(202, receipt(CommandState.received)), (200, receipt(CommandState.refused, said))], withdraw
    )
    problem = {"code": "window_closed", "detail": "已经截止。"}
    _, at_once, _ = await talk([(409, problem)], withdraw)
    assert (late.status, late.code, late.message) == (409, "window_closed", "已经截止。")
    assert (at_once.status, at_once.code, at_once.message) == (409, "window_closed", "已经截止。")


async def test_a_quarantined_command_is_not_waited_for() -> None:
    _, error, _ = await talk([(202, receipt(CommandState.quarantined))], withdraw)
    assert error.code == "quarantined"


async def test_a_broken_answer_is_no_outage() -> None:
    """500 is a mistake of the system's: to be seen, not to be waited out."""
    portal, error, _ = await talk([(500, {"code": "internal", "detail": "出错了"})], withdraw)
    assert (error.status, error.code, len(portal.asked)) == (500, "internal", 1)


async def test_nothing_yet_is_none() -> None:
    _, found, _ = await talk([(404, {"code": "no_ranking"})], lambda one: one.find("/x", Receipt))
    assert found is None


async def test_a_portal_that_was_killed_is_waited_for() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    portal = Portal([(200, receipt(CommandState.answered, Accepted()))])
    async with Http(f"http://127.0.0.1:{port}") as http:
        asking = asyncio.create_task(withdraw(Caller(http, "token", ID)))  # type: ignore[arg-type]
        while not http.repeats:
            await asyncio.sleep(0.01)
        async with running(portal, port):
            answer = await asking
    assert answer.outcome == Accepted()


async def test_a_portal_that_stays_away_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_PATIENCE", 0.2)
    _, error, http = await talk([(503, {})] * 10, withdraw)
    assert isinstance(error, Unreachable)
    assert http.repeats >= 2
