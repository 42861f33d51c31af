"""Ranks a million synthetic applications through `rules.ranking` (T1, T2): seconds and peak memory.

Each side runs in a process of its own, so that its peak is its own. Both make the same rows first; the baseline then
sorts them once by application number, ours ranks both levels of the pack and computes the list's digest. The work
has one thread: CPU seconds are what an idle machine's clock would show, and the limit is on those.
"""

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from operator import itemgetter
from pathlib import Path

from bench.table import Line, Table
from contracts.rulepack import Level
from rules import ranking
from rules.pack import load

ROOT = Path(__file__).parents[1]
APPLICATIONS = 1_000_000
SECONDS, MEBIBYTES = 10, 1024
_ABSENT = 0.02
Rows = list[ranking.Scored]


def run() -> Table:
    """Both sides, one after the other."""
    base, ours = _measure("baseline"), _measure("ours")
    lines = [
        Line(name="rank and digest, CPU seconds", ours=ours["cpu"], baseline=base["cpu"], limit=SECONDS),
        Line(name="of which ranking", ours=ours["ranking"], baseline=base["cpu"]),
        Line(name="of which digest", ours=ours["digest"]),
        Line(name="the same by the clock on the wall", ours=ours["wall"], baseline=base["wall"]),
        Line(name="making the rows, CPU seconds", ours=ours["making"], baseline=base["making"]),
        Line(
            name="peak memory with all rows, MiB", ours=ours["peak"], baseline=base["peak"], limit=MEBIBYTES
        ),
    ]
    return Table(
        title=f"Ranking {APPLICATIONS:,} applications (two levels, {_ABSENT:.0%} absent)",
        baseline="the same rows sorted once by application number",
        lines=lines,
    )


def _measure(side: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.ranking", side], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _rows(level: Level, count: int, chance: random.Random) -> Iterator[ranking.Scored]:
    """Scores as they come: an exam in whole points, means of two sheets, means of three; in no order."""
    denominators = {"exam": 1, "portfolio": 2, "defence": 3}
    numbers = list(range(1, count + 1))
    chance.shuffle(numbers)
    for number in numbers:
        components = tuple(
            Fraction(chance.randrange(40 * n, 100 * n + 1), n)
            for n in (denominators[name] for name in level.components)
        )
        missing = (None,) * len(components)
        absent = chance.random() < _ABSENT
        yield ranking.Scored(f"2024-{level.id[0].upper()}-{number:07d}", missing if absent else components)


def _side(side: str) -> dict[str, float]:
    cpu, wall, chance = time.process_time, time.perf_counter, random.Random(20240214)
    levels = load(ROOT / "rulepacks/demo").pack.levels
    begun = cpu()
    rows: dict[str, Rows] = {
        level.id: list(_rows(level, APPLICATIONS // len(levels), chance)) for level in levels
    }
    figures = {"making": cpu() - begun}
    begun, begun_wall = cpu(), wall()
    if side == "baseline":
        for own in rows.values():
            sorted(own, key=itemgetter(0))
    else:
        ranked = {level.id: ranking.rank(rows[level.id], level, len(rows[level.id])).rows for level in levels}
        figures["ranking"] = cpu() - begun
        ranking.digest(ranked)
        figures["digest"] = cpu() - begun - figures["ranking"]
    figures |= {"cpu": cpu() - begun, "wall": wall() - begun_wall}
    figures["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_side(sys.argv[1])))
