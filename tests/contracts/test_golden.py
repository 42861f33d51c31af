"""The wire format of the contracts: examples against committed JSON, so that no field changes unnoticed.

What is in a topic, a command log or a workflow's history is read for years: a change here is a decision. After a
deliberate one `FUDAO_GOLDEN=write pytest tests/contracts/test_golden.py` writes the files anew; read the diff.
"""

import importlib
import inspect
import json
import os
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import pytest
from pydantic import BaseModel
from temporalio import activity

from contracts import exam, gateway, payment, publication, registration, review, scoring
from contracts.commands import COMMANDS, CommandSpec
from contracts.events import EventType
from tests.contracts.examples import CASE_DATA, EXAMPLES, ROUND_DATA

GOLDEN = Path(__file__).parent / "golden"
MODULES = {name: importlib.import_module(f"contracts.{name}") for name in EXAMPLES}
QUEUES = (exam, gateway, payment, publication, registration, review, scoring)
NEVER_SENT = {CommandSpec}
"""A line of the table COMMANDS; `tables.json` has what it says."""
ONE = [(module, key) for module, examples in EXAMPLES.items() for key in examples]


def models(module: ModuleType) -> set[type[BaseModel]]:
    """Every model that the module itself defines."""
    found = {thing for _, thing in inspect.getmembers(module, inspect.isclass)}
    own = {one for one in found if issubclass(one, BaseModel) and one.__module__ == module.__name__}
    return own - NEVER_SENT


def compare(name: str, made: Any) -> None:
    """Compares with (or writes) `golden/{name}.json`."""
    path = GOLDEN / f"{name}.json"
    text = json.dumps(made, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    if os.environ.get("FUDAO_GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path.name} is missing: run with FUDAO_GOLDEN=write and read what it wrote"
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(text)


@pytest.mark.parametrize("module", MODULES)
def test_every_model_has_an_example(module: str) -> None:
    shown = {type(example) for example in EXAMPLES[module].values()}
    assert shown == models(MODULES[module])


@pytest.mark.parametrize(("module", "key"), ONE)
def test_examples_bear_their_models_name(module: str, key: str) -> None:
    assert type(EXAMPLES[module][key]).__name__ == key.partition(".")[0]


@pytest.mark.parametrize("module", MODULES)
def test_examples_are_written_as_committed(module: str) -> None:
    compare(module, {key: one.model_dump(mode="json") for key, one in EXAMPLES[module].items()})


@pytest.mark.parametrize(("module", "key"), ONE)
def test_what_was_committed_can_still_be_read(module: str, key: str) -> None:
    example = EXAMPLES[module][key]
    committed = json.loads((GOLDEN / f"{module}.json").read_text(encoding="utf-8"))[key]
    assert type(example).model_validate(committed) == example


def test_every_event_type_has_an_envelope() -> None:
    assert {*CASE_DATA, *ROUND_DATA, EventType.profile_changed} == set(EventType)


def test_words_that_are_stored_and_sent() -> None:
    """Values of all enumerations: they stand in rows, topics and histories."""
    compare(
        "words",
        {
            f"{name}.{thing.__name__}": [one.value for one in thing]
            for name, module in MODULES.items()
            for _, thing in inspect.getmembers(module, inspect.isclass)
            if issubclass(thing, StrEnum) and thing.__module__ == module.__name__
        },
    )


def test_tables_of_commands_and_activities() -> None:
    """Update names, task queues, activity names and what goes in and out stand once; this is what they say."""
    compare(
        "tables",
        {
            "commands": {name.value: _line(spec) for name, spec in COMMANDS.items()},
            "activities": {
                module.TASK_QUEUE: {_activity(stub): _in_and_out(stub) for stub in module.STUBS}
                for module in QUEUES
            },
        },
    )


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*")} == {*EXAMPLES, "tables", "words"}


def _line(spec: CommandSpec) -> dict[str, Any]:
    return {
        "target": spec.target.value,
        "body": spec.body.__name__,
        "roles": sorted(role.value for role in spec.roles),
        "window": spec.window.value if spec.window else None,
        "prepare": spec.prepare,
        "prepared": spec.prepared.__name__ if spec.prepared else None,
        "two_persons": spec.two_persons,
    }


def _activity(stub: Any) -> str:
    name = activity._Definition.must_from_callable(stub).name
    assert name is not None
    return name


def _in_and_out(stub: Any) -> list[str]:
    hints = get_type_hints(stub)
    return [hints["request"].__name__, hints["return"].__name__]
