"""Recovery of an account whose phone is lost (A1), and the log of what staff look at and change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_NOW = sa.text("public.fudao_now()")


def upgrade() -> None:
    op.create_table(
        "recovery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("new_phone_hash", sa.Text(), nullable=False),
        sa.Column("picture_type", sa.Text(), nullable=False),
        sa.Column("letter_type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", _AT, server_default=_NOW, nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("proposed_at", _AT, nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", _AT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("done_at", _AT, nullable=True),
        sa.Column("erased_at", _AT, nullable=True),
        sa.CheckConstraint(
            "state in ('open', 'proposed', 'approved', 'rejected', 'expired')", name=op.f("ck_recovery_state")
        ),
        sa.CheckConstraint(
            "state <> 'approved' or decided_by <> proposed_by", name=op.f("ck_recovery_two_persons")
        ),
        sa.CheckConstraint(
            "(state in ('approved', 'rejected')) = (decided_by is not null)", name=op.f("ck_recovery_decided")
        ),
        sa.CheckConstraint(
            "state not in ('proposed', 'approved') or (person_id is not null and proposed_by is not null)",
            name=op.f("ck_recovery_proposed"),
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["account.id"], name=op.f("fk_recovery_proposed_by_account")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name=op.f("fk_recovery_decided_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery")),
    )
    op.create_index(
        "uq_recovery_phone",
        "recovery",
        ["new_phone_hash"],
        unique=True,
        postgresql_where=sa.text("state in ('open', 'proposed')"),
    )
    op.create_index(
        "uq_recovery_person",
        "recovery",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", _AT, server_default=_NOW, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_audit_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_subject", "audit", ["subject_id"])


def downgrade() -> None:
    op.drop_table("audit")
    op.drop_table("recovery")
