"""The two exceptions of our own: DomainError (misuse, said to a person once) and NotYet (ask again later).

Expected business results are values (contracts' Refused); infrastructure errors pass through.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What sort of misuse it was. `status` is its HTTP status; Temporal gets it as a non-retryable error."""

    invalid = "invalid"
    forbidden = "forbidden"
    unauthenticated = "unauthenticated"
    not_found = "not_found"
    conflict = "conflict"
    too_large = "too_large"
    too_many = "too_many"
    unavailable = "unavailable"

    @property
    def status(self) -> int:
        return _STATUS[self]

    @classmethod
    def of_status(cls, status: int) -> Kind | None:
        """The kind that an HTTP status stands for, or None when no kind of ours has it."""
        return _KIND.get(status)


_STATUS: Mapping[Kind, int] = {
    Kind.invalid: 422,
    Kind.forbidden: 403,
    Kind.unauthenticated: 401,
    Kind.not_found: 404,
    Kind.conflict: 409,
    Kind.too_large: 413,
    Kind.too_many: 429,
    Kind.unavailable: 503,
}
_KIND: Mapping[int, Kind] = {status: kind for kind, status in _STATUS.items()}


class DomainError(Exception):
    """Misuse of a use-case. `code` is stable English, `message` is plain Chinese without personal data.

    `details` holds IDs, numbers and enums only: it is shown to the caller and may be logged.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        message: str,
        clause: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message)
        self.kind = kind
        self.code = code
        self.message = message
        self.clause = clause
        self.details: dict[str, Any] = dict(details or {})

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.kind, self.code, self.message, self.clause, self.details)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class NotYet(Exception):
    """What was asked for is not there yet. Activities raise it so that Temporal's retry is the poll."""

    def __init__(self, message: str = "还没有准备好，请稍后再试") -> None:
        super().__init__(message)
        self.message = message
