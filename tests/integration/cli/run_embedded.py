"""A program for tests: a system of servers, and of fake parts, until a signal; prints READY when it is up.

The word `all` means our real processes.
"""

import sys
from pathlib import Path

from cli.embedded import Embedded, files, migrations
from cli.embedded.parts import PROCESSES, Part
from cli.up import run


async def ready(_system: Embedded) -> None:
    print("READY", flush=True)


def fake(mode: str) -> Part:
    """`serve` and `slow` answer HTTP on the portal's port, the others just live."""
    http = mode in ("serve", "slow")
    ready, port = ("http", "portal") if http else ("alive", "")
    return Part(name=mode, title=mode, module="fake_part", words=(mode,), ready=ready, port=port)


folder, modes = Path(sys.argv[1]), sys.argv[2:]
parts = list(PROCESSES) if modes == ["all"] else [fake(mode) for mode in modes]
if modes != ["all"]:  # fakes have no tables
    folder.mkdir(exist_ok=True)
    files.write_json(folder / "migrated.json", {"state": migrations.state()})
system = Embedded(folder, processes=parts, durable=False, say=lambda line: print(line, flush=True))
sys.exit(run(system, ready))
