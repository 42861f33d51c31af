"""Tables of the documentation that repeat code say the same as the code.

Each such table stands under `<!-- table: name -->` in its page. When one differs, the failure shows the table that
belongs there: copy it in, or mend the code.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from contracts.commands import COMMANDS, CommandSpec, Role
from contracts.complaints import ComplaintStage
from contracts.events import EventType
from contracts.lifecycle import TERMINAL, ActionRequiredBy, RoundStage, Stage, Status
from gateway import words
from readmodel.texts import TEXTS
from tests.contracts.examples import ROUND_DATA, WITHOUT_MOVE
from workflows.state import ANSWERS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
Rows = list[tuple[str, ...]]


def tables(page: Path) -> dict[str, Rows]:
    """The cells of every marked table, without its two header lines."""
    found: dict[str, Rows] = {}
    for part in re.split(r"<!-- table: ", page.read_text(encoding="utf-8"))[1:]:
        name, _, rest = part.partition(" -->")
        lines: list[str] = []
        for line in rest.strip().splitlines():
            if not line.startswith("|"):
                break
            lines.append(line)
        found[name] = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]
    return found


def code(text: str | None) -> str:
    return f"`{text}`" if text else "–"


def roles_of(spec: CommandSpec) -> str:
    names = [words.ROLE[role] for role in Role if role in spec.roles]
    return "、".join(names) + ("，另一位审批人批准" if spec.two_persons else "")


def commands() -> Rows:
    return [
        (
            code(name),
            words.COMMAND[name],
            spec.target.value,
            roles_of(spec),
            words.STAGE[spec.window] if spec.window else "–",
            code(spec.prepare),
        )
        for name, spec in COMMANDS.items()
    ]


def stages() -> Rows:
    ends = {stage: name for name, stage in ANSWERS.items()}
    return [(code(stage), words.STAGE[stage], code(ends.get(stage))) for stage in Stage]


def statuses() -> Rows:
    return [(code(status), words.STATUS[status], "yes" if status in TERMINAL else "–") for status in Status]


def actions() -> Rows:
    return [(code(one), words.ACTION_BY[one]) for one in ActionRequiredBy]


def rounds() -> Rows:
    return [(code(stage), words.ROUND_STAGE[stage]) for stage in RoundStage]


def complaints() -> Rows:
    return [(code(stage), words.COMPLAINT_STAGE[stage]) for stage in ComplaintStage]


def case_events() -> Rows:
    return [
        (code(type_), "–" if type_ in WITHOUT_MOVE else "yes", *TEXTS[type_][:1])
        for type_ in EventType
        if type_ in TEXTS
    ]


def round_events() -> Rows:
    return [
        (code(type_), "yes" if ROUND_DATA[type_][0] else "–") for type_ in EventType if type_ in ROUND_DATA
    ]


EXPECTED: Mapping[str, Callable[[], Rows]] = {
    "stages": stages,
    "statuses": statuses,
    "actions": actions,
    "rounds": rounds,
    "complaints": complaints,
    "commands": commands,
    "case events": case_events,
    "round events": round_events,
}
"""What code says of a table's first columns; a page may add columns of its own behind them."""


@pytest.mark.parametrize("name", EXPECTED)
def test_table_says_what_the_code_says(name: str) -> None:
    expected = EXPECTED[name]()
    width = len(expected[0])
    shown = [row[:width] for row in tables(DOCS / "lifecycle.md")[name]]
    belongs = "\n".join("| " + " | ".join(row) + " |" for row in expected)
    assert shown == expected, f"docs/lifecycle.md, table {name}, should begin each row so:\n{belongs}"


def test_every_event_is_in_one_of_the_tables() -> None:
    assert {*TEXTS, *ROUND_DATA, EventType.profile_changed} == set(EventType)


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((DOCS / "adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("page", sorted((DOCS / "adr").glob("*.md")), ids=lambda page: page.name)
def test_a_decision_has_context_decision_and_consequences(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.M)
    assert headings == ["Context", "Decision", "Consequences"]
