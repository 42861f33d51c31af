"""Recorded chance: everything in a demo follows from its seed, whatever order things happen in."""

from __future__ import annotations

import random

from rules.seeds import H


def dice(seed: str, *about: str | int) -> random.Random:
    """A source of its own for each question, so that one answer more or less changes no other."""
    first, *rest = about or ("",)
    return random.Random(H(seed, str(first), *rest))
