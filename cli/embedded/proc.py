"""What /proc says of a process, and the kernel's promise that a child does not outlive us."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def started(pid: int) -> int | None:
    """Start time of a living process in clock ticks since boot (tells a reused PID); None if dead or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])


def age(pid: int) -> float:
    """Seconds since it was started; 0 when it is dead."""
    begun = started(pid)
    if begun is None:
        return 0.0
    up = float(Path("/proc/uptime").read_text().split()[0])
    return up - begun / os.sysconf("SC_CLK_TCK")


def command(pid: int) -> list[str]:
    """Its command line; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def dies_with_us(number: int) -> Callable[[], None]:
    """For preexec_fn: the kernel sends the child this signal when the thread that started it ends.

    Linux only; elsewhere it does nothing. Start children from a thread that lives as long as they shall.
    """
    libc, parent = _libc(), os.getpid()

    def arm() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, number)
            if os.getppid() != parent:  # we died between fork and prctl
                os._exit(1)

    return arm


@cache
def _libc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None)
    return library if hasattr(library, "prctl") else None
