"""Prints are of two kinds: the whole form, and the one-page 更正页 of a correction (Q10)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "printed_form", sa.Column("kind", sa.Text(), server_default=sa.text("'form'"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("printed_form", "kind")
