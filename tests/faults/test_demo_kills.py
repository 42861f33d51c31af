"""Processes killed in the middle of a round change nothing: same outcomes, same list."""

import asyncio
import os
import shutil
import signal
from contextlib import suppress

import pytest

from tests.demos import DemoRun, left_running, start_demo

VICTIMS = ("workflows", "gateway", "registration", "review")


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_kills_change_neither_outcomes_nor_list(demo_run: DemoRun) -> None:
    demo = await start_demo()
    killed: list[str] = []
    seen: dict[str, int] = {}
    try:
        while not (demo.folder / "data/certificates").exists() and demo.process.returncode is None:
            await asyncio.sleep(1)
            if "资格审查" in (demo.folder / "output").read_text(encoding="utf-8"):
                break
            if "登录与实名" not in (demo.folder / "output").read_text(encoding="utf-8"):
                continue
            name = VICTIMS[len(killed) % len(VICTIMS)]
            pids = demo.pids()
            seen |= pids
            if name in pids:
                with suppress(ProcessLookupError):
                    os.kill(pids[name], signal.SIGKILL)
                    killed.append(name)
            await asyncio.sleep(4)
        run = await demo.finish()
        seen |= demo.pids()
    finally:
        if demo.process.returncode is None:
            demo.process.terminate()
            await demo.process.wait()
        shutil.rmtree(demo.folder, ignore_errors=True)
    assert set(killed) == set(VICTIMS)
    assert run.report["by_outcome"] == demo_run.report["by_outcome"]
    assert run.report["digest"] == demo_run.report["digest"]
    assert left_running(seen) == {}
