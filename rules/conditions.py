"""CEL conditions: compile once, evaluate to a value or to Unclear (a person decides), never to a crash."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import cel

from rules.context import DEFAULTS

BOUND = re.compile(r"\.(?:filter|map|exists|all|exists_one)\(\s*([A-Za-z_]\w*)\s*,")
STANDARD = frozenset(
    [
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "int",
        "uint",
        "double",
        "string",
        "bool",
        "timestamp",
        "duration",
        "type",
        "dyn",
        "has",
        "all",
        "exists",
        "exists_one",
        "filter",
        "map",
        "max",
        "min",
    ]
)


class Unclear(Exception):
    """The condition could not be evaluated on this case (something it needs is missing)."""


@lru_cache(maxsize=4096)
def program(text: str) -> "cel.Program":
    """The compiled condition. Errors: ValueError with line, column and a caret."""
    return cel.compile(text)


def strangers(text: str, variables: Iterable[str]) -> list[str]:
    """Names that a condition uses but nobody gives it. Errors: ValueError when it does not compile."""
    known = {*variables, *BOUND.findall(text)}
    references = program(text).references()
    names = [name for name in references["variables"] if name not in known]
    calls = [name for name in references["functions"] if re.fullmatch(r"[A-Za-z]\w*", name)]
    return names + [name + "()" for name in calls if name not in DEFAULTS and name not in STANDARD]


def evaluate(text: str, context: "cel.Context") -> Any:
    """The value. Errors: Unclear, without the values that were being compared."""
    try:
        return program(text).execute(context)
    except (KeyError, IndexError, TypeError, RuntimeError, ValueError, OverflowError) as error:
        raise Unclear(type(error).__name__) from None


def holds(text: str, context: "cel.Context") -> bool:
    """Whether it is exactly true. Errors: Unclear also when the value is no truth value."""
    value = evaluate(text, context)
    if not isinstance(value, bool):
        raise Unclear("not a truth value")
    return value
