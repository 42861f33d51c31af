"""How large the tests of scale are: a part in each run, the whole with FUDAO_FULL=1 (minutes each, no time limit)."""

import os

FULL = os.environ.get("FUDAO_FULL") == "1"


def size(full: int, usual: int) -> int:
    """`full` is the number that is to hold; `usual` shows the same in less time."""
    return full if FULL else usual
