"""Sealed histories of targets and the sheets that fix them in public (promise 5). Both are only added to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FROZEN = """
create function history_frozen() returns trigger language plpgsql as $$
begin
  raise exception 'history is only added to' using errcode = '23514', constraint = 'ck_history_frozen';
end $$
"""


def upgrade() -> None:
    op.create_table(
        "history",
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("seal", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("target_id", "number", name=op.f("pk_history")),
    )
    op.create_index(op.f("ix_history_round_id"), "history", ["round_id"])
    op.create_table(
        "history_sheet",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.Column("histories", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history_sheet")),
    )
    op.create_index(op.f("ix_history_sheet_round_id"), "history_sheet", ["round_id"])
    op.execute(_FROZEN)
    for table in ("history", "history_sheet"):
        op.execute(
            f"create trigger history_frozen before update or delete on {table}"
            " for each row execute function history_frozen()"
        )


def downgrade() -> None:
    op.drop_table("history_sheet")
    op.drop_table("history")
    op.execute("drop function history_frozen()")
