"""Tables of notification: who to reach for which application, and every message with what became of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, LargeBinary, MetaData, Text, text
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
    """One message. `state`: waiting (nobody to reach yet), sent."""

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_recipient", "phone_hash", "created_at"),
        Index("ix_message_waiting", "application_id", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID | None]
    kind: Mapped[str]
    text_sealed: Mapped[bytes]
    phone_hash: Mapped[str | None]
    state: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    sent_at: Mapped[datetime | None]
