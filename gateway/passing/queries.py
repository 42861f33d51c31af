"""Query strings of passed-on routes."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Input
from contracts.http.complaints import ComplaintState
from contracts.http.review import TaskKind

Cursor = Annotated[str, Field(max_length=200)]
Limit = Annotated[int, Field(ge=1, le=200)]


class TaskQuery(Input):
    kind: TaskKind | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None
    look: Annotated[int, Field(ge=1, le=2)] | None = None
    level: Annotated[str, Field(max_length=32)] | None = None
    overdue: bool | None = None
    mine: bool | None = None


class DeskTasksQuery(Input):
    """Everybody's tasks."""

    kind: TaskKind | None = None
    owner: UUID | None = None
    overdue: bool | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


class OverviewQuery(Input):
    round_id: UUID | None = None


class DeskLogQuery(Input):
    task_id: UUID | None = None
    application_id: UUID | None = None


class PrecedentQuery(Input):
    check_id: Annotated[str, Field(max_length=64)] | None = None
    rule_id: Annotated[str, Field(max_length=64)] | None = None
    item_id: Annotated[str, Field(max_length=64)] | None = None


class RankingQuery(Input):
    level: Annotated[str, Field(max_length=32)] | None = None
    cursor: Annotated[str, Field(pattern=r"^\d{1,12}$")] | None = None
    limit: Limit | None = None


class NoticesQuery(Input):
    round_id: UUID | None = None


class MailboxQuery(Input):
    recipient: Annotated[str, Field(min_length=5, max_length=20)]
    after: AwareDatetime | None = None


class ComplaintsQuery(Input):
    state: ComplaintState | None = None
    page: Annotated[int, Field(ge=1, le=10_000)] | None = None
