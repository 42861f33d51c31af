"""Workers, errors, encryption and replay against a real Temporal."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from google.protobuf import json_format
from temporalio import activity
from temporalio.api.common.v1 import Payloads
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowHistory
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from kit import temporal
from kit.errors import DomainError, Kind, NotYet
from kit.settings import Settings
from tests.conftest import TestDatabase
from tests.integration.kit.conftest import until
from tests.integration.kit.sample_workflows import Case, Mutant, Sample
from tests.servers import free_port

DIGITS = (
    "510102199001011234"  # a JSON text escapes Chinese: what must not be there is looked for by its digits
)
CANARY = f"张三丰{DIGITS}"
KEYS = {"test": bytes(range(32))}


@pytest_asyncio.fixture(loop_scope="session")
async def settings(stack: TestDatabase) -> Settings:
    return stack.settings("review")


class Activities:
    """`first` raises what a test wants, so many times; sync `second` runs in a thread."""

    def __init__(self) -> None:
        self.raises: Callable[[], Exception] = lambda: KeyError(CANARY)
        self.times = 0
        self.tries = 0

    @activity.defn
    async def first(self, case: Case) -> str:
        self.tries += 1
        if self.tries <= self.times:
            raise self.raises()
        return f"first({case.name})"

    @activity.defn
    def second(self, text: str) -> str:
        return f"second({text})"


async def start(
    client: Client, settings: Settings, activities: Activities
) -> tuple[Worker, WorkflowHandle[Any, str]]:
    queue = f"kit-{uuid4().hex}"
    worker = temporal.make_worker(
        client, settings, queue, workflows=[Sample], activities=[activities.first, activities.second]
    )
    handle = await client.start_workflow(
        Sample.run, Case(key="k", name=CANARY), id=f"sample:{uuid4()}", task_queue=queue
    )
    return worker, handle


async def failure_of(handle: WorkflowHandle[Any, str]) -> ApplicationError:
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    assert isinstance(caught.value.cause, ActivityError)
    assert isinstance(caught.value.cause.cause, ApplicationError)
    return caught.value.cause.cause


async def test_activities_run_and_nothing_readable_is_in_the_history(
    temporal_client: Client, settings: Settings
) -> None:
    worker, handle = await start(temporal_client, settings, Activities())
    async with worker:
        assert await handle.result() == f"second(first({CANARY}))"
    raw = (await handle.fetch_history()).to_json()
    assert DIGITS not in raw
    assert not [one for one in find(json.loads(raw), "data") if DIGITS.encode() in base64.b64decode(one)]
    payloads = [one for one in find(json.loads(raw), "payloads") for one in one]
    names = {base64.b64decode(one["metadata"]["encryption-key-id"]).decode() for one in payloads}
    assert (len(payloads) >= 5, names) == (True, {"test"})


def find(node: Any, name: str) -> list[Any]:
    """All values under a key, at any depth."""
    if isinstance(node, dict):
        here = [node[name]] if name in node else []
        return here + [found for value in node.values() for found in find(value, name)]
    return [found for value in node for found in find(value, name)] if isinstance(node, list) else []


async def test_failures_are_encoded_and_come_back_readable(
    temporal_client: Client, settings: Settings
) -> None:
    activities = Activities()
    activities.times = 99
    activities.raises = lambda: DomainError(Kind.conflict, "order_paid", CANARY, "P3", {"order": "o1"})
    worker, handle = await start(temporal_client, settings, activities)
    async with worker:
        failure = await failure_of(handle)
    assert (failure.message, failure.type, failure.non_retryable) == (CANARY, "order_paid", True)
    assert failure.details == ({"kind": "conflict", "clause": "P3", "order": "o1"},)
    assert activities.tries == 1
    raw = (await handle.fetch_history()).to_json()
    assert DIGITS not in raw
    assert "order_paid" in raw
    failures = find(json.loads(raw), "failure")
    assert {one["message"] for one in failures} == {"Encoded failure"}
    assert [one for one in find(failures, "stackTrace") if one] == []


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (NotYet(), 3),
        (DomainError(Kind.unavailable, "service_unavailable", "稍后再试"), 3),
        (DomainError(Kind.too_many, "slow_down", "稍后再试"), 3),
        (ConnectionRefusedError(), 3),
        (DomainError(Kind.invalid, "bad", "不对"), 1),
        (DomainError(Kind.not_found, "absent", "没有"), 1),
    ],
    ids=lambda value: getattr(value, "code", str(value)),
)
async def test_what_is_retried(
    temporal_client: Client, settings: Settings, error: Exception, tries: int
) -> None:
    activities = Activities()
    activities.times, activities.raises = 2, lambda: error
    worker, handle = await start(temporal_client, settings, activities)
    async with worker:
        if tries == 3:
            assert await handle.result() == f"second(first({CANARY}))"
        else:
            assert (await failure_of(handle)).type == error.code  # type: ignore[attr-defined]
    assert activities.tries == tries


async def test_activity_errors_are_logged_without_their_text(
    temporal_client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    activities = Activities()
    activities.times = 1
    worker, handle = await start(temporal_client, settings, activities)
    caplog.set_level(logging.DEBUG)
    async with worker:
        await handle.result()
    said = [record for record in caplog.records if "Completing activity as failed" in record.getMessage()]
    assert [record.exc_info for record in said] == [None]
    assert "KeyError at" in said[0].getMessage()
    assert "test_temporal.py" in said[0].getMessage()
    assert DIGITS not in caplog.text


async def test_a_committed_history_replays_and_a_mutant_does_not(
    temporal_client: Client, settings: Settings
) -> None:
    worker, handle = await start(temporal_client, settings, Activities())
    async with worker:
        await handle.result()
    committed = (await handle.fetch_history()).to_json()
    history = WorkflowHistory.from_json(handle.id, committed)

    async def problem(workflow: type, keys: dict[str, bytes]) -> Exception | None:
        replayer = temporal.make_replayer([workflow], keys)
        return (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure

    assert await problem(Sample, KEYS) is None
    assert await problem(Sample, {"new": bytes(32), **KEYS}) is None
    assert "Nondeterminism" in repr(await problem(Mutant, KEYS))
    assert await problem(Sample, {"test": bytes(32)}) is not None


async def test_an_old_key_still_opens_what_it_closed(temporal_client: Client, settings: Settings) -> None:
    worker, handle = await start(temporal_client, settings, Activities())
    rotated = settings.model_copy(
        update={
            "codec_key_id": "second",
            "codec_keys": {
                **settings.codec_keys,
                "second": type(settings.hash_key)(base64.b64encode(bytes(range(9, 41))).decode()),
            },
        }
    )
    after = await temporal.connect(rotated)
    activities = Activities()
    queue = worker.task_queue
    new_worker = temporal.make_worker(
        after, rotated, queue, workflows=[Sample], activities=[activities.first, activities.second]
    )
    async with new_worker:  # the input was encrypted under the first key, the rest is under the second
        result = await after.get_workflow_handle(handle.id, result_type=str).result()
    assert result == f"second(first({CANARY}))"
    raw = json.loads((await handle.fetch_history()).to_json())
    names = [base64.b64decode(one).decode() for one in find(raw, "encryption-key-id")]
    assert (names[0], set(names)) == ("test", {"test", "second"})


async def test_search_attributes_exist_can_be_found_and_are_made_once(
    temporal_client: Client, settings: Settings
) -> None:
    await temporal.ensure_search_attributes(temporal_client)
    worker, handle = await start(temporal_client, settings, Activities())
    async with worker:
        await handle.result()

    async def listed() -> bool:
        query = f"FudaoStage = 'exam' and WorkflowId = '{handle.id}'"
        return [one.id async for one in temporal_client.list_workflows(query)] == [handle.id]

    await until(listed)


async def test_search_attributes_on_the_time_skipping_server(
    time_skipping_env: WorkflowEnvironment, settings: Settings
) -> None:
    await temporal.ensure_search_attributes(time_skipping_env.client)  # again: the fixture has done it
    worker, handle = await start(time_skipping_env.client, settings, Activities())
    async with worker:
        assert await handle.result() == f"second(first({CANARY}))"


async def test_the_codec_endpoints_bodies_round_trip(temporal_client: Client, settings: Settings) -> None:
    worker, handle = await start(temporal_client, settings, Activities())
    async with worker:
        await handle.result()
    raw = json.loads((await handle.fetch_history()).to_json())
    started = raw["events"][0]["workflowExecutionStartedEventAttributes"]["input"]
    encrypted = json.dumps(started).encode()
    plain = json_format.Parse(await temporal.decode_payloads(settings, encrypted), Payloads())
    assert json.loads(plain.payloads[0].data) == {"key": "k", "name": CANARY}
    again = await temporal.encode_payloads(settings, json_format.MessageToJson(plain).encode())
    assert DIGITS.encode() not in again
    assert json_format.Parse(await temporal.decode_payloads(settings, again), Payloads()) == plain
    with pytest.raises(ValueError, match="Payloads"):
        await temporal.decode_payloads(settings, b"{]")


async def test_the_gateways_client_fails_within_a_second_when_temporal_is_away(settings: Settings) -> None:
    away = settings.model_copy(update={"temporal_address": f"127.0.0.1:{free_port()}"})
    client = await temporal.connect(away, fast_fail=True)
    clock = asyncio.get_running_loop().time
    started = clock()
    with pytest.raises((RPCError, RuntimeError)):
        await client.get_workflow_handle("x").describe()
    assert clock() - started < 3
    with pytest.raises(RuntimeError):
        await temporal.connect(away, patience=0.5)


async def test_a_worker_lets_activities_finish_when_it_is_stopped(
    temporal_client: Client, settings: Settings
) -> None:
    entered = asyncio.Event()

    class Slow(Activities):
        @activity.defn
        async def first(self, case: Case) -> str:
            entered.set()
            await asyncio.sleep(1)
            self.tries += 1
            return "finished"

    slow = Slow()
    worker, handle = await start(temporal_client, settings, slow)
    async with worker:
        await entered.wait()
    assert slow.tries == 1
    rest, _other = await start(temporal_client, settings, slow)
    again = temporal.make_worker(
        temporal_client, settings, worker.task_queue, workflows=[Sample], activities=[slow.first, slow.second]
    )
    async with again, rest:
        assert await handle.result() == "second(finished)"
    history = (await handle.fetch_history()).to_json_dict()
    assert [one for one in find(history, "attempt") if one > 1] == []
