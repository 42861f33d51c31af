"""Commands go to the gateway's log, which alone decides what becomes of them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import httpx

from kit.logging import get_logger
from kit.outbox.leader import Leader, Row
from kit.outbox.pump import Pump, Sent, Unsent
from kit.outbox.rows import COMMAND
from kit.settings import Settings
from kit.tokens import mint_service

_PATH = "/internal/commands"
_AT_ONCE = 16
_TRY_AGAIN = frozenset(
    {401, 408, 425, 429}
)  # a wrong key or clock is ours to mend: no reason to lose a command
_log = get_logger("kit.outbox")


class CommandPump(Pump):
    """POSTs each command row. A problem answer (4xx) is final: the row counts as sent and keeps the error."""

    kind = COMMAND

    def __init__(self, leader: Leader, finish: asyncio.Event, settings: Settings) -> None:
        super().__init__(leader, finish)
        self._settings = settings
        self._slots = asyncio.Semaphore(_AT_ONCE)
        limits = httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
        self._client = httpx.AsyncClient(
            base_url=settings.gateway_url,
            timeout=httpx.Timeout(10, connect=3),
            limits=limits,
            trust_env=False,
        )

    async def close(self) -> None:
        """Closes the HTTP connections."""
        await self._client.aclose()

    async def before_batch(self) -> None:
        """Nothing: each request shows whether the gateway is there."""

    async def send(self, row: Row) -> Sent:
        """Posts one command; the gateway knows repeats by the command's ID."""
        headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {mint_service(self._settings)}",
        }
        async with self._slots:
            if self._down:
                raise self._down
            try:
                answer = await self._client.post(_PATH, content=row.body.encode(), headers=headers)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise Unsent(type(error).__name__, everybody=True) from None
            except httpx.HTTPError as error:
                raise Unsent(type(error).__name__) from None
        if answer.is_success:
            return Sent()
        reason = _reason(answer)
        if answer.is_client_error and answer.status_code not in _TRY_AGAIN and _is_problem(answer):
            _log.error(
                "command_refused_for_good",
                command_id=str(row.id),
                target_id=str(row.target_id),
                reason=reason,
            )
            return Sent(error=reason)
        raise Unsent(reason)


def _is_problem(answer: httpx.Response) -> bool:
    """Whether the gateway itself answered: a bare 404 may come from a proxy or an older release."""
    kind: str = answer.headers.get("content-type", "")
    return kind.startswith("application/problem+json")


def _reason(answer: httpx.Response) -> str:
    """HTTP status and the problem's stable code; no text, which could quote content."""
    code = None
    with suppress(ValueError, AttributeError):
        code = answer.json().get("code") if _is_problem(answer) else None
    return f"HTTP {answer.status_code} {code}" if isinstance(code, str) else f"HTTP {answer.status_code}"
