"""Asks the OCR process about one file; the process lives for that file only, since it holds up to a gigabyte."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from contextlib import suppress
from pathlib import Path

_SCRIPT = Path(__file__).with_name("ocr_process.py")
_MEMORY = 3 * 2**30
_SECONDS = 90
_LINE = 2**20


def installed() -> bool:
    """Whether the extra `ocr` is there."""
    return all(importlib.util.find_spec(one) is not None for one in ("rapidocr", "onnxruntime"))


async def read_text(media_type: str, data: bytes) -> str | None:
    """The text of a picture or PDF by OCR, never sure of rare characters; None when it could not be read."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(_SCRIPT),
        str(_MEMORY),
        str(_SECONDS),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"},
        limit=_LINE,
    )
    head = json.dumps({"media_type": media_type, "size": len(data)}).encode() + b"\n"
    try:
        async with asyncio.timeout(_SECONDS * 2):
            out, _ = await process.communicate(head + data)
        return str(json.loads(out)["text"])
    except (TimeoutError, ValueError, OSError):
        return None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
