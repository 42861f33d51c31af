"""DomainError: one status for each kind, and it survives a process pool."""

from __future__ import annotations

import pickle

from kit.errors import DomainError, Kind


def test_statuses() -> None:
    assert {kind.name: kind.status for kind in Kind} == {
        "invalid": 422,
        "forbidden": 403,
        "unauthenticated": 401,
        "not_found": 404,
        "conflict": 409,
        "too_large": 413,
        "too_many": 429,
        "unavailable": 503,
    }
    assert [Kind.of_status(kind.status) for kind in Kind] == list(Kind)
    assert Kind.of_status(500) is None


def test_pickles_whole() -> None:
    error = DomainError(Kind.conflict, "lease_lost", "任务已由他人领取", clause="Q3", details={"task": "t1"})
    again = pickle.loads(pickle.dumps(error))
    assert (again.kind, again.code, again.message, again.clause, again.details) == (
        Kind.conflict,
        "lease_lost",
        "任务已由他人领取",
        "Q3",
        {"task": "t1"},
    )
    assert str(again) == "lease_lost: 任务已由他人领取"
