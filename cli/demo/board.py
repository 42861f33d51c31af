"""What everybody who plays a part can see: who is who, what is still to be done, what has happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from cli.demo.client import Http
from cli.demo.marks import Plan
from cli.demo.script import Persona
from contracts.rulepack import BankItem, RulePack

T = TypeVar("T")
NOBODY = UUID(int=0)


class DemoFailed(Exception):
    """The round did not go as it must; the sentence says where."""


class Show(Protocol):
    """Where progress is shown."""

    def begin(self, title: str, total: int) -> None: ...
    def step(self, title: str) -> None: ...
    def end(self, title: str) -> None: ...


@dataclass(kw_only=True)
class Board:
    """Shared by all parts of one demo; only the driver makes one."""

    seed: str
    pack: RulePack
    bank: Mapping[str, BankItem]
    http: Http
    show: Show
    startup: float = 0.0
    """Seconds that the whole system took to start."""
    round_id: UUID = NOBODY
    plan: Plan | None = None
    numbered: dict[str, Persona] = field(default_factory=dict)
    """Everybody who has applied, by application number."""
    filing_open: int = 0
    """Acts of filing that are on time and not yet acknowledged."""
    filing_closed: asyncio.Event = field(default_factory=asyncio.Event)
    papers_in: asyncio.Event = field(default_factory=asyncio.Event)
    """All papers are handed in: experts begin. Candidates have a clock, experts have none."""
    sitting_open: dict[str, asyncio.Event] = field(default_factory=dict)
    exam_open: dict[str, int] = field(default_factory=dict)
    """By level: candidates whose papers are not handed in yet."""
    decisions: dict[str, int] = field(default_factory=dict)
    """By application number: looks that are decided."""
    corrections: dict[str, asyncio.Event] = field(default_factory=dict)
    """By application number: set when the application was sent back."""
    sheets: int = 0
    """Submitted score sheets."""
    under_way: list[str] = field(default_factory=list)
    """Titles of stages that have begun and not ended."""

    def reserve(self, least: float) -> timedelta:
        """How much of a window has to be left for it to be safe from a part's death: on a slow machine more.

        One part comes back in a quarter of the time in which all start; a third is on the safe side.
        """
        return timedelta(seconds=max(least, self.startup / 3, 1.5 * self.http.longest_outage))

    @property
    def the_plan(self) -> Plan:
        assert self.plan is not None
        return self.plan

    def sent_back(self, number: str) -> asyncio.Event:
        return self.corrections.setdefault(number, asyncio.Event())

    def sitting(self, level: str) -> asyncio.Event:
        return self.sitting_open.setdefault(level, asyncio.Event())

    async def stage(self, title: str, work: Awaitable[T], total: int) -> T:
        """One stage, shown from its begin to its end."""
        self.show.begin(title, total)
        self.under_way.append(title)
        done = await work
        self.under_way.remove(title)
        self.show.end(title)
        return done


async def until(ready: Callable[[], Awaitable[T | None]], *, every: float = 0.3, longest: float = 1.0) -> T:
    """Asks again, a little less often each time, until there is an answer."""
    pause = every
    while True:
        found = await ready()
        if found is not None:
            return found
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, longest)
