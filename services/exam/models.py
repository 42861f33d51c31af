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


class AttemptRow(Base):
    """One candidate in one sitting. `paper` holds item and option IDs in the candidate's order, never a key.

    At most one attempt of an application is under way; earlier ones (absent, made up) stay.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        CheckConstraint("state in ('enrolled', 'started', 'finished', 'absent', 'cancelled')", name="state"),
        CheckConstraint("(state = 'finished') = (score is not null)", name="score"),
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


class AnswerRow(Base):
    """The answer of one item with the highest revision; `saved_at` is its arrival by PostgreSQL's clock."""

    __tablename__ = "answer"
    __table_args__ = (CheckConstraint("rev > 0", name="rev"),)

    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    rev: Mapped[int]
    choice: Mapped[list[str]] = mapped_column(ARRAY(Text))
    saved_at: Mapped[datetime]
