"""Tables of the review service."""

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
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kit.db import NAMING
from kit.tables import mechanics

_NOW = text("public.fudao_now()")
_RULED = text("rule_id is not null")


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
    """One look at one application: what the machine found, the reviewer's draft, the frozen decision.

    `void`: all its flags were a mistake, a new attempt follows; `earlier_keys`: decisions from before flags were
    cancelled.
    """

    __tablename__ = "qualification"

    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("review_case.application_id"))
    look: Mapped[int]
    attempt: Mapped[int] = mapped_column(server_default=text("1"))
    snapshot_key: Mapped[str]
    facts_key: Mapped[str]
    answers_key: Mapped[str | None]
    first_decision_key: Mapped[str | None]
    findings: Mapped[list[Any]]
    explanation: Mapped[dict[str, Any]]
    draft: Mapped[dict[str, Any] | None]
    draft_version: Mapped[int] = mapped_column(server_default=text("0"))
    decision_key: Mapped[str | None]
    outcome: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    void: Mapped[bool] = mapped_column(server_default=text("false"))
    earlier_keys: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))

    __table_args__ = (
        UniqueConstraint("application_id", "attempt", "look"),
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


class Panel(Base):
    """A defence panel of a round (D1): its members (accounts' IDs), its chair, and where it sits."""

    __tablename__ = "panel"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    name: Mapped[str]
    form: Mapped[str]
    place: Mapped[str]
    chair: Mapped[UUID] = mapped_column(ForeignKey("expert.account_id"))
    members: Mapped[list[Any]]
    made_by: Mapped[UUID]
    made_at: Mapped[datetime] = mapped_column(server_default=_NOW)

    __table_args__ = (
        UniqueConstraint("round_id", "name"),
        CheckConstraint("form in ('on_site', 'online')", name="form"),
    )


class Slot(Base):
    """When one candidate defends, before which panel; without a time it was postponed and waits for a new one.

    `version` grows with each change: its events and the tasks of its members are named by it.
    """

    __tablename__ = "defence_slot"

    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("assessment.id"), primary_key=True)
    panel_id: Mapped[UUID] = mapped_column(ForeignKey("panel.id"))
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    postponed: Mapped[str] = mapped_column(server_default=text("''"))
    version: Mapped[int] = mapped_column(server_default=text("1"))

    __table_args__ = (
        CheckConstraint("(starts_at is null) = (ends_at is null)", name="whole"),
        CheckConstraint("starts_at < ends_at", name="forward"),
        Index("ix_defence_slot_panel", "panel_id", "starts_at"),
    )


class Question(Base):
    """A reviewer asks a colleague about one check item; its ID is its task's."""

    __tablename__ = "question"

    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    about: Mapped[UUID] = mapped_column(ForeignKey("qualification.task_id"))
    check_id: Mapped[str]
    item_id: Mapped[str | None]
    rule_id: Mapped[str | None]
    title_hash: Mapped[str] = mapped_column(server_default=text("''"))
    text: Mapped[str]
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    answer: Mapped[str | None]
    answered_by: Mapped[UUID | None]
    answered_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_question_about", "about"),)


class Sample(Base):
    """A decision that was drawn for a second look; its ID is its task's. It holds up nothing."""

    __tablename__ = "sample"

    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    about: Mapped[UUID] = mapped_column(ForeignKey("qualification.task_id"))
    decision_key: Mapped[str]
    agrees: Mapped[bool | None]
    note: Mapped[str] = mapped_column(server_default=text("''"))
    checked_by: Mapped[UUID | None]
    checked_at: Mapped[datetime | None]


class Precedent(Base):
    """One line of a decision, for the next like case: no name, no number."""

    __tablename__ = "precedent"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    about: Mapped[UUID] = mapped_column(ForeignKey("qualification.task_id"))
    round_id: Mapped[UUID]
    kind: Mapped[str]
    check_id: Mapped[str]
    clause: Mapped[str]
    rule_id: Mapped[str | None]
    code: Mapped[str | None]
    title: Mapped[str]
    title_hash: Mapped[str]
    text: Mapped[str]
    outcome: Mapped[str]
    decided_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_precedent_check", "check_id", "decided_at"),
        Index("ix_precedent_rule", "rule_id", "decided_at", postgresql_where=_RULED),
        Index("ix_precedent_about", "about"),
        Index("ix_precedent_round", "round_id", "kind"),
    )


class Hearing(Base):
    """Something looks false (E9): the applicant is heard before two people decide."""

    __tablename__ = "hearing"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("review_case.application_id"))
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    reason: Mapped[str]
    ground: Mapped[str]
    item_id: Mapped[str | None]
    opened_by: Mapped[UUID]
    opened_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    answer_by: Mapped[datetime]
    statement: Mapped[str | None]
    stated_at: Mapped[datetime | None]
    document_key: Mapped[str | None]
    until: Mapped[date | None]
    outcome: Mapped[str] = mapped_column(server_default=text("''"))
    closed_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('open', 'upheld', 'dismissed')", name="state"),
        CheckConstraint("(state = 'upheld') = (document_key is not null)", name="document"),
        Index("uq_hearing_open", "application_id", unique=True, postgresql_where=text("state = 'open'")),
    )


class DeskNote(Base):
    """Something that a person (`account_id`) or everybody of a role should look at, until it has been seen."""

    __tablename__ = "desk_note"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    role: Mapped[str]
    account_id: Mapped[UUID | None]
    task_id: Mapped[UUID | None]
    application_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=_NOW)
    seen_by: Mapped[UUID | None]
    seen_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_desk_note_open", "role", "at", postgresql_where=text("seen_at is null")),)


class DeskLog(Base):
    """What staff did to tasks of others: who, when, why, from what to what."""

    __tablename__ = "desk_log"

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=_NOW)
    actor: Mapped[UUID]
    action: Mapped[str]
    task_id: Mapped[UUID | None]
    application_id: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(server_default=text("''"))
    old: Mapped[str] = mapped_column(server_default=text("''"))
    new: Mapped[str] = mapped_column(server_default=text("''"))

    __table_args__ = (Index("ix_desk_log_task", "task_id"),)
