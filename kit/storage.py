"""Object store: content-addressed objects, and presigned requests with which browsers come to it directly."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import io
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import urllib3
from minio import Minio
from minio.datatypes import PostPolicy
from minio.error import S3Error

from kit.errors import DomainError, Kind
from kit.settings import Settings

T = TypeVar("T")
_REGION = "us-east-1"  # given, so that signing needs no request
_THREADS = 16


@dataclass(frozen=True, kw_only=True)
class Stat:
    """What the store knows of an object. `etag` is no hash to rely on."""

    size: int
    content_type: str
    etag: str


class ObjectStore:
    """The two buckets. Blocking calls run in 16 threads; `close()` ends them.

    A missing object is DomainError(not_found, object_missing); a store that is down passes through and is retried.
    """

    def __init__(self, settings: Settings) -> None:
        self.uploads = settings.uploads_bucket
        self.content = settings.content_bucket
        self._origin = settings.store_origin
        self._internal = f"{'https' if settings.s3_secure else 'http'}://{settings.s3_endpoint}"
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="store")
        self._http = urllib3.PoolManager(
            maxsize=_THREADS * 2,
            timeout=urllib3.Timeout(connect=3, read=30),
            retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
        )
        self._client = Minio(
            settings.s3_endpoint,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key.get_secret_value(),
            secure=settings.s3_secure,
            region=_REGION,
            http_client=self._http,
        )

        # signatures of links cover the host that browsers call, which need not be the one that we call
        public = urlsplit(self._origin)
        self._links = Minio(
            public.netloc,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key.get_secret_value(),
            secure=public.scheme == "https",
            region=_REGION,
            http_client=self._http,
        )

    async def ensure_buckets(self) -> None:
        """Creates both buckets where they are absent."""
        for bucket in (self.uploads, self.content):
            if not await self._call(self._client.bucket_exists, bucket):
                try:
                    await self._call(self._client.make_bucket, bucket)
                except S3Error as error:
                    if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                        raise

    async def ping(self) -> None:
        """Raises when the store cannot be reached (readiness check)."""
        await self._call(self._client.bucket_exists, self.content)

    async def put_content(self, data: bytes, content_type: str, *, ask: bool = True) -> str:
        """Stores bytes under their own hash (`sha256/<hex>` in the content bucket) unless they are there; the key.

        Two who put the same at once both succeed: they write the same bytes. `ask=False` saves the question
        whether they are there, for what most likely is new.
        """
        return await self._call(self._put_content, data, content_type, ask)

    async def put(self, bucket: str, key: str, data: bytes, content_type: str) -> None:
        """Stores bytes under a key of the caller's, over whatever was there (sample data, tests)."""
        await self._call(self._put, bucket, key, data, content_type)

    async def get(self, bucket: str, key: str, *, max_bytes: int = 64 * 2**20) -> bytes:
        """The whole object. DomainError(too_large, object_too_large) beyond `max_bytes`."""
        return await self._call(self._get, bucket, key, max_bytes)

    async def get_content(self, key: str) -> bytes:
        """A content-addressed object; its bytes are checked against its name (RuntimeError when they differ)."""
        data = await self.get(self.content, key)
        if content_key(data) != key:
            raise RuntimeError(f"stored content differs from its key {key}")
        return data

    async def stat(self, bucket: str, key: str) -> Stat:
        """Size and type of an object, without reading it."""
        found = await self._call(self._client.stat_object, bucket, key)
        return Stat(size=found.size or 0, content_type=found.content_type or "", etag=found.etag or "")

    async def exists(self, bucket: str, key: str) -> bool:
        """Whether an object is there."""
        try:
            await self.stat(bucket, key)
        except DomainError as error:
            if error.kind is Kind.not_found:
                return False
            raise
        return True

    async def delete(self, bucket: str, key: str) -> None:
        """Deletes an object (erasure, clean-up of orphans); an absent one is no error."""
        await self._call(self._client.remove_object, bucket, key)

    async def copy_to_content(self, upload_key: str, *, max_bytes: int = 64 * 2**20) -> str:
        """Takes an upload into the content bucket: exactly the bytes that were hashed, whatever is uploaded later."""
        kind = (await self.stat(self.uploads, upload_key)).content_type
        return await self.put_content(await self.get(self.uploads, upload_key, max_bytes=max_bytes), kind)

    def presigned_post(
        self, key: str, content_type: str, max_bytes: int, expires: timedelta
    ) -> tuple[str, dict[str, str]]:
        """URL and form fields for one browser upload into the uploads bucket, without a request.

        The store itself refuses another key or type, an empty file, more than `max_bytes`, and anything after
        `expires`. The file is the last form field, named `file`.
        """
        # the store compares with its machine's clock, not with PostgreSQL's
        policy = PostPolicy(self.uploads, datetime.fromtimestamp(time.time(), UTC) + expires)
        policy.add_equals_condition("key", key)
        policy.add_equals_condition("Content-Type", content_type)
        policy.add_content_length_range_condition(1, max_bytes)
        fields: dict[str, str] = self._client.presigned_post_policy(policy)
        return f"{self._origin}/{self.uploads}", {
            "key": key,
            "Content-Type": content_type,
            **fields,
        }

    def presigned_get(self, bucket: str, key: str, filename: str, expires: timedelta) -> str:
        """A URL that downloads an object as an attachment of this name, without a request."""
        return self._links.presigned_get_object(
            bucket,
            key,
            expires=expires,
            response_headers={"response-content-disposition": attachment(filename)},
        )

    def presigned_picture(self, key: str, expires: timedelta) -> str:
        """A URL for `<img>`: a JPEG of the content bucket that we have made ourselves. Without a request."""
        return self._links.presigned_get_object(
            self.content,
            key,
            expires=expires,
            response_headers={
                "response-content-type": "image/jpeg",
                "response-content-disposition": "inline",
            },
        )

    async def post_file(self, fields: Mapping[str, str], data: IO[bytes]) -> None:
        """Sends a file as a browser would with the fields of `presigned_post`, piece by piece.

        DomainError(invalid, upload_refused) when the store refuses it.
        """
        url = f"{self._internal}/{self.uploads}"
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            answer = await client.post(url, data=dict(fields), files={"file": ("file", data)})
        if answer.is_client_error:
            raise DomainError(
                Kind.invalid,
                "upload_refused",
                "文件没有上传成功（大小或类型与所选的不同），请重新选择后再传。",
            )
        answer.raise_for_status()

    async def close(self) -> None:
        """Waits for requests under way and ends threads and connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._http.clear()

    def _put_content(self, data: bytes, content_type: str, ask: bool) -> str:
        key = content_key(data)
        if not ask:
            self._put(self.content, key, data, content_type)
            return key
        try:
            self._client.stat_object(self.content, key)
        except S3Error as error:
            if error.code not in _MISSING:
                raise
            self._put(self.content, key, data, content_type)
        return key

    def _put(self, bucket: str, key: str, data: bytes, content_type: str) -> None:
        self._client.put_object(bucket, key, io.BytesIO(data), len(data), content_type=content_type)

    def _get(self, bucket: str, key: str, max_bytes: int) -> bytes:
        response = self._client.get_object(bucket, key)
        try:
            data: bytes = response.read(max_bytes + 1)
        finally:
            response.close()
            response.release_conn()
        if len(data) > max_bytes:
            raise DomainError(Kind.too_large, "object_too_large", "文件超过允许的大小，请压缩后重新上传。")
        return data

    async def _call(self, call: Callable[..., T], *args: Any) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, functools.partial(call, *args))
        except S3Error as error:
            if error.code in _MISSING:
                raise DomainError(
                    Kind.not_found, "object_missing", "找不到这个文件，可能尚未上传完成，请重新上传。"
                ) from None
            raise


_MISSING = frozenset({"NoSuchKey", "NoSuchObject"})


def content_key(data: bytes) -> str:
    """The key under which these bytes are stored."""
    return f"sha256/{hashlib.sha256(data).hexdigest()}"


def attachment(filename: str) -> str:
    """Content-Disposition for any file name (RFC 6266); control characters and path separators are dropped."""
    clean = "".join(c for c in filename if c.isprintable() and c not in '/\\"')[-150:].strip(". ") or "file"
    plain = "".join(c if c.isascii() else "_" for c in clean)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"
