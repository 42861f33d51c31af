"""`make histories`: plays every path anew and writes its history under tests/replay/histories.

Only after a deliberate change: running applications were started by the histories that stand there now, so a
change that replays differently needs `workflow.patched()` (CONTRIBUTING.md).
"""

import asyncio
import sys
from pathlib import Path

from tests.workflows.conftest import new_world
from tests.workflows.lives import LIVES

FOLDER = Path(__file__).parent / "histories"


async def record(names: list[str]) -> None:
    """Records these paths, or all."""
    FOLDER.mkdir(exist_ok=True)
    for name in names or LIVES:
        async with new_world() as world:
            for part, handle in (await LIVES[name](world)).items():
                history = await handle.fetch_history()
                file = FOLDER / f"{name}{'-' + part if part else ''}.json"
                file.write_text(history.to_json() + "\n", encoding="utf-8")
                sys.stdout.write(f"{file.name}: {len(history.events)} events\n")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:]))
