"""How a public list reads and is hashed, and how certificates are numbered."""

import random
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from contracts.http.publication import ListedPerson, ListSection
from contracts.rulepack import FormerName, Issuer
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


@pytest.mark.clause("N4")
def test_the_final_list_proposes_nothing_any_more() -> None:
    proposed, final = domain.sections(PACK, LINES), domain.sections(PACK, LINES, final=True)
    assert ["拟" in one.heading for one in (proposed[0], proposed[2])] == [True, True]
    assert ["拟" in one.heading for one in final] == [False, False, False]
    assert [one.people for one in final] == [one.people for one in proposed]


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


@pytest.mark.clause("O6")
@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2019, 12, 31), "最早的协会"),
        (date(2020, 6, 30), "最早的协会"),
        (date(2020, 7, 1), "后来的协会"),
        (date(2023, 5, 1), "后来的协会"),
        (date(2023, 5, 2), "现在的协会"),
    ],
)
def test_an_issuer_bears_the_name_in_force_on_the_day(day: date, name: str) -> None:
    """To the end of a former name's last day; a spelling without a last day is never in force by itself."""
    issuer = Issuer(
        id="local",
        name="现在的协会",
        role="local",
        former_names=(
            FormerName(name="后来的协会", until=date(2023, 5, 1)),
            FormerName(name="最早的协会", until=date(2020, 6, 30)),
            FormerName(name="别的写法"),
        ),
    )
    assert domain.name_on(issuer, day) == name


@pytest.mark.clause("C2")
def test_a_code_follows_from_all_that_a_document_says() -> None:
    said = ("ab" * 16, "CQ2024-1-00001", 1, "张三", "junior", date(2025, 3, 28))
    code = domain.proof_code(*said)
    assert len(code) == 10
    others = (
        ("cd" * 16, "CQ2024-1-00002", 2, "张四", "intermediate", date(2025, 3, 29))[n] for n in range(6)
    )
    changed = {domain.proof_code(*(*said[:n], other, *said[n + 1 :])) for n, other in enumerate(others)}  # type: ignore[arg-type]
    assert len({code, *changed}) == 7
    assert domain.typed_code(f" {domain.printed_code(code).lower()} ") == code


@pytest.mark.parametrize(("name", "shown"), [("张三", "张*"), ("欧阳晓䶮", "欧***"), ("李", "李*")])
def test_half_a_name(name: str, shown: str) -> None:
    assert domain.masked(name) == shown


@pytest.mark.clause("N4", "N3")
def test_who_was_held_while_the_list_was_published_is_added_to_it_and_nobody_twice() -> None:
    def line(number: str, level: str) -> domain.Line:
        return domain.Line(application_number=number, level=level, route="regular", name="张三", unit="某校")

    person = ListedPerson(application_number="2024-J-1", name="张三", unit="某校")
    published = (ListSection(level="junior", heading="初级青少年科技辅导员认定名单", people=(person,)),)
    certified = [(line("2024-J-1", "junior"), "初级"), (line("2024-Z-2", "intermediate"), "中级")]
    added = domain.additions(published, certified)
    assert [(one.heading, [who.application_number for who in one.people]) for one in added] == [
        ("中级青少年科技辅导员认定名单（公布后补充）", ["2024-Z-2"])
    ]
    assert domain.additions(published, certified[:1]) == ()
