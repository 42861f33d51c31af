"""Events go to Kafka; a broker that has forgotten what it acknowledged gets everything again."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from kit import kafka
from kit.logging import get_logger
from kit.outbox.leader import Leader, Offset, Row
from kit.outbox.pump import Pump, Sent, Unsent
from kit.outbox.rows import EVENT
from kit.settings import Settings

_CHECK_EVERY = 15.0  # seconds between looks at what the broker still has
_log = get_logger("kit.outbox")


class EventPump(Pump):
    """Produces each event row with acks=all, key = target ID, and remembers where the last one lies."""

    kind = EVENT

    def __init__(self, leader: Leader, finish: asyncio.Event, settings: Settings) -> None:
        super().__init__(leader, finish)
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._known: dict[tuple[str, int], Offset] = {}  # the last of ours per partition
        self._floor: dict[tuple[str, int], Offset] = {}  # the same before the batch in hand
        self._check_at = 0.0  # loop time; 0 = before the next batch

    async def close(self) -> None:
        """Closes the producer."""
        if self._producer:
            producer, self._producer = self._producer, None
            try:
                await asyncio.wait_for(producer.stop(), 2)
            except (KafkaError, TimeoutError):
                pass  # nothing is in flight: each send was awaited

    async def before_batch(self) -> None:
        """A started producer, and from time to time a look whether the broker still has what it acknowledged."""
        self._floor = dict(self._known)
        if self._producer and self._clock() < self._check_at:
            return
        try:
            if self._producer is None:
                self._producer = await kafka.make_producer(self._settings)
            await self._republish_forgotten()
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unsent(type(error).__name__, everybody=True) from None
        self._floor = dict(self._known)
        self._check_at = self._clock() + _CHECK_EVERY

    async def send(self, row: Row) -> Sent:
        """Produces one event and waits for the acknowledgement."""
        if self._producer is None or row.topic is None:
            raise Unsent("no producer", everybody=True)
        try:
            record = await self._producer.send_and_wait(
                row.topic, value=row.body.encode(), key=str(row.target_id).encode()
            )
        except (KafkaError, OSError, TimeoutError) as error:
            self._check_at = 0.0  # perhaps it was restarted: look before the next batch
            raise Unsent(type(error).__name__, everybody=True) from None
        offset = Offset(record.topic, record.partition, record.offset, row.id)
        place = (record.topic, record.partition)
        if place in self._floor and self._floor[place].last_offset >= offset.last_offset:
            self._check_at = 0.0  # offsets began anew: nothing more before the check
            raise Unsent("broker forgot", everybody=True)
        if place not in self._known or self._known[place].last_offset < offset.last_offset:
            self._known[place] = offset
        return Sent(offset=offset)

    async def _republish_forgotten(self) -> None:
        await kafka.ensure_topics(self._settings)
        self._known = await self.leader.offsets()
        if not self._known:
            return
        for topic in sorted(await kafka.forgotten(self._settings, self._known.values())):
            _log.error("broker_forgot_events", topic=topic)
            await self.leader.publish_again(topic)
            self._known = {key: one for key, one in self._known.items() if one.topic != topic}
