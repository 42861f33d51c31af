"""Staff log in with a second factor, join by a one-time link; sessions that wait for the factor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_NOW = sa.text("public.fudao_now()")


def upgrade() -> None:
    op.add_column("account", sa.Column("totp_pending", sa.LargeBinary(), nullable=True))
    op.add_column("account", sa.Column("totp_step", sa.BigInteger(), nullable=True))
    op.add_column("session", sa.Column("awaiting", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_session_awaiting"), "session", "awaiting in ('code', 'enrol')")
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("used_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "join_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", _AT, server_default=_NOW, nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("ended_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_join_link_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_join_link_token_hash")),
    )
    op.create_index("ix_join_link_account", "join_link", ["account_id"])


def downgrade() -> None:
    op.drop_table("join_link")
    op.drop_table("recovery_code")
    op.drop_constraint(op.f("ck_session_awaiting"), "session", type_="check")
    op.drop_column("session", "awaiting")
    op.drop_column("account", "totp_step")
    op.drop_column("account", "totp_pending")
