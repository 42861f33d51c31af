"""Tables of publication: who is listed, notices, final lists, the register of certificates, complaints."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kit.db import NAMING
from kit.tables import mechanics

NOW = text("public.fudao_now()")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012
        datetime: DateTime(timezone=True),
        str: Text,
        bytes: LargeBinary,
        dict[str, Any]: JSONB,
    }


mechanics(Base.metadata, "effect", "outbox", "due")


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
    """None between the allotment of the number and the signing: not yet to be shown. Of the present version."""
    version: Mapped[int] = mapped_column(server_default=text("1"))
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]


class CertificateVersionRow(Base):
    """One document under a number (C4). The PDF is stored once: a repeat of the signing does not make a second."""

    __tablename__ = "certificate_version"
    __table_args__ = (
        UniqueConstraint("list_number", "list_index"),
        Index("ix_certificate_version_pdf", "pdf_key"),
    )

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificate.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    issuers: Mapped[dict[str, Any]]
    made_on: Mapped[date]
    """The local day of issue or reissue: the issuers' names are those in force then (O6)."""
    salt: Mapped[str]
    """With it the code on the document follows from what the document says, and cannot be guessed."""
    list_number: Mapped[int]
    list_index: Mapped[int]
    """The place in a status list; drawn, so that it says nothing about the person."""
    pack_key: Mapped[str | None]
    photo_key: Mapped[str | None]
    pdf_key: Mapped[str | None]
    demo_keys: Mapped[bool]
    reason: Mapped[str | None]
    ruling_id: Mapped[UUID | None]
    made_at: Mapped[datetime] = mapped_column(server_default=NOW)


class CertificateRulingRow(Base):
    """A revocation or reissue (C4): drafted, the holder heard where they must be, effective by two persons."""

    __tablename__ = "certificate_ruling"
    __table_args__ = (
        CheckConstraint("kind in ('revoke', 'reissue')", name="kind"),
        CheckConstraint("state in ('drafted', 'effective', 'dropped')", name="state"),
        Index(
            "uq_certificate_ruling_drafted",
            "certificate_id",
            unique=True,
            postgresql_where=text("state = 'drafted'"),
        ),
        Index("ix_certificate_ruling_certificate", "certificate_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificate.id"))
    kind: Mapped[str]
    reason: Mapped[str]
    state: Mapped[str]
    explanation: Mapped[str]
    document_key: Mapped[str]
    old_name: Mapped[str]
    """On the certificate when this was drafted."""
    new_name: Mapped[str | None]
    photo_key: Mapped[str | None]
    answer_by: Mapped[datetime | None]
    statement: Mapped[str | None]
    stated_at: Mapped[datetime | None]
    stated_to: Mapped[UUID | None]
    drafted_by: Mapped[UUID]
    drafted_role: Mapped[str]
    drafted_at: Mapped[datetime] = mapped_column(server_default=NOW)
    closed_by: Mapped[UUID | None]
    """Who proposed it, or gave it up."""
    done_at: Mapped[datetime | None]


class ComplaintRow(Base):
    """One complaint (N3, O4). What was said and by whom is sealed: `told` what it is about, `complainant` who.

    Number and code of the receipt follow from the ID and a key, so the code is kept nowhere. `after_close`: received
    when the public notice had ended. `holds`: a hold of its own was asked for and not let go.
    """

    __tablename__ = "complaint"
    __table_args__ = (
        UniqueConstraint("number"),
        CheckConstraint("stage in ('received', 'accepted', 'hearing', 'heard', 'ended')", name="stage"),
        CheckConstraint("(stage = 'ended') = (outcome is not null)", name="outcome"),
        CheckConstraint("(stage = 'ended') = (ended_at is not null)", name="ended"),
        CheckConstraint("not holds or application_id is not null", name="holds"),
        Index("ix_complaint_open", "decide_by", postgresql_where=text("stage <> 'ended'")),
        Index("ix_complaint_application", "application_id"),
        Index("ix_complaint_round", "round_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str]
    round_id: Mapped[UUID]
    pack_key: Mapped[str]
    subject: Mapped[str]
    channel: Mapped[str]
    told: Mapped[bytes]
    told_hash: Mapped[str]
    """Keyed hash of all that was handed in: the same form sent twice is one complaint, another one a conflict."""
    complainant: Mapped[bytes | None]
    application_number: Mapped[str]
    application_id: Mapped[UUID | None]
    forwarded_by: Mapped[UUID | None]
    received_at: Mapped[datetime]
    after_close: Mapped[bool]
    holds: Mapped[bool] = mapped_column(server_default=text("false"))
    stage: Mapped[str] = mapped_column(server_default=text("'received'"))
    seq: Mapped[int] = mapped_column(server_default=text("1"))
    decide_by: Mapped[datetime]
    extended: Mapped[bool] = mapped_column(server_default=text("false"))
    soon_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    answer_by: Mapped[datetime | None]
    outcome: Mapped[str | None]
    disqualify: Mapped[bool] = mapped_column(server_default=text("false"))
    ended_at: Mapped[datetime | None]


class ComplaintFileRow(Base):
    """A file handed in with a complaint; it stands in the uploads bucket under a prefix that nothing else reads."""

    __tablename__ = "complaint_file"

    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaint.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str]
    media_type: Mapped[str]
    bytes: Mapped[int]


class ComplaintEntryRow(Base):
    """A text of one complaint, sealed. `valid_at`: None until the step that rests on it was accepted."""

    __tablename__ = "complaint_entry"
    __table_args__ = (Index("ix_complaint_entry_of", "complaint_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaint.id"))
    kind: Mapped[str]
    sealed: Mapped[bytes]
    author: Mapped[UUID | None]
    document_key: Mapped[str | None]
    belongs_to: Mapped[UUID | None] = mapped_column(ForeignKey("complaint_entry.id"))
    """The decision that an answer to the complainant goes with."""
    made_at: Mapped[datetime] = mapped_column(server_default=NOW)
    valid_at: Mapped[datetime | None]


class ComplaintMessageRow(Base):
    """A message to the complainant's phone, or to the person complained of; sealed until it was handed over."""

    __tablename__ = "complaint_message"
    __table_args__ = (
        Index("ix_complaint_message_untold", "made_at", postgresql_where=text("told_at is null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaint.id"))
    kind: Mapped[str]
    application_id: Mapped[UUID | None]
    sealed: Mapped[bytes]
    made_at: Mapped[datetime] = mapped_column(server_default=NOW)
    told_at: Mapped[datetime | None]
