"""A pump sends one kind of outbox rows: in order per target, targets side by side, a failing one waits alone."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from kit.logging import get_logger
from kit.loops import sleep
from kit.outbox.leader import Leader, Marks, Offset, Row

POLL = 1.0  # seconds: the longest a row waits when no wake-up arrives
_FIRST, _LAST = 0.2, 5.0  # back-off in seconds
_log = get_logger("kit.outbox")


class Unsent(Exception):
    """The row could not be sent now. `everybody`: nothing of this kind can (the other side is down)."""

    def __init__(self, reason: str, *, everybody: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.everybody = everybody


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side has the row; `offset` where it lies (events), `error` when it was refused for good (commands)."""

    offset: Offset | None = None
    error: str | None = None


@dataclass(slots=True)
class _Delay:
    seconds: float
    until: float

    def grow(self, clock: float) -> None:
        self.seconds = min(self.seconds * 2, _LAST)
        self.until = clock + self.seconds


class Pump(ABC):
    """`run()` until cancelled; `finish` set: ends after the batch in hand."""

    kind: str

    def __init__(self, leader: Leader, finish: asyncio.Event) -> None:
        self.leader = leader
        self.wake = asyncio.Event()
        self._finish = finish
        self._down: Unsent | None = None
        self._waiting: dict[UUID, _Delay] = {}
        self._everybody: _Delay | None = None
        self._clock: Callable[[], float] = asyncio.get_running_loop().time

    @abstractmethod
    async def close(self) -> None:
        """Closes what it sends through."""

    @abstractmethod
    async def send(self, row: Row) -> Sent:
        """Sends one row. Raises Unsent when it must be tried again."""

    @abstractmethod
    async def before_batch(self) -> None:
        """What has to be right before anything is sent. Raises Unsent(everybody=True) when it is not."""

    async def run(self) -> None:
        """Sends until told to finish. asyncpg errors pass: without its leader a pump must not go on."""
        while not self._finish.is_set():
            self.wake.clear()
            if not await self._batch():
                await self._sleep()

    async def _batch(self) -> bool:
        """Sends one batch; False when there is nothing to do right now."""
        if self._everybody and self._everybody.until > self._clock():
            return False
        try:
            await self.before_batch()
        except Unsent as error:
            self._hold_everybody(error)
            return False
        blocked = [target for target, delay in self._waiting.items() if delay.until > self._clock()]
        rows = await self.leader.fetch(self.kind, blocked)
        if not rows:
            self._everybody = None
            return False
        targets: dict[UUID, list[Row]] = defaultdict(list)
        for row in rows:
            targets[row.target_id].append(row)
        marks, self._down = Marks(sent=[], given_up=[], failed=[], offsets={}), None
        await asyncio.gather(*(self._target(rows, marks) for rows in targets.values()))
        await self.leader.mark(marks)
        if self._down:
            self._hold_everybody(self._down)
        else:
            self._everybody = None
        return bool(marks.sent or marks.given_up)

    async def _target(self, rows: list[Row], marks: Marks) -> None:
        """One target's rows, each only after the one before it has arrived."""
        target = rows[0].target_id
        for row in rows:
            if self._down:
                return
            try:
                sent = await self.send(row)
            except Unsent as error:
                if not error.everybody:
                    self._hold(target, row, error)
                    marks.failed.append((row.position, error.reason))
                elif self._down is None:
                    self._down = error
                    marks.failed.append((row.position, error.reason))
                return
            self._waiting.pop(target, None)
            if sent.error is not None:
                marks.given_up.append((row.position, sent.error))
                continue
            marks.sent.append(row.position)
            if sent.offset:
                key = (sent.offset.topic, sent.offset.partition)
                known = marks.offsets.get(key)
                if known is None or known.last_offset < sent.offset.last_offset:
                    marks.offsets[key] = sent.offset

    def _hold(self, target: UUID, row: Row, error: Unsent) -> None:
        delay = self._waiting.setdefault(target, _Delay(_FIRST / 2, 0.0))
        delay.grow(self._clock())
        _log.warning(
            "outbox_target_waits",
            kind=self.kind,
            target_id=str(target),
            position=row.position,
            reason=error.reason,
            seconds=delay.seconds,
        )

    def _hold_everybody(self, error: Unsent) -> None:
        if self._everybody is None:
            self._everybody = _Delay(_FIRST / 2, 0.0)
            _log.warning("outbox_stands_still", kind=self.kind, reason=error.reason)
        self._everybody.grow(self._clock())

    async def _sleep(self) -> None:
        """Until new rows, the end, or the moment when something held back may be tried again."""
        clock = self._clock()
        if self._everybody:
            # new rows change nothing while the other side is down
            await sleep(self._finish, max(self._everybody.until - clock, 0.01))
            return
        held = [delay.until - clock for delay in self._waiting.values()]
        await sleep(self.wake, max(min([POLL, *held]), 0.01))
