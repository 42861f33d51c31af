"""The office: announced starts, who changed a sitting, excuses, corrected keys

Revision 0002 after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sitting", sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attempt", sa.Column("excuse", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_attempt_excuse"),
        "attempt",
        "excuse is null or (excuse in ('open', 'granted') and state = 'enrolled')",
    )
    op.create_table(
        "sitting_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sitting_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("old", sa.DateTime(timezone=True), nullable=True),
        sa.Column("new", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "what in ('announced', 'opened', 'extended')", name=op.f("ck_sitting_change_what")
        ),
        sa.ForeignKeyConstraint(
            ["sitting_id"], ["sitting.id"], name=op.f("fk_sitting_change_sitting_id_sitting")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sitting_change")),
    )
    op.create_index("ix_sitting_change_sitting_id", "sitting_change", ["sitting_id", "at"], unique=False)
    op.create_table(
        "excuse",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("sitting_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document_key", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.CheckConstraint("state in ('open', 'granted', 'refused', 'void')", name=op.f("ck_excuse_state")),
        sa.CheckConstraint(
            "(state in ('granted', 'refused')) = (decided_by is not null)", name=op.f("ck_excuse_decided")
        ),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_excuse_two_persons")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_excuse_attempt_id_attempt")),
        sa.ForeignKeyConstraint(["sitting_id"], ["sitting.id"], name=op.f("fk_excuse_sitting_id_sitting")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_excuse")),
    )
    op.create_index(
        "uq_excuse_open", "excuse", ["attempt_id"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("ix_excuse_sitting_id", "excuse", ["sitting_id", "state"], unique=False)
    op.create_table(
        "key_correction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("old_key", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("new_key", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("papers", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("grades_key", sa.Text(), nullable=False),
        sa.Column("drafted_by", sa.Uuid(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'applied') = (applied_at is not null)", name=op.f("ck_key_correction_applied")
        ),
        sa.CheckConstraint(
            "state in ('drafted', 'applied', 'discarded')", name=op.f("ck_key_correction_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_correction")),
    )
    op.create_index(
        "uq_key_correction_drafted",
        "key_correction",
        ["round_id", "level"],
        unique=True,
        postgresql_where=sa.text("state = 'drafted'"),
    )
    op.create_table(
        "regrade",
        sa.Column("correction_id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("old_score", sa.Text(), nullable=False),
        sa.Column("new_score", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_regrade_attempt_id_attempt")),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["key_correction.id"], name=op.f("fk_regrade_correction_id_key_correction")
        ),
        sa.PrimaryKeyConstraint("correction_id", "attempt_id", name=op.f("pk_regrade")),
    )


def downgrade() -> None:
    op.drop_table("regrade")
    op.drop_index(
        "uq_key_correction_drafted",
        table_name="key_correction",
        postgresql_where=sa.text("state = 'drafted'"),
    )
    op.drop_table("key_correction")
    op.drop_index("ix_excuse_sitting_id", table_name="excuse")
    op.drop_index("uq_excuse_open", table_name="excuse", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("excuse")
    op.drop_index("ix_sitting_change_sitting_id", table_name="sitting_change")
    op.drop_table("sitting_change")
    op.drop_constraint(op.f("ck_attempt_excuse"), "attempt", type_="check")
    op.drop_column("attempt", "excuse")
    op.drop_column("sitting", "starts_at")
