"""Errors for logs and `last_error` columns without their text: it may quote a row, a name, a document."""

from __future__ import annotations

import traceback

from sqlalchemy.exc import DBAPIError

_FRAMES = 6


def sqlstate(error: BaseException) -> str | None:
    """The five-letter SQLSTATE of a database error, or None."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    return state if isinstance(state, str) else None


def describe(error: BaseException) -> str:
    """Class of an error, with SQLSTATE or our own stable code where it has one."""
    if isinstance(error, DBAPIError):
        name, mark = type(error.orig or error).__name__, sqlstate(error)
    else:
        name, mark = type(error).__name__, sqlstate(error) or getattr(error, "code", None)
    return f"{name} {mark}" if isinstance(mark, str) else name


def frames(error: BaseException) -> list[str]:
    """Where it was raised: the innermost frames as `file:line function`, outermost first."""
    found = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in found]


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").split("/")[-3:])
