"""A pump's order and back-off, with rows in memory and a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from kit.outbox.leader import Leader, Marks, Row
from kit.outbox.pump import Pump, Sent, Unsent

SPACE = UUID(int=7)
TARGETS = [uuid5(SPACE, str(n)) for n in range(4)]


class MemoryLeader(Leader):
    """An outbox in memory; `batch` rows at most at a time."""

    def __init__(self, rows: list[Row], batch: int) -> None:
        self.rows, self.batch = rows, batch
        self.sent: list[int] = []
        self.errors: dict[int, str] = {}

    async def fetch(self, kind: str, without: Sequence[UUID]) -> list[Row]:
        waiting = [row for row in self.rows if row.position not in self.sent and row.target_id not in without]
        return waiting[: self.batch]

    async def mark(self, marks: Marks) -> None:
        self.sent += marks.sent + [position for position, _ in marks.given_up]
        self.errors.update(marks.failed + marks.given_up)


class ListPump(Pump):
    """Sends into a list; `troubles` are raised in turn first."""

    kind = "test"

    def __init__(self, leader: MemoryLeader, troubles: list[str]) -> None:
        super().__init__(leader, asyncio.Event())
        self.memory = leader
        self.troubles = troubles
        self.arrived: list[Row] = []
        self.tries: list[tuple[float, int]] = []
        self.now = 0.0
        self._clock = lambda: self.now

    async def close(self) -> None:
        """Nothing to close."""

    async def before_batch(self) -> None:
        """Always ready."""

    async def send(self, row: Row) -> Sent:
        await asyncio.sleep(0)
        self.tries.append((self.now, row.position))
        match self.troubles.pop(0) if self.troubles else "fine":
            case "target":
                raise Unsent("HTTP 503")
            case "everybody":
                raise Unsent("ConnectError", everybody=True)
            case "refused":
                return Sent(error="HTTP 409 x")
        self.arrived.append(row)
        return Sent()

    async def drain(self, limit: int = 10_000) -> None:
        """Batches until nothing is left; when nothing can be done the clock goes on by 50 ms."""
        for _ in range(limit):
            if len(self.memory.sent) == len(self.memory.rows):
                return
            if not await self._batch():
                self.now += 0.05
        raise AssertionError("rows were never sent")


def rows(*targets: int) -> list[Row]:
    return [
        Row(position=n, id=uuid5(SPACE, f"row {n}"), topic=None, target_id=TARGETS[target], body="{}")
        for n, target in enumerate(targets)
    ]


@given(
    targets=st.lists(st.integers(0, 3), max_size=40),
    batch=st.integers(1, 10),
    troubles=st.lists(st.sampled_from(["fine", "fine", "target", "everybody", "refused"]), max_size=40),
)
def test_each_row_arrives_once_or_is_refused_in_order_per_target(
    targets: list[int], batch: int, troubles: list[str]
) -> None:
    async def play() -> ListPump:
        pump = ListPump(MemoryLeader(rows(*targets), batch), list(troubles))
        await pump.drain()
        return pump

    pump = asyncio.run(play())
    refused = [position for position, error in pump.memory.errors.items() if error == "HTTP 409 x"]
    for target in TARGETS:
        expected = [row.position for row in pump.memory.rows if row.target_id == target]
        got = [row.position for row in pump.arrived if row.target_id == target]
        assert got == [position for position in expected if position not in refused]
    assert sorted(pump.memory.sent) == list(range(len(targets)))


async def test_a_failing_target_backs_off_from_0_2_to_5_seconds_while_others_go_on() -> None:
    pump = ListPump(MemoryLeader(rows(0, 1, 0, 1), 10), ["target"])
    pump.troubles = ["target", "fine", "fine"] + ["target"] * 7
    await pump.drain()
    tries = [when for when, position in pump.tries if position == 0]
    expected = [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    beyond = [
        after - before - pause for (before, after), pause in zip(pairwise(tries), expected, strict=True)
    ]
    assert all(-0.001 < one < 0.101 for one in beyond)  # the test's clock goes in steps of 0.05
    others = [when for when, position in pump.tries if position in (1, 3)]
    assert others == [0.0, 0.0]
    assert pump.memory.errors[0] == "HTTP 503"


async def test_when_the_other_side_is_down_one_row_says_so_and_nothing_is_lost() -> None:
    pump = ListPump(MemoryLeader(rows(0, 1, 2, 3), 10), ["everybody"] * 12)
    for _ in range(3):
        await pump._batch()
        pump.now += 10
    assert pump.arrived == []
    assert set(pump.memory.errors.values()) == {"ConnectError"}
    assert len(pump.memory.errors) == 1  # one row says why, not hundreds each time
    pump.troubles = []
    await pump.drain()
    assert sorted(row.position for row in pump.arrived) == [0, 1, 2, 3]
