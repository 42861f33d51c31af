"""Tables of publication: who is listed, notices, final lists, the register of certificates."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, MetaData, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kit.db import NAMING
from kit.tables import mechanics

NOW = text("public.fudao_now()")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text, dict[str, Any]: JSONB}  # noqa: RUF012


mechanics(Base.metadata, "effect", "outbox")


class ListingRow(Base):
    """A person of a round's public list. `held` follows the supervisory committee; `struck` left the list."""

    __tablename__ = "listing"
    __table_args__ = (
        CheckConstraint("state in ('listed', 'awaiting', 'issued', 'struck')", name="state"),
        Index("ix_listing_round", "round_id", "application_number"),
    )

    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    application_number: Mapped[str]
    level: Mapped[str]
    route: Mapped[str]
    name: Mapped[str]
    unit: Mapped[str]
    state: Mapped[str]
    held_at_close: Mapped[bool | None]
    struck_at: Mapped[datetime | None]
    listed_at: Mapped[datetime] = mapped_column(server_default=NOW)


class HoldRow(Base):
    """Whether a person is held now; a hold may come before the listing (N3)."""

    __tablename__ = "hold"

    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    held: Mapped[bool]


class NoticeRow(Base):
    """A public notice; `content` is the list exactly as it was made, `digest` its hash."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("round_id"),
        CheckConstraint("state in ('made', 'running', 'closed')", name="state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    title: Mapped[str]
    state: Mapped[str]
    content: Mapped[dict[str, Any]]
    digest: Mapped[str]
    posted_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    made_at: Mapped[datetime] = mapped_column(server_default=NOW)


class FinalListRow(Base):
    """公布认证名单: document number and date, which certificates cite (N4)."""

    __tablename__ = "final_list"
    __table_args__ = (UniqueConstraint("round_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    document_number: Mapped[str]
    content: Mapped[dict[str, Any]]
    published_at: Mapped[datetime] = mapped_column(server_default=NOW)


class SerialRow(Base):
    """The last serial number given out in a round for a level; locked while the next is taken."""

    __tablename__ = "serial"

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class CertificateRow(Base):
    """The permanent register (C4). The number is allotted once per application; the PDF follows."""

    __tablename__ = "certificate"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("application_id"),
        CheckConstraint("status in ('valid', 'revoked')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str]
    application_id: Mapped[UUID]
    round_id: Mapped[UUID]
    final_list_id: Mapped[UUID] = mapped_column(ForeignKey("final_list.id"))
    name: Mapped[str]
    level: Mapped[str]
    level_name: Mapped[str]
    issuers: Mapped[dict[str, Any]]
    document_number: Mapped[str]
    issued_on: Mapped[date]
    specimen: Mapped[bool]
    status: Mapped[str]
    pdf_key: Mapped[str | None]
    """None between the allotment of the number and the rendering: not yet to be shown."""
