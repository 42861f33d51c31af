"""A program for tests: a system of servers, and of fake parts, until a signal; prints READY when it is up.

The word `all` means our real processes.
"""

import sys
from pathlib import Path

from cli.embedded import Embedded
from cli.embedded.parts import Part
from cli.up import run


async def ready(_system: Embedded) -> None:
    print("READY", flush=True)


folder, modes = Path(sys.argv[1]), sys.argv[2:]
parts = [
    Part(
        name=mode,
        title=mode,
        module="fake_part",
        words=(mode,),
        ready="http" if mode in ("serve", "slow") else "alive",
        port="portal" if mode in ("serve", "slow") else "",
    )
    for mode in modes
]
system = Embedded(Path(sys.argv[1]), processes=parts, durable=False, say=lambda line: print(line, flush=True))
sys.exit(run(system, ready))
