"""Help at the counter with consent (A9): who helps whom, in which session, and which commands came so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "assistance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("helper_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("started_at", _AT, server_default=sa.text("public.fudao_now()"), nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("ended_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(["helper_id"], ["account.id"], name=op.f("fk_assistance_helper_id_account")),
        sa.ForeignKeyConstraint(["person_id"], ["account.id"], name=op.f("fk_assistance_person_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assistance")),
    )
    op.create_index("ix_assistance_person", "assistance", ["person_id"])
    op.add_column("session", sa.Column("assistance_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_session_assistance_id_assistance"), "session", "assistance", ["assistance_id"], ["id"]
    )
    op.add_column("command", sa.Column("assisted_by", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("command", "assisted_by")
    op.drop_constraint(op.f("fk_session_assistance_id_assistance"), "session", type_="foreignkey")
    op.drop_column("session", "assistance_id")
    op.drop_table("assistance")
