"""The object store against a real SeaweedFS: content addressing, and what presigned requests allow."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from kit.errors import DomainError, Kind
from kit.settings import Settings
from kit.storage import ObjectStore, content_key
from tests.servers import Servers

HOUR = timedelta(hours=1)


@pytest_asyncio.fixture(loop_scope="session")
async def store(servers: Servers) -> AsyncIterator[ObjectStore]:
    s3 = await servers.s3()
    settings = Settings(
        s3_endpoint=s3.endpoint, s3_access_key=s3.access_key, s3_secret_key=SecretStr(s3.secret_key)
    )
    opened = ObjectStore(settings)
    await opened.ensure_buckets()
    await opened.ensure_buckets()
    yield opened
    await opened.close()


async def post(
    url: str, fields: dict[str, str], data: bytes, content_type: str = "application/pdf", **changes: str
) -> int:
    form = {**fields, **changes}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(url, data=form, files={"file": ("scan.pdf", data, content_type)})
    return answer.status_code


async def test_content_is_stored_under_its_hash_and_read_back(store: ObjectStore) -> None:
    data = os.urandom(200_000)
    key = await store.put_content(data, "application/pdf")
    assert key == content_key(data)
    assert await store.get_content(key) == data
    stat = await store.stat(store.content, key)
    assert (stat.size, stat.content_type) == (200_000, "application/pdf")


async def test_thirty_who_put_the_same_at_once_all_succeed(store: ObjectStore) -> None:
    data = os.urandom(50_000)
    clock = asyncio.get_running_loop().time
    started = clock()
    keys = await asyncio.gather(*(store.put_content(data, "image/png") for _ in range(30)))
    assert set(keys) == {content_key(data)}
    assert await store.get_content(keys[0]) == data
    assert clock() - started < 10  # put-if-absent would poll a second for each loser


async def test_content_that_was_tampered_with_is_noticed(store: ObjectStore) -> None:
    key = await store.put_content(b"the original", "text/plain")
    await store.put(store.content, key, b"another text", "text/plain")
    with pytest.raises(RuntimeError, match="differs from its key"):
        await store.get_content(key)


async def test_absent_and_too_large_objects_are_said(store: ObjectStore) -> None:
    with pytest.raises(DomainError) as absent:
        await store.get(store.uploads, "nowhere")
    with pytest.raises(DomainError) as no_stat:
        await store.stat(store.uploads, "nowhere")
    await store.put(store.uploads, "large", b"x" * 101, "text/plain")
    with pytest.raises(DomainError) as large:
        await store.get(store.uploads, "large", max_bytes=100)
    assert [(one.value.kind, one.value.code) for one in (absent, no_stat, large)] == [
        (Kind.not_found, "object_missing"),
        (Kind.not_found, "object_missing"),
        (Kind.too_large, "object_too_large"),
    ]
    assert await store.get(store.uploads, "large", max_bytes=101) == b"x" * 101
    await store.delete(store.uploads, "large")
    await store.delete(store.uploads, "large")
    assert not await store.exists(store.uploads, "large")


async def test_an_upload_becomes_content(store: ObjectStore) -> None:
    await store.put(store.uploads, "a/1", b"%PDF-1.7 form", "application/pdf")
    key = await store.copy_to_content("a/1")
    await store.put(store.uploads, "a/1", b"%PDF-1.7 changed afterwards", "application/pdf")
    assert await store.get_content(key) == b"%PDF-1.7 form"
    assert (await store.stat(store.content, key)).content_type == "application/pdf"
    with pytest.raises(DomainError) as large:
        await store.copy_to_content("a/1", max_bytes=5)
    assert large.value.kind is Kind.too_large


async def test_a_presigned_upload_allows_what_was_agreed_and_nothing_else(store: ObjectStore) -> None:
    key = f"{uuid4()}/{uuid4()}"
    url, fields = store.presigned_post(key, "application/pdf", 1000, HOUR)
    other = f"{uuid4()}/{uuid4()}"
    refused = {
        "too large": await post(url, fields, b"x" * 1001),
        "empty": await post(url, fields, b""),
        "other key": await post(url, fields, b"x", key=other),
        "other type": await post(url, fields, b"x", **{"Content-Type": "text/html"}),
        "forged": await post(url, fields, b"x", **{"x-amz-signature": "0" * 64}),
        "no policy": await post(url, {"key": key, "Content-Type": "application/pdf"}, b"x"),
    }
    assert {name: status // 100 for name, status in refused.items()} == dict.fromkeys(refused, 4)
    assert not await store.exists(store.uploads, key)
    assert not await store.exists(store.uploads, other)

    assert await post(url, fields, b"x" * 1000) // 100 == 2
    stat = await store.stat(store.uploads, key)
    assert (stat.size, stat.content_type) == (1000, "application/pdf")


async def test_a_presigned_upload_expires(store: ObjectStore) -> None:
    key = str(uuid4())
    url, fields = store.presigned_post(key, "application/pdf", 1000, timedelta(seconds=-1))
    assert await post(url, fields, b"x") // 100 == 4
    assert not await store.exists(store.uploads, key)


async def test_a_presigned_download_is_an_attachment_with_its_chinese_name(store: ObjectStore) -> None:
    key = await store.put_content(b"<script>", "text/html")
    url = store.presigned_get(store.content, key, '证书 "甲"/..\r\n.pdf', HOUR)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(url)
        without = await client.get(url.partition("?")[0])
        forged = await client.get(url.replace("attachment", "inline"))
    assert answer.content == b"<script>"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''%E8%AF%81%E4%B9%A6%20%E7%94%B2...pdf" in answer.headers["content-disposition"]
    assert [without.status_code, forged.status_code] == [403, 403]


async def test_a_store_that_is_down_is_no_missing_object() -> None:
    away = ObjectStore(Settings(s3_endpoint="127.0.0.1:1", s3_access_key="a", s3_secret_key=SecretStr("b")))
    with pytest.raises(Exception, match=r".") as caught:
        await away.exists(away.content, "k")
    await away.close()
    assert not isinstance(caught.value, DomainError)
