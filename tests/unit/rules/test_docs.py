"""What docs/rulepack.md shows works: the case file, the worked example, the lists of names."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from contracts.case import Snapshot
from contracts.explanation import Verdict
from rules.context import DEFAULTS, VARIABLES
from rules.eligibility import explain
from rules.pack import check, load
from tests.unit.rules.cases import PACKS, REAL, condition, explained, find, pack, snapshot, work

DOC = Path(__file__).parents[3] / "docs" / "rulepack.md"
TEXT = DOC.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worked example as files beside its parent."""
    root = tmp_path_factory.mktemp("packs")
    shutil.copytree(PACKS / REAL, root / REAL)
    for name, body in re.findall(r"<!-- file: (\S+) -->\n```yaml\n(.*?)```", TEXT, re.DOTALL):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(body, encoding="utf-8")
    return root / "example-2025"


def test_the_worked_example_has_no_mistake(example: Path) -> None:
    assert [one for one in check(example) if one.severity == "error"] == []


@pytest.mark.clause("R1")
def test_the_worked_example_keeps_its_dates(example: Path) -> None:
    assert [one.message for one in check(example, "open") if "R1" in one.message] == []


def test_left_over_dates_are_found(example: Path, tmp_path: Path) -> None:
    shutil.copytree(example.parent, tmp_path / "packs")
    main = tmp_path / "packs" / example.name / "rulepack.yaml"
    main.write_text(main.read_text().replace("include: [levels.yaml, rules.yaml, dates.yaml]", "include: []"))
    found = {(one.field, one.severity) for one in check(main.parent) if "今年" in one.message}
    assert ("windows.filing.opens", "error") in found
    assert ("critical_path.exam.latest", "error") in found
    assert ("rules.junior_guidance.as_of", "warning") in found


def test_the_new_level_is_judged_by_its_own_rules(example: Path) -> None:
    senior: dict[str, Any] = {
        "work": [work("2021-04-01")],
        "prior_certificates": [{"level": "intermediate", "issued_on": "2022-01-01"}],
        "conditions": [
            condition("paper", role="author", date="2021-03-31", tier="省级"),
            condition("research", role="leader", attributes={"completed": True}),
        ],
    }
    rules = load(example).pack
    assert explain(rules, snapshot("senior", **senior), "senior").verdict == Verdict.passed
    for changes in (
        {"prior_certificates": []},
        {"prior_certificates": [{"level": "intermediate", "issued_on": "2022-01-01", "valid": False}]},
        {"work": [work("2021-04-02")]},
        {"conditions": senior["conditions"][:1]},
        {"conditions": [condition("paper", role="author", tier="地市级"), senior["conditions"][1]]},
    ):
        assert explain(rules, snapshot("senior", **{**senior, **changes}), "senior").verdict == Verdict.failed


def test_the_case_file_of_the_documentation() -> None:
    block = next(one for one in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL))
    case = Snapshot.model_validate(json.loads(block), extra="forbid")
    assert explain(pack(REAL).pack, case, "junior").verdict == Verdict.passed


def test_every_function_and_variable_is_documented() -> None:
    table = TEXT[TEXT.index("### What a condition may use") : TEXT.index("## The case file")]
    assert [name for name in DEFAULTS if f"`{name}(" not in table] == []
    assert [name for name in (*VARIABLES, "item", "counted") if f"`{name}`" not in table] == []


def test_every_check_kind_is_documented() -> None:
    kinds = {one.kind for one in pack(REAL).pack.checks}
    assert [kind for kind in kinds if kind not in TEXT[TEXT.index("## The check list") :]] == []


def test_the_rule_of_the_documentation_is_the_packs() -> None:
    found = find(explained("junior"), "junior_guidance")
    assert "last_three_years" in TEXT
    assert found.verdict == Verdict.passed
