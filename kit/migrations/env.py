"""Alembic's environment for every schema: the connection comes from kit.db.revisions, search_path picks the schema."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text


def run(connection: Connection) -> None:
    """One transaction: the schema's lock first (it may wait), then a short lock_timeout for every table lock."""
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes["metadata"],
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        connection.execute(text("select pg_advisory_xact_lock(hashtext('migrate:' || current_schema()))"))
        connection.execute(text("set local lock_timeout = '5s'"))
        context.run_migrations()


run(context.config.attributes["connection"])
