"""Tables of schema `registration`. Names, sections and file names stand here; ID numbers and phones only encrypted."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import Uuid

from kit.db import NAMING
from kit.tables import mechanics

_now = func.public.fudao_now()


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text,
        bytes: LargeBinary,
        uuid.UUID: Uuid,
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
        list[int]: ARRAY(Integer),
        list[uuid.UUID]: ARRAY(Uuid),
    }


mechanics(Base.metadata, "effect", "outbox", "due")


class Round(Base):
    """A round and the rule pack that is pinned to it. `seq`: of the last transition applied."""

    __tablename__ = "round"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    pack_name: Mapped[str]
    pack_key: Mapped[str]
    pack_hash: Mapped[str]
    seed: Mapped[str]
    stage: Mapped[str] = mapped_column(server_default=text("'filing'"))
    seq: Mapped[int] = mapped_column(server_default=text("0"))
    closes_at: Mapped[datetime | None]
    opened_at: Mapped[datetime] = mapped_column(server_default=_now)


class Counter(Base):
    """The last application number of a round and letter; its row is locked while one is allotted."""

    __tablename__ = "counter"

    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("round.id"), primary_key=True)
    letter: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class Person(Base):
    """One human being = one account. The keyed hash of kind and number is unique."""

    __tablename__ = "person"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    id_kind: Mapped[str]
    id_number: Mapped[bytes]
    id_hash: Mapped[str] = mapped_column(unique=True)
    id_masked: Mapped[str]
    phone: Mapped[bytes]
    phone_hash: Mapped[str | None] = mapped_column(unique=True)
    unit: Mapped[str] = mapped_column(server_default=text("''"))
    district: Mapped[str] = mapped_column(server_default=text("''"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=_now)


class PersonKey(Base):
    """Key of kit.keyring; other roles may read it. Deleting the row is erasure."""

    __tablename__ = "person_key"

    person_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime]


class Application(Base):
    """One per round and person (L1). `lock`: who may type what; `phase`: what the round's barriers count.

    `unlocks` and `reprint` are those of the one correction, kept after it.
    """

    __tablename__ = "application"
    __table_args__ = (
        UniqueConstraint("round_id", "person_id"),
        UniqueConstraint("round_id", "number"),
        CheckConstraint("lock in ('draft', 'locked', 'correction')", name="lock"),
        CheckConstraint("phase in ('open', 'ready', 'listed', 'ended')", name="phase"),
        CheckConstraint("route in ('regular', 'direct')", name="route"),
        CheckConstraint("(lock = 'draft') = (form_version is null)", name="form"),
        Index("ix_application_phase", "round_id", "phase"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("round.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    number: Mapped[str]
    level: Mapped[str]
    route: Mapped[str]
    discarded: Mapped[bool] = mapped_column(server_default=text("false"))
    lock: Mapped[str] = mapped_column(server_default=text("'draft'"))
    form_version: Mapped[int | None]
    phase: Mapped[str] = mapped_column(server_default=text("'open'"))
    status: Mapped[str | None]
    seq: Mapped[int] = mapped_column(server_default=text("0"))
    unlocks: Mapped[list[str] | None]
    reprint: Mapped[bool] = mapped_column(server_default=text("false"))
    correction_closes_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_now)


class DraftRow(Base):
    """What is being typed. `private` is the encrypted JSON of private fields; `version` grows with every change."""

    __tablename__ = "draft"

    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), primary_key=True)
    version: Mapped[int]
    content: Mapped[dict[str, Any]]
    private: Mapped[bytes]
    updated_at: Mapped[datetime] = mapped_column(server_default=_now)


class Form(Base):
    """One frozen version. `state`: current, superseded, taken_back, refused. The draft as frozen is kept beside it."""

    __tablename__ = "form"
    __table_args__ = (
        CheckConstraint("state in ('current', 'superseded', 'taken_back', 'refused')", name="state"),
        Index(
            "uq_form_current",
            "application_id",
            unique=True,
            postgresql_where=text("state = 'current'"),
        ),
    )

    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    command_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    draft_version: Mapped[int]
    content: Mapped[dict[str, Any]]
    private: Mapped[bytes]
    snapshot_key: Mapped[str]
    private_key: Mapped[str]
    facts_key: Mapped[str]
    pdf_key: Mapped[str]
    pages: Mapped[int]
    code: Mapped[str] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(server_default=text("'current'"))
    frozen_at: Mapped[datetime] = mapped_column(server_default=_now)


class PrintedForm(Base):
    """Every form that was ever printed, by the code on its pages: what a returned page is known by (A4).

    `zones`: list of `domain.scans.Place`. A correction is printed before it is frozen, so it stands here first.
    `kind`: the whole `form`, or the `correction_page` of one (Q10); `version` is that of the form as corrected.
    """

    __tablename__ = "printed_form"

    code: Mapped[str] = mapped_column(primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(server_default=text("'form'"))
    pdf_key: Mapped[str]
    pages: Mapped[int]
    zones: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    printed_at: Mapped[datetime] = mapped_column(server_default=_now)


class Claim(Base):
    """What one frozen form claims for its person alone (E10). It counts while its form is the current one, so taking
    back, superseding and putting back need no work here. Hashes only."""

    __tablename__ = "claim"
    __table_args__ = (
        CheckConstraint("kind in ('award', 'file')", name="kind"),
        ForeignKeyConstraint(
            ["application_id", "form_version"],
            ["form.application_id", "form.version"],
            name="fk_claim_application_id_form",
            ondelete="CASCADE",
        ),
        Index("ix_claim_form", "application_id", "form_version"),
        Index("ix_claim_key", "round_id", "kind", "key"),
        Index("ix_claim_number", "round_id", "number"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    application_id: Mapped[uuid.UUID]
    form_version: Mapped[int]
    round_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    item_id: Mapped[str]
    key: Mapped[str]
    number: Mapped[str | None]
    work: Mapped[str | None]


class Bar(Base):
    """A decision that somebody may not apply (E9): nothing before two people have put it in force, and gone when it
    has ended. `until` None: this round only. The person is known by the keyed hash of the document, account or not."""

    __tablename__ = "bar"
    __table_args__ = (
        CheckConstraint("state in ('drafted', 'in_force', 'lifted')", name="state"),
        CheckConstraint("until is null or until >= decided_on", name="until"),
        CheckConstraint("heard_on <= decided_on", name="heard"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("round.id"))
    person_hash: Mapped[str] = mapped_column(index=True)
    person_masked: Mapped[str]
    document_number: Mapped[str]
    document_key: Mapped[str]
    heard_on: Mapped[date]
    decided_on: Mapped[date]
    until: Mapped[date | None]
    state: Mapped[str] = mapped_column(server_default=text("'drafted'"))
    drafted_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=_now)


class SetAside(Base):
    """What a `take_back` or `discard` put aside when it was prepared, to be put back if the workflow refuses it."""

    __tablename__ = "set_aside"

    command_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    form_version: Mapped[int | None]
    scans: Mapped[list[uuid.UUID]]
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    private: Mapped[bytes | None]


class Scan(Base):
    """Scan files of one form version; the newest active one counts."""

    __tablename__ = "scan"

    command_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    form_version: Mapped[int]
    file_ids: Mapped[list[uuid.UUID]]
    facts: Mapped[dict[str, Any]]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    received_at: Mapped[datetime] = mapped_column(server_default=_now)


class File(Base):
    """An upload. Its name is shown to people and part of no key.

    `sha256` is of what is stored, `original_sha256` of what was sent. `original_key`: a HEIC picture beside the JPEG
    made of it. A cropped photo has `source_id` and `crop` (x, y, width, height). `ocr_wanted`: nothing to read in it
    yet. `removed_at`: taken out of the applicant's list; a frozen form may still name it.
    """

    __tablename__ = "file"
    __table_args__ = (
        CheckConstraint("state in ('pending', 'clean', 'refused')", name="state"),
        CheckConstraint("(state = 'clean') = (content_key is not null)", name="content"),
        CheckConstraint("purpose in ('photo', 'evidence', 'scan', 'correction')", name="purpose"),
        Index("ix_file_same", "application_id", "original_sha256"),
        Index("ix_file_ocr", "created_at", postgresql_where=text("ocr_wanted")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    purpose: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    reason_code: Mapped[str | None]
    sha256: Mapped[str | None]
    content_key: Mapped[str | None]
    reading_key: Mapped[str | None]
    pages: Mapped[int | None]
    scan_key: Mapped[str | None]
    """What was read on the pages of a scan (`domain.scans.FileRead`)."""
    created_at: Mapped[datetime] = mapped_column(server_default=_now)
    checked_at: Mapped[datetime | None]
    original_sha256: Mapped[str | None]
    original_key: Mapped[str | None]
    thumb_key: Mapped[str | None]
    removed: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    source_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("file.id"))
    crop: Mapped[list[int] | None]
    ocr_wanted: Mapped[bool] = mapped_column(server_default=text("false"))
    ocr_key: Mapped[str | None]
    removed_at: Mapped[datetime | None]


class OutsideImport(Base):
    """A checked workbook of an outside system (S1); what each row would do is in its rows."""

    __tablename__ = "outside_import"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("round.id"))
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=_now)


class OutsideRow(Base):
    """`line`: the encrypted ImportLine; `sealed`: the encrypted values of a row that can be filed."""

    __tablename__ = "outside_row"
    __table_args__ = (
        CheckConstraint("verdict in ('new', 'same', 'differs', 'error')", name="verdict"),
        CheckConstraint("(verdict = 'new') = (sealed is not null)", name="sealed"),
    )

    import_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("outside_import.id"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    verdict: Mapped[str]
    line: Mapped[bytes]
    sealed: Mapped[bytes | None]
