"""What was read on the pages of a returned scan (A4)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "printed_form",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("pdf_key", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("zones", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "printed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_printed_form_application_id_application")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_printed_form")),
    )
    op.create_index(op.f("ix_printed_form_application_id"), "printed_form", ["application_id"])
    # forms of before have codes, but nobody wrote down where their zones are: people look at their scans
    op.execute(
        "insert into printed_form (code, application_id, version, pdf_key, pages, zones, printed_at)"
        " select code, application_id, version, pdf_key, pages, '[]', frozen_at from form"
        " on conflict do nothing"
    )
    op.add_column("file", sa.Column("scan_key", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("file", "scan_key")
    op.drop_table("printed_form")
