"""The tables that every service has under the same names: effect, outbox (+ relay_offset), inbox, due, task."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from kit.db.session import NAMING

_own = MetaData(naming_convention=NAMING)
_now = text("public.fudao_now()")


def _moment(name: str, *, default: bool = False, nullable: bool = True) -> Column[object]:
    if default:
        return Column(name, DateTime(timezone=True), nullable=False, server_default=_now)
    return Column(name, DateTime(timezone=True), nullable=nullable)


effect = Table(
    "effect",
    _own,
    Column("key", Text, primary_key=True),
    Column("result", JSONB(none_as_null=True)),
    _moment("created_at", default=True),
)

outbox = Table(
    "outbox",
    _own,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("topic", Text),
    Column("target_id", Uuid, nullable=False),
    Column("body", JSONB, nullable=False),
    _moment("created_at", default=True),
    _moment("sent_at"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    UniqueConstraint("id"),
    CheckConstraint("kind in ('event', 'command')", name="kind"),
    CheckConstraint("(kind = 'event') = (topic is not null)", name="topic"),
    Index("ix_outbox_unsent", "kind", "position", postgresql_where=text("sent_at is null")),
)

relay_offset = Table(
    "relay_offset",
    _own,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("last_offset", BigInteger, nullable=False),
    Column("event_id", Uuid, nullable=False),
)

inbox = Table(
    "inbox",
    _own,
    Column("event_id", Uuid, primary_key=True),
    _moment("received_at", default=True),
)

due = Table(
    "due",
    _own,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    _moment("due_at", nullable=False),
    _moment("next_at", nullable=False),
    Column("payload", JSONB, nullable=False, server_default=text("'{}'")),
    _moment("done_at"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    UniqueConstraint("kind", "key"),
    Index("ix_due_open", "next_at", postgresql_where=text("done_at is null")),
)

task = Table(
    "task",
    _own,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("target_id", Uuid, nullable=False),
    Column("round_id", Uuid, nullable=False),
    Column("subject_ref", Uuid),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("owner", Uuid),
    Column("fence", Integer, nullable=False, server_default=text("0")),
    _moment("lease_until"),
    Column("priority", Integer, nullable=False, server_default=text("0")),
    _moment("due_at"),
    Column("excluded", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("assigned_to", Uuid),
    Column("unit_hash", Text),
    _moment("created_at", default=True),
    _moment("claimed_at"),
    _moment("done_at"),
    Column("data", JSONB, nullable=False, server_default=text("'{}'")),
    CheckConstraint("state in ('open', 'claimed', 'done', 'cancelled')", name="state"),
    CheckConstraint("(state = 'claimed') = (lease_until is not null)", name="lease"),
    Index(
        "ix_task_queue",
        "role",
        text("(-priority)"),
        text("coalesce(due_at, 'infinity'::timestamptz)"),
        "id",
        postgresql_where=text("state in ('open', 'claimed')"),
    ),
    Index("ix_task_owner", "owner", postgresql_where=text("owner is not null")),
    Index(
        "ix_task_assigned",
        "assigned_to",
        postgresql_where=text("assigned_to is not null and state in ('open', 'claimed')"),
    ),
    Index("ix_task_target", "target_id"),
)

_TABLES = {
    "effect": (effect,),
    "outbox": (outbox, relay_offset),
    "inbox": (inbox,),
    "due": (due,),
    "task": (task,),
}


def mechanics(metadata: MetaData, *names: str) -> None:
    """Adds the named tables (effect, outbox, inbox, due, task) to a service's metadata, in which Alembic finds them.

    KeyError for another name. A service's ORM classes must not map them: kit reads and writes them itself.
    """
    for name in names:
        for table in _TABLES[name]:
            table.to_metadata(metadata)
