"""`ApplicationLifecycle`: one run is one application's life, from the first draft to the certificate or another end."""

from collections.abc import Sequence
from datetime import datetime

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from contracts import exam, gateway, payment, publication, registration, review, scoring
    from contracts.base import Data
    from contracts.commands import COMMANDS, CommandName, Outcome, TargetKind
    from contracts.lifecycle import ActionRequiredBy as By
    from contracts.lifecycle import CaseRef, Phase, Stage, Status, Transition
    from contracts.prepared import DecisionPrepared, QualificationOutcome
    from workflows.doors import read_command
    from workflows.policies import call
    from workflows.state import FilingTask, LifecycleState
    from workflows.steps import Steps

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
class ApplicationLifecycle(Steps):
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
        if command.name.value != name or spec.target is not TargetKind.application or spec.after_end:
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
        """Review, at most one correction, second look (Q10-Q12); anew when the correction was void."""
        state = self.state
        while True:
            first = await self._look(1, None)
            if first is None or first.outcome is QualificationOutcome.passed:
                return
            if first.outcome is QualificationOutcome.not_qualified:
                break
            decision_key = await self._correction(first.decision_key)
            if state.over:
                return
            if decision_key is None:
                continue
            second = await self._look(2, decision_key)
            if second is None or second.outcome is QualificationOutcome.passed:
                return
            break
        state.end = Status.not_qualified

    async def _look(self, look: int, decision_key: str | None) -> DecisionPrepared | None:
        state = self.state
        status = Status.under_review if look == 1 else Status.under_second_review
        move = self._move(Stage.qualification, status, By.reviewer)
        await call(
            review.open_qualification,
            review.OpenQualification(
                key=state.key(),
                case=state.case,
                transition=move,
                look=look,
                decision_key=decision_key,
                attempt=state.attempt,
                answers_key=state.answers_key if look == 2 else None,
            ),
        )
        return state.decision if await self._answered() else None

    async def _correction(self, decision_key: str) -> str | None:
        """Exactly one, ever. The decision that stood when it was answered in time; None when the application has
        ended, or all flags were a mistake and the chance returns."""
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
        await self._unlock(decision_key, closes_at)
        while True:
            await self._until(lambda: state.answer is not None or bool(state.revisions), closes_at)
            if state.over:
                return None
            if state.revisions:
                revised = state.revisions[0]
                decision_key = revised.decision_key
                if revised.left == 0:
                    await self._cancelled()
                    return None
                state.revisions.pop(0)
                await self._unlock(decision_key, closes_at)
            elif state.answer is not None:
                state.take_correction()
                return decision_key
            elif extended := await self._still_open(Stage.correction, closes_at):
                closes_at = extended
            elif state.answer is None and not state.revisions:
                state.end = state.end or Status.not_qualified
                return None

    async def _unlock(self, decision_key: str, closes_at: datetime) -> None:
        state = self.state
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

    async def _cancelled(self) -> None:
        """The form is locked again as it was filed; a new first look follows."""
        state = self.state
        await call(
            registration.close_correction,
            registration.CloseCorrection(key=f"{state.key()}:cancelled", case=state.case),
        )
        state.cancel_correction()
        state.revisions.clear()

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
            state.hold_at_close()
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
