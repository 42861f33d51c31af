"""Tables of scoring: what came in of each candidate, and frozen rankings; a frozen row is never updated."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kit.db import NAMING
from kit.tables import mechanics


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text, dict[str, Any]: JSONB}  # noqa: RUF012


mechanics(Base.metadata, "effect", "outbox")


class CandidateRow(Base):
    """All components of one application, exact fractions "n/d" by stage; `absent` is never ranked (X3)."""

    __tablename__ = "candidate"
    __table_args__ = (
        UniqueConstraint("round_id", "application_number"),
        Index("ix_candidate_round_id", "round_id", "level"),
    )

    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    application_number: Mapped[str]
    level: Mapped[str]
    components: Mapped[dict[str, Any]]
    absent: Mapped[bool]
    received_at: Mapped[datetime]


class CorrectionRow(Base):
    """A component that a corrected key has changed after it came in (X4): both stay, the latest one counts."""

    __tablename__ = "correction"
    __table_args__ = (Index("ix_correction_round_id", "round_id", "received_at"),)

    correction_id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    command_id: Mapped[UUID]
    stage: Mapped[str]
    score: Mapped[str]
    received_at: Mapped[datetime]


class RankingRow(Base):
    """One frozen ranking of a round; a later one is a new version, the old one stays (F28)."""

    __tablename__ = "ranking"
    __table_args__ = (UniqueConstraint("round_id", "version"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    version: Mapped[int]
    pack_key: Mapped[str]
    digest: Mapped[str]
    made_at: Mapped[datetime]
    released_at: Mapped[datetime | None]


class RankedLevelRow(Base):
    """The cut of one level, with the numbers that it came from."""

    __tablename__ = "ranked_level"

    ranking_id: Mapped[UUID] = mapped_column(ForeignKey("ranking.id"), primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    filed: Mapped[int]
    candidates: Mapped[int]
    ranked: Mapped[int]
    ratio: Mapped[str]
    places: Mapped[int]
    in_cut: Mapped[int]
    cut_total: Mapped[str | None]


class RankedRow(Base):
    """One candidate in a frozen ranking. `position` is its place in the list (level, rank, number)."""

    __tablename__ = "ranked"
    __table_args__ = (
        CheckConstraint("outcome in ('in_cut', 'not_in_cut', 'not_ranked')", name="outcome"),
        CheckConstraint("(outcome = 'not_ranked') = (rank is null)", name="rank"),
        Index("ix_ranked_application_id", "application_id"),
    )

    ranking_id: Mapped[UUID] = mapped_column(ForeignKey("ranking.id"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    application_id: Mapped[UUID]
    application_number: Mapped[str]
    level: Mapped[str]
    components: Mapped[dict[str, Any]]
    total: Mapped[str | None]
    rank: Mapped[int | None]
    outcome: Mapped[str]
    absent: Mapped[bool]
