"""The house's walls: import contracts hold, and a wrong import breaks the contract that is meant to stop it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ["cli", "contracts", "gateway", "kit", "readmodel", "rules", "services", "workflows"]
LINT = str(Path(sys.executable).parent / "lint-imports")

WRONG = [
    ("cli/wrong.py", "import services.review.service", "CLI is an outside client"),
    ("contracts/wrong.py", "import kit.settings", "Contracts are pure data"),
    ("gateway/wrong.py", "import services.exam.service", "Gateway does not reach into services"),
    ("readmodel/wrong.py", "import rules.calendar", "Read model knows no workflow and no rule"),
    ("rules/wrong.py", "import kit.settings", "Rules are pure"),
    ("services/exam/wrong.py", "import services.scoring.service", "Services do not know each other"),
    ("services/exam/wrong.py", "import workflows.state", "One-way flow"),
    ("workflows/state.py", "import kit.settings", "Workflow code is pure"),
    ("kit/wrong.py", "import services.exam.service", "One-way flow"),
]


def lint(folder: Path) -> str:
    done = subprocess.run([LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_import_contracts_hold() -> None:
    output = lint(ROOT)
    assert "0 broken" in output, output


@pytest.mark.parametrize(("file", "line", "contract"), WRONG)
def test_a_wrong_import_breaks_the_named_contract(
    tmp_path: Path, file: str, line: str, contract: str
) -> None:
    for package in PACKAGES:
        ignore = shutil.ignore_patterns("static", "templates", "locale", "__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / file
    text = target.read_text(encoding="utf-8") if target.exists() else ""
    target.write_text(text + f"\n{line}\n", encoding="utf-8")
    output = lint(tmp_path)
    broken = [row for row in output.splitlines() if row.strip().endswith("BROKEN")]
    assert any(row.startswith(contract) for row in broken), output
