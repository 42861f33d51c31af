"""The plan of marks: by the seed, whole sheets, a tie at the cut, a third sheet exactly where it is wanted."""

from collections import Counter
from decimal import Decimal

import pytest

from cli.demo.marks import Plan, plan, right_ones
from cli.demo.script import Kind, Persona, cast
from contracts.rulepack import RulePack
from rules import ranking, sheets


def numbered(seed: str, count: int, pack: RulePack) -> dict[str, Persona]:
    seen: Counter[str] = Counter()
    found = {}
    for one in cast(seed, count, pack):
        seen[one.level] += 1
        found[f"2024-{one.level[0].upper()}-{seen[one.level]:05d}"] = one
    return found


def planned(seed: str, count: int, pack: RulePack) -> tuple[dict[str, Persona], Plan]:
    people = numbered(seed, count, pack)
    return people, plan(seed, pack, people)


@pytest.mark.parametrize("seed", ["1", "7", "演示"])
@pytest.mark.parametrize("count", [8, 16, 60])
def test_two_tie_at_the_cut(pack: RulePack, seed: str, count: int) -> None:
    """Exactly equal totals on both sides of the last place: by the pack's rule both are in."""
    _, made = planned(seed, count, pack)
    assert made.tied
    for level, twins in made.tied.items():
        found = made.lists[level]
        rows = {row.application_number: row for row in found.rows}
        assert {rows[one].cents for one in twins} == {found.cutoff_cents}
        assert {rows[one].outcome for one in twins} == {ranking.IN_CUT}
        assert found.passed > found.places


@pytest.mark.parametrize("seed", ["1", "7", "演示"])
def test_third_sheets_only_where_experts_are_apart(pack: RulePack, seed: str) -> None:
    people, made = planned(seed, 60, pack)
    twins = {one for pair in made.tied.values() for one in pair}
    for number, marks in made.marks.items():
        rubric = pack.rubric(people[number].level, "portfolio")
        totals = [sheets.sheet_total(rubric, one) for one in marks.portfolio]
        assert sheets.combine(totals[:2], pack.experts).needs_another == (len(totals) == 3)
        assert not sheets.combine(totals, pack.experts).needs_another
        if number not in twins:
            assert (len(totals) == 3) == (people[number].kind is Kind.divergent)


def test_whoever_sits_has_marks_and_nobody_else(pack: RulePack) -> None:
    people, made = planned("7", 60, pack)
    assert set(made.marks) == {number for number, one in people.items() if one.sits}
    for number, marks in made.marks.items():
        defended = people[number].ranked and "defence" in pack.level(people[number].level).weights
        assert len(marks.defence) == (pack.panel.members if defended else 0)
    listed = {row.application_number for found in made.lists.values() for row in found.rows}
    assert listed == {number for number, one in people.items() if one.enrolled}


def test_the_seed_decides(pack: RulePack) -> None:
    people, made = planned("7", 30, pack)
    assert made == plan("7", pack, dict(reversed(people.items())))
    assert made.digest != planned("8", 30, pack)[1].digest


def test_points_are_reached_exactly(pack: RulePack) -> None:
    """Whatever paper is drawn: its parts are the blueprint's."""
    people, made = planned("7", 60, pack)
    for number, marks in made.marks.items():
        parts = pack.exam.blueprint(people[number].level).parts
        items = [(f"{part.id}-{n}", part.points) for part in parts for n in range(part.count)]
        points = dict(items)
        chosen = right_ones(items, marks.exam)
        assert len(set(chosen)) == len(chosen)
        assert sum(points[one] for one in chosen) == marks.exam


def test_points_that_no_items_give_are_an_error() -> None:
    with pytest.raises(ValueError, match="cannot add up"):
        right_ones([("a", Decimal(5)), ("b", Decimal("2.5"))], Decimal(6))
