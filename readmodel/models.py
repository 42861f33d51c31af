"""Tables of the read model; all of it can be built again from the topics."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, Index, MetaData, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kit.db import NAMING
from kit.tables import mechanics


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text,
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
    }


mechanics(Base.metadata, "inbox")


class CaseRow(Base):
    """Where each application stands: the transition with the highest `seq` that has come."""

    __tablename__ = "known_case"
    __table_args__ = (
        Index("ix_known_case_list", "round_id", "application_number"),
        Index("ix_known_case_stage", "round_id", "stage", "status"),
    )

    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    round_id: Mapped[UUID]
    person_id: Mapped[UUID | None]
    application_number: Mapped[str]
    level: Mapped[str]
    route: Mapped[str]
    seq: Mapped[int]
    stage: Mapped[str]
    status: Mapped[str]
    action_required_by: Mapped[str]
    closes_at: Mapped[datetime | None]
    held: Mapped[bool]
    since: Mapped[datetime]
    updated_at: Mapped[datetime]
    missing: Mapped[list[str]] = mapped_column(server_default="{}")
    """What the applicant still has to do (`contracts.http.district.MissingStep`), from state and timeline."""


class TimelineRow(Base):
    """Everything that happened to an application, whatever its order of arrival."""

    __tablename__ = "timeline"
    __table_args__ = (Index("ix_timeline_application", "application_id", "occurred_at"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID]
    seq: Mapped[int | None]
    type: Mapped[str]
    stage: Mapped[str | None]
    status: Mapped[str | None]
    occurred_at: Mapped[datetime]
    data: Mapped[dict[str, Any]]


class PersonRow(Base):
    """Name, unit and district for lists; gone when the person's key is erased and the topic replayed."""

    __tablename__ = "person"
    __table_args__ = (Index("ix_person_district", "district"),)

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    unit: Mapped[str]
    district: Mapped[str]
    updated_at: Mapped[datetime]


class RoundRow(Base):
    """Where each round stands."""

    __tablename__ = "known_round"

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    stage: Mapped[str]
    closes_at: Mapped[datetime | None]
