"""The desk

Revision 0002 after 0001.
"""

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
        "desk_log",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("public.fudao_now()"), nullable=False
        ),
        sa.Column("actor", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("old", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("new", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_desk_log")),
    )
    op.create_index("ix_desk_log_task", "desk_log", ["task_id"], unique=False)
    op.create_table(
        "desk_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("public.fudao_now()"), nullable=False
        ),
        sa.Column("seen_by", sa.Uuid(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_note")),
    )
    op.create_index(
        "ix_desk_note_open",
        "desk_note",
        ["role", "at"],
        unique=False,
        postgresql_where=sa.text("seen_at is null"),
    )
    op.create_table(
        "hearing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=True),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document_key", sa.Text(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'upheld') = (document_key is not null)", name=op.f("ck_hearing_document")
        ),
        sa.CheckConstraint("state in ('open', 'upheld', 'dismissed')", name=op.f("ck_hearing_state")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["review_case.application_id"],
            name=op.f("fk_hearing_application_id_review_case"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hearing")),
    )
    op.create_index(
        "uq_hearing_open",
        "hearing",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "precedent",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("check_id", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_hash", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["about"], ["qualification.task_id"], name=op.f("fk_precedent_about_qualification")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_precedent")),
    )
    op.create_index("ix_precedent_about", "precedent", ["about"], unique=False)
    op.create_index("ix_precedent_check", "precedent", ["check_id", "decided_at"], unique=False)
    op.create_index("ix_precedent_round", "precedent", ["round_id", "kind"], unique=False)
    op.create_index(
        "ix_precedent_rule",
        "precedent",
        ["rule_id", "decided_at"],
        unique=False,
        postgresql_where=sa.text("rule_id is not null"),
    )
    op.create_table(
        "question",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=True),
        sa.Column("rule_id", sa.Text(), nullable=True),
        sa.Column("title_hash", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["about"], ["qualification.task_id"], name=op.f("fk_question_about_qualification")
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_question")),
    )
    op.create_index("ix_question_about", "question", ["about"], unique=False)
    op.create_table(
        "sample",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("decision_key", sa.Text(), nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["about"], ["qualification.task_id"], name=op.f("fk_sample_about_qualification")
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_sample")),
    )
    op.add_column(
        "qualification", sa.Column("attempt", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.add_column("qualification", sa.Column("answers_key", sa.Text(), nullable=True))
    op.add_column(
        "qualification", sa.Column("void", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column(
        "qualification",
        sa.Column(
            "earlier_keys",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
    )
    op.drop_constraint(op.f("uq_qualification_application_id_look"), "qualification", type_="unique")
    op.create_unique_constraint(
        op.f("uq_qualification_application_id_attempt_look"),
        "qualification",
        ["application_id", "attempt", "look"],
    )
    op.add_column("task", sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index(
        op.f("ix_task_queue"),
        table_name="task",
        postgresql_where="(state = ANY (ARRAY['open'::text, 'claimed'::text]))",
    )
    op.create_index(
        "ix_task_queue",
        "task",
        [
            "role",
            sa.literal_column("(-priority)"),
            sa.literal_column("coalesce(due_at, 'infinity'::timestamptz)"),
            "id",
        ],
        unique=False,
        postgresql_where=sa.text("state in ('open', 'claimed')"),
    )
    op.drop_index("ix_task_owner", table_name="task")
    op.create_index(
        "ix_task_owner", "task", ["owner"], unique=False, postgresql_where=sa.text("owner is not null")
    )
    op.create_index(
        "ix_task_assigned",
        "task",
        ["assigned_to"],
        unique=False,
        postgresql_where=sa.text("assigned_to is not null and state in ('open', 'claimed')"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_task_assigned",
        table_name="task",
        postgresql_where=sa.text("assigned_to is not null and state in ('open', 'claimed')"),
    )
    op.drop_index(
        "ix_task_queue", table_name="task", postgresql_where=sa.text("state in ('open', 'claimed')")
    )
    op.create_index(
        op.f("ix_task_queue"),
        "task",
        ["role", "priority", "id"],
        unique=False,
        postgresql_where="(state = ANY (ARRAY['open'::text, 'claimed'::text]))",
    )
    op.drop_column("task", "claimed_at")
    op.drop_constraint(op.f("uq_qualification_application_id_attempt_look"), "qualification", type_="unique")
    op.create_unique_constraint(
        op.f("uq_qualification_application_id_look"),
        "qualification",
        ["application_id", "look"],
        postgresql_nulls_not_distinct=False,
    )
    op.drop_column("qualification", "earlier_keys")
    op.drop_column("qualification", "void")
    op.drop_column("qualification", "answers_key")
    op.drop_column("qualification", "attempt")
    op.drop_table("sample")
    op.drop_index("ix_question_about", table_name="question")
    op.drop_table("question")
    op.drop_index(
        "ix_precedent_rule", table_name="precedent", postgresql_where=sa.text("rule_id is not null")
    )
    op.drop_index("ix_precedent_round", table_name="precedent")
    op.drop_index("ix_precedent_check", table_name="precedent")
    op.drop_index("ix_precedent_about", table_name="precedent")
    op.drop_table("precedent")
    op.drop_index("uq_hearing_open", table_name="hearing", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("hearing")
    op.drop_index("ix_desk_note_open", table_name="desk_note", postgresql_where=sa.text("seen_at is null"))
    op.drop_table("desk_note")
    op.drop_index("ix_desk_log_task", table_name="desk_log")
    op.drop_table("desk_log")
