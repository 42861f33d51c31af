"""First tables of scoring.

Revision 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "candidate",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("application_number", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("components", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("absent", sa.Boolean(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_candidate")),
        sa.UniqueConstraint(
            "round_id", "application_number", name=op.f("uq_candidate_round_id_application_number")
        ),
    )
    op.create_index("ix_candidate_round_id", "candidate", ["round_id", "level"], unique=False)
    op.create_table(
        "effect",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("result", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_effect")),
    )
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("(kind = 'event') = (topic is not null)", name=op.f("ck_outbox_topic")),
        sa.CheckConstraint("kind in ('event', 'command')", name=op.f("ck_outbox_kind")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_outbox")),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_id")),
    )
    op.create_index(
        "ix_outbox_unsent",
        "outbox",
        ["kind", "position"],
        unique=False,
        postgresql_where=sa.text("sent_at is null"),
    )
    op.create_table(
        "ranking",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("pack_key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ranking")),
        sa.UniqueConstraint("round_id", "version", name=op.f("uq_ranking_round_id_version")),
    )
    op.create_table(
        "relay_offset",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_offset", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name=op.f("pk_relay_offset")),
    )
    op.create_table(
        "ranked",
        sa.Column("ranking_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("application_number", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("components", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total", sa.Text(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("absent", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(outcome = 'not_ranked') = (rank is null)", name=op.f("ck_ranked_rank")),
        sa.CheckConstraint(
            "outcome in ('in_cut', 'not_in_cut', 'not_ranked')", name=op.f("ck_ranked_outcome")
        ),
        sa.ForeignKeyConstraint(["ranking_id"], ["ranking.id"], name=op.f("fk_ranked_ranking_id_ranking")),
        sa.PrimaryKeyConstraint("ranking_id", "position", name=op.f("pk_ranked")),
    )
    op.create_index("ix_ranked_application_id", "ranked", ["application_id"], unique=False)
    op.create_table(
        "ranked_level",
        sa.Column("ranking_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("filed", sa.Integer(), nullable=False),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("ranked", sa.Integer(), nullable=False),
        sa.Column("ratio", sa.Text(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("in_cut", sa.Integer(), nullable=False),
        sa.Column("cut_total", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ranking_id"], ["ranking.id"], name=op.f("fk_ranked_level_ranking_id_ranking")
        ),
        sa.PrimaryKeyConstraint("ranking_id", "level", name=op.f("pk_ranked_level")),
    )


def downgrade() -> None:
    op.drop_table("ranked_level")
    op.drop_index("ix_ranked_application_id", table_name="ranked")
    op.drop_table("ranked")
    op.drop_table("relay_offset")
    op.drop_table("ranking")
    op.drop_index("ix_outbox_unsent", table_name="outbox", postgresql_where=sa.text("sent_at is null"))
    op.drop_table("outbox")
    op.drop_table("effect")
    op.drop_index("ix_candidate_round_id", table_name="candidate")
    op.drop_table("candidate")
