"""One case from three sources, the newest of each: command log, services' own facts, read model (by `seq`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from contracts.commands import CommandName, CommandState, Receipt, Refused, Role
from contracts.http.gateway import ApplicationLine, ApplicationList, CaseView, TimelineEntry
from contracts.http.registration import FormState
from contracts.lifecycle import TERMINAL, ActionRequiredBy, Route, Stage, Status
from gateway import todo, words
from gateway.facts import Facts, begun, gather
from gateway.guard import Caller, not_found
from gateway.intake import log
from gateway.intake.models import CommandRow
from gateway.models import Application
from gateway.parts import Parts

_UNDER_WAY = frozenset({CommandState.received, CommandState.prepared, CommandState.quarantined})
ASSISTED = "（柜台协助）"
"""Behind a command that a helper sent with the applicant's consent (A9)."""
_QUIET = frozenset({CommandName.record_rank, CommandName.close_notice, CommandName.issue})
"""Machine commands that the event of the same moment tells better."""


async def view(parts: Parts, caller: Caller, application_id: UUID) -> CaseView:
    """The merged case. 404 when nobody has applied under this ID yet."""
    facts = await gather(parts, caller, application_id)
    if not begun(facts):
        raise not_found()
    return merge(facts, for_applicant=caller.role is Role.applicant)


async def mine(parts: Parts, caller: Caller) -> ApplicationList:
    """The caller's own applications, newest first; an `apply` that was refused leaves none."""
    async with parts.db.read() as session:
        query = select(Application.id).where(Application.person_id == caller.account_id)
        found = list(await session.scalars(query.order_by(Application.created_at.desc())))
    lines = []
    for application_id in found:
        facts = await gather(parts, caller, application_id)
        if begun(facts):
            lines.append(_line(merge(facts, for_applicant=True)))
    return ApplicationList(applications=tuple(lines))


def merge(facts: Facts, *, for_applicant: bool) -> CaseView:
    """Pure: the highest `seq` says the stage; the form's own state and the log say what is newer still."""
    stage, status, by, seq, closes_at = _position(facts)
    rows = [row for row in facts.commands if not for_applicant or row.role == Role.applicant]
    receipts = [log.receipt(row) for row in rows]
    pending = tuple(one for one in receipts if one.state in _UNDER_WAY)
    told = [one for one in (facts.registration, facts.known) if one is not None]
    first = told[0] if told else None
    steps = todo.steps(facts, stage, status, closes_at) if for_applicant else ()
    return CaseView(
        application_id=facts.application.id,
        round_id=facts.application.round_id,
        application_number=first.application_number if first else None,
        level=first.level if first else None,
        level_name=facts.registration.level_name if facts.registration else None,
        route=first.route if first else Route.regular,
        seq=seq,
        stage=stage,
        status=status,
        action_required_by=by,
        stage_name=words.STAGE[stage],
        status_name=words.STATUS[status],
        action_required_by_name=words.ACTION_BY[by],
        closes_at=closes_at,
        held=facts.known.held if facts.known else status is Status.held,
        pending=pending,
        last_refusal=_last_refusal(receipts),
        to_do=steps,
        timeline=timeline(facts.events, rows),
    )


def timeline(events: Sequence[TimelineEntry], rows: Sequence[CommandRow]) -> tuple[TimelineEntry, ...]:
    """Events, and from the log what no event tells (refused, under way, just accepted), newest first.

    The applicant's own view is given only their own commands: what staff tried is not told before it took effect.
    """
    newest_event = max((entry.at for entry in events), default=None)
    told = list(events)
    for row in rows:
        name, receipt = CommandName(row.name), log.receipt(row)
        text = words.COMMAND[name] + (ASSISTED if row.assisted_by is not None else "")
        if isinstance(receipt.outcome, Refused):
            if row.role != Role.system:
                told.append(_refusal(receipt))
        elif receipt.state in _UNDER_WAY:
            told.append(TimelineEntry(at=row.received_at, code=row.name, text=f"{text}：已受理，正在处理"))
        elif name not in _QUIET and (newest_event is None or row.received_at > newest_event):
            told.append(TimelineEntry(at=row.received_at, code=row.name, text=f"{text}：已受理"))
    return tuple(sorted(told, key=lambda entry: entry.at, reverse=True))


def _position(facts: Facts) -> tuple[Stage, Status, ActionRequiredBy, int, datetime | None]:
    """Stage, status, who must act, seq, end of the present window."""
    known, registration = facts.known, facts.registration
    stage = known.stage if known else Stage.filing
    status = known.status if known else Status.draft
    by = known.action_required_by if known else ActionRequiredBy.applicant
    seq = known.seq if known else 0
    if registration is not None:
        ahead = registration.seq > seq
        if registration.status in TERMINAL and (ahead or stage is not Stage.ended):
            stage, status, by = Stage.ended, registration.status, ActionRequiredBy.nobody
        elif stage is Stage.filing and status in (Status.draft, Status.submitted):
            status = Status.submitted if registration.state is FormState.locked else Status.draft
        elif ahead and registration.state is FormState.correction:
            stage, status, by = Stage.correction, Status.awaiting_correction, ActionRequiredBy.applicant
        seq = max(seq, registration.seq)
    return stage, status, by, seq, _closes_at(facts, stage)


def _closes_at(facts: Facts, stage: Stage) -> datetime | None:
    """The application's own window of the stage, else the round's: extensions are there at once."""
    own = [row for row in facts.windows if row.stage == stage.value]
    own.sort(key=lambda row: row.target_id != facts.application.id)
    if own:
        return own[0].closes_at
    known = facts.known
    return known.closes_at if known and known.stage is stage else None


def _last_refusal(receipts: Sequence[Receipt]) -> TimelineEntry | None:
    """Only while it is the newest word on the case."""
    latest = next((one for one in receipts if one.outcome is not None), None)
    return _refusal(latest) if latest is not None and isinstance(latest.outcome, Refused) else None


def _refusal(receipt: Receipt) -> TimelineEntry:
    said = receipt.outcome
    assert isinstance(said, Refused)
    return TimelineEntry(
        at=receipt.received_at,
        code=said.code,
        text=f"{words.COMMAND[receipt.name]}：未受理。{said.message}",
        clause=said.clause,
        refused=True,
    )


def _line(case: CaseView) -> ApplicationLine:
    return ApplicationLine(
        application_id=case.application_id,
        round_id=case.round_id,
        application_number=case.application_number,
        level=case.level,
        stage=case.stage,
        status=case.status,
        stage_name=case.stage_name,
        status_name=case.status_name,
        action_required_by=case.action_required_by,
        closes_at=case.closes_at,
        next_step=next((step for step in case.to_do if step.required), None),
    )
