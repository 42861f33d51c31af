"""The cast: a realistic mix in which both levels certify somebody and somebody stays below the cut."""

import pytest

from cli.demo import FEWEST
from cli.demo.script import INTERMEDIATE, JUNIOR, Fault, Kind, Persona, cast
from contracts.lifecycle import Route, Status
from contracts.rulepack import RulePack
from rules.ranking import places


def of_level(personas: tuple[Persona, ...], level: str) -> list[Persona]:
    return [one for one in personas if one.level == level]


@pytest.mark.parametrize("count", [FEWEST, 9, 12, 16, 23, 30, 60, 120])
def test_both_levels_certify_and_one_has_more_candidates_than_places(pack: RulePack, count: int) -> None:
    personas = cast("7", count, pack)
    assert len(personas) == count
    beyond = []
    for level in (JUNIOR, INTERMEDIATE):
        mine = of_level(personas, level)
        ranked = sum(one.ranked for one in mine)
        filed = sum(one.files and one.route is Route.regular for one in mine)
        assert ranked >= 1
        beyond.append(ranked > places(pack.level(level).cut, filed))
    assert any(beyond)


def test_sixty_play_every_part(pack: RulePack) -> None:
    personas = cast("7", 60, pack)
    assert {one.kind for one in personas} == set(Kind)
    assert {one.fault for one in personas} == {None, *Fault}
    assert sum(one.kind is Kind.straight for one in personas) == 30
    assert {one.level for one in personas if one.kind is Kind.straight} == {JUNIOR, INTERMEDIATE}


def test_the_order_is_the_seed_s(pack: RulePack) -> None:
    personas = cast("7", 30, pack)
    assert [one.order for one in personas] == list(range(30))
    assert personas == cast("7", 30, pack)
    assert [one.kind for one in personas] != [one.kind for one in cast("8", 30, pack)]


def test_below_the_fewest_is_refused(pack: RulePack) -> None:
    with pytest.raises(ValueError, match="at least"):
        cast("7", FEWEST - 1, pack)


@pytest.mark.parametrize(
    ("kind", "files", "enrolled", "sits", "ranked", "ends"),
    [
        (Kind.straight, True, True, True, True, None),
        (Kind.corrects_well, True, True, True, True, None),
        (Kind.corrects_badly, True, False, False, False, Status.not_qualified),
        (Kind.never_corrects, True, False, False, False, Status.not_qualified),
        (Kind.ineligible, True, False, False, False, Status.not_qualified),
        (Kind.late, False, False, False, False, Status.lapsed),
        (Kind.unpaid, False, False, False, False, Status.lapsed),
        (Kind.discarded, False, False, False, False, Status.discarded),
        (Kind.withdrawn, True, False, False, False, Status.withdrawn),
        (Kind.direct, True, False, False, False, Status.certified),
        (Kind.direct_refused, True, False, False, False, Status.not_qualified),
        (Kind.no_show, True, True, False, False, Status.not_certified),
        (Kind.no_show_defence, True, True, True, False, Status.not_certified),
    ],
)
def test_where_each_part_leads(
    pack: RulePack, kind: Kind, files: bool, enrolled: bool, sits: bool, ranked: bool, ends: Status | None
) -> None:
    one = next(persona for persona in cast("7", 60, pack) if persona.kind is kind)
    assert (one.files, one.enrolled, one.sits, one.ranked, one.ends) == (files, enrolled, sits, ranked, ends)
