"""Messages are handed to a carrier, tried again, and what does not arrive is put before the office."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_NOW = sa.text("public.fudao_now()")
_STATES = "state in ('waiting', 'queued', 'sent', 'delivered', 'failed')"


def upgrade() -> None:
    op.add_column("message", sa.Column("values_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("message", sa.Column("phone_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("message", sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("message", sa.Column("next_at", _AT, server_default=_NOW, nullable=False))
    op.add_column("message", sa.Column("expires_at", _AT, nullable=True))
    op.add_column("message", sa.Column("reference", sa.Text(), nullable=True))
    op.add_column("message", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("message", sa.Column("delivered_at", _AT, nullable=True))
    op.add_column("message", sa.Column("failed_at", _AT, nullable=True))
    op.add_column("message", sa.Column("handled_at", _AT, nullable=True))
    op.add_column("message", sa.Column("handled_by", sa.Uuid(), nullable=True))
    op.add_column("message", sa.Column("handled_how", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_message_state"), "message", _STATES)
    op.create_index("ix_message_queued", "message", ["next_at"], postgresql_where=sa.text("state = 'queued'"))
    op.create_index(
        "ix_message_failed",
        "message",
        ["failed_at", "id"],
        postgresql_where=sa.text("state = 'failed' and handled_at is null"),
    )
    op.create_index("ix_message_reference", "message", ["reference"])
    op.create_index("ix_message_application", "message", ["application_id", "created_at"])


def downgrade() -> None:
    for index in ("application", "reference", "failed", "queued"):
        op.drop_index(f"ix_message_{index}", "message")
    op.drop_constraint(op.f("ck_message_state"), "message", type_="check")
    for column in (
        "handled_how",
        "handled_by",
        "handled_at",
        "failed_at",
        "delivered_at",
        "reason",
        "reference",
        "expires_at",
        "next_at",
        "attempts",
        "phone_sealed",
        "values_sealed",
    ):
        op.drop_column("message", column)
