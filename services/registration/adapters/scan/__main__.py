"""The process: a line of JSON {media_type, size, print} and bytes in, a line of JSON out, until stdin ends.

`print`: null, or {code, size, zones} with the print's PDF behind the file's bytes. Answer: {ok, pages} or {ok, code}.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
from typing import Any

import cv2

from services.registration.adapters.scan.reading import Printed, Prints, read

_KEPT = 4


def main(memory: int) -> None:
    """Serves until stdin ends: with its parent this process ends too."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cv2.setNumThreads(1)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    kept: dict[str, Prints] = {}
    while line := source.readline():
        head = json.loads(line)
        data = source.read(int(head["size"]))
        pdf = source.read(int(head["print"]["size"])) if head["print"] else b""
        sink.write(json.dumps(answer(head, data, pdf, kept)).encode() + b"\n")
        sink.flush()


def answer(head: dict[str, Any], data: bytes, pdf: bytes, kept: dict[str, Prints]) -> dict[str, Any]:
    """What is sent back for one file. `kept`: prints of the last applications asked about."""
    try:
        prints = _prints(head["print"], pdf, kept) if head["print"] else None
        return {"ok": True, "pages": list(read(str(head["media_type"]), data, prints))}
    except MemoryError:
        return {"ok": False, "code": "took_too_long"}
    except Exception:
        # whatever a parser makes of a stranger's file: that it cannot be read is the answer
        return {"ok": False, "code": "does_not_open"}


def _prints(about: dict[str, Any], pdf: bytes, kept: dict[str, Prints]) -> Prints:
    key = hashlib.sha256(pdf).hexdigest()
    if key not in kept:
        while len(kept) >= _KEPT:
            del kept[next(iter(kept))]
        kept[key] = Prints(Printed(str(about["code"]), pdf, about["zones"]))
    return kept[key]


if __name__ == "__main__":
    main(int(sys.argv[1]))
