"""Application numbers, page codes, seeds."""

from __future__ import annotations

import hashlib

import segno

from services.registration.domain.numbers import (
    CODE_LENGTH,
    application_number,
    form_code,
    level_letter,
    page_code,
    round_seed,
)


def test_number_format() -> None:
    assert application_number(2024, level_letter("junior", ["junior", "intermediate"]), 12) == "2024-J-00012"
    assert application_number(2024, "I", 123456) == "2024-I-123456"


def test_levels_that_share_a_letter_are_written_out() -> None:
    assert level_letter("junior", ["junior", "just-so"]) == "JUNIOR"
    assert level_letter("just-so", ["junior", "just-so"]) == "JUSTSO"


def test_code_is_bound_to_the_hash_and_fits_the_smallest_qr_code() -> None:
    codes = {form_code(hashlib.sha256(bytes([n])).hexdigest()) for n in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert len(code) == CODE_LENGTH
        assert not set(code) & set("ILOU")
    made = segno.make(page_code(code, 99), error="m", mode="alphanumeric", boost_error=False, micro=False)
    assert (made.version, made.error) == (1, "M")


def test_seed_repeats() -> None:
    assert round_seed("ab", 1) == round_seed("ab", 1) != round_seed("ab", 2)
