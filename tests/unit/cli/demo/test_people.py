"""Generated people: plausible, valid, different, and the same for the same seed."""

import re
from datetime import date

import pytest

from cli.demo.people import DOTTED_NAME, RARE_NAME, check_digit, people
from contracts.rulepack import RulePack
from rules.checks import suspect_text


@pytest.mark.parametrize(("first", "last"), [("11010519491231002", "X"), ("44052418800101001", "4")])
def test_check_digit(first: str, last: str) -> None:
    """The examples of GB 11643."""
    assert check_digit(first) == last


def test_everybody_is_somebody_else(pack: RulePack) -> None:
    everybody = people("7", 2000, pack)
    for attribute in ("name", "id_number", "phone", "email"):
        assert len({getattr(one, attribute) for one in everybody}) == 2000


def test_numbers_hold_together(pack: RulePack) -> None:
    for one in people("7", 300, pack):
        assert re.fullmatch(r"[1-9]\d{16}[\dX]", one.id_number)
        assert one.id_number[6:14] == one.birth_date.strftime("%Y%m%d")
        assert int(one.id_number[16]) % 2 == (one.gender == "male")
        assert check_digit(one.id_number[:17]) == one.id_number[17]
        assert re.fullmatch(r"1[3-9]\d{9}", one.phone)
        assert date(1970, 1, 1) <= one.birth_date < date(1998, 1, 1)


def test_units_lie_in_the_district_and_are_full_names(pack: RulePack) -> None:
    names = {one.id: one.name for one in pack.districts}
    rules = {rule.field: rule for check in pack.checks for rule in check.names}
    for one in people("7", 300, pack):
        assert names[one.district] in one.unit
        assert suspect_text(rules["unit"], one.unit) is None
        assert suspect_text(rules["unit_address"], one.unit_address) is None
        assert suspect_text(rules["postal_address"], one.postal_address) is None


def test_a_rare_character_and_a_dot_come_first(pack: RulePack) -> None:
    assert [one.name for one in people("7", 8, pack)[:2]] == [RARE_NAME, DOTTED_NAME]


def test_the_seed_decides(pack: RulePack) -> None:
    assert people("7", 20, pack) == people("7", 20, pack)
    assert people("7", 20, pack) == people("7", 30, pack)[:20]
    assert people("7", 20, pack) != people("8", 20, pack)
