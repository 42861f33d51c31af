"""Announcements (R2): what was posted where and when. Only added to; a correction is a new version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FROZEN = """
create function announcement_frozen() returns trigger language plpgsql as $$
begin
  raise exception 'announcements are only added to' using errcode = '23514', constraint = 'ck_announcement_frozen';
end $$
"""


def upgrade() -> None:
    op.create_table(
        "announcement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("noted_by", sa.Uuid(), nullable=False),
        sa.Column(
            "noted_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_announcement_version")),
        sa.CheckConstraint("(version = 1) = (reason = '')", name=op.f("ck_announcement_reason")),
        sa.ForeignKeyConstraint(["noted_by"], ["account.id"], name=op.f("fk_announcement_noted_by_account")),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_announcement")),
        sa.UniqueConstraint(
            "noted_by", "idempotency_key", name=op.f("uq_announcement_noted_by_idempotency_key")
        ),
    )
    op.create_index("ix_announcement_round", "announcement", ["round_id", "posted_at"])
    op.execute(_FROZEN)
    op.execute(
        "create trigger announcement_frozen before update or delete on announcement"
        " for each row execute function announcement_frozen()"
    )


def downgrade() -> None:
    op.drop_table("announcement")
    op.execute("drop function announcement_frozen()")
