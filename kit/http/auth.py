"""FastAPI dependencies that say who asks: the actor that the gateway vouches for, or a calling service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from kit.tokens import Actor, invalid_token, verify_actor, verify_service

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="60 秒有效的签名令牌")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def current_actor(service: str) -> Callable[..., Awaitable[Actor]]:
    """A dependency: `actor: Annotated[Actor, Depends(current_actor("review"))]`. Else 401 invalid_token."""

    async def actor(request: Request, credentials: _Credentials) -> Actor:
        if credentials is None:
            raise invalid_token()
        return verify_actor(request.app.state.settings, credentials.credentials, service)

    return actor


async def calling_service(request: Request, credentials: _Credentials) -> str:
    """A dependency for the gateway's /internal routes: the calling service's name. Else 401 invalid_token."""
    if credentials is None:
        raise invalid_token()
    return verify_service(request.app.state.settings, credentials.credentials)
