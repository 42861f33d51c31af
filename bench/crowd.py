"""People who look at pages at a steady pace, and how long they wait: for benchmarks of what a browser asks for."""

import asyncio
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx


@dataclass(kw_only=True)
class Visitor:
    """Somebody with a session. `paths`: asked for one after the other, each under a name of the table."""

    token: str
    paths: Sequence[tuple[str, str]]


@dataclass(kw_only=True)
class Waits:
    """Seconds that answers took, by name, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def p95(self, name: str) -> float:
        """Milliseconds that 95 of 100 waited at most."""
        return 1000 * statistics.quantiles(self.seconds[name], n=20)[-1]

    def median(self, name: str) -> float:
        """In milliseconds."""
        return 1000 * statistics.median(self.seconds[name])


async def visit(
    portal: str,
    visitors: Sequence[Visitor],
    *,
    think: float,
    seconds: float,
    cookie: str,
    warm_up: float = 15.0,
) -> Waits:
    """Every visitor asks, waits `think` seconds (give or take a half), asks again, for `seconds`.

    Before that they do so for `warm_up` seconds which do not count: a process that has just been started compiles
    its templates and opens its connections at the first visits.
    """
    waits = Waits()
    limits = httpx.Limits(max_connections=len(visitors) + 4, max_keepalive_connections=len(visitors) + 4)
    async with httpx.AsyncClient(base_url=portal, limits=limits, timeout=30, trust_env=False) as http:
        dice = random.Random(7)
        clock = asyncio.get_running_loop().time
        counts = clock() + warm_up
        end = counts + seconds

        async def stay(one: Visitor, pause: Callable[[], float]) -> None:
            await asyncio.sleep(pause() * think)
            turn = 0
            while clock() < end:
                name, path = one.paths[turn % len(one.paths)]
                begun = clock()
                answer = await http.get(path, headers={"cookie": f"{cookie}={one.token}"})
                if begun >= counts:
                    waits.seconds.setdefault(name, []).append(clock() - begun)
                if answer.status_code != 200:
                    waits.failures.append(f"{path}: {answer.status_code}")
                turn += 1
                await asyncio.sleep(think * (0.5 + pause()))

        await asyncio.gather(*(stay(one, dice.random) for one in visitors))
    return waits
