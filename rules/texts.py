"""Typed text made tidy: what no one can see goes, what only looks different becomes one (bad input, Q9)."""

import re
import unicodedata

_HALF = {
    code: code - 0xFEE0
    for first, last in ("０９", "ＡＺ", "ａｚ")
    for code in range(ord(first), ord(last) + 1)
}
_HAN = r"\u2e80-\u2fd5\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_DOTS = "•・･‧∙⋅．●"
_DOT_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}])\.(?=[{_HAN}])")
_BLANK_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}])\s+(?=[{_HAN}])")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def tidy(text: str) -> str:
    """NFC; no zero-width and bidi characters; digits and letters half-width; radicals as the characters that they
    look like (PDF readers copy them so); one kind of blank and line end, none around. Other signs stay as typed.
    """
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").translate(_HALF)
    # what stood apart only because of something invisible comes together now
    return unicodedata.normalize("NFC", "".join(_one(character) for character in text)).strip()


def _one(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cf":
        return ""
    if kind == "Zs":
        return " "
    if "\u2e80" <= character <= "\u2fdf":
        return unicodedata.normalize("NFKC", character)
    return character


def tidy_name(text: str) -> str:
    """A name as it is stored: tidy, · • ・ ． as one dot, no blank between Chinese characters, no variant selectors."""
    name = _SELECTORS.sub("", tidy(text)).translate(dict.fromkeys(map(ord, _DOTS), "·"))
    name = _DOT_BETWEEN_HAN.sub("·", name)
    name = re.sub(r"\s*·\s*", "·", name)
    return re.sub(r"\s+", " ", _BLANK_BETWEEN_HAN.sub("", name))


def compact(text: str) -> str:
    """For numbers, phones, addresses of mail: NFKC without any blank or invisible character."""
    return "".join(unicodedata.normalize("NFKC", tidy(text)).split())


def comparable(text: str) -> str:
    """For comparing names and titles: NFKC, dots as one, no blanks, lower case (never shown or stored)."""
    folded = unicodedata.normalize("NFKC", tidy_name(text)).replace(".", "·")
    return unicodedata.normalize("NFKC", "".join(folded.split()).casefold())
