"""The payload codec: what it closes only its keys open, and only whole."""

from __future__ import annotations

import pytest
from temporalio.api.common.v1 import Payload

from kit.payloads import ENCODING, AesCodec, CannotDecode

OLD, NEW = {"old": bytes(32)}, {"old": bytes(32), "new": bytes(range(32))}
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data='{"name":"张三"}'.encode())


async def closed(codec: AesCodec) -> Payload:
    [payload] = await codec.encode([PLAIN])
    return payload


async def test_a_payload_comes_back_as_it_was_and_nothing_of_it_shows() -> None:
    payload = await closed(AesCodec(NEW, "new"))
    assert dict(payload.metadata) == {"encoding": ENCODING, "encryption-key-id": b"new"}
    assert "张三".encode() not in payload.SerializeToString()
    assert b"json/plain" not in payload.SerializeToString()
    assert await AesCodec(NEW, "new").decode([payload]) == [PLAIN]


async def test_the_same_content_never_looks_the_same() -> None:
    codec = AesCodec(OLD, "old")
    assert (await closed(codec)).data != (await closed(codec)).data


async def test_older_keys_open_and_missing_or_wrong_ones_do_not() -> None:
    old = await closed(AesCodec(OLD, "old"))
    assert await AesCodec(NEW, "new").decode([old]) == [PLAIN]
    new = await closed(AesCodec(NEW, "new"))
    with pytest.raises(CannotDecode, match="new"):
        await AesCodec(OLD, "old").decode([new])
    with pytest.raises(CannotDecode, match="does not open"):
        await AesCodec({"new": bytes(32)}, "new").decode([new])


@pytest.mark.parametrize("position", [0, 5, 13, -1])
async def test_a_changed_byte_is_noticed(position: int) -> None:
    codec = AesCodec(OLD, "old")
    payload = await closed(codec)
    data = bytearray(payload.data)
    data[position] ^= 1
    payload.data = bytes(data)
    with pytest.raises(CannotDecode):
        await codec.decode([payload])


async def test_another_key_id_is_noticed_even_with_the_same_key() -> None:
    payload = await closed(AesCodec(OLD, "old"))
    payload.metadata["encryption-key-id"] = b"twin"
    with pytest.raises(CannotDecode):
        await AesCodec({"twin": bytes(32)}, "twin").decode([payload])


async def test_what_was_never_encrypted_passes() -> None:
    assert await AesCodec(OLD, "old").decode([PLAIN]) == [PLAIN]


def test_a_codec_needs_its_current_key() -> None:
    with pytest.raises(KeyError):
        AesCodec(OLD, "new")
