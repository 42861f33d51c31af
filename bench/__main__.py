"""`python -m bench [certificates] [lifecycle] [pages] [queue] [ranking]`: tables.

Exit 1: a limit is broken, 2: a wrong call.
"""

import sys

from bench import certificates, lifecycle, pages, queue, ranking
from bench.table import Table

BENCHES = {
    "certificates": certificates.run,
    "lifecycle": lifecycle.run,
    "pages": pages.run,
    "queue": queue.run,
    "ranking": ranking.run,
}


def main(words: list[str]) -> int:
    """Runs the named benchmarks, all of them without a name."""
    if unknown := [word for word in words if word not in BENCHES]:
        sys.stderr.write(f"没有这个测量：{'、'.join(unknown)}。可选：{'、'.join(BENCHES)}\n")
        return 2
    tables: list[Table] = []
    for name in words or BENCHES:
        tables.append(BENCHES[name]())
        sys.stdout.write(tables[-1].text() + "\n")
    return 0 if all(table.holds for table in tables) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
