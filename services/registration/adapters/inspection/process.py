"""The loop of the inspection process and its limits; which opener a file goes to."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

from services.registration.adapters.inspection.answers import Found, Refused
from services.registration.adapters.inspection.containers import what_it_is

PDF = "application/pdf"


def inspect(purpose: str, expected: str, data: bytes) -> Found:
    """Facts of one file. Refused when content, type and parser do not agree (A2, Q7)."""
    what_it_is(expected, data)
    if expected == PDF:
        from services.registration.adapters.inspection import pdf

        return pdf.opened(data)
    from services.registration.adapters.inspection import images

    return images.opened(expected, data, photo=purpose == "photo")


def _cropped(head: dict[str, Any], data: bytes) -> Found:
    from services.registration.adapters.inspection import images

    x, y, width, height = (int(value) for value in head["crop"])
    return images.cropped(str(head["expected"]), data, (x, y, width, height), int(head["most"]))


def answer(head: dict[str, Any], data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """What is sent back for one file: the line, and bytes after it."""
    try:
        if head["act"] == "crop":
            found = _cropped(head, data)
        else:
            found = inspect(str(head["purpose"]), str(head["expected"]), data)
    except Refused as refused:
        return {"ok": False, "code": refused.code}, []
    except (MemoryError, RecursionError):
        return {"ok": False, "code": "too_complex"}, []
    except Exception:  # whatever a parser may throw at damaged input: the next file is not to suffer for it
        return {"ok": False, "code": "does_not_open"}, []
    heads = [part.head() for part in found.parts]
    return {"ok": True, "facts": found.facts(), "parts": heads}, [part.data for part in found.parts]


def main(memory: int, seconds: int) -> None:
    """Serves until stdin ends: with its parent this process ends too.

    `memory`: bytes of data of this process, libraries aside; `seconds`: of CPU for each file.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.setrecursionlimit(500)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while line := source.readline():
        head = json.loads(line)
        data = source.read(int(head["size"]))
        used = int(time.process_time()) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, resource.RLIM_INFINITY))
        said, parts = answer(head, data)
        del data
        sink.write(json.dumps(said).encode() + b"\n")
        for part in parts:
            sink.write(part)
        sink.flush()
