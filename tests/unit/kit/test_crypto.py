"""Encrypted fields and keyed hashes."""

from __future__ import annotations

import base64
import os

import pytest

from kit.crypto import Undecryptable, decrypt_field, encrypt_field, key_id_of, keyed_hash, seal, unseal
from kit.settings import Settings


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def test_field_goes_round_and_differs_each_time(gateway_settings: Settings) -> None:
    one = encrypt_field(gateway_settings, "张三 110105", bind="p1")
    two = encrypt_field(gateway_settings, "张三 110105", bind="p1")
    assert one != two
    assert "张三".encode() not in one
    assert decrypt_field(gateway_settings, one, bind="p1") == "张三 110105"


def test_field_does_not_open_elsewhere(gateway_settings: Settings) -> None:
    sealed = encrypt_field(gateway_settings, "x", bind="p1")
    with pytest.raises(Undecryptable):
        decrypt_field(gateway_settings, sealed, bind="p2")


def test_every_flipped_byte_is_seen() -> None:
    secret = os.urandom(32)
    sealed = seal("k1", secret, b"content", b"here")
    assert unseal({"k1": secret}, sealed, b"here") == b"content"
    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1
        with pytest.raises(Undecryptable):
            unseal({"k1": secret, "j1": secret, "k0": secret}, bytes(broken), b"here")


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x02\x01k" + bytes(40), b"\x01\xffk", b"\x01\x02k1" + bytes(12)]
)
def test_rubbish(data: bytes) -> None:
    with pytest.raises(Undecryptable):
        unseal({"k1": bytes(32)}, data)


def test_rotation_reads_old_values() -> None:
    old_key, new_key = key(), key()
    sealed = encrypt_field(Settings(field_key=old_key, field_key_id="2025"), "x")
    assert key_id_of(sealed) == "2025"
    rotated = Settings(field_key=new_key, field_key_id="2026", field_old_keys={"2025": old_key})
    assert decrypt_field(rotated, sealed) == "x"
    assert key_id_of(encrypt_field(rotated, "x")) == "2026"
    with pytest.raises(Undecryptable):
        decrypt_field(Settings(field_key=new_key, field_key_id="2026"), sealed)


def test_keyed_hash(gateway_settings: Settings) -> None:
    one = keyed_hash(gateway_settings, "110105", purpose="id")
    assert len(one) == 64
    assert one == keyed_hash(gateway_settings, "110105", purpose="id")
    assert one != keyed_hash(gateway_settings, "110106", purpose="id")
    assert one != keyed_hash(gateway_settings, "110105")
    assert one != keyed_hash(Settings(hash_key=key()), "110105", purpose="id")
    known = Settings(hash_key=base64.b64encode(b"key").decode())  # RFC 4231 style vector from Wikipedia
    assert keyed_hash(known, "The quick brown fox jumps over the lazy dog") == (
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    )
