"""`ApplicationLifecycle`: one run is one application's life, from the first draft to the certificate or another end."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from contracts import exam, gateway, payment, publication, registration, review, scoring
    from contracts.base import Data
    from contracts.commands import (
        COMMANDS,
        CommandName,
        DecisionPrepared,
        Outcome,
        QualificationOutcome,
        TargetKind,
    )
    from contracts.lifecycle import ActionRequiredBy as By
    from contracts.lifecycle import CaseRef, Phase, Stage, Status, Transition
    from workflows.doors import ACTION_REQUIRED_BY, STAGE, read_command
    from workflows.policies import call, time_left
    from workflows.state import FilingTask, LifecycleState

SCORED = (Stage.exam, Stage.portfolio, Stage.defence)


class StartApplication(Data):
    """Input of the run, known when `apply` was prepared."""

    case: CaseRef
    filing_closes_at: datetime


class ApplicationEnd(Data):
    """Result of the run."""

    status: Status


class ApplicationNow(Data):
    """Answer of the query `now`."""

    transition: Transition
    held: bool


@workflow.defn
class ApplicationLifecycle:
    """Waits for commands, decides what is next, lets services do it. `docs/lifecycle.md` has the diagram."""

    @workflow.init
    def __init__(self, start: StartApplication) -> None:
        self.state = LifecycleState(case=start.case, closes_at=start.filing_closes_at)

    # doors ------------------------------------------------------------------------------------------------

    @workflow.update(dynamic=True)
    async def command(self, name: str, args: Sequence[RawValue]) -> Outcome:
        """Every command is an update of its own name; the handler checks, records and answers."""
        return self.state.decide(read_command(args))

    @command.validator
    def _well_formed(self, name: str, args: Sequence[RawValue]) -> None:
        """Refuses only what is malformed; such an update leaves no trace in the history."""
        command = read_command(args)
        spec = COMMANDS[command.name]
        if command.name.value != name or spec.target is not TargetKind.application:
            raise ValueError("command does not belong here")
        if command.name is CommandName.apply:
            raise ValueError("apply starts a run")
        command.typed_body()
        command.typed_prepared()

    @workflow.query
    def now(self) -> ApplicationNow:
        """Where the application stands."""
        state = self.state
        return ApplicationNow(
            transition=Transition(
                seq=state.seq,
                stage=state.stage,
                status=state.status,
                action_required_by=state.action_required_by,
            ),
            held=state.held,
        )

    # the way through --------------------------------------------------------------------------------------

    @workflow.run
    async def run(self, start: StartApplication) -> ApplicationEnd:
        await self._filing()
        steps = {
            Stage.qualification: self._qualification,
            Stage.outside_decision: self._outside_decision,
            Stage.exam: self._exam,
            Stage.portfolio: self._portfolio,
            Stage.defence: self._defence,
            Stage.totals: self._totals,
            Stage.notice: self._notice,
            Stage.certificate: self._certificate,
        }
        if not self.state.over:
            for stage in self.state.plan.stages:
                if stage in steps and not (self.state.absent and stage in SCORED):
                    await steps[stage]()
                if self.state.over:
                    break
        return await self._ended()

    async def _filing(self) -> None:
        """Three facts in any order until the window closes: form, scan, fee (A6)."""
        state = self.state
        while not (state.filed and not state.filing_tasks) and not state.over:
            if state.filing_tasks:
                await self._filing_task(state.filing_tasks.pop(0))
                continue
            ready = await self._until(lambda: state.filed or bool(state.filing_tasks), state.closes_at)
            if not ready and not state.over:
                await self._filing_closes()

    async def _filing_task(self, task: FilingTask) -> None:
        state = self.state
        if task is FilingTask.open_order:
            move = self._move(Stage.filing, Status.submitted, By.applicant)
            order = await call(
                payment.open_order, payment.OpenOrder(key=state.key(), case=state.case, transition=move)
            )
            if order.paid:
                state.paid_level = state.case.level
            return
        move = self._move(Stage.filing, Status.draft, By.applicant)
        await call(
            registration.unlock_form,
            registration.UnlockForm(
                key=state.key(),
                case=state.case,
                transition=move,
                discard=task is FilingTask.tell_discarded,
            ),
        )

    async def _filing_closes(self) -> None:
        """The deadline fired: extended, filed after all, waiting for a transfer, or lapsed."""
        state = self.state
        deadline = state.closes_at
        if await self._still_open(Stage.filing, deadline):
            return
        if state.filed or state.filing_tasks or state.over:
            return
        if state.form is not None and state.scan_version == state.form.form_version:
            settled = await call(payment.settle, payment.Settle(case=state.case, deadline=deadline))
            if settled.state is payment.SettleState.paid:
                state.paid_level = state.case.level
                return
            if settled.state is payment.SettleState.waiting and settled.until is not None:
                await self._until(lambda: state.filed, settled.until)
                settled = await call(payment.settle, payment.Settle(case=state.case, deadline=deadline))
                if settled.state is payment.SettleState.paid or state.filed:
                    state.paid_level = state.case.level
                    return
        if not state.over:
            state.end = Status.discarded if state.discarded else Status.lapsed

    async def _qualification(self) -> None:
        """Review, at most one correction, second look (Q10-Q12)."""
        state = self.state
        first = await self._look(1, None)
        if first is None or first.outcome is QualificationOutcome.passed:
            return
        if first.outcome is QualificationOutcome.correction:
            if not await self._correction(first.decision_key):
                return
            second = await self._look(2, first.decision_key)
            if second is None or second.outcome is QualificationOutcome.passed:
                return
        state.end = Status.not_qualified

    async def _look(self, look: int, decision_key: str | None) -> DecisionPrepared | None:
        state = self.state
        status = Status.under_review if look == 1 else Status.under_second_review
        move = self._move(Stage.qualification, status, By.reviewer)
        await call(
            review.open_qualification,
            review.OpenQualification(
                key=state.key(), case=state.case, transition=move, look=look, decision_key=decision_key
            ),
        )
        return state.decision if await self._answered() else None

    async def _correction(self, decision_key: str) -> bool:
        """Exactly one, ever. True when it came in time; otherwise the application has ended."""
        state = self.state
        state.corrected = True
        window = await call(
            gateway.open_window,
            gateway.OpenWindow(
                key=f"{state.key()}:correction",
                target_kind=TargetKind.application,
                target_id=state.case.application_id,
                round_id=state.case.round_id,
                stage=Stage.correction,
                pack_key=state.case.pack_key,
            ),
        )
        closes_at = window.closes_at
        move = self._move(Stage.correction, Status.awaiting_correction, By.applicant, closes_at)
        await call(
            registration.open_correction,
            registration.OpenCorrection(
                key=state.key(),
                case=state.case,
                transition=move,
                decision_key=decision_key,
                closes_at=closes_at,
            ),
        )
        while not await self._until(lambda: state.answer is not None, closes_at):
            if state.over:
                return False
            extended = await self._still_open(Stage.correction, closes_at)
            if extended:
                closes_at = extended
            elif state.answer is None:
                state.end = state.end or Status.not_qualified
                return False
        state.take_correction()
        return True

    async def _outside_decision(self) -> None:
        """The direct route is decided elsewhere (E5)."""
        state = self.state
        move = self._move(Stage.outside_decision, Status.awaiting_outside_decision, By.outside)
        await call(
            review.open_outside_decision,
            review.OpenOutsideDecision(key=state.key(), case=state.case, transition=move),
        )
        if await self._answered():
            await call(review.cancel_tasks, review.CancelTasks(key=state.key(), case=state.case))
            if not state.accepted_outside:
                state.end = Status.not_qualified

    async def _exam(self) -> None:
        state = self.state
        move = self._move(Stage.exam, Status.awaiting_exam, By.applicant)
        await call(exam.enrol, exam.Enrol(key=state.key(), case=state.case, transition=move))
        if await self._answered():
            state.take_component(Stage.exam)

    async def _portfolio(self) -> None:
        state = self.state
        move = self._move(Stage.portfolio, Status.under_evaluation, By.expert)
        await call(
            review.open_portfolio, review.OpenPortfolio(key=state.key(), case=state.case, transition=move)
        )
        if await self._answered():
            state.take_component(Stage.portfolio)

    async def _defence(self) -> None:
        state = self.state
        move = self._move(Stage.defence, Status.awaiting_defence, By.expert)
        await call(review.open_defence, review.OpenDefence(key=state.key(), case=state.case, transition=move))
        if await self._answered():
            state.take_component(Stage.defence)

    async def _totals(self) -> None:
        """Hands all components to scoring at once and waits for the ranking of the round."""
        state = self.state
        status = Status.absent if state.absent else Status.awaiting_ranking
        move = self._move(Stage.totals, status, By.nobody)
        await call(
            scoring.receive_components,
            scoring.ReceiveComponents(
                key=state.key(),
                case=state.case,
                transition=move,
                components=state.components,
                absent=state.absent,
            ),
        )
        await self._set_phase(Phase.ready)
        if await self._answered() and not state.in_cut:
            state.end = Status.not_certified

    async def _notice(self) -> None:
        """In the public list until its clock has run and nothing holds the person (N2, N3)."""
        state = self.state
        move = self._move(Stage.notice, Status.awaiting_notice, By.nobody)
        await call(publication.enlist, publication.Enlist(key=state.key(), case=state.case, transition=move))
        await self._set_phase(Phase.listed)
        if await self._answered():
            state.held = state.held or state.held_at_close
            await self._until(lambda: not state.held)

    async def _certificate(self) -> None:
        state = self.state
        move = self._move(Stage.certificate, Status.awaiting_certificate, By.secretariat)
        await call(
            publication.await_certificate,
            publication.AwaitCertificate(key=state.key(), case=state.case, transition=move),
        )
        if not await self._until(lambda: state.answer is not None and not state.held):
            return
        state.closing = True
        issue = state.final_list
        move = self._move(Stage.ended, Status.certified, By.nobody)
        await call(
            publication.issue_certificate,
            publication.IssueCertificate(
                key=state.key(), case=state.case, transition=move, final_list_id=issue.final_list_id
            ),
        )
        state.end = Status.certified

    async def _ended(self) -> ApplicationEnd:
        """Close what is still open elsewhere, tell the world, and leave no update unanswered."""
        state = self.state
        assert state.end is not None
        state.closing = True
        last = state.stage
        key = f"{state.key()}:end"
        if last in (Stage.qualification, Stage.outside_decision, Stage.portfolio, Stage.defence):
            await call(review.cancel_tasks, review.CancelTasks(key=key, case=state.case))
        elif last is Stage.totals and state.end is not Status.not_certified:
            await call(scoring.drop_candidate, scoring.DropCandidate(key=key, case=state.case))
        elif last is Stage.exam:
            await call(exam.cancel_attempt, exam.CancelAttempt(key=key, case=state.case))
        elif last in (Stage.notice, Stage.certificate):
            await call(publication.delist, publication.Delist(key=key, case=state.case))
        move = None if last is Stage.ended else self._move(Stage.ended, state.end, By.nobody)
        await self._set_phase(Phase.ended, state.end, move)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return ApplicationEnd(status=state.end)

    # helpers ----------------------------------------------------------------------------------------------

    def _move(self, stage: Stage, status: Status, by: By, closes_at: datetime | None = None) -> Transition:
        """Make the next transition; search attributes follow once per stage."""
        changed = stage is not self.state.stage
        move = self.state.move(stage, status, by, closes_at)
        if changed:
            workflow.upsert_search_attributes(
                [STAGE.value_set(stage.value), ACTION_REQUIRED_BY.value_set(by.value)]
            )
        return move

    async def _set_phase(
        self, phase: Phase, status: Status | None = None, move: Transition | None = None
    ) -> None:
        state = self.state
        await call(
            registration.set_phase,
            registration.SetPhase(
                key=f"{state.key()}:{phase}", case=state.case, phase=phase, status=status, transition=move
            ),
        )

    async def _answered(self) -> bool:
        """Wait for the answer that ends this stage; False when the application ended otherwise."""
        return await self._until(lambda: self.state.answer is not None)

    async def _until(self, ready: Callable[[], bool], deadline: datetime | None = None) -> bool:
        """Wait until ready (True), over or past the deadline (False); tell publication of holds meanwhile."""
        state = self.state
        while True:
            timeout: timedelta | None = None if deadline is None else time_left(deadline)
            try:
                await workflow.wait_condition(
                    lambda: ready() or state.over or state.held is not state.hold_told, timeout=timeout
                )
            except TimeoutError:
                return False
            if state.over:
                return False
            if state.held is state.hold_told:
                return True
            await self._tell_hold()
            if ready() and not state.over:
                return True

    async def _tell_hold(self) -> None:
        """A hold stops only `issue`, but everybody who works on the case shall see it."""
        state = self.state
        held = state.hold_told = state.held
        status = state.status
        by = By.supervisor if held else state.action_required_by
        if state.stage is Stage.notice:
            status = Status.held if held else Status.awaiting_notice
            by = By.supervisor if held else By.nobody
        move = state.move(state.stage, status, by)
        await call(
            publication.set_hold,
            publication.SetHold(key=state.key(), case=state.case, transition=move, held=held),
        )

    async def _still_open(self, stage: Stage, deadline: datetime) -> datetime | None:
        """Ask the log whether the window is really over and all that came in time is answered.

        Returns the new end when it was extended (and keeps it for filing), None when closed.
        """
        state = self.state
        ended = await call(
            gateway.close_window,
            gateway.CloseWindow(
                target_kind=TargetKind.application,
                target_id=state.case.application_id,
                round_id=state.case.round_id,
                stage=stage,
                deadline=deadline,
            ),
            barrier=True,
        )
        if isinstance(ended.end, gateway.Extended):
            if stage is Stage.filing:
                state.closes_at = ended.end.closes_at
            return ended.end.closes_at
        return None
