"""Workflows that replay differently: the gate must notice each of them."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts import registration
    from contracts.complaints import ComplaintStage
    from contracts.lifecycle import ActionRequiredBy, Stage, Status
    from workflows.application import ApplicationEnd, ApplicationLifecycle, StartApplication
    from workflows.complaint import ComplaintEnd, ComplaintWorkflow, StartComplaint
    from workflows.policies import call


@workflow.defn(name="ApplicationLifecycle")
class PhaseBeforeComponents(ApplicationLifecycle):
    """Two activities of one stage in the other order."""

    @workflow.init
    def __init__(self, start: StartApplication) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: StartApplication) -> ApplicationEnd:
        return await super().run(start)

    async def _totals(self) -> None:
        self._move(Stage.totals, Status.awaiting_ranking, ActionRequiredBy.nobody)
        await self._set_phase(registration.Phase.ready)
        await super()._totals()


@workflow.defn(name="ApplicationLifecycle")
class ExtraActivity(ApplicationLifecycle):
    """One activity more at the end."""

    @workflow.init
    def __init__(self, start: StartApplication) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: StartApplication) -> ApplicationEnd:
        return await super().run(start)

    async def _ended(self) -> ApplicationEnd:
        await call(
            registration.set_phase,
            registration.SetPhase(key="extra", case=self.state.case, phase=registration.Phase.ended),
        )
        return await super()._ended()


@workflow.defn(name="ComplaintWorkflow")
class SilentComplaint(ComplaintWorkflow):
    """Says nothing of its stages to whoever searches."""

    @workflow.init
    def __init__(self, start: StartComplaint) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: StartComplaint) -> ComplaintEnd:
        return await super().run(start)

    def _show(self, stage: ComplaintStage) -> None:
        return


@workflow.defn(name="ComplaintWorkflow")
class ComplaintWithoutClock(ComplaintWorkflow):
    """Has no deadlines."""

    @workflow.init
    def __init__(self, start: StartComplaint) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: StartComplaint) -> ComplaintEnd:
        return await super().run(start)

    async def _something(self, deadline: object) -> None:
        await super()._something(None)
