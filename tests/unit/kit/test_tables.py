"""mechanics() puts kit's tables into a service's metadata, without a schema."""

from __future__ import annotations

import pytest
from sqlalchemy import MetaData

from kit.db import NAMING
from kit.tables import mechanics


def test_only_the_named_tables_are_added() -> None:
    metadata = MetaData(naming_convention=NAMING)
    mechanics(metadata, "effect", "outbox")
    assert sorted(metadata.tables) == ["effect", "outbox", "relay_offset"]
    assert {table.schema for table in metadata.tables.values()} == {None}
    with pytest.raises(KeyError):
        mechanics(metadata, "efect")


def test_names_of_constraints_do_not_depend_on_the_services_convention() -> None:
    def names(metadata: MetaData) -> list[str]:
        mechanics(metadata, "effect", "outbox", "inbox", "due", "task")
        return sorted(
            str(one.name)
            for table in metadata.tables.values()
            for group in (table.constraints, table.indexes)
            for one in group
            if one.name is not None
        )

    with_naming = names(MetaData(naming_convention=NAMING))
    assert "uq_due_kind_key" in with_naming
    assert "ck_task_lease" in with_naming
    assert "ix_outbox_unsent" in with_naming
