"""Each activity stub of the contracts has exactly one implementation: same name, same input, same output."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, get_type_hints

import pytest

from contracts import exam, gateway, payment, publication, registration, review, scoring

IMPLEMENTED_IN = {
    exam: "services.exam.activities",
    gateway: "gateway.intake.activities",
    payment: "services.payment.activities",
    publication: "services.publication.activities",
    registration: "services.registration.activities",
    review: "services.review.activities",
    scoring: "services.scoring.activities",
}
STUBS = [(module, stub) for module in IMPLEMENTED_IN for stub in module.STUBS]
DEFINITION = "__temporal_activity_definition"


def name_of(function: Callable[..., Any]) -> str:
    name: str = getattr(function, DEFINITION).name
    return name


def implementations(module: ModuleType) -> Iterator[Callable[..., Any]]:
    """Every function or method of the module that is an activity."""
    for _, thing in inspect.getmembers(module):
        if inspect.isclass(thing) and thing.__module__ == module.__name__:
            yield from (m for _, m in inspect.getmembers(thing) if hasattr(m, DEFINITION))
        elif hasattr(thing, DEFINITION) and thing.__module__ == module.__name__:
            yield thing


def shape(function: Callable[..., Any]) -> tuple[list[Any], Any]:
    hints = get_type_hints(function)
    returned = hints.pop("return")
    hints.pop("self", None)
    return list(hints.values()), returned


@pytest.mark.parametrize(("module", "stub"), STUBS, ids=[name_of(stub) for _, stub in STUBS])
def test_stub_has_exactly_one_implementation(module: ModuleType, stub: Callable[..., Any]) -> None:
    found = [
        done
        for done in implementations(importlib.import_module(IMPLEMENTED_IN[module]))
        if name_of(done) == name_of(stub)
    ]
    assert len(found) == 1
    assert shape(found[0]) == shape(stub)


@pytest.mark.parametrize("module", IMPLEMENTED_IN, ids=lambda module: module.__name__)
def test_no_activity_without_a_stub(module: ModuleType) -> None:
    done = {name_of(a) for a in implementations(importlib.import_module(IMPLEMENTED_IN[module]))}
    assert done == {name_of(stub) for stub in module.STUBS}


def test_stub_names_begin_with_their_queue() -> None:
    wrong = [name_of(stub) for module, stub in STUBS if not name_of(stub).startswith(f"{module.TASK_QUEUE}.")]
    assert wrong == []
