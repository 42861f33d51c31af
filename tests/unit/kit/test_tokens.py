"""Tokens: what was put in comes out, and nothing that differs in any way is believed."""

from __future__ import annotations

import base64
import json
import os
import time
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from kit.errors import DomainError, Kind
from kit.settings import MissingSetting, Settings
from kit.tokens import LEEWAY, LIFETIME, SYSTEM, Actor, mint_actor, mint_service, verify_actor, verify_service

ACTOR = Actor(subject=uuid4(), role="reviewer", application_id=uuid4(), district="渝中区")


def refused(call: Any) -> bool:
    with pytest.raises(DomainError) as caught:
        call()
    return (caught.value.kind, caught.value.code) == (Kind.unauthenticated, "invalid_token")


def part(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {"iss": "gateway", "aud": "review", "sub": str(uuid4()), "role": "reviewer"}
    return base | {"iat": now, "nbf": now, "exp": now + 60} | changed


def signed(settings: Settings, content: dict[str, Any]) -> str:
    key = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(settings.key("actor_private_key")))
    return jwt.encode({"alg": "Ed25519"}, content, key, ["Ed25519"])


def test_actor_goes_round(gateway_settings: Settings, service_settings: Settings) -> None:
    token = mint_actor(gateway_settings, ACTOR, "review")
    assert verify_actor(service_settings, token, "review") == Actor(
        subject=ACTOR.subject,
        role="reviewer",
        audience="review",
        application_id=ACTOR.application_id,
        district="渝中区",
    )
    bare = verify_actor(service_settings, mint_actor(gateway_settings, SYSTEM, "review"), "review")
    assert (bare.subject, bare.role, bare.application_id, bare.district) == (
        SYSTEM.subject,
        "system",
        None,
        None,
    )


def test_actor_token_is_for_one_audience(gateway_settings: Settings, service_settings: Settings) -> None:
    token = mint_actor(gateway_settings, ACTOR, "exam")
    assert refused(lambda: verify_actor(service_settings, token, "review"))


def test_actor_token_lives_a_minute(gateway_settings: Settings, service_settings: Settings) -> None:
    token = mint_actor(gateway_settings, ACTOR, "review", now=1000)
    last = 1000 + LIFETIME + LEEWAY - 1
    assert verify_actor(service_settings, token, "review", now=last).subject == ACTOR.subject
    assert refused(lambda: verify_actor(service_settings, token, "review", now=1000 + LIFETIME + LEEWAY + 1))
    assert refused(lambda: verify_actor(service_settings, token, "review", now=1000 - LEEWAY - 1))
    assert refused(lambda: verify_actor(service_settings, token, "review"))


@pytest.mark.parametrize("gone", ["iss", "aud", "sub", "role", "exp", "nbf"])
def test_every_claim_is_needed(gone: str, gateway_settings: Settings, service_settings: Settings) -> None:
    assert verify_actor(service_settings, signed(gateway_settings, claims()), "review").role == "reviewer"
    content = claims()
    del content[gone]
    assert refused(lambda: verify_actor(service_settings, signed(gateway_settings, content), "review"))


@pytest.mark.parametrize(
    "changed", [{"iss": "review"}, {"sub": "me"}, {"application_id": "7"}, {"exp": "soon"}]
)
def test_wrong_claims(
    changed: dict[str, Any], gateway_settings: Settings, service_settings: Settings
) -> None:
    token = signed(gateway_settings, claims(**changed))
    assert refused(lambda: verify_actor(service_settings, token, "review"))


def test_another_key_or_algorithm_is_refused(service_settings: Settings) -> None:
    own = Settings(actor_private_key=base64.b64encode(os.urandom(32)).decode())
    assert refused(lambda: verify_actor(service_settings, mint_actor(own, ACTOR, "review"), "review"))
    unsigned = f"{part({'alg': 'none'})}.{part(claims())}."
    assert refused(lambda: verify_actor(service_settings, unsigned, "review"))
    public = OctKey.import_key(service_settings.key("actor_public_key"))
    confused = jwt.encode({"alg": "HS256"}, claims(), public, ["HS256"])
    assert refused(lambda: verify_actor(service_settings, confused, "review"))


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "a.b.c.d", "é.é.é", f"{part({})}.{part([1])}.{part({})}"]
)
def test_rubbish_is_refused_alike(token: str, gateway_settings: Settings, service_settings: Settings) -> None:
    assert refused(lambda: verify_actor(service_settings, token, "review"))
    assert refused(lambda: verify_service(gateway_settings, token))


def test_only_the_gateway_can_mint_actors(service_settings: Settings) -> None:
    with pytest.raises(MissingSetting):
        mint_actor(service_settings, ACTOR, "review")


def test_service_goes_round(gateway_settings: Settings, service_settings: Settings) -> None:
    assert verify_service(gateway_settings, mint_service(service_settings)) == "review"


def test_a_service_cannot_call_itself_another(gateway_settings: Settings, service_settings: Settings) -> None:
    liar = service_settings.model_copy(update={"service": "payment"})
    assert refused(lambda: verify_service(gateway_settings, mint_service(liar)))


def test_service_token_times_and_audience(gateway_settings: Settings, service_settings: Settings) -> None:
    old = mint_service(service_settings, now=1000)
    assert verify_service(gateway_settings, old, now=1030) == "review"
    assert refused(lambda: verify_service(gateway_settings, old, now=1000 + LIFETIME + LEEWAY + 1))
    assert refused(lambda: verify_service(gateway_settings, mint_service(service_settings, "exam")))


def test_an_actor_token_is_no_service_token(gateway_settings: Settings) -> None:
    assert refused(lambda: verify_service(gateway_settings, mint_actor(gateway_settings, SYSTEM, "gateway")))
