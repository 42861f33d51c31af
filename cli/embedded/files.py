"""Small state files in the data folder: written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any


def write(path: Path, text: str, *, mode: int = 0o644, sync: bool = True) -> None:
    """Replaces the file in one step, so that a reader or a crash never sees half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)


def write_json(path: Path, value: object, *, mode: int = 0o644, sync: bool = True) -> None:
    """As write(), indented for people."""
    write(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n", mode=mode, sync=sync)


def read_json(path: Path) -> dict[str, Any]:
    """The object in the file; empty when the file is absent or no JSON object."""
    with contextlib.suppress(OSError, ValueError):
        value = json.loads(path.read_text())
        if isinstance(value, dict):
            return value
    return {}
