"""Awards and files that are claimed (E10), bars by decision (E9), the phone that belongs to one person (A1)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("work", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('award', 'file')", name=op.f("ck_claim_kind")),
        sa.ForeignKeyConstraint(
            ["application_id", "form_version"],
            ["form.application_id", "form.version"],
            name=op.f("fk_claim_application_id_form"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
    )
    op.create_index(op.f("ix_claim_form"), "claim", ["application_id", "form_version"])
    op.create_index(op.f("ix_claim_key"), "claim", ["round_id", "kind", "key"])
    op.create_index(op.f("ix_claim_number"), "claim", ["round_id", "number"])
    op.create_table(
        "bar",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("person_hash", sa.Text(), nullable=False),
        sa.Column("person_masked", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("document_key", sa.Text(), nullable=False),
        sa.Column("heard_on", sa.Date(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'drafted'"), nullable=False),
        sa.Column("drafted_by", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.CheckConstraint("state in ('drafted', 'in_force', 'lifted')", name=op.f("ck_bar_state")),
        sa.CheckConstraint("until is null or until >= decided_on", name=op.f("ck_bar_until")),
        sa.CheckConstraint("heard_on <= decided_on", name=op.f("ck_bar_heard")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_bar_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bar")),
    )
    op.create_index(op.f("ix_bar_person_hash"), "bar", ["person_hash"])
    op.add_column("person", sa.Column("phone_hash", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_person_phone_hash"), "person", ["phone_hash"])


def downgrade() -> None:
    op.drop_constraint(op.f("uq_person_phone_hash"), "person", type_="unique")
    op.drop_column("person", "phone_hash")
    op.drop_table("bar")
    op.drop_table("claim")
