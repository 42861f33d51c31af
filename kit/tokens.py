"""Signed tokens between processes: who acts (actor, Ed25519, by the gateway) and which service calls (HS256).

Both live 60 seconds and name their audience. Algorithms are fixed here, never taken from the token.
"""

from __future__ import annotations

import functools
import json
import re
import time
import uuid
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, OKPKey

from kit.errors import DomainError, Kind
from kit.settings import Settings, derive_service_key

LIFETIME = 60  # seconds
LEEWAY = 5  # seconds that two machines' clocks may differ
GATEWAY = "gateway"
_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,40}$")


@dataclass(frozen=True, kw_only=True)
class Actor:
    """On whose behalf a service is asked: a person in one role, or role `system` for the gateway itself.

    `audience` is the service that the token was for; it is empty on an actor that was not read from a token.
    """

    subject: UUID
    role: str
    audience: str = ""
    application_id: UUID | None = None
    district: str | None = None


SYSTEM = Actor(subject=UUID(int=0), role="system")


def mint_actor(settings: Settings, actor: Actor, audience: str, *, now: int | None = None) -> str:
    """A token for one service. MissingSetting when this process holds no actor_private_key."""
    claims: dict[str, Any] = {**_times(now), "iss": GATEWAY, "aud": audience, "sub": str(actor.subject)}
    claims |= {"role": actor.role, "jti": uuid.uuid4().hex}
    if actor.application_id is not None:
        claims["application_id"] = str(actor.application_id)
    if actor.district is not None:
        claims["district"] = actor.district
    return jwt.encode({"alg": "Ed25519"}, claims, _private(settings.key("actor_private_key")), ["Ed25519"])


def verify_actor(settings: Settings, token: str, audience: str, *, now: int | None = None) -> Actor:
    """The actor that the gateway vouches for, else DomainError(unauthenticated, invalid_token)."""
    key = _public(settings.key("actor_public_key"))
    required = jwt.JWTClaimsRegistry(
        now=_clock(now),
        leeway=LEEWAY,
        iss={"essential": True, "value": GATEWAY},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        nbf={"essential": True},
        sub={"essential": True},
        role={"essential": True},
    )
    try:
        claims = jwt.decode(token, key, ["Ed25519"]).claims
        required.validate(claims)
        application = claims.get("application_id")
        return Actor(
            subject=UUID(claims["sub"]),
            role=str(claims["role"]),
            audience=audience,
            application_id=UUID(application) if application is not None else None,
            district=claims.get("district"),
        )
    except (JoseError, ValueError, TypeError, AttributeError):
        raise invalid_token() from None


def mint_service(settings: Settings, audience: str = GATEWAY, *, now: int | None = None) -> str:
    """A token that says which service calls. MissingSetting when this process holds no service_key."""
    claims = {**_times(now), "iss": settings.service, "aud": audience, "jti": uuid.uuid4().hex}
    return jwt.encode({"alg": "HS256"}, claims, _secret(settings.key("service_key")), ["HS256"])


def verify_service(settings: Settings, token: str, audience: str = GATEWAY, *, now: int | None = None) -> str:
    """Name of the calling service, its key derived from service_root_key (only the gateway holds that).

    DomainError(unauthenticated, invalid_token) for everything else.
    """
    root = settings.key("service_root_key")
    try:
        claimed = json.loads(jws.extract_compact(token.encode()).payload)["iss"]
        if not isinstance(claimed, str) or not _NAME.match(claimed):
            raise invalid_token()
        claims = jwt.decode(token, _secret(derive_service_key(root, claimed)), ["HS256"]).claims
        jwt.JWTClaimsRegistry(
            now=_clock(now),
            leeway=LEEWAY,
            iss={"essential": True, "value": claimed},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            nbf={"essential": True},
        ).validate(claims)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise invalid_token() from None
    return claimed


def invalid_token() -> DomainError:
    """The one answer to a missing, wrong or expired token: it does not say which."""
    return DomainError(Kind.unauthenticated, "invalid_token", "登录凭证缺失、无效或已过期，请重新登录。")


def _times(now: int | None) -> dict[str, int]:
    at = _clock(now)
    return {"iat": at, "nbf": at, "exp": at + LIFETIME}


def _clock(now: int | None) -> int:
    return int(time.time()) if now is None else now


@functools.lru_cache(maxsize=4)
def _private(raw: bytes) -> OKPKey:
    return OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(raw))


@functools.lru_cache(maxsize=4)
def _public(raw: bytes) -> OKPKey:
    return OKPKey.import_key(Ed25519PublicKey.from_public_bytes(raw))


@functools.lru_cache(maxsize=64)
def _secret(raw: bytes) -> OctKey:
    return OctKey.import_key(raw)
