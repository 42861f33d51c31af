"""Recorded chance: H(round seed, application number) for papers, orders and assignments (design §4)."""

import hashlib
import json
from collections.abc import Iterable


def H(round_seed: str | int, application_number: str, *parts: str | int) -> int:  # noqa: N802 (design's name)
    """SHA-256 of the canonical JSON list of all arguments, as an integer below 2**256."""
    text = json.dumps([round_seed, application_number, *parts], ensure_ascii=False, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def order(seed: int, ids: Iterable[str]) -> tuple[str, ...]:
    """The IDs in the order that the seed gives them, whatever order they came in."""
    return tuple(sorted(ids, key=lambda one: (H(seed, "", one), one)))


def pick(seed: int, ids: Iterable[str], count: int) -> tuple[str, ...]:
    """The first `count` of `order`. Errors: ValueError when there are fewer."""
    ranked = order(seed, ids)
    if len(ranked) < count:
        raise ValueError(f"需要 {count} 个，只有 {len(ranked)} 个")
    return ranked[:count]
