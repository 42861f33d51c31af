"""Components that a corrected key has changed

Revision 0002 after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "correction",
        sa.Column("correction_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("score", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("correction_id", "application_id", name=op.f("pk_correction")),
    )
    op.create_index("ix_correction_round_id", "correction", ["round_id", "received_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_correction_round_id", table_name="correction")
    op.drop_table("correction")
