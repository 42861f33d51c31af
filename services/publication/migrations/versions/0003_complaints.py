"""Complaints (N3, O4): what was handed in, texts, files, messages; and rows that fall due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NOW = sa.text("public.fudao_now()")
_FALSE = sa.text("false")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _due()
    _complaint()
    op.create_table(
        "complaint_file",
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_file_complaint_id_complaint")
        ),
        sa.PrimaryKeyConstraint("complaint_id", "place", name=op.f("pk_complaint_file")),
    )
    op.create_table(
        "complaint_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.Uuid(), nullable=True),
        sa.Column("document_key", sa.Text(), nullable=True),
        sa.Column("belongs_to", sa.Uuid(), nullable=True),
        sa.Column("made_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("valid_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["belongs_to"], ["complaint_entry.id"], name=op.f("fk_complaint_entry_belongs_to_complaint_entry")
        ),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_entry_complaint_id_complaint")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_entry")),
    )
    op.create_index("ix_complaint_entry_of", "complaint_entry", ["complaint_id", "position"], unique=False)
    op.create_table(
        "complaint_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("told_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_message_complaint_id_complaint")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_message")),
    )
    op.create_index(
        "ix_complaint_message_untold",
        "complaint_message",
        ["made_at"],
        unique=False,
        postgresql_where=sa.text("told_at is null"),
    )


def _due() -> None:
    op.create_table(
        "due",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("next_at", _MOMENT, nullable=False),
        sa.Column(
            "payload", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("done_at", _MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_due_kind_key")),
    )
    op.create_index(
        "ix_due_open", "due", ["next_at"], unique=False, postgresql_where=sa.text("done_at is null")
    )


def _complaint() -> None:
    op.create_table(
        "complaint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("pack_key", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False),
        sa.Column("told_hash", sa.Text(), nullable=False),
        sa.Column("complainant", sa.LargeBinary(), nullable=True),
        sa.Column("application_number", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("forwarded_by", sa.Uuid(), nullable=True),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("after_close", sa.Boolean(), nullable=False),
        sa.Column("holds", sa.Boolean(), server_default=_FALSE, nullable=False),
        sa.Column("stage", sa.Text(), server_default=sa.text("'received'"), nullable=False),
        sa.Column("seq", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("decide_by", _MOMENT, nullable=False),
        sa.Column("extended", sa.Boolean(), server_default=_FALSE, nullable=False),
        sa.Column("soon_at", _MOMENT, nullable=True),
        sa.Column("overdue_at", _MOMENT, nullable=True),
        sa.Column("answer_by", _MOMENT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("disqualify", sa.Boolean(), server_default=_FALSE, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "stage in ('received', 'accepted', 'hearing', 'heard', 'ended')", name=op.f("ck_complaint_stage")
        ),
        sa.CheckConstraint("(stage = 'ended') = (outcome is not null)", name=op.f("ck_complaint_outcome")),
        sa.CheckConstraint("(stage = 'ended') = (ended_at is not null)", name=op.f("ck_complaint_ended")),
        sa.CheckConstraint("not holds or application_id is not null", name=op.f("ck_complaint_holds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("number", name=op.f("uq_complaint_number")),
    )
    op.create_index(
        "ix_complaint_open",
        "complaint",
        ["decide_by"],
        unique=False,
        postgresql_where=sa.text("stage <> 'ended'"),
    )
    op.create_index("ix_complaint_application", "complaint", ["application_id"], unique=False)
    op.create_index("ix_complaint_round", "complaint", ["round_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_complaint_message_untold", table_name="complaint_message")
    op.drop_table("complaint_message")
    op.drop_index("ix_complaint_entry_of", table_name="complaint_entry")
    op.drop_table("complaint_entry")
    op.drop_table("complaint_file")
    op.drop_index("ix_complaint_round", table_name="complaint")
    op.drop_index("ix_complaint_application", table_name="complaint")
    op.drop_index("ix_complaint_open", table_name="complaint")
    op.drop_table("complaint")
    op.drop_index("ix_due_open", table_name="due")
    op.drop_table("due")
