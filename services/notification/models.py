"""Tables of notification: who to reach for which application, and every message with what became of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, LargeBinary, MetaData, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kit.db import NAMING
from kit.tables import mechanics

NOW = text("public.fudao_now()")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text, bytes: LargeBinary}  # noqa: RUF012


mechanics(Base.metadata, "inbox", "due")


class RecipientRow(Base):
    """A person's phone, sealed; the hash finds messages of a phone."""

    __tablename__ = "recipient"

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    phone_sealed: Mapped[bytes]
    phone_hash: Mapped[str]
    updated_at: Mapped[datetime]


class ApplicationRow(Base):
    """Whose application it is, and what has to be remembered of it for reminders."""

    __tablename__ = "application"

    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    correction_closes_at: Mapped[datetime | None]
    """Set while a correction is open."""


class MessageRow(Base):
    """One message. `state`: waiting (nobody to reach yet) · queued · sent (the carrier took it) · delivered ·
    failed (the carrier refused it, gave up, or it was too late)."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'queued', 'sent', 'delivered', 'failed')", name="state"),
        Index("ix_message_recipient", "phone_hash", "created_at"),
        Index("ix_message_waiting", "application_id", postgresql_where=text("state = 'waiting'")),
        Index("ix_message_queued", "next_at", postgresql_where=text("state = 'queued'")),
        Index(
            "ix_message_failed",
            "failed_at",
            "id",
            postgresql_where=text("state = 'failed' and handled_at is null"),
        ),
        Index("ix_message_reference", "reference"),
        Index("ix_message_application", "application_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID | None]
    kind: Mapped[str]
    text_sealed: Mapped[bytes]
    phone_hash: Mapped[str | None]
    state: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    sent_at: Mapped[datetime | None]
    values_sealed: Mapped[bytes | None]
    """What stands in the template's places, as JSON: carriers send approved templates only."""
    phone_sealed: Mapped[bytes | None]
    """Where it goes, for messages on the gateway's word; those of an application go to its person's phone."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime] = mapped_column(server_default=NOW)
    """When it is tried next, while it is queued."""
    expires_at: Mapped[datetime | None]
    """After which it is of no use (a code)."""
    reference: Mapped[str | None]
    """The carrier's own number."""
    reason: Mapped[str | None]
    """Why it was not taken or did not arrive: the carrier's code, or one of ours."""
    delivered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[UUID | None]
    handled_how: Mapped[str | None]
    """What the office did about a failed one: `resent`, `told` (by phone)."""
