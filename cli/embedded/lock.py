"""One fudao a data folder: an flock that every child inherits, so it is held until the last of them has ended."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from pathlib import Path

from cli.embedded import proc
from cli.problems import Problem

_PATIENCE = 15.0  # seconds for the children of a killed supervisor to end
_GRACE = 1.0  # seconds in which a holder that seems alive may turn out to be just ending
_STEP = 0.05


class DataLock:
    """`await DataLock.take(folder)`; pass `fd` on to children; `release()` gives up our own share."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    async def take(cls, folder: Path) -> DataLock:
        """Waits while the children of a dead supervisor end. Problem data_in_use when another fudao lives."""
        path = folder / "lock"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            await cls._wait(fd, folder)
            os.ftruncate(fd, 0)
            pid = os.getpid()
            os.pwrite(fd, json.dumps({"pid": pid, "started": proc.started(pid)}).encode(), 0)
        except BaseException:
            os.close(fd)
            raise
        return cls(fd)

    @staticmethod
    async def _wait(fd: int, folder: Path) -> None:
        clock = asyncio.get_running_loop().time
        begun = clock()
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                waited, holder = clock() - begun, _living_holder(fd)
            if (holder is not None and waited >= _GRACE) or waited >= _PATIENCE:
                who = f"（进程 {holder}）" if holder else "（上次运行留下的进程还没有结束）"
                raise Problem(
                    "data_in_use",
                    f"数据目录 {folder} 正被另一个 fudao 使用{who}。请先停止它，或用 --data 换一个目录。",
                )
            await asyncio.sleep(_STEP)

    def release(self) -> None:
        """Closes our share; the lock is free once the children's shares are closed too."""
        os.close(self.fd)


def _living_holder(fd: int) -> int | None:
    try:
        value = json.loads(os.pread(fd, 200, 0))
        pid, begun = int(value["pid"]), int(value["started"])
    except (ValueError, KeyError, TypeError):
        return None
    return pid if proc.started(pid) == begun else None
