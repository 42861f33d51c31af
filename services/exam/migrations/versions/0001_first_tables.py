"""First tables of exam.

Revision 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "due",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "payload", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_due_kind_key")),
    )
    op.create_index(
        "ix_due_open", "due", ["next_at"], unique=False, postgresql_where=sa.text("done_at is null")
    )
    op.create_table(
        "effect",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("result", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_effect")),
    )
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("(kind = 'event') = (topic is not null)", name=op.f("ck_outbox_topic")),
        sa.CheckConstraint("kind in ('event', 'command')", name=op.f("ck_outbox_kind")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_outbox")),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_id")),
    )
    op.create_index(
        "ix_outbox_unsent",
        "outbox",
        ["kind", "position"],
        unique=False,
        postgresql_where=sa.text("sent_at is null"),
    )
    op.create_table(
        "relay_offset",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_offset", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name=op.f("pk_relay_offset")),
    )
    op.create_table(
        "sitting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("pack_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'planned') = (opens_at is null)", name=op.f("ck_sitting_opened")),
        sa.CheckConstraint("state in ('planned', 'open', 'closed')", name=op.f("ck_sitting_state")),
        sa.CheckConstraint("(opens_at is null) = (closes_at is null)", name=op.f("ck_sitting_both")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sitting")),
        sa.UniqueConstraint("round_id", "level", "number", name=op.f("uq_sitting_round_id_level_number")),
    )
    op.create_index(
        "uq_sitting_open",
        "sitting",
        ["round_id", "level"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "uq_sitting_planned",
        "sitting",
        ["round_id", "level"],
        unique=True,
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sitting_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("application_number", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("pack_key", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("paper", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_by", sa.Text(), nullable=True),
        sa.Column("score", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'finished') = (score is not null)", name=op.f("ck_attempt_score")),
        sa.CheckConstraint(
            "state in ('enrolled', 'started', 'finished', 'absent', 'cancelled')",
            name=op.f("ck_attempt_state"),
        ),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_attempt_sitting_id_sitting")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index("ix_attempt_application_id", "attempt", ["application_id", "enrolled_at"], unique=False)
    op.create_index("ix_attempt_sitting_id", "attempt", ["sitting_id", "state"], unique=False)
    op.create_index(
        "uq_attempt_under_way",
        "attempt",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("state in ('enrolled', 'started')"),
    )
    op.create_table(
        "answer",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("choice", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rev > 0", name=op.f("ck_answer_rev")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_answer_attempt_id_attempt")),
        sa.PrimaryKeyConstraint("attempt_id", "item_id", name=op.f("pk_answer")),
    )


def downgrade() -> None:
    op.drop_table("answer")
    op.drop_index(
        "uq_attempt_under_way",
        table_name="attempt",
        postgresql_where=sa.text("state in ('enrolled', 'started')"),
    )
    op.drop_index("ix_attempt_sitting_id", table_name="attempt")
    op.drop_index("ix_attempt_application_id", table_name="attempt")
    op.drop_table("attempt")
    op.drop_index("uq_sitting_planned", table_name="sitting", postgresql_where=sa.text("state = 'planned'"))
    op.drop_index("uq_sitting_open", table_name="sitting", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("sitting")
    op.drop_table("relay_offset")
    op.drop_index("ix_outbox_unsent", table_name="outbox", postgresql_where=sa.text("sent_at is null"))
    op.drop_table("outbox")
    op.drop_table("effect")
    op.drop_index("ix_due_open", table_name="due", postgresql_where=sa.text("done_at is null"))
    op.drop_table("due")
