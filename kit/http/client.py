"""A client of our own services: signed, pooled, over unix sockets or URLs, problems raised again."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from kit import telemetry
from kit.errors import DomainError, Kind
from kit.http.problems import Problem
from kit.logging import get_logger
from kit.settings import MissingSetting, Settings
from kit.tokens import GATEWAY, Actor, mint_actor, mint_service

TIMEOUT = httpx.Timeout(10.0, connect=2.0)
# shorter than the server's keep-alive (server.py), so that we never write into a connection being closed
LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=15.0)
log = get_logger(__name__)


class ServiceClient:
    """One pooled connection per service, opened at first use. Close it with the application (`closes=`)."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def request(
        self,
        service: str,
        method: str,
        path: str,
        *,
        actor: Actor | None,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> httpx.Response:
        """Asks a service on the actor's behalf; without an actor, as this service (gateway's /internal).

        `json` may be a pydantic model. Answers below 400 come back; a problem is raised as the same
        DomainError; what cannot be reached or breaks is DomainError(unavailable, service_unavailable).
        """
        sent = {"authorization": f"Bearer {self._token(service, actor)}", **(headers or {})}
        identity = structlog.contextvars.get_contextvars().get("request_id")
        if identity:
            sent.setdefault("x-request-id", identity)
        telemetry.inject(sent)
        if isinstance(json, BaseModel):
            json = json.model_dump(mode="json")
        request = self._client(service).build_request(
            method,
            path,
            json=json,
            params=params,
            content=content,
            headers=sent,
            timeout=TIMEOUT if timeout is None else timeout,
        )
        response = await self._send(service, request)
        if response.is_error:
            raise _error(service, response)
        return response

    async def aclose(self) -> None:
        """Closes every pool."""
        while self._clients:
            await self._clients.popitem()[1].aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _token(self, service: str, actor: Actor | None) -> str:
        if actor is None:
            return mint_service(self.settings, service)
        return mint_actor(self.settings, actor, service)

    def _client(self, service: str) -> httpx.AsyncClient:
        if service not in self._clients:
            self._clients[service] = self._open(service)
        return self._clients[service]

    def _open(self, service: str) -> httpx.AsyncClient:
        url = self.settings.gateway_url if service == GATEWAY else self.settings.service_urls.get(service)
        if url:
            transport = httpx.AsyncHTTPTransport(limits=LIMITS, retries=1, trust_env=False)
            return httpx.AsyncClient(base_url=url, transport=transport, trust_env=False)
        socket = self.settings.socket_of(service)
        if socket is None:
            raise MissingSetting(f"缺少设置 FUDAO_{service.upper()}_URL 或 FUDAO_SOCKET_DIR")
        transport = httpx.AsyncHTTPTransport(uds=str(socket), limits=LIMITS, retries=1)
        return httpx.AsyncClient(base_url=f"http://{service}", transport=transport, trust_env=False)

    async def _send(self, service: str, request: httpx.Request) -> httpx.Response:
        client = self._client(service)
        try:
            try:
                return await client.send(request)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                if request.method not in ("GET", "HEAD"):
                    raise
                return await client.send(request)  # the service was restarted under a kept connection
        except httpx.TransportError as error:
            log.warning("service_unreachable", target=service, error=type(error).__name__)
            raise _unavailable(service) from error


def _error(service: str, response: httpx.Response) -> DomainError:
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        problem = None
    kind = Kind.of_status(response.status_code)
    if problem is not None and (kind is not None or response.status_code < 500):
        return DomainError(
            kind or Kind.invalid, problem.code, problem.detail, clause=problem.clause, details=problem.details
        )
    log.warning("service_broke", target=service, status=response.status_code)
    return _unavailable(service)


def _unavailable(service: str) -> DomainError:
    return DomainError(
        Kind.unavailable, "service_unavailable", "服务暂时不可用，请稍后再试。", details={"service": service}
    )
