"""A little typed client of the public API that outlives restarts: everything is repeated until it is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel

from contracts.commands import CommandState, Receipt, Refused

M = TypeVar("M", bound=BaseModel)

API = "/api/v1"
_AWAY = frozenset({502, 503, 504})
_PATIENCE = 180.0  # seconds for which something that was killed may stay away
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
_POLL = 0.15
_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=4.0)


class Refusal(Exception):
    """The system said no: `code` and `status` of its problem+json, `details` as they came."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.details = status, code, message, details


class Unreachable(Exception):
    """It did not come back within the time that is granted."""


class Http:
    """One pool of connections to the portal, one to everything else (object store, pay page).

    `calls`, `repeats`: how many so far; `longest_outage`: seconds for which a call had to be repeated at most.
    """

    def __init__(self, portal: str) -> None:
        timeout = httpx.Timeout(30.0, connect=5.0)
        self._portal = httpx.AsyncClient(
            base_url=portal + API, limits=_LIMITS, timeout=timeout, trust_env=False
        )
        self._others = httpx.AsyncClient(limits=_LIMITS, timeout=timeout, trust_env=False)
        self.calls = self.repeats = 0
        self.longest_outage = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._portal.aclose()
        await self._others.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        json: BaseModel | Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """A call to the portal, repeated with the same key while nobody answers. Errors: Refusal, Unreachable."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["idempotency-key"] = key
        if content is not None:
            headers["content-type"] = "application/pdf"
        body = json.model_dump(mode="json") if isinstance(json, BaseModel) else json

        async def call() -> httpx.Response:
            return await self._portal.request(
                method, path, json=body, params=params, content=content, headers=headers
            )

        return _checked(await self._until_answered(call))

    async def post_file(self, url: str, fields: Mapping[str, str], name: str, kind: str, data: bytes) -> None:
        """A presigned POST to the object store: the fields first, the file last."""

        async def call() -> httpx.Response:
            return await self._others.post(url, data=dict(fields), files={"file": (name, data, kind)})

        answer = await self._until_answered(call)
        if answer.is_error:
            raise Refusal(answer.status_code, "upload_refused", answer.text[:300], {})

    async def press(self, url: str) -> None:
        """The one button of a page of somebody else's (the pay page)."""

        async def call() -> httpx.Response:
            return await self._others.post(url)

        _checked(await self._until_answered(call))

    async def _until_answered(self, call: Any) -> httpx.Response:
        pause, waited, begun = _FIRST_PAUSE, 0.0, time.monotonic()
        while True:
            self.calls += 1
            try:
                answer: httpx.Response = await call()
                if answer.status_code not in _AWAY:
                    if waited:
                        self.longest_outage = max(self.longest_outage, time.monotonic() - begun)
                    return answer
                last = f"HTTP {answer.status_code}"
            except httpx.TransportError as error:
                last = type(error).__name__
            if waited >= _PATIENCE:
                raise Unreachable(f"没有回应已经 {waited:.0f} 秒（{last}）")
            self.repeats += 1
            await asyncio.sleep(pause)
            waited += pause
            pause = min(pause * 1.6, _LONGEST_PAUSE)


class Caller:
    """Somebody who has logged in."""

    def __init__(self, http: Http, token: str, account_id: UUID) -> None:
        self.http, self.token, self.account_id = http, token, account_id

    async def get(self, path: str, model: type[M], **params: str) -> M:
        """Errors: Refusal, Unreachable (as everywhere here)."""
        answer = await self.http.ask("GET", path, token=self.token, params=params or None)
        return model.model_validate_json(answer.content)

    async def get_bytes(self, path: str) -> bytes:
        return (await self.http.ask("GET", path, token=self.token)).content

    async def find(self, path: str, model: type[M], **params: str) -> M | None:
        """Like `get`; None where there is nothing yet."""
        try:
            return await self.get(path, model, **params)
        except Refusal as no:
            if no.status != 404:
                raise
            return None

    async def send(
        self,
        method: str,
        path: str,
        model: type[M],
        json: BaseModel | Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        content: bytes | None = None,
    ) -> M:
        answer = await self.http.ask(method, path, token=self.token, json=json, key=key, content=content)
        return model.model_validate_json(answer.content)

    async def command(
        self, target: str, name: str, key: str, body: BaseModel | Mapping[str, Any] | None = None
    ) -> Receipt:
        """A command and its outcome, however long that takes. Errors: Refusal with the refusal's own code."""
        receipt = await self.send("POST", f"{target}/commands/{name}", Receipt, body, key=key)
        return await self.settled(receipt)

    async def settled(self, receipt: Receipt) -> Receipt:
        """The receipt with its outcome: asked for again while the command is under way (202)."""
        while receipt.outcome is None:
            if receipt.state is CommandState.quarantined:
                raise Refusal(409, "quarantined", f"命令 {receipt.name} 没有办成，已被隔离", {})
            await asyncio.sleep(_POLL)
            receipt = await self.get(f"/commands/{receipt.id}", Receipt)
        if isinstance(receipt.outcome, Refused):
            raise Refusal(409, receipt.outcome.code, receipt.outcome.message, {})
        return receipt


def _checked(answer: httpx.Response) -> httpx.Response:
    if not answer.is_error:
        return answer
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    raise Refusal(
        answer.status_code,
        str(problem.get("code", "unknown")),
        str(problem.get("detail", "")),
        problem.get("details") or {},
    )
