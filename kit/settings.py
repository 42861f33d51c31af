"""Settings of every process, read from FUDAO_* environment variables; nothing is required at import.

A service subclasses Settings with its own prefix (REGISTRATION_); all fields are read from FUDAO_ too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

PREFIX = "FUDAO_"
_SERVICE_URL = re.compile(r"^FUDAO_([A-Z][A-Z0-9]*)_URL$")
S = TypeVar("S", bound="Settings")


class MissingSetting(RuntimeError):
    """A needed setting is absent or no valid base64. Names the variable, never its value."""


class Settings(BaseSettings):
    """Everything that kit needs. Secrets are SecretStr; keys are base64, read with `key()`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True
    )

    service: str = ""
    log_level: str = "INFO"

    db_host: str = "127.0.0.1"  # a folder (starts with /) means a unix socket
    db_port: int = 5432
    db_name: str = "fudao"
    db_user: str = ""  # empty: the service's own role, which has its name
    db_password: SecretStr = SecretStr("")
    db_pool: int = 3
    db_overflow: int = 2

    temporal_address: str = "127.0.0.1:7233"
    temporal_namespace: str = "default"
    worker_concurrency: int = 20

    s3_endpoint: str = "127.0.0.1:8333"
    s3_access_key: str = ""
    s3_secret_key: SecretStr = SecretStr("")
    s3_secure: bool = False
    s3_public_url: str = (
        ""  # how browsers reach the store (https://files.…), when they must call it otherwise
    )
    uploads_bucket: str = "uploads"
    content_bucket: str = "content"

    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_session_timeout_ms: int = 1000

    gateway_url: str = "http://127.0.0.1:8000"
    socket_dir: Path | None = (
        None  # services listen on {socket_dir}/{service}.sock, else on api_host:api_port
    )
    api_host: str = "127.0.0.1"
    api_port: int = 8000
    service_urls: dict[str, str] = {}  # FUDAO_REVIEW_URL=http://… adds one

    codec_key_id: str = ""
    codec_keys: dict[str, SecretStr] = {}
    actor_private_key: SecretStr = SecretStr("")  # gateway only
    actor_public_key: str = ""
    service_key: SecretStr = SecretStr("")
    service_root_key: SecretStr = SecretStr("")  # gateway only: derives every service's key
    field_key: SecretStr = SecretStr("")
    field_key_id: str = "k1"
    field_old_keys: dict[str, SecretStr] = {}  # earlier field keys by id, for reading only
    hash_key: SecretStr = SecretStr("")

    otlp_endpoint: str = ""  # empty: no tracing

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Given values, the class's own prefix, FUDAO_, FUDAO_{SERVICE}_URL, secret files."""
        shared = EnvSettingsSource(settings_cls, env_prefix=PREFIX)
        found = _service_urls(os.environ)
        urls = InitSettingsSource(settings_cls, {"service_urls": found} if found else {})
        return init_settings, env_settings, shared, urls, file_secret_settings

    @property
    def database_url(self) -> URL:
        """SQLAlchemy URL (asyncpg) over TCP or a unix socket folder. Its repr hides the password."""
        from sqlalchemy.engine import URL  # here: 0.6 s that the CLI need not pay

        user, password = self.db_user or self.service, self.db_password.get_secret_value() or None
        if self.db_host.startswith("/"):
            query = {"host": self.db_host, "port": str(self.db_port)}
            return URL.create("postgresql+asyncpg", user, password, database=self.db_name, query=query)
        return URL.create("postgresql+asyncpg", user, password, self.db_host, self.db_port, self.db_name)

    def key(self, field: str) -> bytes:
        """The bytes of a base64 setting, e.g. key("field_key"). MissingSetting when absent or malformed."""
        value = getattr(self, field)
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        return _decode(f"{PREFIX}{field.upper()}", text)

    def codec_key_bytes(self) -> dict[str, bytes]:
        """All payload-codec keys by id. MissingSetting when one is malformed or the current one absent."""
        if self.codec_key_id not in self.codec_keys:
            raise MissingSetting(f"{PREFIX}CODEC_KEYS 里没有 {PREFIX}CODEC_KEY_ID 所指的密钥")
        return {
            k: _decode(f"{PREFIX}CODEC_KEYS[{k}]", v.get_secret_value()) for k, v in self.codec_keys.items()
        }

    def field_key_bytes(self) -> dict[str, bytes]:
        """The field keys by id, the current one (field_key_id) among them, decoded."""
        old = {
            k: _decode(f"{PREFIX}FIELD_OLD_KEYS[{k}]", v.get_secret_value())
            for k, v in self.field_old_keys.items()
        }
        return {**old, self.field_key_id: self.key("field_key")}

    @property
    def store_origin(self) -> str:
        """Scheme, host and port under which browsers send and fetch files."""
        if self.s3_public_url:
            parts = urlsplit(self.s3_public_url)
            return f"{parts.scheme}://{parts.netloc}"
        return f"{'https' if self.s3_secure else 'http'}://{self.s3_endpoint}"

    def socket_of(self, service: str) -> Path | None:
        """The unix socket of a service's HTTP API, or None where services listen on URLs."""
        return self.socket_dir / f"{service}.sock" if self.socket_dir else None


def load(cls: type[S] | None = None, **given: Any) -> S:
    """Settings (or a subclass) from the environment; `given` values win. ValidationError hides the inputs."""
    return (cls or Settings)(**given)  # type: ignore[return-value]


def derive_service_key(root: bytes, service: str) -> bytes:
    """A service's own key: HMAC-SHA256(root key, name). Gateway derives it, the service is given it."""
    return hmac.new(root, service.encode(), hashlib.sha256).digest()


def _service_urls(environ: Mapping[str, str]) -> dict[str, str]:
    found = ((_SERVICE_URL.match(name), value) for name, value in environ.items())
    urls = {match[1].lower(): value for match, value in found if match and value}
    urls.pop("gateway", None)
    return urls


def _decode(variable: str, text: str) -> bytes:
    if not text:
        raise MissingSetting(f"缺少设置 {variable}")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise MissingSetting(f"设置 {variable} 不是有效的 base64") from None
