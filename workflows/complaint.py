"""`ComplaintWorkflow`: the clock of one complaint, from its receipt to the decision; what it accepts is in `decide`."""

from collections.abc import Sequence
from datetime import datetime

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from contracts import publication
    from contracts.base import Data
    from contracts.commands import COMMANDS, CommandName, Outcome, TargetKind
    from contracts.complaints import ComplaintMove, ComplaintOutcome, ComplaintRef, ComplaintStage
    from contracts.lifecycle import ActionRequiredBy as By
    from workflows.complaint_state import ComplaintState
    from workflows.doors import ACTION_REQUIRED_BY, STAGE, read_command
    from workflows.policies import call, time_left


class StartComplaint(Data):
    """Input of the run, known when `open_complaint` was prepared."""

    complaint: ComplaintRef
    move: ComplaintMove


class ComplaintEnd(Data):
    """Result of the run."""

    outcome: ComplaintOutcome


@workflow.defn
class ComplaintWorkflow:
    """Two deadlines: the explanation of the person complained of, and the limit of the decision (N3).

    The first ends the hearing; the second changes nothing but that everybody sees that it is late.
    """

    @workflow.init
    def __init__(self, start: StartComplaint) -> None:
        self.state = ComplaintState(now=start.move)

    @workflow.update(dynamic=True)
    async def command(self, name: str, args: Sequence[RawValue]) -> Outcome:
        """Every command is an update of its own name; the handler checks, records and answers."""
        return self.state.decide(read_command(args))

    @command.validator
    def _well_formed(self, name: str, args: Sequence[RawValue]) -> None:
        command = read_command(args)
        if command.name.value != name or COMMANDS[command.name].target is not TargetKind.complaint:
            raise ValueError("command does not belong here")
        if command.name is CommandName.open_complaint:
            raise ValueError("open_complaint starts a run")
        command.typed_body()
        command.typed_prepared()

    @workflow.query
    def now(self) -> ComplaintMove:
        """Where the complaint stands."""
        return self.state.now

    @workflow.run
    async def run(self, start: StartComplaint) -> ComplaintEnd:
        state = self.state
        while state.now.stage is not ComplaintStage.ended:
            await self._something(state.next_deadline())
            while state.pending:
                before = state.now.stage
                move = state.take()
                if move.stage is not before:
                    self._show(move.stage)
                await call(
                    publication.move_complaint,
                    publication.MoveComplaint(
                        key=f"{start.complaint.complaint_id}:{move.seq}",
                        complaint=start.complaint,
                        move=move,
                    ),
                )
        await workflow.wait_condition(workflow.all_handlers_finished)
        assert state.now.outcome is not None
        return ComplaintEnd(outcome=state.now.outcome)

    async def _something(self, deadline: datetime | None) -> None:
        """Until a command was accepted, or a deadline has passed."""
        timeout = None if deadline is None else time_left(deadline)
        try:
            await workflow.wait_condition(lambda: bool(self.state.pending), timeout=timeout)
        except TimeoutError:
            self.state.passed(workflow.now())

    def _show(self, stage: ComplaintStage) -> None:
        by = {ComplaintStage.hearing: By.applicant, ComplaintStage.ended: By.nobody}.get(stage, By.supervisor)
        workflow.upsert_search_attributes(
            [STAGE.value_set(stage.value), ACTION_REQUIRED_BY.value_set(by.value)]
        )
