"""What was found out about uploads: previews, duplicates, the photo's crop (A2, Q2)."""

from __future__ import annotations

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
