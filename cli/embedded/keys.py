"""Passwords and keys of one data folder: made at the first start, kept in secrets.json (0600), never printed."""

from __future__ import annotations

import base64
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from cli.embedded import files
from cli.embedded.parts import ROLES
from cli.problems import Problem


def _password() -> str:
    return secrets.token_urlsafe(24)


def _key() -> str:
    """32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _rsa_key() -> str:
    """RSA 2048 (PKCS #8, DER, base64): what both payment providers sign with."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(der).decode()


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Keys are base64 of 32 bytes (private keys: raw Ed25519), passwords URL-safe text."""

    postgres_password: str = field(default_factory=_password)
    role_passwords: dict[str, str] = field(default_factory=lambda: {role: _password() for role in ROLES})
    s3_access_key: str = field(default_factory=lambda: f"fudao{secrets.token_hex(8)}")
    s3_secret_key: str = field(default_factory=_password)
    weed_write_key: str = field(default_factory=_password)
    weed_read_key: str = field(default_factory=_password)
    weed_filer_write_key: str = field(default_factory=_password)
    weed_filer_read_key: str = field(default_factory=_password)
    codec_key_id: str = field(default_factory=lambda: f"k{secrets.token_hex(4)}")
    codec_key: str = field(default_factory=_key)
    actor_private_key: str = field(default_factory=_key)
    service_root_key: str = field(default_factory=_key)
    field_key: str = field(default_factory=_key)
    hash_key: str = field(default_factory=_key)
    provider_rsa_key: str = field(default_factory=_rsa_key)
    merchant_rsa_key: str = field(default_factory=_rsa_key)
    wechat_api_key: str = field(default_factory=lambda: secrets.token_hex(16))
    operator_token: str = field(default_factory=_password)

    @property
    def actor_public_key(self) -> str:
        """The public half of the key that signs who acts."""
        return _public(self.actor_private_key)

    @property
    def provider_rsa_public_key(self) -> str:
        """The public half of the key with which the local payment provider signs, as WeChat Pay and Alipay do."""
        return _rsa_public(self.provider_rsa_key)

    @property
    def merchant_rsa_public_key(self) -> str:
        """The public half of the key with which we sign what we ask of it."""
        return _rsa_public(self.merchant_rsa_key)


def _public(private: str) -> str:
    """Ed25519, raw, base64."""
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(private)).public_key()
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _rsa_public(private: str) -> str:
    key = load_der_private_key(base64.b64decode(private), None).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def load(path: Path) -> Secrets:
    """The folder's secrets; what a newer version needs in addition is made and kept too.

    Problem data_unreadable when the file is there and cannot be read: new keys would make all data unreadable.
    """
    known = files.read_json(path)
    if not known and path.exists():
        raise Problem(
            "data_unreadable", f"{path} 读不出来；没有它，已有的数据无法解密。请从备份恢复这个文件。"
        )
    names = {one.name for one in fields(Secrets)}
    found = Secrets(**{name: value for name, value in known.items() if name in names})
    roles = {**{role: _password() for role in ROLES}, **found.role_passwords}
    value = asdict(found) | {"role_passwords": roles}
    if value != known:
        files.write_json(path, value, mode=0o600)
    return Secrets(**value)
