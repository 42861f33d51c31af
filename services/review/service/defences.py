"""A defence as its members, the office and the candidate see it (D1); no I/O."""

from datetime import datetime
from uuid import UUID

from contracts.commands import Role
from contracts.http.panels import Appointment, Defence, DefenceForm, DefenceState, Seat
from contracts.http.sheets import SheetState
from contracts.rulepack import Panel as PanelRules
from kit.tokens import Actor
from services.review.models import Sheet
from services.review.repository.panels import Line


def chair_of(line: Line) -> UUID | None:
    """Who chairs: the panel's chair, if they sit here. None: whoever of the members may chair panels at all."""
    seated = {one.expert_id for one in line.sheets}
    return line.panel.chair if line.panel is not None and line.panel.chair in seated else None


def chairs(line: Line, actor: Actor) -> bool:
    """Whether the actor is in the chair of this defence."""
    if actor.role != Role.panel_chair or actor.subject not in {one.expert_id for one in line.sheets}:
        return False
    chair = chair_of(line)
    return chair is None or chair == actor.subject


def state_of(line: Line, quorum: int) -> DefenceState:
    """Too few members is said before everything else that is still open: nobody is scored by two (D1)."""
    if line.assessment.state != "open":
        return DefenceState(line.assessment.state)
    if len(line.sheets) < quorum:
        return DefenceState.short
    if any(one.submitted_at is not None for one in line.sheets):
        return DefenceState.marking
    scheduled = line.slot is not None and line.slot.starts_at is not None
    return DefenceState.scheduled if scheduled else DefenceState.unscheduled


def defence(line: Line, actor: Actor, rules: PanelRules) -> Defence:
    """Who has handed in is told to chair and office; marks are told to nobody (P3)."""
    own = next((one for one in line.sheets if one.expert_id == actor.subject), None)
    in_chair = chairs(line, actor)
    tells = in_chair or actor.role not in (Role.expert, Role.panel_chair)
    chair = chair_of(line)
    return Defence(
        application_id=line.case.application_id,
        application_number=line.case.application_number,
        level=line.case.level,
        state=state_of(line, rules.quorum),
        wanted=line.assessment.wanted,
        quorum=rules.quorum,
        seats=tuple(
            Seat(
                account_id=one.expert_id,
                chair=one.expert_id == chair,
                handed_in=one.submitted_at is not None if tells or one is own else None,
            )
            for one in line.sheets
        ),
        panel_id=line.panel.id if line.panel is not None else None,
        panel=line.panel.name if line.panel is not None else "",
        form=DefenceForm(line.panel.form) if line.panel is not None else None,
        place=line.panel.place if line.panel is not None else "",
        starts_at=line.slot.starts_at if line.slot is not None else None,
        ends_at=line.slot.ends_at if line.slot is not None else None,
        postponed=line.slot.postponed if line.slot is not None else "",
        task_id=own.task_id if own is not None else None,
        mine=_mine(own),
        chairs=in_chair,
    )


def appointment(line: Line) -> Appointment:
    """Time, form and place; while there is no time, also no place."""
    starts_at: datetime | None = line.slot.starts_at if line.slot is not None else None
    over = line.assessment.state in ("complete", "absent")
    state = DefenceState.scheduled if starts_at is not None else DefenceState.unscheduled
    told = line.panel if starts_at is not None else None
    return Appointment(
        state=DefenceState(line.assessment.state) if over else state,
        form=DefenceForm(told.form) if told is not None else None,
        place=told.place if told is not None else "",
        starts_at=starts_at,
        ends_at=line.slot.ends_at if line.slot is not None else None,
        postponed=line.slot is not None and starts_at is None and line.slot.postponed != "",
    )


def _mine(sheet: Sheet | None) -> SheetState | None:
    if sheet is None:
        return None
    if sheet.submitted_at is not None:
        return SheetState.handed_in
    return SheetState.draft if sheet.version else SheetState.not_begun
