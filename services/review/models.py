"""Tables of the review service."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kit.db import NAMING
from kit.tables import mechanics


class Base(DeclarativeBase):
    """Declarative base of this schema."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
    }


mechanics(Base.metadata, "effect", "outbox", "due", "task")


class Case(Base):
    """An application as review knows it: the last CaseRef, and the keyed hash of the unit. The aggregate's lock."""

    __tablename__ = "review_case"

    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    application_number: Mapped[str]
    level: Mapped[str]
    route: Mapped[str]
    pack_key: Mapped[str]
    snapshot_key: Mapped[str | None]
    facts_key: Mapped[str | None]
    unit_hash: Mapped[str]
    round_seed: Mapped[str]

    __table_args__ = (UniqueConstraint("round_id", "application_number"),)


class Qualification(Base):
    """One look at one application: what the machine found, the reviewer's draft, the frozen decision."""

    __tablename__ = "qualification"

    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("review_case.application_id"))
    look: Mapped[int]
    snapshot_key: Mapped[str]
    facts_key: Mapped[str]
    first_decision_key: Mapped[str | None]
    findings: Mapped[list[Any]]
    explanation: Mapped[dict[str, Any]]
    draft: Mapped[dict[str, Any] | None]
    draft_version: Mapped[int] = mapped_column(server_default=text("0"))
    decision_key: Mapped[str | None]
    outcome: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("application_id", "look"),
        CheckConstraint("look in (1, 2)", name="look"),
        CheckConstraint("(decision_key is null) = (outcome is null)", name="decided"),
    )


class Assessment(Base):
    """Expert review or defence of one application: how many sheets are wanted, how they were drawn, the result."""

    __tablename__ = "assessment"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("review_case.application_id"))
    stage: Mapped[str]
    wanted: Mapped[int]
    quorum: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    third: Mapped[bool] = mapped_column(server_default=text("false"))
    score: Mapped[str | None]
    draws: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    note: Mapped[str] = mapped_column(server_default=text("''"))
    due_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("application_id", "stage"),
        CheckConstraint("stage in ('portfolio', 'defence')", name="stage"),
        CheckConstraint("state in ('open', 'complete', 'absent', 'cancelled')", name="state"),
        Index("ix_assessment_open", "id", postgresql_where=text("state = 'open'")),
    )


class Sheet(Base):
    """One expert's sheet; its ID is its task's. A voided one is kept, and its number goes to a replacement."""

    __tablename__ = "sheet"

    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("assessment.id"))
    number: Mapped[int]
    expert_id: Mapped[UUID] = mapped_column(ForeignKey("expert.account_id"))
    scores: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    note: Mapped[str] = mapped_column(server_default=text("''"))
    version: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    voided: Mapped[str | None]

    __table_args__ = (
        # nobody judges the same case twice in one stage, not even after a recusal
        UniqueConstraint("assessment_id", "expert_id"),
        CheckConstraint("(total is null) = (submitted_at is null)", name="submitted"),
        Index(
            "uq_sheet_number", "assessment_id", "number", unique=True, postgresql_where=text("voided is null")
        ),
        Index(
            "ix_sheet_expert", "expert_id", postgresql_where=text("submitted_at is null and voided is null")
        ),
    )


class Member(Base):
    """The registry: experts and reviewers with their unit (O3). `number` is the order of registration."""

    __tablename__ = "expert"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    role: Mapped[str]
    unit: Mapped[str]
    unit_hash: Mapped[str]
    discipline: Mapped[str]
    recommender: Mapped[str]
    recommender_hash: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))

    __table_args__ = (CheckConstraint("role in ('expert', 'reviewer')", name="role"),)
