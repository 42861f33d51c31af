"""The proposed crop is one that the pack's rule takes, or there is none (Q2)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.case import PhotoFacts
from contracts.rulepack import PhotoRule
from rules.checks.files import judge_photo
from services.registration.domain.photo import suggested

Box = tuple[int, int, int, int]


def rule(width: int = 413, height: int = 579, aspect: str = "0.713", tolerance: str = "0.03") -> PhotoRule:
    return PhotoRule(
        min_width=width,
        min_height=height,
        aspect=Decimal(aspect),
        aspect_tolerance=Decimal(tolerance),
        min_sharpness=Decimal(60),
    )


RULES = (
    rule(),
    rule(295, 413, "0.714"),
    rule(480, 640, "0.75", "0"),
    rule(413, 579, "0.713", "0.0005"),
    rule(450, 579),  # wider than its own aspect: only what is tolerated is left
    rule(1, 1, "1.5", "2"),
)


def allowed(one: PhotoRule, width: int, height: int) -> bool:
    """Whether the picture has any valid part: every height is tried, the widths of one height stand in a row."""
    for tall in range(one.min_height, height + 1):
        least = max(one.min_width, -(-(one.aspect - one.aspect_tolerance) * tall // 1))
        most = min(width, (one.aspect + one.aspect_tolerance) * tall // 1)
        if least <= most:
            return True
    return False


@st.composite
def pictures(draw: st.DrawFn) -> PhotoFacts:
    """Of every shape, with a face anywhere, also over the edge as detectors say it, or without one."""
    width, height = draw(st.integers(1, 2400)), draw(st.integers(1, 2400))
    face: Box | None = None
    if draw(st.booleans()):
        face = (
            draw(st.integers(-50, width)),
            draw(st.integers(-50, height)),
            draw(st.integers(1, width)),
            draw(st.integers(1, height)),
        )
    return PhotoFacts(width=width, height=height, face=face)


@pytest.mark.clause("Q2")
@given(pictures(), st.sampled_from(RULES))
@example(PhotoFacts(width=400, height=2400), RULES[0])
@example(PhotoFacts(width=1200, height=1600, face=(500, 500, 180, 263)), RULES[0])  # was 398×559
@example(PhotoFacts(width=413, height=579, face=(100, 150, 200, 250)), RULES[0])
@example(PhotoFacts(width=412, height=2000), RULES[0])
@example(PhotoFacts(width=480, height=640), RULES[2])
@example(PhotoFacts(width=450, height=610), RULES[4])
def test_a_proposed_crop_is_valid_or_there_is_none(picture: PhotoFacts, one: PhotoRule) -> None:
    crop = suggested(picture, one)
    assert (crop is not None) == allowed(one, picture.width, picture.height)
    if crop is None:
        return
    assert 0 <= crop.x <= crop.x + crop.width <= picture.width
    assert 0 <= crop.y <= crop.y + crop.height <= picture.height
    made = PhotoFacts(width=crop.width, height=crop.height, faces=1, centred=True, sharpness=99)
    assert judge_photo(one, made) == []


@pytest.mark.clause("Q2")
@pytest.mark.parametrize(
    ("picture", "size"),
    [
        (PhotoFacts(width=413, height=579), (413, 579)),  # two inches exactly: the whole picture
        (PhotoFacts(width=1200, height=1600, face=(500, 500, 180, 263)), (413, 579)),  # a small face
        (
            PhotoFacts(width=1200, height=1600, face=(500, 500, 300, 470)),
            (713, 1000),
        ),  # as large as it should be
        (
            PhotoFacts(width=1200, height=1600, face=(0, 0, 900, 1500)),
            (1141, 1600),
        ),  # larger than the picture
        (PhotoFacts(width=1000, height=300), None),
    ],
)
def test_the_size_that_comes_nearest(picture: PhotoFacts, size: tuple[int, int] | None) -> None:
    crop = suggested(picture, rule())
    assert (None if crop is None else (crop.width, crop.height)) == size
