"""Temporal: one way to connect, to run workers and to replay; everything in payloads is encrypted.

Never import this module from a workflow file (`cryptography` does not load in the sandbox): workflows import
contracts only.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes
from temporalio.exceptions import ApplicationError
from temporalio.service import GrpcCompression, RetryConfig, RPCError, RPCStatusCode
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    Replayer,
    Worker,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from kit.errors import DomainError, Kind, NotYet
from kit.payloads import AesCodec
from kit.settings import Settings
from kit.traces import describe, frames

SEARCH_ATTRIBUTES: Mapping[str, IndexedValueType.ValueType] = {
    "FudaoStage": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "FudaoActionRequiredBy": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "FudaoRound": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
}
"""Plain text in every environment: stage, who must act, and the round's ID, nothing else."""

NOT_YET = "not_yet"
"""ApplicationError.type of NotYet: retried by the activity's retry policy (that is the poll)."""

_GRACE = timedelta(seconds=4)  # a process has 5 s to stop
_FAST_FAIL = RetryConfig(max_retries=2, max_elapsed_time_millis=1000)
_RETRYABLE = frozenset({Kind.unavailable, Kind.too_many})


def data_converter(settings: Settings) -> DataConverter:
    """The converter of every client and worker: pydantic, AES-GCM, failures' texts and traces encoded as well."""
    return converter_for(settings.codec_key_bytes(), settings.codec_key_id)


def converter_for(keys: Mapping[str, bytes], current: str) -> DataConverter:
    """The same with given keys (committed test keys, replays)."""
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=AesCodec(keys, current),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


async def connect(settings: Settings, *, fast_fail: bool = False, patience: float = 30.0) -> Client:
    """A client. Waits up to `patience` seconds for the server, then raises RuntimeError.

    `fast_fail` (gateway): does not wait for the server at all, and a call to a server that is down fails within a
    second, so that the caller can answer 202 and let the dispatcher go on later.
    """
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        try:
            return await Client.connect(
                settings.temporal_address,
                namespace=settings.temporal_namespace,
                data_converter=data_converter(settings),
                retry_config=_FAST_FAIL if fast_fail else None,
                lazy=fast_fail,
                grpc_compression=GrpcCompression.NONE,  # encrypted payloads do not get smaller
                identity=f"{settings.service or 'client'}-{os.getpid()}",
            )
        except RuntimeError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.3)


def make_worker(
    client: Client,
    settings: Settings,
    queue: str,
    *,
    workflows: Sequence[type] = (),
    activities: Sequence[Callable[..., Any]] = (),
) -> Worker:
    """A worker for one task queue, not yet running (`async with worker` or `await worker.run()`).

    Activities may be `async def` or plain functions (those run in a thread pool of worker_concurrency). Their
    DomainError becomes a non-retryable ApplicationError of type = code (retryable for kind unavailable and
    too_many), NotYet a retryable one of type `not_yet`; every other error is retried.
    """
    hide_content_in_logs()
    return Worker(
        client,
        task_queue=queue,
        workflows=workflows,
        activities=activities,
        activity_executor=ThreadPoolExecutor(
            settings.worker_concurrency, thread_name_prefix=f"activity-{queue}"
        ),
        max_concurrent_activities=settings.worker_concurrency,
        workflow_runner=_runner(),
        interceptors=[ErrorInterceptor()],
        graceful_shutdown_timeout=_GRACE,
        build_id=settings.service or queue,  # otherwise all loaded modules are hashed at start
    )


def make_replayer(workflows: Sequence[type], keys: Mapping[str, bytes]) -> Replayer:
    """A replayer for committed histories, which were encrypted under `keys` (ID → 32 bytes)."""
    hide_content_in_logs()
    return Replayer(
        workflows=workflows,
        data_converter=converter_for(keys, next(iter(keys))),
        workflow_runner=_runner(),
        build_id="replay",
    )


async def ensure_search_attributes(client: Client) -> None:
    """Registers our search attributes where they are absent, and waits until the server knows them.

    Works on the dev server, the time-skipping test server and a cluster; RuntimeError when one exists with
    another type, or does not appear within 30 s.
    """
    known = await _search_attributes(client)
    wrong = [name for name, kind in SEARCH_ATTRIBUTES.items() if known.get(name, kind) != kind]
    if wrong:
        raise RuntimeError(f"search attributes of another type: {', '.join(wrong)}")
    missing = {name: kind for name, kind in SEARCH_ATTRIBUTES.items() if name not in known}
    if not missing:
        return
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    async with asyncio.timeout(30):
        while not SEARCH_ATTRIBUTES.keys() <= (await _search_attributes(client, default=missing)).keys():  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def encode_payloads(settings: Settings, body: bytes) -> bytes:
    """Body of the codec endpoint's POST /encode (JSON of Payloads) → its answer."""
    return await _through(AesCodec.of(settings).encode, body)


async def decode_payloads(settings: Settings, body: bytes) -> bytes:
    """Body of the codec endpoint's POST /decode → its answer. ValueError for what is no JSON of Payloads.

    The endpoint itself asks who may read: it answers with plain content.
    """
    return await _through(AesCodec.of(settings).decode, body)


class ErrorInterceptor(Interceptor):
    """Our two exceptions, said to Temporal once."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Wraps every activity."""
        return _Errors(next)


class _Errors(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        try:
            return await super().execute_activity(input)
        except DomainError as error:
            said = {"kind": error.kind.value, "clause": error.clause, **error.details}
            raise ApplicationError(
                error.message, said, type=error.code, non_retryable=error.kind not in _RETRYABLE
            ) from None
        except NotYet as error:
            raise ApplicationError(error.message, type=NOT_YET) from None


class _WithoutContent(logging.Filter):
    """The SDK logs activity and workflow errors with their whole text; keep class and place only."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Drops debug records (they print payloads) and replaces tracebacks."""
        if record.levelno < logging.INFO:
            return False
        if record.exc_info:
            error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
            record.exc_info = record.exc_text = None
            if error is not None:
                record.msg = (
                    f"{record.getMessage()} [{describe(error)} at {' < '.join(reversed(frames(error)))}]"
                )
                record.args = ()
        return True


_LOGGERS = (
    "temporalio.activity",
    "temporalio.workflow",
    "temporalio.worker._activity",
    "temporalio.worker._replayer",
    "temporalio.worker._worker",
    "temporalio.worker._workflow",
    "temporalio.worker._workflow_instance",
)


def hide_content_in_logs() -> None:
    """Puts the filter on the SDK's loggers, once."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, _WithoutContent) for one in logger.filters):
            logger.addFilter(_WithoutContent())


def _runner() -> SandboxedWorkflowRunner:
    passed = SandboxRestrictions.default.with_passthrough_modules("contracts", "pydantic", "pydantic_core")
    return SandboxedWorkflowRunner(restrictions=passed)


async def _search_attributes(
    client: Client, default: Mapping[str, IndexedValueType.ValueType] | None = None
) -> Mapping[str, IndexedValueType.ValueType]:
    try:
        answer = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.UNIMPLEMENTED:
            raise
        return default or {}  # the test server can only add
    return dict(answer.custom_attributes)


async def _through(convert: Callable[[Sequence[Payload]], Any], body: bytes) -> bytes:
    try:
        payloads = json_format.Parse(body, Payloads())
    except json_format.ParseError:
        raise ValueError("not a JSON of Payloads") from None
    return json_format.MessageToJson(Payloads(payloads=await convert(payloads.payloads))).encode()
