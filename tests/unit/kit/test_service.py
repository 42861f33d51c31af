"""What a service consists of in each mode, and how a wrong call is answered. Whole processes: tests/integration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.events import Event, Topic
from kit.http import create_app
from kit.service import MODES, Consumer, Context, Loop, Service, loops_of, main, open_context
from kit.settings import Settings


async def take(event: Event, session: AsyncSession) -> None: ...


async def endless(stop: asyncio.Event) -> None:
    await stop.wait()


def make_app(context: Context[Settings]) -> FastAPI:
    return create_app("x", context.settings, db=context.db)


def consumers(context: Context[Settings]) -> Sequence[Consumer]:
    return [Consumer(group="x.people", topics=[Topic.people], handle=take)]


def more(context: Context[Settings]) -> Mapping[str, Loop]:
    return {"ocr": endless}


WHOLE = Service(
    name="review",
    package="services.review",
    settings=Settings,
    make_app=make_app,
    make_activities=lambda context: [],
    consumers=consumers,
    due_handlers=lambda context: {},
    more_loops=more,
)
ONLY_READS = Service(
    name="readmodel", package="readmodel", settings=Settings, consumers=consumers, relay=False
)


@pytest_asyncio.fixture
async def context() -> AsyncIterator[Context[Settings]]:
    async with open_context(Settings(service="review")) as opened:  # connects to nothing yet
        yield opened


async def test_all_is_everything_in_the_order_of_stopping(context: Context[Settings]) -> None:
    assert list(loops_of(WHOLE, context)) == ["api", "worker", "consumer:x.people", "relay", "due", "ocr"]


@pytest.mark.parametrize(
    ("mode", "names"),
    [
        ("api", ["api"]),
        ("worker", ["worker"]),
        ("consumers", ["consumer:x.people"]),
        ("relay", ["relay"]),
        ("due", ["due", "ocr"]),
    ],
)
async def test_each_mode_is_one_part(context: Context[Settings], mode: str, names: list[str]) -> None:
    assert list(loops_of(WHOLE, context, mode)) == names


async def test_parts_that_a_service_has_not(context: Context[Settings]) -> None:
    assert list(loops_of(ONLY_READS, context)) == ["consumer:x.people"]
    for mode in ("api", "worker", "relay", "due"):
        with pytest.raises(ValueError, match=mode):
            loops_of(ONLY_READS, context, mode)


@pytest.mark.parametrize("words", [[], ["nothing"], ["api", "worker"], ["--migrate"], ["all", "--fast"]])
def test_a_wrong_call_is_told(words: list[str], capsys: pytest.CaptureFixture[Any]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(WHOLE, words)
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert said == f"用法：python -m services.review {{{'|'.join(MODES)}}} [--migrate]\n"
