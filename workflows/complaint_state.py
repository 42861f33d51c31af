"""What one complaint knows of itself, and the pure table of what it accepts at which stage (N3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.commands import Accepted, Command, CommandName, Refused
from contracts.complaints import (
    UPHELD,
    AcceptComplaint,
    ComplaintMove,
    ComplaintOutcome,
    ComplaintStage,
    DecideComplaint,
    ExtensionPrepared,
    HearingPrepared,
    RestOnEntry,
)
from contracts.refusals import refused

EXAMINED = (ComplaintStage.accepted, ComplaintStage.heard)


@dataclass
class ComplaintState:
    """Handlers append to `pending` what is to become of it; only the main coroutine takes that up as `now`."""

    now: ComplaintMove
    pending: list[ComplaintMove] = field(default_factory=list)

    @property
    def last(self) -> ComplaintMove:
        """What it will be when everything accepted is done."""
        return self.pending[-1] if self.pending else self.now

    def take(self) -> ComplaintMove:
        """The next accepted step becomes what is."""
        self.now = self.pending.pop(0).model_copy(update={"seq": self.now.seq + 1})
        return self.now

    def next_deadline(self) -> datetime | None:
        """Of the hearing or of the decision, whichever comes first; None when neither is to come."""
        coming = [] if self.now.overdue else [self.now.decide_by]
        if self.now.stage is ComplaintStage.hearing and self.now.answer_by is not None:
            coming.append(self.now.answer_by)
        return min(coming, default=None)

    def passed(self, moment: datetime) -> None:
        """A deadline was waited for in vain."""
        if self.pending:
            return  # something came at the same moment: look again after it
        now = self.now
        if now.stage is ComplaintStage.hearing and now.answer_by is not None and now.answer_by <= moment:
            self._next(stage=ComplaintStage.heard)
        if not now.overdue and now.decide_by <= moment:
            self._next(overdue=True)

    def decide(self, command: Command) -> Accepted | Refused:
        """Accept (and note what follows) or refuse one command."""
        if self.last.stage is ComplaintStage.ended:
            return refused("complaint_ended")
        return _TABLE[command.name](self, command)

    def _next(self, **changes: Any) -> Accepted:
        self.pending.append(self.last.model_copy(update={"entry_id": None, **changes}))
        return Accepted()

    def _accept(self, command: Command) -> Accepted | Refused:
        if self.last.stage is not ComplaintStage.received:
            return refused("already_answered")
        body = command.typed_body()
        assert isinstance(body, AcceptComplaint)
        application_id = body.application_id or self.last.application_id
        return self._next(stage=ComplaintStage.accepted, application_id=application_id)

    def _refuse(self, command: Command) -> Accepted | Refused:
        if self.last.stage is not ComplaintStage.received:
            return refused("already_answered")
        return self._next(
            stage=ComplaintStage.ended, outcome=ComplaintOutcome.not_accepted, entry_id=_entry(command)
        )

    def _hear(self, command: Command) -> Accepted | Refused:
        if self.last.stage is ComplaintStage.hearing:
            return refused("hearing_open")
        if self.last.stage not in EXAMINED:
            return refused("not_examined")
        if self.last.application_id is None:
            return refused("nobody_to_hear")
        prepared = command.typed_prepared()
        assert isinstance(prepared, HearingPrepared)
        return self._next(
            stage=ComplaintStage.hearing, answer_by=prepared.answer_by, entry_id=_entry(command)
        )

    def _close_hearing(self, _: Command) -> Accepted | Refused:
        if self.last.stage is not ComplaintStage.hearing:
            return refused("no_hearing")
        return self._next(stage=ComplaintStage.heard)

    def _extend(self, command: Command) -> Accepted | Refused:
        """Once, and only before the limit has passed."""
        if self.last.extended:
            return refused("already_extended")
        if self.last.overdue:
            return refused("limit_passed")
        prepared = command.typed_prepared()
        assert isinstance(prepared, ExtensionPrepared)
        return self._next(extended=True, decide_by=prepared.decide_by, entry_id=_entry(command))

    def _decide(self, command: Command) -> Accepted | Refused:
        """The person complained of has been heard before anything is upheld against them."""
        body = command.typed_body()
        assert isinstance(body, DecideComplaint)
        if self.last.stage is ComplaintStage.received or body.outcome is ComplaintOutcome.not_accepted:
            return refused("not_examined")
        if self.last.stage is ComplaintStage.hearing:
            return refused("hearing_open")
        against = self.last.application_id is not None
        upheld = body.outcome in UPHELD
        if body.disqualify and not (upheld and against):
            return refused("nothing_to_disqualify")
        if upheld and against and self.last.stage is not ComplaintStage.heard:
            return refused("not_heard")
        return self._next(
            stage=ComplaintStage.ended,
            outcome=body.outcome,
            disqualify=body.disqualify,
            entry_id=body.entry_id,
        )


def _entry(command: Command) -> object:
    body = command.typed_body()
    assert isinstance(body, RestOnEntry)
    return body.entry_id


_TABLE: dict[CommandName, Callable[[ComplaintState, Command], Accepted | Refused]] = {
    CommandName.accept_complaint: ComplaintState._accept,
    CommandName.refuse_complaint: ComplaintState._refuse,
    CommandName.hear_accused: ComplaintState._hear,
    CommandName.close_hearing: ComplaintState._close_hearing,
    CommandName.extend_complaint: ComplaintState._extend,
    CommandName.decide_complaint: ComplaintState._decide,
}
