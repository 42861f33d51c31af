"""One mistake inside a merged pack, before it is given its line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """`path` leads to the value in the merged tree; `place` (file, line) is set for mistakes in other files."""

    path: tuple[str | int, ...]
    message: str
    place: tuple[str, int] | None = None
