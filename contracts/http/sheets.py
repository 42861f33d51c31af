"""HTTP of score sheets beside one sheet: an expert's own list; for the office progress, load, and who is missing."""

from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime

from contracts.base import Data
from contracts.http.review import TaskKind


class SheetState(StrEnum):
    not_begun = "not_begun"
    draft = "draft"
    handed_in = "handed_in"


class SheetCard(Data):
    """One of my sheets. `marked` of `lines` have a mark; `total` is exact ("n/d") once it is handed in."""

    task_id: UUID
    kind: TaskKind
    application_number: str
    level: str
    state: SheetState
    lines: int
    marked: int
    due_at: AwareDatetime | None
    overdue: bool
    submitted_at: AwareDatetime | None = None
    total: str | None = None


class MySheets(Data):
    """`GET /sheets`: what was given to me and to nobody else (O3), the most urgent first, handed in ones last."""

    sheets: tuple[SheetCard, ...]
    given: int
    done: int
    overdue: int


class StageProgress(Data):
    """How one stage stands. `short`: cases in which somebody has still to be drawn; `third`: with a third sheet."""

    stage: str
    cases: int
    complete: int
    absent: int
    open: int
    short: int
    third: int
    given: int
    done: int
    overdue: int


class ShortCase(Data):
    """A case that waits for somebody to be drawn, and why: of `experts` in the registry so many are not available."""

    application_id: UUID
    application_number: str
    level: str
    stage: str
    missing: int
    experts: int
    inactive: int
    used: int
    """Have judged this case, or stood back from it."""
    full: int
    """Have as many sheets as the pack allows."""
    recused: int
    """Same unit, recommended by the applicant's unit, or the applicant."""


class ExpertLoad(Data):
    """Sheets of one expert that were not set aside. `due_at`: of the most urgent one that is not handed in."""

    account_id: UUID
    unit: str
    active: bool
    given: int
    done: int
    begun: int
    overdue: int
    due_at: AwareDatetime | None = None


class Recusal(Data):
    """Somebody stood back from a case, and why (O3)."""

    at: AwareDatetime
    account_id: UUID
    application_number: str
    reason: str


class Assessments(Data):
    """`GET /assessments`: `short` shows the first hundred cases, `recusals` the last fifty."""

    stages: tuple[StageProgress, ...]
    short: tuple[ShortCase, ...]
    loads: tuple[ExpertLoad, ...]
    recusals: tuple[Recusal, ...] = ()
