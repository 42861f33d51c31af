"""Settings as a gateway and as a service have them, with fresh keys."""

from __future__ import annotations

import base64
import os

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.settings import Settings, derive_service_key


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("FUDAO_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def _plain_logs() -> None:
    """structlog's own default draws every local variable of a traceback, which takes seconds."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
    )


@pytest.fixture
def gateway_settings() -> Settings:
    private = Ed25519PrivateKey.generate()
    return Settings(
        service="gateway",
        actor_private_key=encoded(private.private_bytes_raw()),
        actor_public_key=encoded(private.public_key().public_bytes_raw()),
        service_root_key=encoded(os.urandom(32)),
        field_key=encoded(os.urandom(32)),
        hash_key=encoded(os.urandom(32)),
    )


@pytest.fixture
def service_settings(gateway_settings: Settings) -> Settings:
    root = gateway_settings.key("service_root_key")
    return Settings(
        service="review",
        actor_public_key=gateway_settings.actor_public_key,
        service_key=encoded(derive_service_key(root, "review")),
        field_key=gateway_settings.field_key,
        hash_key=gateway_settings.hash_key,
    )
