"""Kafka: topics, a producer, and a group consumer whose effects happen once by the inbox."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, OffsetOutOfRangeError, TopicAlreadyExistsError, for_code
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.events import PARTITIONS, Event, Topic
from kit.db import Database, describe, is_unavailable
from kit.inbox import first_time
from kit.logging import get_logger
from kit.loops import sleep
from kit.settings import Settings
from kit.traces import frames

Handler = Callable[[Event, AsyncSession], Awaitable[None]]
_COPIES = 3  # of each partition, where there are as many brokers
_TRIES = 5  # of one message, when its handler fails for a reason of its own
_log = get_logger("kit.kafka")


class Position(Protocol):
    """Where an event of ours should lie."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def last_offset(self) -> int: ...
    @property
    def event_id(self) -> UUID: ...


async def ensure_topics(settings: Settings) -> None:
    """Creates our topics where they are absent. KafkaError when the broker cannot be reached."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap, request_timeout_ms=5000)
    try:
        await admin.start()
        missing = {topic.value for topic in Topic} - set(await admin.list_topics())
        if not missing:
            return
        copies = min(_COPIES, len((await admin.describe_cluster())["brokers"]))
        wanted = [NewTopic(name, PARTITIONS, copies) for name in sorted(missing)]
        answer = await admin.create_topics(wanted)
        for _name, code, *_ in answer.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error()
    finally:
        await admin.close()


async def make_producer(settings: Settings) -> AIOKafkaProducer:
    """A started producer with acks=all. One send in flight per partition keeps order without idempotence."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap,
        acks="all",
        enable_idempotence=False,  # the embedded broker has none; consumers keep an inbox
        linger_ms=2,
        max_request_size=2_000_000,
        request_timeout_ms=5000,
    )
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


async def forgotten(settings: Settings, positions: Iterable[Position]) -> set[str]:
    """Topics of which the broker no longer holds an event where it had acknowledged it (and did not expire it).

    The event itself is looked up: an end offset beyond it proves nothing, since other services write to the same
    topics. Raises KafkaError or TimeoutError when the broker does not say.
    """
    wanted = {TopicPartition(one.topic, one.partition): one for one in positions}
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        request_timeout_ms=5000,
    )
    lost: set[str] = set()
    try:
        await consumer.start()
        begins = await consumer.beginning_offsets(list(wanted))
        look = {tp: one for tp, one in wanted.items() if begins[tp] <= one.last_offset}
        consumer.assign(list(look))
        for tp, one in look.items():
            consumer.seek(tp, one.last_offset)
        async with asyncio.timeout(5):
            while look:
                try:
                    batches = await consumer.getmany(timeout_ms=200)
                except OffsetOutOfRangeError as error:
                    gone = error.args[0]
                    lost |= {tp.topic for tp in gone}
                    look = {tp: one for tp, one in look.items() if tp not in gone}
                    continue
                for tp, one in list(look.items()):
                    record = next((r for r in batches.get(tp, ()) if r.offset >= one.last_offset), None)
                    # a fetch's high watermark; the embedded broker's ListOffsets answers too little
                    end = consumer.highwater(tp)
                    if record is None and (end is None or end > one.last_offset):
                        continue  # no answer yet
                    if record is None or (record.offset, _event_id(record.value)) != (
                        one.last_offset,
                        str(one.event_id),
                    ):
                        lost.add(tp.topic)
                    del look[tp]
        return lost
    finally:
        await consumer.stop()


async def consume(
    settings: Settings, group: str, topics: Sequence[str], handle: Handler, db: Database, stop: asyncio.Event
) -> None:
    """Until `stop`: each event once, in one transaction with what `handle(event, session)` writes.

    What cannot be read, or whose handler fails 5 times for a reason of its own, goes to `fudao.dead` with the
    reason; while database or broker are away nothing is lost and nothing given up.
    """
    pause = 0.2
    while not stop.is_set():
        consumer = _Consumer(settings, group, topics, handle, db, stop)
        try:
            await consumer.run()
            pause = 0.2
        except _Stopped:
            return
        except (KafkaError, OSError, TimeoutError) as error:
            _log.warning("consumer_starts_again", group=group, reason=type(error).__name__)
            pause = 0.2 if consumer.worked else min(pause * 2, 5.0)
            await sleep(stop, pause)


class _Consumer:
    """One membership in the group; any KafkaError ends it and `consume` joins again."""

    def __init__(
        self,
        settings: Settings,
        group: str,
        topics: Sequence[str],
        handle: Handler,
        db: Database,
        stop: asyncio.Event,
    ) -> None:
        self.worked = False
        self._settings, self._group, self._topics = settings, group, topics
        self._handle, self._db, self._stop = handle, db, stop
        self._dead: AIOKafkaProducer | None = None

    async def run(self) -> None:
        session_ms = self._settings.kafka_session_timeout_ms
        await ensure_topics(self._settings)
        consumer = AIOKafkaConsumer(
            *self._topics,
            bootstrap_servers=self._settings.kafka_bootstrap,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=max(session_ms * 3 // 10, 100),
            max_poll_interval_ms=300_000,
            metadata_max_age_ms=10_000,
            request_timeout_ms=10_000,
        )
        try:
            await consumer.start()
            await self._poll(consumer)
        finally:
            await _stop(consumer)
            if self._dead:
                await self._dead.stop()

    async def _poll(self, consumer: AIOKafkaConsumer) -> None:
        idle_since = time.monotonic()
        while not self._stop.is_set():
            batches = await consumer.getmany(timeout_ms=500, max_records=200)
            for partition, records in batches.items():
                done = None
                try:
                    for record in records:
                        await self._take(record)
                        done = record.offset + 1
                        if self._stop.is_set():
                            break
                finally:
                    if done is not None:
                        await consumer.commit({partition: done})
                        self.worked = True
            if batches:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > 5:
                await self._look_behind(consumer)
                idle_since = time.monotonic()

    async def _look_behind(self, consumer: AIOKafkaConsumer) -> None:
        """A broker that forgot leaves a consumer waiting beyond the end for ever, without any error."""
        for partition in consumer.assignment():
            end = consumer.highwater(partition)
            if end is not None and await consumer.position(partition) > end:
                _log.warning("consumer_beyond_end", group=self._group, topic=partition.topic)
                await consumer.seek_to_beginning(partition)

    async def _take(self, record: ConsumerRecord[bytes, bytes]) -> None:
        try:
            event = Event.model_validate_json(record.value or b"")
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            await self._bury(record, f"unreadable: {first['type']} at {'.'.join(map(str, first['loc']))}")
            return
        failures, pause = 0, 0.1
        while True:
            try:
                async with self._db.unit_of_work() as session:
                    if await first_time(session, event.id):
                        await self._handle(event, session)
                return
            except Exception as error:
                away = is_unavailable(error)
                failures += 0 if away else 1
                _log.warning(
                    "event_handler_failed",
                    group=self._group,
                    event_id=str(event.id),
                    event_type=event.type,
                    reason=describe(error),
                    failures=failures,
                    at=[] if away else frames(error),
                )
                if failures >= _TRIES:
                    await self._bury(record, f"handler: {describe(error)}")
                    return
            await sleep(self._stop, pause)
            if self._stop.is_set():
                raise _Stopped
            pause = min(pause * 2, 5.0)

    async def _bury(self, record: ConsumerRecord[bytes, bytes], reason: str) -> None:
        """Keeps a message that nobody could take in; raises KafkaError (and so keeps its place) when that fails."""
        _log.error(
            "event_buried",
            group=self._group,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=reason,
        )
        if self._dead is None:
            self._dead = await make_producer(self._settings)
        origin = f"{record.topic}/{record.partition}/{record.offset}"
        headers = [("reason", reason.encode()), ("group", self._group.encode()), ("origin", origin.encode())]
        await self._dead.send_and_wait(Topic.dead, value=record.value, key=record.key, headers=headers)


class _Stopped(Exception):
    """Told to stop in the middle of a message: leave it uncommitted."""


def _event_id(value: bytes | None) -> str | None:
    try:
        found = json.loads(value or b"")
    except ValueError:
        return None
    return found.get("id") if isinstance(found, dict) else None


async def _stop(consumer: AIOKafkaConsumer) -> None:
    try:
        await asyncio.wait_for(consumer.stop(), 3)
    except (KafkaError, OSError, TimeoutError):
        pass  # the broker is away; it will miss us by the session timeout
