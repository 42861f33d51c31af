"""The draw: replayable, even, without conflicts (P2, O3)."""

from uuid import UUID, uuid4

import pytest

from services.review.domain.draw import Candidate, case_seed, draw
from services.review.domain.units import normal_unit
from tests.unit.services.review.packs import experts, pack


def candidates(count: int = 8, load: int = 0) -> list[Candidate]:
    return [
        Candidate(account_id=uuid4(), place=place, unit_hash=f"u{place}", recommender_hash="", load=load)
        for place in range(1, count + 1)
    ]


@pytest.mark.clause("P2")
def test_the_same_seed_draws_the_same_places_whatever_the_accounts() -> None:
    seed = case_seed("a" * 64, "2024-00001", "portfolio")
    first = draw(pack(), candidates(), 2, seed=seed, unit_hash="")
    again = draw(pack(), list(reversed(candidates())), 2, seed=seed, unit_hash="")
    assert [one.place for one in first.chosen] == [one.place for one in again.chosen]
    assert first.record() == again.record()
    others = {
        tuple(
            one.place
            for one in draw(
                pack(), candidates(), 2, seed=case_seed("a" * 64, f"2024-{n:05d}", "portfolio"), unit_hash=""
            ).chosen
        )
        for n in range(30)
    }
    assert len(others) > 10


@pytest.mark.clause("O3")
def test_conflicts_are_never_drawn() -> None:
    pool = candidates(4)
    pool[0] = Candidate(account_id=uuid4(), place=1, unit_hash="same", recommender_hash="", load=0)
    pool[1] = Candidate(account_id=uuid4(), place=2, unit_hash="x", recommender_hash="same", load=0)
    drawn = draw(pack(), pool, 4, seed=1, unit_hash="same", used={pool[2].account_id})
    assert [one.place for one in drawn.chosen] == [4]
    assert len(draw(pack(), pool, 4, seed=1, unit_hash="").chosen) == 4


@pytest.mark.clause("P2")
def test_the_least_loaded_come_first_and_nobody_beyond_the_limit() -> None:
    pool = [
        Candidate(account_id=UUID(int=n), place=n, unit_hash="", recommender_hash="", load=load)
        for n, load in enumerate((3, 1, 0, 10, 2), start=1)
    ]
    drawn = draw(pack(experts=experts(max_load=10)), pool, 5, seed=7, unit_hash="")
    assert [one.place for one in drawn.chosen] == [3, 2, 5, 1]


def test_a_unit_is_the_same_however_it_is_typed() -> None:
    assert normal_unit(" 重庆市 测试小学（北校区）") == normal_unit("重庆市测试小学(北校区)")
    assert normal_unit("测试小学") != normal_unit("测试中学")
    assert normal_unit("  ") == ""
