"""House rules that imports cannot show: sizes, who commits, which clock, what is never in the tree."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("bench", "cli", "contracts", "gateway", "kit", "readmodel", "rules", "services", "workflows")


def sources() -> Iterator[Path]:
    for package in OURS:
        yield from sorted((ROOT / package).rglob("*.py"))


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Every call in a file as dotted text."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_no_file_is_much_longer_than_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 440
    }
    assert long == {}


def test_only_kit_db_commits() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources()
        if (ROOT / "kit/db") not in path.parents and (ROOT / "kit/migrations") not in path.parents
        for line, call in calls(path)
        if re.search(r"(session|connection|conn)\.commit$", call)
    ]
    assert found == []


def test_no_wall_clock_decides() -> None:
    """The bench and the CLI may look at the clock on the wall; nothing that decides may."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources()
        if path.relative_to(ROOT).parts[0] not in ("bench", "cli")
        for line, call in calls(path)
        if re.search(r"datetime\.(now|utcnow|today)$|date\.today$", call)
    ]
    assert found == []


@pytest.mark.parametrize(
    "service", sorted(path.name for path in (ROOT / "services").iterdir() if path.is_dir())
)
def test_every_service_has_the_same_rooms(service: str) -> None:
    if service.startswith("__"):
        pytest.skip("no service")
    folder = ROOT / "services" / service
    assert (folder / "__main__.py").is_file()
    assert (folder / "migrations/versions").is_dir()
    for room in ("service", "models", "repository"):
        assert (folder / f"{room}.py").is_file() or (folder / room).is_dir(), f"{service} lacks {room}"


def test_import_linter_knows_every_service() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = set(re.findall(r'"services\.(\w+)"', text))
    there = {path.name for path in (ROOT / "services").iterdir() if (path / "__main__.py").is_file()}
    assert named == there


def test_no_registry_or_machine_path_in_the_tree() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.md", "*.toml", "*.yaml", "*.yml", "Makefile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [
        name
        for name in listed.stdout.splitlines()
        if name != "tests/architecture/test_tree.py"
        and re.search(
            r"pythonhosted|npmjs|(?<![\w/.])/(root|work|home)/\w", (ROOT / name).read_text(encoding="utf-8")
        )
    ]
    assert found == []
