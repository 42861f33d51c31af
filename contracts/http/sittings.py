"""HTTP of a sitting's office side: announcing it, who sits, what was changed, excuses with a second person (X3)."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from contracts.base import Data, Input
from contracts.http.exam import Sitting
from contracts.rulings import ContentKey

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class AnnounceSitting(Input):
    """POST /rounds/{round_id}/sittings/{level}/announce (secretariat): when the planned sitting is to begin.

    Candidates read it; nothing opens by it. Errors: 409 `nobody_enrolled`, `start_past`.
    """

    starts_at: AwareDatetime


class AttemptState(StrEnum):
    """Where a candidate of a sitting stands, as the office reads it."""

    enrolled = "enrolled"
    started = "started"
    finished = "finished"
    absent = "absent"


class ExcuseState(StrEnum):
    """`open`: waits for the second person · `granted`: goes to the next sitting · `refused` · `void`: the candidate
    has begun after all, or the application has ended."""

    open = "open"
    granted = "granted"
    refused = "refused"
    void = "void"


class Excuse(Data):
    """Why somebody cannot come, with the proof and both persons (X3, O2)."""

    id: UUID
    sitting_id: UUID
    application_id: UUID
    application_number: str
    state: ExcuseState
    reason: str
    document_key: str
    proposed_by: UUID
    proposed_at: AwareDatetime
    decided_by: UUID | None = None
    decided_at: AwareDatetime | None = None
    decision: str = ""


class CandidateLine(Data):
    """One candidate of a sitting. `answered`: items with an answer in store; no answer and no score is told."""

    application_id: UUID
    application_number: str
    state: AttemptState
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    finished_by: str | None = None
    answered: int = 0
    last_saved_at: AwareDatetime | None = None


class SittingChange(Data):
    """What somebody of the office did: `what` is announced, opened or extended; `old` and `new` are instants."""

    what: str
    at: AwareDatetime
    by: UUID
    old: AwareDatetime | None = None
    new: AwareDatetime | None = None
    reason: str = ""


class SittingDetail(Data):
    """GET /rounds/{round_id}/sittings/{sitting_id}/detail. Errors: 404 `no_sitting`."""

    sitting: Sitting
    now: AwareDatetime
    seconds: int
    """How long it lasts by the pack."""
    excused_absence: str
    candidates: tuple[CandidateLine, ...]
    changes: tuple[SittingChange, ...]
    excuses: tuple[Excuse, ...]


class FileExcuse(Input):
    """POST /rounds/{round_id}/sittings/{sitting_id}/excuses (secretariat), before the sitting has ended.

    `document_key`: the proof, kept by `POST /documents`. While it waits, the closing does not make the candidate
    absent. Errors: 404 `no_candidate`; 409 `excuse_too_late`, `already_started`, `already_filed`, `no_make_up`.
    """

    application_id: UUID
    reason: Reason
    document_key: ContentKey


class DecideExcuse(Input):
    """POST /rounds/{round_id}/excuses/{excuse_id}/grant|refuse (approver, another person).

    Granted: the candidate goes to the next sitting of the level. Refused after the sitting has ended: absent.
    Errors: 404 `no_excuse`; 403 `own_proposal`; 409 `already_decided`.
    """

    decision: Reason


class DraftCorrection(Input):
    """POST /rounds/{round_id}/sittings/{level}/corrections (secretariat): another key of one item (X4).

    It is in force after the command `correct_key`, which two people confirm. Errors: 404 `no_item`; 422 `wrong_key`;
    409 `still_sitting`, `already_drafted`, `nothing_changes`.
    """

    item_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    key: Annotated[tuple[str, ...], Field(min_length=1, max_length=26)]
    reason: Reason


class CorrectionState(StrEnum):
    """`drafted`: nothing has changed yet · `applied`: in force, everybody is graded by it · `discarded`."""

    drafted = "drafted"
    applied = "applied"
    discarded = "discarded"


class KeyCorrection(Data):
    """`papers`: that held the item; `changed`: grades that differ; both grades of each are kept."""

    id: UUID
    level: str
    item_id: str
    old_key: tuple[str, ...]
    new_key: tuple[str, ...]
    reason: str
    state: CorrectionState
    papers: int
    changed: int
    grades_key: str
    drafted_by: UUID
    drafted_at: AwareDatetime
    applied_at: AwareDatetime | None = None


class KeyCorrections(Data):
    """GET /rounds/{round_id}/sittings/{level}/corrections, the newest first."""

    corrections: tuple[KeyCorrection, ...]


class OptionFigures(Data):
    """How often an option was chosen. `text` and `right` are left out while papers are sealed."""

    id: str
    count: int
    text: str = ""
    right: bool | None = None


class ItemView(Data):
    """Figures of one item (X4). `facility` 0–1, `discrimination` −1–1 or None, both with three places."""

    item_id: str
    area: str
    form: str
    shown: int
    answered: int
    facility: str
    discrimination: str | None
    stem: str = ""
    options: tuple[OptionFigures, ...] = ()


class ExamStatistics(Data):
    """GET /rounds/{round_id}/sittings/{level}/statistics: over all papers that were graded.

    `sealed`: somebody of the level has still to sit, so stems, options' texts and keys are left out (O5).
    """

    level: str
    papers: int
    sealed: bool
    items: tuple[ItemView, ...]
