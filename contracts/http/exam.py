"""HTTP of the exam service: sittings for the secretariat, the candidate's own paper and answers (X1–X3).
Excuses and the office's lists of candidates are in `contracts.http.sittings`.

No key, no score and no item that is not on the caller's own paper ever stands in one of these.
"""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from contracts.base import Data, Input

# Sittings (secretariat, operator) ---------------------------------------------------------------------------


class SittingState(StrEnum):
    """`planned`: gathers candidates, papers sealed · `open` · `closed`: everybody is graded or absent."""

    planned = "planned"
    open = "open"
    closed = "closed"


class Sitting(Data):
    """One sitting of a level; `number` 1 is the first, later ones are make-up sittings (补考场次).

    `enrolled` counts all candidates (cancelled ones left out); the other three are parts of it. `starts_at` is what the
    office has announced (X3); nothing opens by it.
    """

    id: UUID
    round_id: UUID
    level: str
    number: int
    state: SittingState
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    enrolled: int
    started: int
    finished: int
    absent: int
    starts_at: AwareDatetime | None = None
    excuses: int = 0
    """Excuses that wait for a second person."""


class Sittings(Data):
    """GET /rounds/{round_id}/sittings, by level and number."""

    sittings: tuple[Sitting, ...]


class OpenSitting(Input):
    """POST /rounds/{round_id}/sittings/{level}/open (an empty body will do): opens now, for the pack's duration.

    While one of the level is open the same one is answered. Errors: 409 `nobody_enrolled`, `sitting_closing`.
    """


class ExtendSitting(Input):
    """POST /rounds/{round_id}/sittings/{level}/extend. `minutes` are added to the end of the open sitting.

    Give `closes_at` as it was read: a second click then answers 409 `sitting_changed` instead of adding twice.
    `reason` is kept with who did it and when. Errors: 409 `sitting_not_open`, `sitting_changed`.
    """

    minutes: Annotated[int, Field(ge=1, le=600)]
    closes_at: AwareDatetime | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


# The candidate ----------------------------------------------------------------------------------------------


class ExamStatus(StrEnum):
    """`waiting`: the sitting is not open · `ready`: open, may start · `started` · `closing`: time is up, being
    graded · `excuse_pending`: not started, an excuse was filed in time and waits for its second person · `finished` ·
    `absent` 缺考 · `cancelled`: the application ended before."""

    waiting = "waiting"
    ready = "ready"
    started = "started"
    closing = "closing"
    excuse_pending = "excuse_pending"
    finished = "finished"
    absent = "absent"
    cancelled = "cancelled"


OptionId = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class PaperOption(Data):
    id: str
    text: str


class PaperItem(Data):
    """One item in the candidate's own order. `form`: single, multiple, true_false, hand_marked."""

    id: str
    area: str
    form: str
    stem: str
    options: tuple[PaperOption, ...]
    points: str
    """Decimal as text."""


class SavedAnswer(Data):
    item_id: str
    rev: int
    choice: tuple[str, ...]


class ExamPart(Data):
    """How many items of one form the paper has; `points`: what they bring together, decimal as text."""

    form: str
    count: int
    points: str


class Briefing(Data):
    """What anybody may know of the exam beforehand, from the pack (X1, X2). `seconds`: one candidate's time.

    `multiple`: all_or_nothing, half_if_incomplete; `excused_absence`: make_up, carry_fee_over.
    """

    seconds: int
    items: int
    points: str
    parts: tuple[ExamPart, ...]
    areas: tuple[str, ...]
    multiple: str
    excused_absence: str


class Exam(Data):
    """GET /applications/{id}/exam · POST …/exam/start · POST …/exam/finish: everything a device needs to go on.

    `remaining_seconds` counts by the server's clock. `items` and `answers` are there only while `started`; the same
    items in the same order on every device. A device goes on with revisions above those in `answers`.
    `sitting` is the number of the sitting (later ones are make-up sittings), `starts_at` what was announced of it,
    `answered` how many items have an answer in store.
    Errors: 404 `no_exam`; start: 409 `sitting_not_open`, `sitting_closed`; finish: 409 `not_started`.
    """

    application_id: UUID
    level: str
    status: ExamStatus
    now: AwareDatetime
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    remaining_seconds: int | None = None
    items: tuple[PaperItem, ...] = ()
    answers: tuple[SavedAnswer, ...] = ()
    sitting: int = 1
    starts_at: AwareDatetime | None = None
    answered: int = 0
    briefing: Briefing | None = None


class SaveAnswer(Input):
    """PUT /applications/{id}/exam/answers/{item_id}. `choice`: option IDs; empty takes the answer back.

    `rev` grows by one with each change of that item. Errors: 404 `no_exam`, `no_item`; 422 `wrong_choice`;
    409 `not_started`, `sitting_closed`, `already_finished`.
    """

    rev: Annotated[int, Field(ge=1, le=2_000_000_000)]
    choice: Annotated[tuple[OptionId, ...], Field(max_length=32)]


class AnswerSaved(Data):
    """What is stored now. `superseded`: a later revision was there already and stays; take it over.

    `now` is the server's clock at the arrival of this request: devices set theirs by it.
    """

    item_id: str
    rev: int
    choice: tuple[str, ...]
    saved_at: AwareDatetime
    closes_at: AwareDatetime
    superseded: bool
    now: AwareDatetime | None = None
