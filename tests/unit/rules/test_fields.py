"""Mistakes in the form of a pack: each is found with its file, line and key; typed values follow the field."""

from pathlib import Path

import pytest

from contracts.rulepack import FormField
from tests.unit.rules.cases import REAL
from tests.unit.rules.test_check import FORM, change, copies, errors

__all__ = ["copies"]

POSITION = "{ id: position, label: 职务, max_chars: 40, help: 没有职务的填“无” }"
PRIZE = "{ id: prize, label: 获奖等次, type: choice, source: prizes }"
KIND = "item_kinds.direct_award.fields.prize"
A = "form.sections.A.fields.position"


def position(more: str) -> tuple[str, str]:
    return POSITION, f"{{ id: position, label: 职务, {more} }}"


@pytest.mark.clause("A1")
@pytest.mark.parametrize(
    ("old", "new", "field", "says"),
    [
        (*position("type: colour"), f"{A}.type", "只能是"),
        (*position("pattern: '['"), f"{A}.pattern", "正则表达式"),
        (*position("pattern: '[0-9]+'"), f"{A}.pattern", "须同时写"),
        (*position("pattern_message: 应为数字"), f"{A}.pattern_message", "须同时写"),
        (*position("min: 1"), f"{A}.min", "只用于 number"),
        (*position("unit: 人"), f"{A}.unit", "只用于 number"),
        (*position("type: number, min: 5, max: 4"), f"{A}.max", "比下限还小"),
        (*position("type: number, decimals: 9"), f"{A}.decimals", "不大于 6"),
        (*position("precisions: [day]"), f"{A}.precisions", "只用于 date、interval"),
        (*position("type: date, precisions: [hour]"), f"{A}.precisions.0", "只能是"),
        (*position("type: interval, precisions: [issue]"), f"{A}.precisions", "不能是 issue"),
        (*position("type: date, earliest: 2025-01-02, latest: 2025-01-01"), f"{A}.latest", "比下限还小"),
        (*position("type: choice"), f"{A}.type", "options 或 source"),
        (*position("options: [{ id: a, name: 甲 }]"), f"{A}.options", "只用于 choice"),
        (*position("source: tiers"), f"{A}.source", "只用于 choice"),
        (*position("type: files, private: true"), f"{A}.private", "不能标为 private"),
        (*position("type: files, max_files: 21"), f"{A}.max_files", "不大于 20"),
        (*position("max_files: 2"), f"{A}.max_files", "只用于 files"),
        (*position("type: id_number"), f"{A}.type", "private: true"),
        (*position("clause: E99"), f"{A}.clause", "没有条款 E99"),
        (*position("max_chars: 0"), f"{A}.max_chars", "不小于 1"),
        (PRIZE, "{ id: prize, label: 获奖等次, type: photo }", f"{KIND}.type", "只用在 A 部分"),
        (PRIZE, "{ id: prize, label: 获奖等次, private: true }", f"{KIND}.private", "不能保密"),
    ],
)
def test_a_wrong_field_is_found_where_it_stands(
    copies: Path, old: str, new: str, field: str, says: str
) -> None:
    line = change(copies / REAL / FORM, old, new)
    found = [one for one in errors(copies / REAL) if one.field == field]
    assert [(one.file, one.line) for one in found] == [(f"{REAL}/{FORM}", line)]
    assert says in found[0].message


@pytest.mark.clause("A1")
def test_a_second_photo_is_one_too_many(copies: Path) -> None:
    change(copies / REAL / FORM, *position("type: names"))
    assert [one.message for one in errors(copies / REAL)] == ["曾用名只能有一个字段"]


def test_a_district_is_a_choice_from_the_packs_districts() -> None:
    made = FormField.model_validate({"id": "home", "label": "户籍", "type": "district"})
    assert (made.type, made.source) == ("choice", "districts")
