"""Names as they can be compared: · • ・ are one, blanks and width do not matter (Q9)."""

from rules.texts import comparable


def normal(name: str) -> str:
    """A name for comparing, see `rules.texts.comparable`."""
    return comparable(name)
