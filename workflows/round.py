"""`RoundWorkflow`: opens and closes the filing window, waits for the assessment, ranks, releases, publishes, issues."""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from contracts import gateway, publication, registration, scoring
    from contracts.bars import BarDecision
    from contracts.base import Data
    from contracts.commands import (
        COMMANDS,
        Accepted,
        CommandName,
        Outcome,
        PublishFinalList,
        ReleaseRanking,
        TargetKind,
    )
    from contracts.keys import CorrectKey, KeyCorrected
    from contracts.lifecycle import ActionRequiredBy as By
    from contracts.lifecycle import (
        Phase,
        RoundRef,
        RoundStage,
        RoundTransition,
        Stage,
        notice_workflow_id,
    )
    from contracts.refusals import refused
    from workflows.doors import ACTION_REQUIRED_BY, STAGE, attributes, read_command
    from workflows.notice import NoticeWorkflow, StartNotice
    from workflows.policies import call, time_left


class StartRound(Data):
    """Input of the run; known when `open_round` was prepared."""

    round: RoundRef


class RoundEnd(Data):
    """Result of the run."""

    final_list: bool


@workflow.defn
class RoundWorkflow:
    """Holds no applications as children: services count and command them."""

    @workflow.init
    def __init__(self, start: StartRound) -> None:
        self.round = start.round
        self.stage: RoundStage | None = None
        self.seq = 0
        self.ranking: scoring.RankingMade | None = None
        self.released = False
        self.document_number: str | None = None

    @workflow.update(dynamic=True)
    async def command(self, name: str, args: Sequence[RawValue]) -> Outcome:
        """`release_ranking` and `publish_final_list`, each confirmed by two people before it gets here (T3, N4).

        A bar (E9) was put in force or lifted, and a corrected key (X4) brought its grades, when they were prepared;
        they move no round.
        """
        body = read_command(args).typed_body()
        if isinstance(body, BarDecision | CorrectKey | KeyCorrected):
            return Accepted()
        if isinstance(body, ReleaseRanking):
            if self.stage is not RoundStage.ranked or self.ranking is None:
                return refused("already_answered" if self.released else "not_ready")
            if self.released:
                return refused("already_answered")
            if body.digest != self.ranking.digest:
                return refused("ranking_changed")
            self.released = True
            return Accepted()
        assert isinstance(body, PublishFinalList)
        if self.stage is not RoundStage.final_list:
            return refused("not_ready")
        if self.document_number is not None:
            return refused("already_answered")
        self.document_number = body.document_number
        return Accepted()

    @command.validator
    def _well_formed(self, name: str, args: Sequence[RawValue]) -> None:
        command = read_command(args)
        if command.name.value != name or COMMANDS[command.name].target is not TargetKind.round:
            raise ValueError("command does not belong here")
        if command.name is CommandName.open_round:
            raise ValueError("open_round starts a run")
        command.typed_body()

    @workflow.run
    async def run(self, start: StartRound) -> RoundEnd:
        await self._filing()
        filed = await self._assessment()
        await self._ranking(filed)
        listed = await self._notice()
        if listed:
            await self._final_list()
        await self._barrier(Phase.ended)
        await self._tell(self._move(RoundStage.closed))
        await workflow.wait_condition(workflow.all_handlers_finished)
        return RoundEnd(final_list=listed)

    async def _filing(self) -> None:
        """The window for filing is the round's; when it closes, every command in time has been answered (A5)."""
        move = self._move(RoundStage.filing, By.applicant)
        window = await call(
            gateway.open_window,
            gateway.OpenWindow(
                key=self._key(),
                target_kind=TargetKind.round,
                target_id=self.round.round_id,
                round_id=self.round.round_id,
                stage=Stage.filing,
                pack_key=self.round.pack_key,
            ),
        )
        closes_at = window.closes_at
        await self._tell(move.model_copy(update={"closes_at": closes_at}))
        while True:
            await workflow.sleep(time_left(closes_at))
            ended = await call(
                gateway.close_window,
                gateway.CloseWindow(
                    target_kind=TargetKind.round,
                    target_id=self.round.round_id,
                    round_id=self.round.round_id,
                    stage=Stage.filing,
                    deadline=closes_at,
                ),
                barrier=True,
            )
            if isinstance(ended.end, gateway.Closed):
                return
            closes_at = ended.end.closes_at

    async def _assessment(self) -> dict[str, int]:
        """Wait until no application is open; returns how many were filed per level, the base of the cut (T2)."""
        await self._tell(self._move(RoundStage.assessment, By.reviewer))
        return (await self._barrier(Phase.ready)).filed

    async def _ranking(self, filed: dict[str, int]) -> None:
        """Rank, then release once two people have confirmed exactly this list (T3)."""
        move = self._move(RoundStage.ranked, By.secretariat)
        self.ranking = await call(
            scoring.make_ranking,
            scoring.MakeRanking(key=self._key(), round=self.round, transition=move, filed=filed),
        )
        await workflow.wait_condition(lambda: self.released)
        move = self._move(RoundStage.released)
        await call(
            scoring.release_ranking,
            scoring.ReleaseRanking(
                key=self._key(), round=self.round, transition=move, ranking_id=self.ranking.ranking_id
            ),
        )
        await self._barrier(Phase.listed)

    async def _notice(self) -> bool:
        """The public notice with its clock; False when nobody is on the list."""
        move = self._move(RoundStage.notice)
        posted = await call(
            publication.post_notice,
            publication.PostNotice(key=self._key(), round=self.round, transition=move),
        )
        if posted.notice_id is None:
            return False
        await workflow.execute_child_workflow(
            NoticeWorkflow.run,
            StartNotice(round=self.round, notice_id=posted.notice_id, targets=posted.targets),
            id=notice_workflow_id(posted.notice_id),
            search_attributes=attributes(Stage.notice, By.secretariat, self.round.round_id),
        )
        return True

    async def _final_list(self) -> None:
        """Certificates cite the final list, so it comes first (N4, C1)."""
        await self._tell(self._move(RoundStage.final_list, By.secretariat))
        await workflow.wait_condition(lambda: self.document_number is not None)
        assert self.document_number is not None
        move = self._move(RoundStage.issuing)
        await call(
            publication.publish_final_list,
            publication.PublishFinalList(
                key=self._key(), round=self.round, transition=move, document_number=self.document_number
            ),
        )

    # helpers ----------------------------------------------------------------------------------------------

    def _move(self, stage: RoundStage, by: By = By.nobody) -> RoundTransition:
        self.seq += 1
        self.stage = stage
        workflow.upsert_search_attributes(
            [STAGE.value_set(stage.value), ACTION_REQUIRED_BY.value_set(by.value)]
        )
        return RoundTransition(seq=self.seq, stage=stage)

    def _key(self) -> str:
        return f"{self.round.round_id}:{self.seq}"

    async def _tell(self, move: RoundTransition) -> None:
        await call(
            registration.move_round,
            registration.MoveRound(key=self._key(), round=self.round, transition=move),
        )

    async def _barrier(self, phase: Phase) -> registration.PhaseCounts:
        return await call(
            registration.await_phase, registration.AwaitPhase(round=self.round, phase=phase), barrier=True
        )
