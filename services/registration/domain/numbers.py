"""Application numbers and the code printed on each page."""

import hashlib
from collections.abc import Sequence

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 12
MAX_PAGE = 99
"""`C1/{12}/{page}` fits version 1, level M of a QR code (20 alphanumeric characters): readable at 150 dpi."""


def level_letter(level_id: str, all_levels: Sequence[str]) -> str:
    """J for junior, I for intermediate; the whole ID when two levels would share a letter."""
    letter = level_id[:1].upper()
    alike = [one for one in all_levels if one[:1].upper() == letter]
    return letter if len(alike) == 1 else level_id.upper().replace("-", "")


def application_number(year: int, letter: str, n: int) -> str:
    """`2024-J-00012`: year of the round, the level first applied for, and its counter."""
    return f"{year}-{letter}-{n:05d}"


def form_code(digest_hex: str) -> str:
    """12 characters (60 bits, no I, L, O, U) of a keyed hash over everything that the form prints."""
    value = int(digest_hex, 16) >> (len(digest_hex) * 4 - CODE_LENGTH * 5)
    return "".join(_ALPHABET[(value >> (5 * i)) & 31] for i in reversed(range(CODE_LENGTH)))


def page_code(code: str, page: int) -> str:
    """What the QR code of one page says."""
    return f"C1/{code}/{page}"


def round_seed(pack_hash: str, sequence: int) -> str:
    """The seed of the n-th round that runs under a pack: the same in every repetition on a fresh system."""
    return hashlib.sha256(f"{pack_hash}:{sequence}".encode()).hexdigest()
