"""Tables of the intake: the command log, windows and their extensions, sealed histories and their sheets."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Identity, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gateway.models import Base

NOW = text("public.fudao_now()")
INSTANT = DateTime(timezone=True)


class CommandRow(Base):
    """One command, in the order in which it was received; the workflow's update ID is its `id`."""

    __tablename__ = "command"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    target_kind: Mapped[str] = mapped_column(Text)
    target_id: Mapped[UUID]
    round_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    subject: Mapped[UUID | None]
    idempotency_key: Mapped[str | None] = mapped_column(Text)
    assisted_by: Mapped[UUID | None]
    """The helper at the counter who sent it with the subject's consent (A9)."""
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    received_at: Mapped[datetime] = mapped_column(INSTANT, server_default=NOW)
    effective_at: Mapped[datetime | None] = mapped_column(INSTANT)
    closes_at: Mapped[datetime | None] = mapped_column(INSTANT)
    in_time: Mapped[bool | None]
    """Against the window in force when it was stored; None where no window applies."""
    state: Mapped[str] = mapped_column(Text)
    prepared: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    answered_at: Mapped[datetime | None] = mapped_column(INSTANT)
    attempts: Mapped[int] = mapped_column(server_default="0")
    failures: Mapped[int] = mapped_column(server_default="0")
    """Attempts that failed for another reason than an outage; too many of them quarantine the command."""
    next_try_at: Mapped[datetime | None] = mapped_column(INSTANT)
    last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("subject", "idempotency_key"),
        Index(
            "ix_command_unanswered",
            "target_id",
            "position",
            postgresql_where=text("state in ('received', 'prepared', 'quarantined')"),
        ),
        Index("ix_command_target", "target_id", "position"),
        Index(
            "ix_command_round_unanswered",
            "round_id",
            postgresql_where=text("state in ('received', 'prepared', 'quarantined')"),
        ),
    )


class WindowRow(Base):
    """When a stage is open: for a round, for one application (a correction) or for a public notice."""

    __tablename__ = "time_window"

    target_kind: Mapped[str] = mapped_column(Text)
    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(Text, primary_key=True)
    round_id: Mapped[UUID]
    opens_at: Mapped[datetime] = mapped_column(INSTANT)
    closes_at: Mapped[datetime] = mapped_column(INSTANT)


class WindowExtensionRow(Base):
    """Who extended which window, from when to when, and why. Never changed."""

    __tablename__ = "window_extension"

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    target_id: Mapped[UUID]
    stage: Mapped[str] = mapped_column(Text)
    old_closes_at: Mapped[datetime] = mapped_column(INSTANT)
    new_closes_at: Mapped[datetime] = mapped_column(INSTANT)
    subject: Mapped[UUID]
    reason: Mapped[str] = mapped_column(Text)
    extended_at: Mapped[datetime] = mapped_column(INSTANT, server_default=NOW)


class HistoryRow(Base):
    """One sealed record of a target's history. Added to, never changed: a trigger refuses."""

    __tablename__ = "history"

    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[UUID] = mapped_column(index=True)
    record: Mapped[str] = mapped_column(Text)
    """`contracts.http.history.Record` as JSON."""
    seal: Mapped[str] = mapped_column(Text)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    """Opens the record's commitments to who and what."""


class HistorySheetRow(Base):
    """A published sheet: the last seal of each history of a round, as a file. Never changed."""

    __tablename__ = "history_sheet"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID] = mapped_column(index=True)
    made_at: Mapped[datetime] = mapped_column(INSTANT, server_default=NOW)
    histories: Mapped[int]
    digest: Mapped[str] = mapped_column(Text)
    text: Mapped[bytes] = mapped_column(LargeBinary)
