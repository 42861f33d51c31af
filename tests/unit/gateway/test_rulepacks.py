"""What the office is told of a rule pack before a round is opened from it (R1, I1)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from contracts.rulepack import Window
from gateway import rulepacks
from kit.errors import DomainError
from rules.pack import load

PACKS = Path(__file__).parents[3] / "rulepacks"


def test_packs_that_can_be_used_come_first() -> None:
    found = rulepacks.available(PACKS)
    assert [(one.name, bool(one.errors)) for one in found] == [("demo", False), ("chongqing-2024", True)]
    assert found[1].title == "2024年重庆市青少年科技辅导员专业水平认证"


def test_a_pack_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "rulepack.yaml").write_text("schema_version: [", encoding="utf-8")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "empty").mkdir()
    [one] = rulepacks.available(tmp_path)
    assert (one.name, one.title, one.loaded, bool(one.errors)) == ("broken", "broken", None, True)


@pytest.mark.parametrize("name", ["empty", "../rulepacks/demo", "nowhere", ""])
def test_only_packs_of_the_folder_are_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(DomainError) as refused:
        rulepacks.examine(PACKS if name.startswith("..") else tmp_path, name)
    assert refused.value.code == "unknown_pack"


@pytest.mark.clause("R1")
def test_a_later_end_of_filing_costs_promised_dates() -> None:
    pack = load(PACKS / "chongqing-2024").pack
    as_planned = rulepacks.steps_of(pack)
    assert rulepacks.steps_of(pack, filing_ends=datetime(2025, 2, 28, 16, tzinfo=UTC)) == as_planned
    late = rulepacks.now_late(pack, datetime(2025, 3, 20, 16, tzinfo=UTC))
    assert [one.id for one in late] == ["exam", "defence", "final_list"]
    assert late[-1].ends > date(2025, 3, 31)
    # a year without a table of working days: nothing is claimed
    assert rulepacks.steps_of(pack, filing_ends=datetime(2999, 3, 1, tzinfo=UTC)) == ()


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ("5 working days", "5 个工作日"),
        ("PT45S", "45 秒"),
        ("P3M", "3 个月"),
        ("P1DT2H30M", "1 天 2 小时 30 分钟"),
        ("PT0S", "0 秒"),
    ],
)
def test_spans_in_words(span: str, said: str) -> None:
    assert rulepacks.in_words(span) == said


def test_windows_in_words() -> None:
    absolute = Window.model_validate({"clause": "A5", "opens": "2025-02-14", "closes": "2025-02-28T17:00"})
    relative = Window.model_validate(
        {"clause": "Q10", "after": "decision", "for": "3 working days", "not_after": "2025-03-13"}
    )
    assert rulepacks.window_in_words(absolute) == "2025-02-14 至 2025-02-28 17:00"
    assert rulepacks.window_in_words(relative) == "自退回之时起 3 个工作日，最晚到 2025-03-13"
