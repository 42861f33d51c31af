"""Names of units in one spelling, so that the same unit is recognised as the same (conflict of interest)."""

import unicodedata


def normal_unit(name: str) -> str:
    """NFKC, without blanks and punctuation, lower case. Empty stays empty (no unit is no conflict)."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in folded if char.isalnum())
