"""Errors are described without their text."""

from __future__ import annotations

import asyncpg
from sqlalchemy.exc import IntegrityError

from kit.errors import DomainError, Kind, NotYet
from kit.traces import describe, frames, sqlstate

SECRET = "张三 510102199001011234"


class _Violation(Exception):
    sqlstate = "23505"


def test_class_and_stable_code_remain_the_text_does_not() -> None:
    said = [
        describe(KeyError(SECRET)),
        describe(asyncpg.UniqueViolationError(SECRET)),
        describe(IntegrityError("insert …", {"name": SECRET}, _Violation(SECRET))),
        describe(DomainError(Kind.conflict, "task_taken", SECRET)),
        describe(NotYet(SECRET)),
    ]
    assert said == [
        "KeyError",
        "UniqueViolationError 23505",
        "_Violation 23505",
        "DomainError task_taken",
        "NotYet",
    ]


def test_frames_name_places_only() -> None:
    def inner() -> None:
        raise ValueError(SECRET)

    try:
        inner()
    except ValueError as error:
        found = frames(error)
    assert [one.rpartition(" ")[2] for one in found] == ["test_frames_name_places_only", "inner"]
    assert found[-1].startswith("unit/kit/test_traces.py:")
    assert SECRET not in " ".join(found)


def test_sqlstate_of_what_is_no_database_error_is_none() -> None:
    assert sqlstate(OSError(1, "x")) is None
