"""Loopback ports: chosen at the first start, kept in ports.json, so that links stay valid at the next."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cli.embedded import files
from cli.problems import Problem

DEFAULT_PORTAL = 8866
GRPC = 10_000
"""SeaweedFS wants port + 10000 beside each of its ports, so every port is taken as such a pair."""

NAMES = (
    "portal",
    "provider",
    "postgres",
    "temporal",
    "temporal_ui",
    "temporal_http",
    "temporal_metrics",
    "kafka",
    "s3",
    "weed_master",
    "weed_volume",
    "weed_filer",
    "weed_admin",
)
_FIRST, _LAST = 20_000, 22_700  # both ends of a pair stay below 32768, where outgoing connections begin
_BLOCK = 32
_claims: set[int] = set()
_claims_file: BinaryIO | None = None


def choose(path: Path, portal: int | None) -> dict[str, int]:
    """A port for each name. Earlier choices are kept while free; the whole is written to `path`.

    `portal` 0: any free one. Problem port_taken when the portal's port was asked for and is not free.
    """
    kept = {k: v for k, v in files.read_json(path).items() if k in NAMES and isinstance(v, int)}
    if portal == 0:
        kept.pop("portal", None)
    elif portal is not None:
        if not _ours(portal):
            raise Problem(
                "port_taken", f"端口 {portal} 已被占用，请用 --port 换一个（例如 --port {_near(portal)}）。"
            )
        kept["portal"] = portal
    elif "portal" not in kept:
        kept["portal"] = DEFAULT_PORTAL
    ports = {name: port for name, port in kept.items() if _ours(port) and (name == "portal" or _pair(port))}
    fresh = _fresh(set(ports.values()))
    for name in NAMES:
        if name not in ports:
            ports[name] = next(fresh)
    files.write_json(path, ports)
    return ports


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT is no obstacle
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True


def _ours(port: int) -> bool:
    """Free, and nobody else who starts now has claimed it."""
    block = (port - _FIRST) // _BLOCK * _BLOCK + _FIRST if _FIRST <= port < _LAST else port
    return is_free(port) and _claim(block)


def weed_sockets(port: int) -> list[Path]:
    """Unix sockets that SeaweedFS leaves behind for a gRPC port; their place cannot be chosen."""
    return list(Path("/tmp").glob(f"seaweedfs-*-grpc-{port + GRPC}.sock"))  # noqa: S108


def _pair(port: int) -> bool:
    """Whether the second port is free too, and no other user has left a socket there that we may not replace."""
    foreign = [path for path in weed_sockets(port) if path.lstat().st_uid != os.geteuid()]
    return is_free(port + GRPC) and not foreign


def _near(port: int) -> int:
    return next((p for p in range(port + 1, min(port + 200, 65_536)) if is_free(p)), DEFAULT_PORTAL)


def _fresh(taken: set[int]) -> Iterator[int]:
    """Free pairs from blocks that nobody else who starts now has claimed, beginning with a random one."""
    starts = list(range(_FIRST, _LAST, _BLOCK))
    random.SystemRandom().shuffle(starts)
    for start in sorted(starts, key=_claims.__contains__):  # our own, of a system that has ended, come last
        if not _claim(start):
            continue
        for port in range(start, min(start + _BLOCK, _LAST)):
            if port not in taken and is_free(port) and _pair(port):
                yield port
    raise Problem("port_taken", f"{_FIRST}–{_LAST} 之间没有空闲的端口。")


def _claim(start: int) -> bool:
    """Takes a block (or a port outside of all blocks) for as long as this process lives.

    A port that is free now is bound only seconds later. The lock is a byte of one file of this user; it ends with
    the process.
    """
    if start in _claims:
        return True
    global _claims_file
    if _claims_file is None:
        _claims_file = (Path(tempfile.gettempdir()) / f"fudao-ports-{os.geteuid()}").open("ab")
    try:
        fcntl.lockf(_claims_file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, start)
    except OSError:
        return False
    _claims.add(start)
    return True
