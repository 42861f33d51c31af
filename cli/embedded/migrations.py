"""Brings the database to the code's state before our processes start, and skips that when nothing has changed."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.embedded import proc
from cli.embedded.child import last_lines
from cli.embedded.parts import PACKAGES, ROLES
from cli.problems import Problem

_LIMIT = 120.0


def root() -> Path:
    """The folder that holds our packages."""
    return Path(__file__).resolve().parents[2]


def state(where: Path | None = None) -> str:
    """A digest of everything that decides the database's structure: roles and migrations."""
    base = where or root()
    digest = hashlib.sha256(",".join(ROLES).encode())
    places = [base / "kit" / "db", *(base / package.replace(".", "/") / "migrations" for package in PACKAGES)]
    for place in places:
        for path in sorted(place.rglob("*.py")):
            digest.update(f"\n{path.relative_to(base)}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def packages(where: Path | None = None) -> list[str]:
    """The packages that have migrations."""
    base = where or root()
    return [
        package
        for package in PACKAGES
        if any((base / package.replace(".", "/") / "migrations" / "versions").glob("*.py"))
    ]


async def run(env: Mapping[str, str], log: Path, lock_fd: int) -> None:
    """Roles and schemas, then every migration. Problem migration_failed with the last lines."""
    await _python(["-m", "kit.db", "bootstrap"], env, log, lock_fd)
    if found := packages():
        await _python(["-m", "kit.db", "migrate", *found], env, log, lock_fd)


async def _python(words: list[str], env: Mapping[str, str], log: Path, lock_fd: int) -> None:
    with log.open("ab") as output:
        start = output.tell()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", *words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(env),
            cwd=log.parent,
            pass_fds=(lock_fd,),
            start_new_session=True,
            preexec_fn=proc.dies_with_us(signal.SIGKILL),
        )
        try:
            async with asyncio.timeout(_LIMIT):
                code: int | None = await process.wait()
        except TimeoutError:
            code = None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if code != 0:
        raise Problem("migration_failed", f"数据库结构升级失败。日志：{log}\n{last_lines(log, start)}")
