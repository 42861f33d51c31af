"""The payload codec: AES-256-GCM over whole payloads, the key's ID beside them, older keys kept for reading."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from kit.settings import Settings

ENCODING = b"binary/encrypted"
_NONCE = 12


class CannotDecode(RuntimeError):
    """A payload that none of our keys opens; says which key ID it names."""


class AesCodec(PayloadCodec):
    """Encrypts under `current`, decrypts under any of `keys` (ID → 32 bytes). The ID is bound as associated data."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._current = current.encode()
        self._cipher = self._ciphers[current]

    @classmethod
    def of(cls, settings: Settings) -> AesCodec:
        """The codec with the process's keys."""
        return cls(settings.codec_key_bytes(), settings.codec_key_id)

    async def encode(self, payloads: Iterable[Payload]) -> list[Payload]:
        """Each payload, whole, in an encrypted one."""
        return [self._encode(payload) for payload in payloads]

    async def decode(self, payloads: Iterable[Payload]) -> list[Payload]:
        """The payloads that were encoded; those never encrypted pass as they are. CannotDecode for a wrong key."""
        return [self._decode(payload) for payload in payloads]

    def _encode(self, payload: Payload) -> Payload:
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, payload.SerializeToString(), self._current)
        return Payload(metadata={"encoding": ENCODING, "encryption-key-id": self._current}, data=sealed)

    def _decode(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        name = payload.metadata.get("encryption-key-id", b"")
        cipher = self._ciphers.get(name.decode(errors="replace"))
        if cipher is None:
            raise CannotDecode(f"no codec key {name!r}")
        try:
            plain = cipher.decrypt(payload.data[:_NONCE], payload.data[_NONCE:], name)
        except InvalidTag:
            raise CannotDecode(f"codec key {name!r} does not open this payload") from None
        return Payload.FromString(plain)
