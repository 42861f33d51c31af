"""Health for supervisors and probes: is the process alive, can it do its work now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from kit import telemetry
from kit.errors import NotYet
from kit.logging import get_logger

Check = Callable[[], Awaitable[Any]]
CHECK_TIMEOUT = 2.0  # seconds for each check; they run side by side
log = get_logger(__name__)


class Live(BaseModel):
    status: Literal["live"] = "live"


class Ready(BaseModel):
    """`checks`: ok, waiting (still starting), timeout or failed, by the name of the part."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, str]


async def run_checks(checks: Mapping[str, Check]) -> dict[str, str]:
    """The result of each check by name. A failing check never raises; its reason is logged."""
    names = list(checks)
    results = await asyncio.gather(*(_run(name, checks[name]) for name in names))
    return dict(zip(names, results, strict=True))


async def _run(name: str, check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            await check()
    except TimeoutError:
        return "timeout"
    except NotYet:
        return "waiting"
    except Exception as error:
        log.warning("not_ready", check=name, error=type(error).__name__)
        return "failed"
    return "ok"


router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live() -> Live:
    """The process answers; nothing else is looked at."""
    return Live()


@router.get("/health/ready", responses={503: {"model": Ready, "description": "还不能工作"}})
async def ready(request: Request, response: Response) -> Ready:
    """Everything that the process needs answers within two seconds. 503 otherwise."""
    results = await run_checks(request.app.state.ready_checks)
    good = all(result == "ok" for result in results.values())
    response.status_code = 200 if good else 503
    return Ready(status="ready" if good else "not_ready", checks=results)


@router.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    """Prometheus' text format."""
    return Response(telemetry.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")
