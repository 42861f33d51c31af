"""How a public list reads and is hashed, and how certificates are numbered."""

import random
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from rules.pack import load
from services.publication import domain

PACK = load(Path(__file__).parents[4] / "rulepacks/demo").pack


def line(number: str, level: str = "junior", route: str = "regular") -> domain.Line:
    return domain.Line(application_number=number, level=level, route=route, name=f"姓名{number}", unit="某校")


LINES = [line("3"), line("1"), line("2", "intermediate"), line("4", route="direct")]


@pytest.mark.clause("N5", "E5")
def test_the_list_shows_name_unit_and_level_with_direct_cases_apart() -> None:
    sections = domain.sections(PACK, LINES)
    assert [(one.level, len(one.people)) for one in sections] == [
        ("junior", 2),
        ("junior", 1),
        ("intermediate", 1),
    ]
    assert "破格" in sections[1].heading
    assert set(sections[0].people[0].model_dump()) == {"application_number", "name", "unit"}


def test_the_digest_does_not_depend_on_the_order_in_which_people_came() -> None:
    digests = set()
    for seed in range(20):
        mixed = LINES[:]
        random.Random(seed).shuffle(mixed)
        digests.add(domain.digest(domain.content(domain.sections(PACK, mixed))))
    assert len(digests) == 1
    other = domain.digest(domain.content(domain.sections(PACK, LINES[1:])))
    assert other not in digests


@pytest.mark.clause("N1")
def test_only_binding_targets_must_be_proved() -> None:
    assert set(domain.binding_targets(PACK)) == {
        target.id for target in PACK.public_notice.targets if target.binding
    }
    assert len(domain.posting(PACK)["targets"]) == len(PACK.public_notice.targets)


@pytest.mark.clause("C1")
def test_numbers_tell_levels_apart() -> None:
    numbers = {domain.certificate_number(PACK, level.id, 1) for level in PACK.levels}
    assert len(numbers) == len(PACK.levels)


def test_the_day_of_issue_is_the_local_one() -> None:
    late = datetime(2025, 3, 27, 17, 0, tzinfo=UTC)
    assert domain.local_day(late, "Asia/Shanghai") == date(2025, 3, 28)
    assert domain.in_chinese(date(2025, 3, 28)) == "2025年3月28日"
