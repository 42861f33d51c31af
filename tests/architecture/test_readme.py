"""The two READMEs lead to what is there: paths, make targets, and the same changes in both languages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {"README.md": "## To change X, open Y", "README.zh-CN.md": "## 要改什么，打开哪里"}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    return text_of(page).split(f"{heading}\n", 1)[1].split("\n## ", 1)[0]


def table(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named(text: str) -> list[str]:
    """What stands between backticks and looks like a path of ours."""
    return [
        word
        for word in re.findall(r"`([^`]+)`", text)
        if re.fullmatch(r"[\w.-]+(/[\w.-]*)+|[\w-]+\.\w+", word)
    ]


@pytest.mark.parametrize("page", PAGES)
def test_to_change_something_there_is_a_file_to_open(page: str) -> None:
    rows = table(section(page, PAGES[page]))
    assert len(rows) >= 10
    assert [row for row in rows if not named(row[1])] == []
    assert [path for row in rows for path in named(row[1]) if not (ROOT / path).exists()] == []


def test_both_languages_name_the_same_files() -> None:
    english, chinese = (
        [named(row[1]) for row in table(section(page, heading))] for page, heading in PAGES.items()
    )
    assert english == chinese


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_exists(page: str) -> None:
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert targets is not None
    spoken = set(re.findall(r"`make ([a-z]+)", text_of(page)))
    assert {"demo", "test"} <= spoken
    assert spoken - set(targets[1].split()) == set()


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text_of(page))
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_map_shows_every_folder(page: str) -> None:
    shown = set(re.findall(r"^\| `(\w+)/` \|", text_of(page), re.M))
    there = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    ignored = {"node_modules", "scripts", "dist", "build"}
    assert shown == {name for name in there - ignored if not name.startswith("__")}


@pytest.mark.parametrize("page", PAGES)
def test_diagrams_are_balanced(page: str) -> None:
    """A cheap look at the mermaid: fences closed, brackets in pairs."""
    parts = text_of(page).split("```")
    assert len(parts) % 2 == 1
    diagrams = [part for part in parts[1::2] if part.startswith("mermaid")]
    assert len(diagrams) == 1
    for opened, closed in ("[]", "()", "{}"):
        assert diagrams[0].count(opened) == diagrams[0].count(closed)
