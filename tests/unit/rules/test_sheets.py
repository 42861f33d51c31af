"""Expert sheets, the third sheet, panels (P2, P3, D1, D2)."""

from decimal import Decimal
from fractions import Fraction

import pytest

from contracts.rulepack import Experts
from rules.sheets import Combined, combine, panel_score, sheet_total
from tests.unit.rules.cases import REAL, pack

PACK = pack().pack
TWO = PACK.experts


def scores(*values: str | int) -> list[Fraction]:
    return [Fraction(value) for value in values]


@pytest.mark.clause("P3")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([80], Combined(None, True, ())),
        ([80, 90], Combined(Fraction(85), False, (0, 1))),
        ([80, 95], Combined(Fraction(175, 2), False, (0, 1))),  # exactly 15 is no divergence
        ([80, "95.01"], Combined(None, True, ())),
        ([60, 80, 75], Combined(Fraction(155, 2), False, (1, 2))),
        ([60, 80, 65], Combined(Fraction(125, 2), False, (0, 2))),
        ([60, 80, 70], Combined(Fraction(70), False, (0, 1, 2))),  # equally close: all three
        ([60, 80, 80], Combined(Fraction(80), False, (1, 2))),
        ([60, 80, 95], Combined(Fraction(175, 2), False, (1, 2))),
    ],
)
def test_combine(given: list[str | int], expected: Combined) -> None:
    assert combine(scores(*given), TWO) == expected


@pytest.mark.clause("P3")
def test_order_of_sheets_does_not_matter() -> None:
    assert combine(scores(75, 60, 80), TWO) == Combined(Fraction(155, 2), False, (0, 2))


def test_three_experts_and_a_fourth() -> None:
    three = Experts.model_validate({**TWO.model_dump(), "sheets": 3})
    assert combine(scores(70, 75, 80), three).score == 75
    assert combine(scores(70, 75, 90), three).needs_another
    assert combine(scores(70, 75, 90, 78), three) == Combined(Fraction(223, 3), False, (0, 1, 3))


@pytest.mark.parametrize("count", [0, 4])
def test_wrong_number_of_sheets(count: int) -> None:
    with pytest.raises(ValueError, match="1 至 3"):
        combine(scores(*[80] * count), TWO)


@pytest.mark.clause("D1")
def test_below_quorum_nobody_scores() -> None:
    assert panel_score(scores(80, 90), PACK.panel) is None
    assert panel_score(scores(80, 90, 91), PACK.panel) == 87


@pytest.mark.clause("P1", "D2", "P0")
def test_rubrics_name_the_notices_aspects_and_thirds() -> None:
    for level in ("junior", "intermediate"):
        lines = pack(REAL).pack.rubric(level, "portfolio").lines
        assert [one.name for one in lines] == [
            "学生科技项目指导能力",
            "个人专业能力",
            "个人研究能力",
            "培训工作经验",
            "科技活动组织经验",
            "其他",
        ]
        assert {one.third for one in lines} == {"ethics", "theory", "practice"}
    assert len(pack(REAL).pack.rubric("intermediate", "defence").lines) == 3
    with pytest.raises(KeyError):
        pack(REAL).pack.rubric("junior", "defence")


@pytest.mark.clause("D2")
def test_a_sheet_adds_up() -> None:
    rubric = PACK.rubric("intermediate", "defence")
    assert sheet_total(
        rubric, {"understanding": 30, "literacy": Decimal("25.5"), "planning": 40}
    ) == Fraction("95.5")


@pytest.mark.parametrize(
    "points",
    [
        {"understanding": 30, "literacy": 30},
        {"understanding": 31, "literacy": 30, "planning": 40},
        {"understanding": -1, "literacy": 30, "planning": 40},
        {"understanding": 1, "literacy": 30, "planning": 40, "more": 1},
    ],
)
def test_a_bad_sheet_is_refused(points: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"打分|分之间"):
        sheet_total(PACK.rubric("intermediate", "defence"), points)


@pytest.mark.clause("P1")
def test_nobody_scores_by_a_placeholder() -> None:
    rubric = pack(REAL).pack.rubric("intermediate", "defence")
    with pytest.raises(ValueError, match="尚未确定"):
        sheet_total(rubric, {"understanding": 1, "literacy": 1, "planning": 1})
