"""What every stage of an application's life does: move, wait, ask whether a window is really over."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts import gateway, publication, registration
    from contracts.commands import TargetKind
    from contracts.lifecycle import ActionRequiredBy as By
    from contracts.lifecycle import Phase, Stage, Status, Transition
    from workflows.doors import ACTION_REQUIRED_BY, STAGE
    from workflows.policies import call, time_left
    from workflows.state import LifecycleState


class Steps:
    """The helpers of `ApplicationLifecycle`, which is the only one to inherit them."""

    state: LifecycleState

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
