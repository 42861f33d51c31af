"""Identity documents: check digit and date, no judgement on regions, masks."""

from __future__ import annotations

from datetime import date

import pytest

from contracts.http.persons import IdKind
from services.registration.domain.identity import (
    check_digit,
    mask_number,
    mask_phone,
    name_problem,
    normal_name,
    normal_number,
    number_problem,
)

TODAY = date(2025, 2, 14)


def card(first_17: str) -> str:
    return first_17 + check_digit(first_17)


def test_published_example() -> None:
    assert card("11010519491231002") == "11010519491231002X"  # GB 11643's own example


@pytest.mark.clause("A1")
@pytest.mark.parametrize("region", ["500103", "500112", "510202", "500116", "500154", "810000"])
def test_genuine_numbers_with_old_or_new_regions_pass(region: str) -> None:
    assert number_problem(IdKind.id_card, card(f"{region}19800229123"), TODAY) is None


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("11010519491231002", "18 位"),
        ("110105194912310021", "校验位"),
        (card("11010519810229002"), "出生日期"),
        (card("11010520260101002"), "出生日期"),
        ("", "18 位"),
    ],
)
def test_wrong_cards(number: str, says: str) -> None:
    assert says in (number_problem(IdKind.id_card, number, TODAY) or "")


@pytest.mark.parametrize(
    ("kind", "number", "good"),
    [
        (IdKind.hk_macao_permit, "H12345678", True),
        (IdKind.hk_macao_permit, "H1234567", False),
        (IdKind.taiwan_permit, "12345678", True),
        (IdKind.taiwan_permit, "A2345678", False),
        (IdKind.passport, "E12345678", True),
        (IdKind.passport, "E1", False),
    ],
)
def test_other_documents(kind: IdKind, number: str, good: bool) -> None:
    assert (number_problem(kind, number, TODAY) is None) is good


def test_normal_forms() -> None:
    assert normal_number(" 11010519491231002x ") == "11010519491231002X"
    assert normal_number("１１０１") == "1101"
    assert normal_name(" 阿依古丽 • 买买提 ") == "阿依古丽·买买提"
    assert normal_name("王 小明") == "王小明"
    assert normal_name("Mary  Ann Lee") == "Mary Ann Lee"


@pytest.mark.clause("Q9")
@pytest.mark.parametrize("name", ["王小明", "阿依古丽·买买提", "𬭎䶮", "张\U00031350", "Mary Ann O'Neill"])
def test_rare_and_long_names_pass(name: str) -> None:
    assert name_problem(normal_name(name)) is None


@pytest.mark.parametrize("name", ["王", "王1", "·王", "王<b>"])
def test_what_is_no_name(name: str) -> None:
    assert name_problem(name)


def test_masks() -> None:
    assert mask_number("11010519491231002X") == "110105********002X"
    assert mask_number("E12345678") == "E1*****78"
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("") == ""
