"""First tables of review

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
        "due",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "payload", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_due_kind_key")),
    )
    op.create_index(
        "ix_due_open", "due", ["next_at"], unique=False, postgresql_where=sa.text("done_at is null")
    )
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
        "expert",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("unit_hash", sa.Text(), nullable=False),
        sa.Column("discipline", sa.Text(), nullable=False),
        sa.Column("recommender", sa.Text(), nullable=False),
        sa.Column("recommender_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("role in ('expert', 'reviewer')", name=op.f("ck_expert_role")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_expert")),
        sa.UniqueConstraint("number", name=op.f("uq_expert_number")),
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
        "relay_offset",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_offset", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name=op.f("pk_relay_offset")),
    )
    op.create_table(
        "review_case",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("application_number", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("pack_key", sa.Text(), nullable=False),
        sa.Column("snapshot_key", sa.Text(), nullable=True),
        sa.Column("facts_key", sa.Text(), nullable=True),
        sa.Column("unit_hash", sa.Text(), nullable=False),
        sa.Column("round_seed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_review_case")),
        sa.UniqueConstraint(
            "round_id", "application_number", name=op.f("uq_review_case_round_id_application_number")
        ),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("subject_ref", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("fence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("priority", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("excluded", postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("assigned_to", sa.Uuid(), nullable=True),
        sa.Column("unit_hash", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.CheckConstraint("(state = 'claimed') = (lease_until is not null)", name=op.f("ck_task_lease")),
        sa.CheckConstraint("state in ('open', 'claimed', 'done', 'cancelled')", name=op.f("ck_task_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index(
        "ix_task_owner", "task", ["owner"], unique=False, postgresql_where=sa.text("state = 'claimed'")
    )
    op.create_index(
        "ix_task_queue",
        "task",
        ["role", "priority", "id"],
        unique=False,
        postgresql_where=sa.text("state in ('open', 'claimed')"),
    )
    op.create_index("ix_task_target", "task", ["target_id"], unique=False)
    op.create_table(
        "assessment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("third", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("score", sa.Text(), nullable=True),
        sa.Column(
            "draws",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("stage in ('portfolio', 'defence')", name=op.f("ck_assessment_stage")),
        sa.CheckConstraint(
            "state in ('open', 'complete', 'absent', 'cancelled')", name=op.f("ck_assessment_state")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["review_case.application_id"],
            name=op.f("fk_assessment_application_id_review_case"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        sa.UniqueConstraint("application_id", "stage", name=op.f("uq_assessment_application_id_stage")),
    )
    op.create_index(
        "ix_assessment_open", "assessment", ["id"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "qualification",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("look", sa.Integer(), nullable=False),
        sa.Column("snapshot_key", sa.Text(), nullable=False),
        sa.Column("facts_key", sa.Text(), nullable=False),
        sa.Column("first_decision_key", sa.Text(), nullable=True),
        sa.Column("findings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("explanation", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("draft", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("draft_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("decision_key", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(decision_key is null) = (outcome is null)", name=op.f("ck_qualification_decided")
        ),
        sa.CheckConstraint("look in (1, 2)", name=op.f("ck_qualification_look")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["review_case.application_id"],
            name=op.f("fk_qualification_application_id_review_case"),
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_qualification")),
        sa.UniqueConstraint("application_id", "look", name=op.f("uq_qualification_application_id_look")),
    )
    op.create_table(
        "sheet",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("expert_id", sa.Uuid(), nullable=False),
        sa.Column(
            "scores",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided", sa.Text(), nullable=True),
        sa.CheckConstraint("(total is null) = (submitted_at is null)", name=op.f("ck_sheet_submitted")),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name=op.f("fk_sheet_assessment_id_assessment")
        ),
        sa.ForeignKeyConstraint(["expert_id"], ["expert.account_id"], name=op.f("fk_sheet_expert_id_expert")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_sheet")),
        sa.UniqueConstraint("assessment_id", "expert_id", name=op.f("uq_sheet_assessment_id_expert_id")),
    )
    op.create_index(
        "ix_sheet_expert",
        "sheet",
        ["expert_id"],
        unique=False,
        postgresql_where=sa.text("submitted_at is null and voided is null"),
    )
    op.create_index(
        "uq_sheet_number",
        "sheet",
        ["assessment_id", "number"],
        unique=True,
        postgresql_where=sa.text("voided is null"),
    )


def downgrade() -> None:
    op.drop_index("uq_sheet_number", table_name="sheet", postgresql_where=sa.text("voided is null"))
    op.drop_index(
        "ix_sheet_expert",
        table_name="sheet",
        postgresql_where=sa.text("submitted_at is null and voided is null"),
    )
    op.drop_table("sheet")
    op.drop_table("qualification")
    op.drop_index("ix_assessment_open", table_name="assessment", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("assessment")
    op.drop_index("ix_task_target", table_name="task")
    op.drop_index(
        "ix_task_queue", table_name="task", postgresql_where=sa.text("state in ('open', 'claimed')")
    )
    op.drop_index("ix_task_owner", table_name="task", postgresql_where=sa.text("state = 'claimed'"))
    op.drop_table("task")
    op.drop_table("review_case")
    op.drop_table("relay_offset")
    op.drop_index("ix_outbox_unsent", table_name="outbox", postgresql_where=sa.text("sent_at is null"))
    op.drop_table("outbox")
    op.drop_table("expert")
    op.drop_table("effect")
    op.drop_index("ix_due_open", table_name="due", postgresql_where=sa.text("done_at is null"))
    op.drop_table("due")
