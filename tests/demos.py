"""`fudao demo` as a person runs it: a process of its own, on a folder of its own, with a report."""

import asyncio
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

APPLICANTS, SEED = 16, "7"


@dataclass(frozen=True, kw_only=True)
class DemoRun:
    """What a demo left behind."""

    folder: Path
    output: str
    report: dict[str, Any]

    @property
    def data(self) -> Path:
        return self.folder / "data"


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A demo that is running."""

    folder: Path
    process: asyncio.subprocess.Process

    def pids(self) -> dict[str, int]:
        """Process name → PID, as the supervisor keeps them; empty before it has started any."""
        try:
            found: dict[str, int] = json.loads((self.folder / "data/processes.json").read_text())
        except (OSError, ValueError):
            return {}
        return found

    async def finish(self, seconds: float = 800) -> DemoRun:
        """Wait for its end; AssertionError with its output when it failed."""
        async with asyncio.timeout(seconds):
            await self.process.wait()
        output = (self.folder / "output").read_text(encoding="utf-8")
        assert self.process.returncode == 0, output[-4000:]
        report = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        return DemoRun(folder=self.folder, output=output, report=report)


async def start_demo(applicants: int = APPLICANTS, seed: str = SEED) -> Demo:
    """Starts one in a folder of its own, which the caller removes."""
    folder = Path(tempfile.mkdtemp(prefix="fudao-e2e-"))
    with (folder / "output").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cli",
            "demo",
            f"--applicants={applicants}",
            "--once",
            f"--seed={seed}",
            f"--report={folder / 'report.json'}",
            f"--data={folder / 'data'}",
            stdout=output,
            stderr=output,
            cwd=Path(__file__).parents[1],
        )
    return Demo(folder=folder, process=process)


def left_running(pids: dict[str, int]) -> dict[str, int]:
    """Which of these processes are still there."""
    return {name: pid for name, pid in pids.items() if _alive(pid)}


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
