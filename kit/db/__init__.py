"""The database: units of work (the only place that commits), the clock, locks, roles and migrations.

`python -m kit.db bootstrap | migrate | check | revision` is the same for operators and developers.
"""

from kit.db.revisions import check, migrate, revision
from kit.db.roles import ROLES, bootstrap
from kit.db.session import (
    NAMING,
    Database,
    is_unavailable,
    lock,
    now,
    schema_of,
    wake_after_commit,
)
from kit.traces import describe, sqlstate

__all__ = [
    "NAMING",
    "ROLES",
    "Database",
    "bootstrap",
    "check",
    "describe",
    "is_unavailable",
    "lock",
    "migrate",
    "now",
    "revision",
    "schema_of",
    "sqlstate",
    "wake_after_commit",
]
