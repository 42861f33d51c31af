"""What was found out about uploads: previews, duplicates, the photo's crop (A2, Q2)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
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
    op.add_column("file", sa.Column("original_sha256", sa.Text(), nullable=True))
    op.add_column("file", sa.Column("original_key", sa.Text(), nullable=True))
    op.add_column("file", sa.Column("thumb_key", sa.Text(), nullable=True))
    op.add_column(
        "file",
        sa.Column("removed", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("file", sa.Column("source_id", sa.Uuid(), nullable=True))
    op.add_column("file", sa.Column("crop", postgresql.ARRAY(sa.Integer()), nullable=True))
    op.add_column(
        "file", sa.Column("ocr_wanted", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("file", sa.Column("ocr_key", sa.Text(), nullable=True))
    op.add_column("file", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(op.f("fk_file_source_id_file"), "file", "file", ["source_id"], ["id"])
    op.create_index("ix_file_same", "file", ["application_id", "original_sha256"], unique=False)
    op.create_index(
        "ix_file_ocr", "file", ["created_at"], unique=False, postgresql_where=sa.text("ocr_wanted")
    )


def downgrade() -> None:
    op.drop_index("ix_file_ocr", table_name="file", postgresql_where=sa.text("ocr_wanted"))
    op.drop_index("ix_file_same", table_name="file")
    op.drop_constraint(op.f("fk_file_source_id_file"), "file", type_="foreignkey")
    for name in (
        "removed_at",
        "ocr_key",
        "ocr_wanted",
        "crop",
        "source_id",
        "removed",
        "thumb_key",
        "original_key",
        "original_sha256",
    ):
        op.drop_column("file", name)
    op.drop_index("ix_due_open", table_name="due", postgresql_where=sa.text("done_at is null"))
    op.drop_table("due")
