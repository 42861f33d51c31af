"""Tables of the exam: sittings of a round's levels, attempts with their papers, answers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kit.db import NAMING
from kit.tables import mechanics


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text, dict[str, Any]: JSONB}  # noqa: RUF012


mechanics(Base.metadata, "effect", "outbox", "due")


class SittingRow(Base):
    """A sitting of one level. Planned ones gather candidates; at most one of a level is planned, one open."""

    __tablename__ = "sitting"
    __table_args__ = (
        UniqueConstraint("round_id", "level", "number"),
        CheckConstraint("state in ('planned', 'open', 'closed')", name="state"),
        CheckConstraint("(state = 'planned') = (opens_at is null)", name="opened"),
        CheckConstraint("(opens_at is null) = (closes_at is null)", name="both"),
        Index(
            "uq_sitting_planned", "round_id", "level", unique=True, postgresql_where=text("state = 'planned'")
        ),
        Index("uq_sitting_open", "round_id", "level", unique=True, postgresql_where=text("state = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    level: Mapped[str]
    number: Mapped[int]
    pack_key: Mapped[str]
    state: Mapped[str]
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    starts_at: Mapped[datetime | None]
    """What was announced; nothing opens by it."""


class SittingChangeRow(Base):
    """Who announced, opened or extended a sitting, when and why; rows are only added."""

    __tablename__ = "sitting_change"
    __table_args__ = (
        CheckConstraint("what in ('announced', 'opened', 'extended')", name="what"),
        Index("ix_sitting_change_sitting_id", "sitting_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sitting_id: Mapped[UUID] = mapped_column(ForeignKey("sitting.id"))
    what: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[UUID]
    old: Mapped[datetime | None]
    new: Mapped[datetime | None]
    reason: Mapped[str]


class AttemptRow(Base):
    """One candidate in one sitting. `paper` holds item and option IDs in the candidate's order, never a key.

    At most one attempt of an application is under way; earlier ones (absent, made up) stay.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        CheckConstraint("state in ('enrolled', 'started', 'finished', 'absent', 'cancelled')", name="state"),
        CheckConstraint("(state = 'finished') = (score is not null)", name="score"),
        CheckConstraint(
            "excuse is null or (excuse in ('open', 'granted') and state = 'enrolled')", name="excuse"
        ),
        Index(
            "uq_attempt_under_way",
            "application_id",
            unique=True,
            postgresql_where=text("state in ('enrolled', 'started')"),
        ),
        Index("ix_attempt_application_id", "application_id", "enrolled_at"),
        Index("ix_attempt_sitting_id", "sitting_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sitting_id: Mapped[UUID] = mapped_column(ForeignKey("sitting.id"))
    round_id: Mapped[UUID]
    application_id: Mapped[UUID]
    application_number: Mapped[str]
    level: Mapped[str]
    route: Mapped[str]
    pack_key: Mapped[str]
    seed: Mapped[str]
    paper: Mapped[dict[str, Any]]
    state: Mapped[str]
    enrolled_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    finished_by: Mapped[str | None]
    score: Mapped[str | None]
    excuse: Mapped[str | None]
    """`open`: an excuse waits, the closing leaves this one out · `granted`: goes to the next sitting. Stands in the row
    itself, because the closing and a late excuse meet on its lock."""


class ExcuseRow(Base):
    """Why somebody cannot sit: filed by one person, decided by another (X3, O2). One of an attempt waits at a time."""

    __tablename__ = "excuse"
    __table_args__ = (
        CheckConstraint("state in ('open', 'granted', 'refused', 'void')", name="state"),
        CheckConstraint("(state in ('granted', 'refused')) = (decided_by is not null)", name="decided"),
        CheckConstraint("decided_by <> proposed_by", name="two_persons"),
        Index("uq_excuse_open", "attempt_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_excuse_sitting_id", "sitting_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempt.id"))
    sitting_id: Mapped[UUID] = mapped_column(ForeignKey("sitting.id"))
    state: Mapped[str]
    reason: Mapped[str]
    document_key: Mapped[str]
    proposed_by: Mapped[UUID]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    decision: Mapped[str]


class KeyCorrectionRow(Base):
    """Another key of one item for one level of a round (X4). At most one of a level is drafted."""

    __tablename__ = "key_correction"
    __table_args__ = (
        CheckConstraint("state in ('drafted', 'applied', 'discarded')", name="state"),
        CheckConstraint("(state = 'applied') = (applied_at is not null)", name="applied"),
        Index(
            "uq_key_correction_drafted",
            "round_id",
            "level",
            unique=True,
            postgresql_where=text("state = 'drafted'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    level: Mapped[str]
    item_id: Mapped[str]
    old_key: Mapped[list[str]] = mapped_column(ARRAY(Text))
    new_key: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reason: Mapped[str]
    state: Mapped[str]
    papers: Mapped[int]
    changed: Mapped[int]
    grades_key: Mapped[str]
    drafted_by: Mapped[UUID]
    drafted_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]


class RegradeRow(Base):
    """One grade that a corrected key has changed: both stay."""

    __tablename__ = "regrade"

    correction_id: Mapped[UUID] = mapped_column(ForeignKey("key_correction.id"), primary_key=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    old_score: Mapped[str]
    new_score: Mapped[str]


class AnswerRow(Base):
    """The answer of one item with the highest revision; `saved_at` is its arrival by PostgreSQL's clock."""

    __tablename__ = "answer"
    __table_args__ = (CheckConstraint("rev > 0", name="rev"),)

    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    rev: Mapped[int]
    choice: Mapped[list[str]] = mapped_column(ARRAY(Text))
    saved_at: Mapped[datetime]
