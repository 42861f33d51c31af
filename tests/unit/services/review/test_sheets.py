"""Sheets: exact totals, divergence, the third sheet, quorum (P3, D1)."""

from decimal import Decimal
from fractions import Fraction

import pytest

from contracts.rulepack import Panel
from kit.errors import DomainError
from services.review.domain.sheets import (
    Standing,
    check_marks,
    fraction_of,
    panel_standing,
    portfolio_standing,
    sheet_total,
    text_of,
)
from tests.unit.services.review.packs import experts, rubric

PANEL = Panel(members=3, quorum=3, minutes=15, form="on_site")


def scores(*values: str) -> list[Fraction]:
    return [Fraction(one) for one in values]


@pytest.mark.clause("P1")
def test_a_sheet_is_exact_and_complete() -> None:
    marks = {"guidance": Decimal("33.35"), "research": Decimal("20.1")}
    assert text_of(sheet_total(rubric(), marks)) == "1069/20"
    assert fraction_of("1069/20") == Fraction("53.45")
    assert check_marks(rubric(), {"guidance": Decimal(60)}) == ("research",)
    for wrong, code in (
        ({"guidance": Decimal(60)}, "sheet_incomplete"),
        ({"guidance": Decimal(61), "research": Decimal(1)}, "mark_out_of_range"),
        ({"beauty": Decimal(1)}, "unknown_line"),
    ):
        with pytest.raises(DomainError) as refused:
            sheet_total(rubric(), wrong)
        assert (refused.value.code, refused.value.clause) == (code, "P1")


@pytest.mark.clause("P3")
def test_divergence_asks_for_a_third_sheet() -> None:
    assert portfolio_standing(scores("80"), 2, experts()) == Standing()
    assert portfolio_standing(scores("80", "65"), 2, experts()) == Standing(score=Fraction("72.5"))
    assert portfolio_standing(scores("80", "64.99"), 2, experts()) == Standing(another=True)
    # the third is waited for, and nothing is combined before
    assert portfolio_standing(scores("80", "60"), 3, experts()) == Standing()
    assert portfolio_standing(scores("80", "60", "75"), 3, experts()) == Standing(score=Fraction("77.5"))
    assert portfolio_standing(scores("80", "60", "70"), 3, experts()) == Standing(score=Fraction(70))


@pytest.mark.clause("D1", "D2")
def test_a_panel_below_quorum_gives_no_score() -> None:
    assert panel_standing(scores("80", "70"), 1, PANEL) == Standing()
    assert panel_standing(scores("80", "70"), 0, PANEL) == Standing()
    assert panel_standing(scores("80", "70", "70"), 0, PANEL) == Standing(score=Fraction(220, 3))
