"""Encrypted columns (AES-256-GCM, the key's id in front) and keyed hashes that keep what is encrypted unique.

Layout: version byte 0x01, length of the key id, key id, 12 bytes nonce, ciphertext with tag.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kit.settings import Settings

_VERSION = 1
_NONCE = 12


class Undecryptable(Exception):
    """Bytes that no key of ours opens: damaged, moved to another row, or the key is missing."""


def encrypt_field(settings: Settings, text: str, *, bind: str = "") -> bytes:
    """A column's value, encrypted under the current field key.

    `bind` ties it to its place, e.g. "person.id_number/{person_id}": elsewhere it does not open.
    """
    return seal(settings.field_key_id, settings.key("field_key"), text.encode(), bind.encode())


def decrypt_field(settings: Settings, data: bytes, *, bind: str = "") -> str:
    """The text of an encrypted column, under whichever field key it was written. Undecryptable otherwise."""
    return unseal(settings.field_key_bytes(), data, bind.encode()).decode()


def keyed_hash(settings: Settings, text: str, *, purpose: str = "") -> str:
    """HMAC-SHA256 in hex: equal for equal texts, useless without the key. Normalise the text first."""
    message = f"{purpose}\0{text}" if purpose else text
    return hmac.new(settings.key("hash_key"), message.encode(), hashlib.sha256).hexdigest()


def seal(key_id: str, key: bytes, data: bytes, bind: bytes = b"") -> bytes:
    """AES-GCM with the head (version, key id) and `bind` authenticated. The key has 32 bytes."""
    name = key_id.encode()
    head = bytes((_VERSION, len(name))) + name
    nonce = os.urandom(_NONCE)
    return head + nonce + AESGCM(key).encrypt(nonce, data, head + bind)


def unseal(keys: Mapping[str, bytes], data: bytes, bind: bytes = b"") -> bytes:
    """What seal() took, if its key is among `keys` and nothing was touched; Undecryptable otherwise."""
    key = keys.get(key_id_of(data))
    if key is None:
        raise Undecryptable("key")
    end = 2 + data[1]
    nonce, body = data[end : end + _NONCE], data[end + _NONCE :]
    try:
        return AESGCM(key).decrypt(nonce, body, data[:end] + bind)
    except (InvalidTag, ValueError):
        raise Undecryptable("tag") from None


def key_id_of(data: bytes) -> str:
    """Id of the key that sealed these bytes. Undecryptable when they are not of our layout."""
    if len(data) < 2 or data[0] != _VERSION or len(data) < 2 + data[1] + _NONCE:
        raise Undecryptable("layout")
    return data[2 : 2 + data[1]].decode(errors="replace")
