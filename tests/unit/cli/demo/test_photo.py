"""The demo's photos pass the pack's rule by what the real measures say of them (Q2)."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from cli.demo.evidence import photo_jpeg
from contracts.case import PhotoFacts
from rules.checks.files import judge_photo
from rules.pack import load
from services.registration.adapters.inspection.photo import measured

PACK = load(Path(__file__).parents[4] / "rulepacks" / "demo").pack
RULE = next(check.photo for check in PACK.checks if check.photo is not None)


@pytest.mark.clause("Q2")
def test_every_drawn_photo_has_one_face_in_the_middle() -> None:
    wrong = {}
    for index in range(60):
        with Image.open(io.BytesIO(photo_jpeg("1", index))) as image:
            found = PhotoFacts.model_validate(measured(image.convert("RGB")))
        if said := judge_photo(RULE, found):
            wrong[index] = [one.message for one in said]
    assert wrong == {}
