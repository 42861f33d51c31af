"""Names as they can be compared: · • ・ are one, blanks and width do not matter (Q9)."""

import unicodedata

_DOTS = str.maketrans(dict.fromkeys("•・･‧∙⋅．.●", "·"))


def normal(name: str) -> str:
    """A name for comparing: NFKC, dots as one, no blanks, lower case."""
    folded = unicodedata.normalize("NFKC", name.translate(_DOTS)).translate(_DOTS)
    return "".join(folded.split()).casefold()
