"""Workbooks of an outside system and their rows (S1)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outside_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_outside_import_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_import")),
    )
    op.create_table(
        "outside_row",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "verdict in ('new', 'same', 'differs', 'error')", name=op.f("ck_outside_row_verdict")
        ),
        sa.CheckConstraint("(verdict = 'new') = (sealed is not null)", name=op.f("ck_outside_row_sealed")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["outside_import.id"], name=op.f("fk_outside_row_import_id_outside_import")
        ),
        sa.PrimaryKeyConstraint("import_id", "row", name=op.f("pk_outside_row")),
    )


def downgrade() -> None:
    op.drop_table("outside_row")
    op.drop_table("outside_import")
