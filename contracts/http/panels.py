"""HTTP of defence panels (D1): panels with chair and place, a slot for each candidate, the day as members see it."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.http.sheets import SheetState


class DefenceForm(StrEnum):
    on_site = "on_site"
    online = "online"


class SavePanel(Input):
    """`POST /panels`, `PUT /panels/{panel_id}`. `members` as many as the pack says, the chair one of them.

    A change of members seats them at every defence of the panel that nobody has marked yet.
    """

    round_id: UUID
    name: Annotated[str, Field(min_length=1, max_length=40)]
    form: DefenceForm
    place: Annotated[str, Field(min_length=2, max_length=200)]
    """Room and address, or the link of the meeting."""
    members: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=15)]
    chair: UUID


class Panel(Data):
    """`defences`: candidates that have a slot with it or had one; `open`: those not over yet."""

    id: UUID
    round_id: UUID
    name: str
    form: DefenceForm
    place: str
    members: tuple[UUID, ...]
    chair: UUID
    defences: int = 0
    open: int = 0


class Panels(Data):
    panels: tuple[Panel, ...]


class NotSeated(Data):
    """A candidate that could not be put before a panel, and why."""

    application_number: str
    code: str
    message: str


class PanelSaved(Data):
    """`refused`: defences of the panel that keep the members they had."""

    panel: Panel
    refused: tuple[NotSeated, ...] = ()


class SetSlots(Input):
    """`POST /panels/{panel_id}/slots`: these candidates one after the other from `starts_at`, each as long as the pack
    says; also moves who has a slot already."""

    starts_at: AwareDatetime
    applications: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]


class SlotsSet(Data):
    seated: int
    refused: tuple[NotSeated, ...] = ()


class Postpone(Input):
    """`POST /applications/{id}/defence/postpone`, by the office or the chair: the time is open again."""

    reason: Annotated[str, Field(min_length=2, max_length=200)]


class DefenceState(StrEnum):
    unscheduled = "unscheduled"
    scheduled = "scheduled"
    short = "short"
    """Fewer members than the quorum: postponed, never scored by two (D1)."""
    marking = "marking"
    complete = "complete"
    absent = "absent"


class Seat(Data):
    """A member at one defence. `handed_in` is told to chair and office, marks to nobody."""

    account_id: UUID
    chair: bool
    handed_in: bool | None = None


class Defence(Data):
    """One candidate's defence. `task_id`, `mine`: the caller's own sheet; `chairs`: the caller may act as chair."""

    application_id: UUID
    application_number: str
    level: str
    state: DefenceState
    wanted: int
    quorum: int
    seats: tuple[Seat, ...]
    panel_id: UUID | None = None
    panel: str = ""
    form: DefenceForm | None = None
    place: str = ""
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    postponed: str = ""
    task_id: UUID | None = None
    mine: SheetState | None = None
    chairs: bool = False


class Defences(Data):
    """`GET /defences`: of members their own; of the office all that are not cancelled. By time, then number."""

    defences: tuple[Defence, ...]


class Appointment(Data):
    """`GET /applications/{id}/defence`: what a candidate is told. No member is named."""

    state: DefenceState
    form: DefenceForm | None = None
    place: str = ""
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    postponed: bool = False
