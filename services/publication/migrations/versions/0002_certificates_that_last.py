"""versions of certificates, rulings on them

Revision 0002. Certificates of before become version 1 of themselves; their codes begin to hold with it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NOW = sa.text("public.fudao_now()")


def upgrade() -> None:
    op.add_column(
        "certificate", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.add_column("certificate", sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("certificate", sa.Column("revoked_reason", sa.Text(), nullable=True))
    op.create_table(
        "certificate_version",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("list_number", sa.Integer(), nullable=False),
        sa.Column("list_index", sa.Integer(), nullable=False),
        sa.Column("pack_key", sa.Text(), nullable=True),
        sa.Column("photo_key", sa.Text(), nullable=True),
        sa.Column("pdf_key", sa.Text(), nullable=True),
        sa.Column("demo_keys", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ruling_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificate.id"],
            name=op.f("fk_certificate_version_certificate_id_certificate"),
        ),
        sa.PrimaryKeyConstraint("certificate_id", "version", name=op.f("pk_certificate_version")),
        sa.UniqueConstraint(
            "list_number", "list_index", name=op.f("uq_certificate_version_list_number_list_index")
        ),
    )
    op.create_index("ix_certificate_version_pdf", "certificate_version", ["pdf_key"])
    op.create_table(
        "certificate_ruling",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("document_key", sa.Text(), nullable=False),
        sa.Column("old_name", sa.Text(), nullable=False),
        sa.Column("new_name", sa.Text(), nullable=True),
        sa.Column("photo_key", sa.Text(), nullable=True),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stated_to", sa.Uuid(), nullable=True),
        sa.Column("drafted_by", sa.Uuid(), nullable=False),
        sa.Column("drafted_role", sa.Text(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('revoke', 'reissue')", name=op.f("ck_certificate_ruling_kind")),
        sa.CheckConstraint(
            "state in ('drafted', 'effective', 'dropped')", name=op.f("ck_certificate_ruling_state")
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificate.id"],
            name=op.f("fk_certificate_ruling_certificate_id_certificate"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_ruling")),
    )
    op.create_index(
        "uq_certificate_ruling_drafted",
        "certificate_ruling",
        ["certificate_id"],
        unique=True,
        postgresql_where=sa.text("state = 'drafted'"),
    )
    op.create_index("ix_certificate_ruling_certificate", "certificate_ruling", ["certificate_id"])
    op.execute(
        """
        insert into certificate_version (certificate_id, version, name, issuers, made_on, salt,
                                         list_number, list_index, pdf_key, demo_keys)
        select id, 1, name, issuers, issued_on, replace(gen_random_uuid()::text, '-', ''),
               1 + (place - 1) / 65536, ((place - 1) % 65536)::integer, pdf_key, false
          from (select certificate.*, row_number() over (order by random()) as place from certificate) as known
        """
    )


def downgrade() -> None:
    op.drop_table("certificate_ruling")
    op.drop_table("certificate_version")
    op.drop_column("certificate", "revoked_reason")
    op.drop_column("certificate", "revoked_at")
    op.drop_column("certificate", "version")
