"""The process in which strangers' PDFs are looked at: with limits, without our settings; and who asks it.

Protocol: a line of JSON {size, roots, moment} and the bytes in, a line of JSON out, until stdin ends.
"""

from __future__ import annotations

import base64
import json
import resource
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kit.child import Child, Failed
from services.publication.adapters.examining import Examined, examine


class Examiner:
    """One process, one file at a time; killed and replaced when it hangs. `timeout` in seconds, `memory` in bytes."""

    def __init__(self, *, timeout: float, memory: int) -> None:
        self._child = Child("services.publication.adapters.examiner", timeout=timeout, memory=memory)

    async def examine(self, pdf: bytes, roots: Sequence[bytes], moment: datetime) -> Examined:
        """`roots`: certificates (DER) that vouch for signers; `moment`: when they have to be valid.

        A file that kills or stalls the process is not readable.
        """
        head = {
            "size": len(pdf),
            "roots": [base64.b64encode(one).decode() for one in roots],
            "moment": moment.astimezone(UTC).isoformat(),
        }
        try:
            return Examined.model_validate(await self._child.ask(head, pdf))
        except Failed:
            return Examined(readable=False)

    async def aclose(self) -> None:
        """Ends the process."""
        await self._child.close()


def main(memory: int) -> None:
    """Serves until stdin ends: with its parent this process ends too."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while line := source.readline():
        head: dict[str, Any] = json.loads(line)
        pdf = source.read(int(head["size"]))
        roots = [base64.b64decode(one) for one in head["roots"]]
        try:
            found = examine(pdf, roots, datetime.fromisoformat(head["moment"]))
        except MemoryError:
            found = Examined(readable=False)
        sink.write(found.model_dump_json().encode() + b"\n")
        sink.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
