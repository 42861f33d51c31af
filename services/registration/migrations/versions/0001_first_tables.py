"""First tables: rounds, persons and their keys, applications, drafts, forms, scans, files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# who must open what ProfileChanged carries; only this one table of the schema is theirs to read
_GRANTS = """
do $$
declare reader text;
begin
  foreach reader in array array['readmodel', 'notification', 'publication'] loop
    if exists (select from pg_roles where rolname = reader) then
      execute format('grant usage on schema %I to %I', current_schema(), reader);
      execute format('grant select on person_key to %I', reader);
    end if;
  end loop;
end $$
"""


def upgrade() -> None:
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
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id_kind", sa.Text(), nullable=False),
        sa.Column("id_number", sa.LargeBinary(), nullable=False),
        sa.Column("id_hash", sa.Text(), nullable=False),
        sa.Column("id_masked", sa.Text(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("unit", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("district", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("id_hash", name=op.f("uq_person_id_hash")),
    )
    op.create_table(
        "person_key",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person_key")),
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
        "round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("pack_name", sa.Text(), nullable=False),
        sa.Column("pack_key", sa.Text(), nullable=False),
        sa.Column("pack_hash", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), server_default=sa.text("'filing'"), nullable=False),
        sa.Column("seq", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
    )
    op.create_table(
        "application",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("discarded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("lock", sa.Text(), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=True),
        sa.Column("phase", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("seq", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unlocks", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("reprint", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("correction_closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.CheckConstraint("(lock = 'draft') = (form_version is null)", name=op.f("ck_application_form")),
        sa.CheckConstraint("lock in ('draft', 'locked', 'correction')", name=op.f("ck_application_lock")),
        sa.CheckConstraint(
            "phase in ('open', 'ready', 'listed', 'ended')", name=op.f("ck_application_phase")
        ),
        sa.CheckConstraint("route in ('regular', 'direct')", name=op.f("ck_application_route")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_application_person_id_person")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_application_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("round_id", "number", name=op.f("uq_application_round_id_number")),
        sa.UniqueConstraint("round_id", "person_id", name=op.f("uq_application_round_id_person_id")),
    )
    op.create_index("ix_application_phase", "application", ["round_id", "phase"], unique=False)
    op.create_table(
        "counter",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_counter_round_id_round")),
        sa.PrimaryKeyConstraint("round_id", "letter", name=op.f("pk_counter")),
    )
    op.create_table(
        "draft",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_draft_application_id_application")
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_draft")),
    )
    op.create_table(
        "file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("content_key", sa.Text(), nullable=True),
        sa.Column("reading_key", sa.Text(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'clean') = (content_key is not null)", name=op.f("ck_file_content")),
        sa.CheckConstraint(
            "purpose in ('photo', 'evidence', 'scan', 'correction')", name=op.f("ck_file_purpose")
        ),
        sa.CheckConstraint("state in ('pending', 'clean', 'refused')", name=op.f("ck_file_state")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_file_application_id_application")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
    )
    op.create_index(op.f("ix_file_application_id"), "file", ["application_id"], unique=False)
    op.create_table(
        "form",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("draft_version", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.Column("snapshot_key", sa.Text(), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.Column("facts_key", sa.Text(), nullable=False),
        sa.Column("pdf_key", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'current'"), nullable=False),
        sa.Column(
            "frozen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('current', 'superseded', 'taken_back', 'refused')", name=op.f("ck_form_state")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_form_application_id_application")
        ),
        sa.PrimaryKeyConstraint("application_id", "version", name=op.f("pk_form")),
        sa.UniqueConstraint("command_id", name=op.f("uq_form_command_id")),
    )
    op.create_index(op.f("ix_form_code"), "form", ["code"], unique=False)
    op.create_index(
        "uq_form_current",
        "form",
        ["application_id"],
        unique=True,
        postgresql_where=sa.text("state = 'current'"),
    )
    op.create_table(
        "scan",
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("file_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("public.fudao_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_scan_application_id_application")
        ),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_scan")),
    )
    op.create_index(op.f("ix_scan_application_id"), "scan", ["application_id"], unique=False)
    op.create_table(
        "set_aside",
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=True),
        sa.Column("scans", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("private", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_set_aside_application_id_application")
        ),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_set_aside")),
    )
    op.execute(_GRANTS)


def downgrade() -> None:
    op.drop_table("set_aside")
    op.drop_index(op.f("ix_scan_application_id"), table_name="scan")
    op.drop_table("scan")
    op.drop_index("uq_form_current", table_name="form", postgresql_where=sa.text("state = 'current'"))
    op.drop_index(op.f("ix_form_code"), table_name="form")
    op.drop_table("form")
    op.drop_index(op.f("ix_file_application_id"), table_name="file")
    op.drop_table("file")
    op.drop_table("draft")
    op.drop_table("counter")
    op.drop_index("ix_application_phase", table_name="application")
    op.drop_table("application")
    op.drop_table("round")
    op.drop_table("relay_offset")
    op.drop_table("person_key")
    op.drop_table("person")
    op.drop_index("ix_outbox_unsent", table_name="outbox", postgresql_where=sa.text("sent_at is null"))
    op.drop_table("outbox")
    op.drop_table("effect")
