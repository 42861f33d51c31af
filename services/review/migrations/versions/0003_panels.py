"""Defence panels and slots

Revision 0003 after 0002.
"""

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
        "panel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("chair", sa.Uuid(), nullable=False),
        sa.Column("members", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.CheckConstraint("form in ('on_site', 'online')", name=op.f("ck_panel_form")),
        sa.ForeignKeyConstraint(["chair"], ["expert.account_id"], name=op.f("fk_panel_chair_expert")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_panel")),
        sa.UniqueConstraint("round_id", "name", name=op.f("uq_panel_round_id_name")),
    )
    op.create_table(
        "defence_slot",
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("postponed", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("(starts_at is null) = (ends_at is null)", name=op.f("ck_defence_slot_whole")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_defence_slot_forward")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_defence_slot_assessment_id_assessment")
        ),
        sa.ForeignKeyConstraint(["panel_id"], ["panel.id"], name=op.f("fk_defence_slot_panel_id_panel")),
        sa.PrimaryKeyConstraint("assessment_id", name=op.f("pk_defence_slot")),
    )
    op.create_index("ix_defence_slot_panel", "defence_slot", ["panel_id", "starts_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_defence_slot_panel", table_name="defence_slot")
    op.drop_table("defence_slot")
    op.drop_table("panel")
